# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stops and starts services of the stack."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Callable

from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError

from .inspection import Inspection
from .stack import Container, Stack
from .waiting import wait_completed, wait_healthy

__all__ = ["wait_completed", "wait_healthy"]

LOOKS = 5
"""How often containers are looked at again, because something else starts or stops them too."""


def is_up(container: Container) -> bool:
    """True for a running container, and for one that Docker keeps restarting because it ends by itself."""
    return container.running or container.state == "restarting"


def is_in_use(container: Container) -> bool:
    """True for a container that is up, and for a paused one: it holds its folders and sessions too."""
    return is_up(container) or container.state == "paused"


def by_service(containers: Sequence[Container]) -> dict[str, list[str]]:
    """Names of containers by service."""
    services: dict[str, list[str]] = {}
    for container in containers:
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
    """Stop all containers of services at once, each with its own grace period.

    A container that the daemon is already stopping looks as if it runs; it is stopped again, which waits for its end.
    """
    stack.refresh()
    stop_all(stack, [container for container in stack.containers if container.service in services])


def stop_all(stack: Stack, containers: Sequence[Container]) -> None:
    """Stop those of the containers that are in use, at once, each with its own grace period."""
    in_use = [container for container in containers if is_in_use(container)]
    at_once(in_use, "stop", lambda api, container: stop_one(api, stack.inspection_of(container)), stack)


def stop_one(api: Any, inspection: Inspection) -> None:
    """Stop one container with its own grace period; a paused one ends its pause first, or the signal has no effect."""
    container = inspection.container
    if container.state == "paused":
        api.unpause(container.id)
    if inspection.stop_timeout is None:
        api.stop(container.id)
    else:
        # Without the argument, the SDK stops waiting for the daemon's answer after about two minutes.
        api.stop(container.id, timeout=inspection.stop_timeout)


def start(
    stack: Stack,
    services: Mapping[str, Sequence[str]],
    outdated: Callable[[Inspection], bool] = lambda _inspection: False,
    settle: float | None = None,
) -> list[Container]:
    """Start containers by service and name, dependencies first; returns the containers.

    A container that was recreated meanwhile has another name or id: then all containers of its service are started.
    A running container that is ``outdated`` is restarted. With ``settle``, the containers are looked at again after
    that many seconds, and started again when something has stopped them meanwhile.
    """
    old: list[Container] = []
    for look in range(LOOKS):
        stack.refresh()
        chosen = named(stack, services)
        old = [container for container in chosen if is_in_use(container) and outdated(stack.inspection_of(container))]
        down = [container for container in chosen if not container.running or container in old]
        if look and not old and not (settle is not None and down):
            return chosen
        stop_all(stack, old)
        for level in levels(chosen):
            at_once([container for container in level if container in down], "start", start_one, stack)
        if settle:
            time.sleep(settle)
    if old:
        names = ", ".join(sorted(container.name for container in old))
        raise MaxopsError(
            f"{names} runs on the replaced data again after each restart: something else starts it at the same time "
            "(for example autoheal, watchtower or a schedule); stop that first"
        )
    return chosen


def named(stack: Stack, services: Mapping[str, Sequence[str]]) -> list[Container]:
    """Containers by service and name; all of a service whose container was recreated under another name."""
    chosen = []
    for service, names in services.items():
        containers = stack.of_service(service)
        chosen += [container for container in containers if container.name in names] or containers
    return chosen


def start_one(api: Any, container: Container) -> None:
    """Start one container; a paused one goes on."""
    if container.state == "paused":
        api.unpause(container.id)
    else:
        api.start(container.id)


def at_once(containers: Sequence[Container], verb: str, act: Callable[[Any, Container], Any], stack: Stack) -> None:
    """Do the same to several containers in parallel; a failure is raised after all of them were tried."""

    def act_on(container: Container) -> None:
        with stack.daemon_call(f"{verb} {container.name}") as api:
            act(api, container)

    with ThreadPoolExecutor(max_workers=max(1, len(containers)), thread_name_prefix=verb) as pool:
        list(pool.map(act_on, containers))


def _all_needed(service: str, depends: Mapping[str, frozenset[str]]) -> set[str]:
    """The service, and everything that it needs directly or through others."""
    needed, left = {service}, [service]
    while left:
        new = depends.get(left.pop(), frozenset()) - needed
        needed |= new
        left += new
    return needed


def levels(containers: Sequence[Container], needs: Mapping[str, Iterable[str]] | None = None) -> list[list[Container]]:
    """Groups of containers that may start together, dependencies first.

    ``needs`` are dependencies that the Compose file does not name; one that contradicts it does not count.
    """
    depends = {container.service: container.depends_on for container in containers}
    for service, others in (needs or {}).items():
        if service in depends:
            depends[service] |= {other for other in others if service not in _all_needed(other, depends)}
    levels = []
    left = set(depends)
    while left:
        ready = {service for service in left if not depends[service] & left - {service}} or set(left)
        levels.append([container for container in containers if container.service in ready])
        left -= ready
    return levels
