# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Services of the stack: stopped, started and waited for. Private to this collection."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Callable

from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError

from .inspection import Inspection, inspection_from
from .stack import Container, Stack

POLL_SECONDS = 0.2
STEADY_SECONDS = 2.0
"""A container without a health check counts as healthy when it has run for so long."""


def is_up(container: Container) -> bool:
    """True for what runs, and for what Docker keeps starting anew because it ends by itself."""
    return container.running or container.state == "restarting"


def by_service(containers: Sequence[Container]) -> dict[str, list[str]]:
    """Names of those of some containers that are up, by their service: what has to run again afterwards."""
    services: dict[str, list[str]] = {}
    for container in containers:
        if is_up(container):
            services.setdefault(container.service, []).append(container.name)
    return services


def chosen_containers(stack: Stack, names: Sequence[str]) -> list[Container]:
    """Containers of the named services, of all without a name. Raises MaxopsError for names that nothing here has."""
    known = {each.service for each in stack.containers}
    strange = [name for name in dict.fromkeys(names) if name not in known]
    if strange:
        raise stack.no_service(strange, "name some of these, or none for all")
    return [each for each in stack.containers if not names or each.service in names]


def stop(stack: Stack, services: Mapping[str, Sequence[str]]) -> None:
    """Stop all containers of services at once, each with its own grace period."""
    stack.refresh()
    running = [each for each in stack.containers if each.service in services and is_up(each)]
    at_once(running, "stop", lambda api, each: api.stop(each.id), stack)


def start(stack: Stack, services: Mapping[str, Sequence[str]]) -> list[Container]:
    """Start what ran, by service and name, those first that others depend on; gives the containers.

    A container that was made anew meanwhile has another name or id: then all of its service are started.
    """
    stack.refresh()
    chosen = []
    for service, names in services.items():
        there = stack.of_service(service)
        chosen += [each for each in there if each.name in names] or there
    for level in levels(chosen):
        at_once([each for each in level if not each.running], "start", lambda api, each: api.start(each.id), stack)
    return chosen


def at_once(containers: Sequence[Container], verb: str, act: Callable[[Any, Container], Any], stack: Stack) -> None:
    """Do the same to several containers side by side; a failure is raised when all have had their turn."""

    def act_on(container: Container) -> None:
        with stack.asking(f"{verb} {container.name}") as api:
            act(api, container)

    with ThreadPoolExecutor(max_workers=max(1, len(containers)), thread_name_prefix=verb) as pool:
        list(pool.map(act_on, containers))


def levels(containers: Sequence[Container]) -> list[list[Container]]:
    """Containers that may start together, those first that others depend on."""
    depends = {each.service: each.depends_on for each in containers}
    levels = []
    left = set(depends)
    while left:
        ready = {service for service in left if not depends[service] & left - {service}} or set(left)
        levels.append([each for each in containers if each.service in ready])
        left -= ready
    return levels


def wait_healthy(stack: Stack, containers: Sequence[Container], seconds: float) -> None:
    """Wait until all containers are healthy. Raises MaxopsError that names those which are not, and how they are.

    A container's own check is also run from here, so that nobody waits for the next turn of a long interval.
    """
    deadline = time.monotonic() + seconds
    stopped = threading.Event()
    watches = [_Watch(stack, container, stopped) for container in containers]
    try:
        for watch in watches:
            watch.thread.start()
        for watch in watches:
            watch.thread.join(max(0.0, deadline - time.monotonic()))
    finally:
        stopped.set()
    sick = [watch for watch in watches if not watch.healthy]
    if sick:
        told = "; ".join(
            f"{watch.container.name} {watch.told or f'is not healthy after {seconds:g} s'}" for watch in sick
        )
        raise MaxopsError(f"{told}; see docker logs --tail=50 {sick[0].container.name}")


class _Watch:
    """Watches one container until it is healthy, cannot become so, or nobody waits any more."""

    def __init__(self, stack: Stack, container: Container, stopped: threading.Event) -> None:
        self.container = container
        self.healthy = False
        self.told = ""
        self.thread = threading.Thread(target=self._run, daemon=True, name=f"health-{container.service}")
        self._stack = stack
        self._stopped = stopped

    def _run(self) -> None:
        try:
            while not self._stopped.is_set() and not self.healthy and not self.told:
                self.healthy = self._is_healthy(self._inspect())
                self._stopped.wait(0 if self.healthy else POLL_SECONDS)
        except MaxopsError as error:
            self.told = f"cannot be watched: {error}"

    def _inspect(self) -> Inspection:
        with self._stack.asking(f"inspect {self.container.name}") as api:
            return inspection_from(api.inspect_container(self.container.id))

    def _is_healthy(self, seen: Inspection) -> bool:
        if seen.state in ("exited", "dead") and seen.policy in ("", "no"):
            self.told = f"ended with exit code {seen.exit_code}"
        if not seen.running:
            return False
        if not seen.health_test:
            return self._is_steady(seen)
        return seen.health == "healthy" or self._passes(seen.health_test)

    def _is_steady(self, before: Inspection) -> bool:
        if self._stopped.wait(STEADY_SECONDS):
            return False
        now = self._inspect()
        return now.running and now.started == before.started

    def _passes(self, test: Sequence[str]) -> bool:
        argv = ["/bin/sh", "-c", test[1]] if test[0] == "CMD-SHELL" else list(test[1:])
        try:
            with self._stack.asking(f"run the health check of {self.container.name}") as api:
                run = api.exec_create(self.container.id, argv)
                api.exec_start(run["Id"])
                return bool(api.exec_inspect(run["Id"])["ExitCode"] == 0)
        except MaxopsError:
            return False  # it stopped meanwhile; the next look tells
