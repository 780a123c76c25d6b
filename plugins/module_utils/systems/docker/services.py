# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stops and starts services of the stack, and waits until they are healthy."""

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
"""A container without a health check counts as healthy after this many seconds of running."""


def is_up(container: Container) -> bool:
    """True for a running container, and for one that Docker keeps restarting because it ends by itself."""
    return container.running or container.state == "restarting"


def by_service(containers: Sequence[Container]) -> dict[str, list[str]]:
    """Names of the containers that are up, by service: they must run again afterwards."""
    services: dict[str, list[str]] = {}
    for container in containers:
        if is_up(container):
            services.setdefault(container.service, []).append(container.name)
    return services


def chosen_containers(stack: Stack, names: Sequence[str]) -> list[Container]:
    """Containers of the named services, or all without names. Raises MaxopsError for unknown services."""
    services = {container.service for container in stack.containers}
    unknown = [name for name in dict.fromkeys(names) if name not in services]
    if unknown:
        raise stack.no_service(unknown, "name some of these, or none for all")
    return [container for container in stack.containers if not names or container.service in names]


def stop(stack: Stack, services: Mapping[str, Sequence[str]]) -> None:
    """Stop all containers of services at once, each with its own grace period."""
    stack.refresh()
    running = [container for container in stack.containers if container.service in services and is_up(container)]
    at_once(running, "stop", lambda api, container: api.stop(container.id), stack)


def start(stack: Stack, services: Mapping[str, Sequence[str]]) -> list[Container]:
    """Start containers by service and name, dependencies first; returns the containers.

    A container that was recreated meanwhile has another name or id: then all containers of its service are started.
    """
    stack.refresh()
    chosen = []
    for service, names in services.items():
        containers = stack.of_service(service)
        chosen += [container for container in containers if container.name in names] or containers
    for level in levels(chosen):
        stopped = [container for container in level if not container.running]
        at_once(stopped, "start", lambda api, container: api.start(container.id), stack)
    return chosen


def at_once(containers: Sequence[Container], verb: str, act: Callable[[Any, Container], Any], stack: Stack) -> None:
    """Do the same to several containers in parallel; a failure is raised after all of them were tried."""

    def act_on(container: Container) -> None:
        with stack.daemon_call(f"{verb} {container.name}") as api:
            act(api, container)

    with ThreadPoolExecutor(max_workers=max(1, len(containers)), thread_name_prefix=verb) as pool:
        list(pool.map(act_on, containers))


def levels(containers: Sequence[Container]) -> list[list[Container]]:
    """Groups of containers that may start together, dependencies first."""
    depends = {container.service: container.depends_on for container in containers}
    levels = []
    left = set(depends)
    while left:
        ready = {service for service in left if not depends[service] & left - {service}} or set(left)
        levels.append([container for container in containers if container.service in ready])
        left -= ready
    return levels


def wait_healthy(stack: Stack, containers: Sequence[Container], seconds: float) -> None:
    """Wait until all containers are healthy. Raises MaxopsError that names the unhealthy ones and their problem.

    A container's own check is also run from here, so that this does not wait for the end of a long interval.
    """
    deadline = time.monotonic() + seconds
    stopped = threading.Event()
    watches = [_HealthWatch(stack, container, stopped) for container in containers]
    try:
        for watch in watches:
            watch.thread.start()
        for watch in watches:
            watch.thread.join(max(0.0, deadline - time.monotonic()))
    finally:
        stopped.set()
    unhealthy = [watch for watch in watches if not watch.healthy]
    if unhealthy:
        problems = "; ".join(
            f"{watch.container.name} {watch.problem or f'is not healthy after {seconds:g} s'}" for watch in unhealthy
        )
        raise MaxopsError(f"{problems}; see docker logs --tail=50 {unhealthy[0].container.name}")


class _HealthWatch:
    """Watches one container until it is healthy, cannot become healthy, or the wait is over."""

    def __init__(self, stack: Stack, container: Container, stopped: threading.Event) -> None:
        self.container = container
        self.healthy = False
        self.problem = ""
        self.thread = threading.Thread(target=self._run, daemon=True, name=f"health-{container.service}")
        self._stack = stack
        self._stopped = stopped

    def _run(self) -> None:
        try:
            while not self._stopped.is_set() and not self.healthy and not self.problem:
                self.healthy = self._is_healthy(self._inspect())
                self._stopped.wait(0 if self.healthy else POLL_SECONDS)
        except MaxopsError as error:
            self.problem = f"cannot be watched: {error}"

    def _inspect(self) -> Inspection:
        with self._stack.daemon_call(f"inspect {self.container.name}") as api:
            return inspection_from(api.inspect_container(self.container.id))

    def _is_healthy(self, inspection: Inspection) -> bool:
        if inspection.state in ("exited", "dead") and inspection.policy in ("", "no"):
            self.problem = f"ended with exit code {inspection.exit_code}"
        if not inspection.running:
            return False
        if not inspection.health_test:
            return self._is_steady(inspection)
        return inspection.health == "healthy" or self._passes(inspection.health_test)

    def _is_steady(self, before: Inspection) -> bool:
        if self._stopped.wait(STEADY_SECONDS):
            return False
        now = self._inspect()
        return now.running and now.started == before.started

    def _passes(self, test: Sequence[str]) -> bool:
        argv = ["/bin/sh", "-c", test[1]] if test[0] == "CMD-SHELL" else list(test[1:])
        try:
            with self._stack.daemon_call(f"run the health check of {self.container.name}") as api:
                run = api.exec_create(self.container.id, argv)
                api.exec_start(run["Id"])
                return bool(api.exec_inspect(run["Id"])["ExitCode"] == 0)
        except MaxopsError:
            return False  # it stopped meanwhile; the next inspection shows it
