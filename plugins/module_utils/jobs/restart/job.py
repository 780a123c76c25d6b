# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stops and starts services in the order of their dependencies.

A service that depends on others stops before them and starts after them, so that no application loses its database
while it works.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.maxops.ops.plugins.module_utils.swap.journal import Journals
from ansible_collections.maxops.ops.plugins.module_utils.swap.recovery import recover_locked
from ansible_collections.maxops.ops.plugins.module_utils.systems.access import Access
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker import services
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.stack import Container, Stack
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError

DEFAULT_GRACE = 10
"""Docker's default: seconds between SIGTERM and SIGKILL for a container without a setting of its own."""
MARGIN = 5


@dataclass(frozen=True)
class RestartOptions:
    """The operator's options of a restart; the database's options serve only the recovery from a killed restore.

    ``only_stopped`` starts what is down, and leaves what runs; ``include_stopped`` restarts what runs as well.
    """

    access: Access
    services: list[str]
    include_stopped: bool
    timeout: float
    only_stopped: bool = False


@dataclass
class ContainerRestart:
    """One container's restart: ``stopped`` is when its stop was requested, by the monotonic clock."""

    container: Container
    stopped: float | None = None
    downtime: float | None = None
    problem: str | None = None
    remarks: list[str] = field(default_factory=list)


@dataclass
class RestartPlan:
    """Containers that restart, dependencies first, and containers that are left as they are."""

    stack: Stack
    levels: list[list[ContainerRestart]]
    left: list[Container]

    @property
    def entries(self) -> list[ContainerRestart]:
        """All containers that restart, in the order of their start."""
        return [entry for level in self.levels for entry in level]


def _preview(options: RestartOptions) -> dict[str, Any]:
    """The result that :func:`restart` would have now; changes nothing."""
    plan = _plan(options)
    holder = options.access.lock_holder()
    if holder:
        raise MaxopsError(f"{options.access.describe()} is in use: {holder}; wait until it has ended")
    journal = Journals(options.access.project_name).current()
    remarks = [f"{journal.describe()} was interrupted; the restart would recover from it first"] if journal else []
    return _result(options, plan, remarks)


def restart(options: RestartOptions, check_mode: bool = False) -> dict[str, Any]:
    """Restart the services. Raises MaxopsError for wrong options, before anything is touched.

    A service that does not become healthy is named in the result's ``message``; all services that ran are started again
    in any case.
    """
    if check_mode:
        return _preview(options)
    started = time.monotonic()
    _plan(options)
    with options.access.locked(f"restart of {options.access.project_name}"):
        recovered = recover_locked(options.access, Journals(options.access.project_name))
        # Plan again: the state read before the lock may be that of another job in the middle of its work.
        plan = _plan(options)
        containers = [entry.container for entry in plan.entries]
        with plan.stack.starting(containers, _grace(plan.stack, containers) + MARGIN):
            for level in [] if options.only_stopped else reversed(plan.levels):
                _stop(plan.stack, level)
            for level in plan.levels:
                _start(plan.stack, level, started + options.timeout)
                if any(entry.problem for entry in level):
                    break
    result = _result(options, plan, [recovered] if recovered else [])
    result["duration"] = round(time.monotonic() - started, 3)
    result["message"] = _message(plan)
    return result


def _plan(options: RestartOptions) -> RestartPlan:
    stack = options.access.connect()
    chosen = services.chosen_containers(stack, options.services)
    stopped = [container for container in chosen if not services.is_in_use(container)]
    if options.only_stopped:
        # A paused service does not work either.
        chosen = [container for container in chosen if container in stopped or container.state == "paused"]
    if options.include_stopped or options.only_stopped:
        stopped = [container for container in stopped if stack.inspection_of(container).done]
    elif options.services and stopped:
        names = ", ".join(f'"{container.service}" ({container.name}) is {container.state}' for container in stopped)
        raise MaxopsError(
            f"service {names}, not running, so there is nothing to restart; to start it, set include_stopped: true "
            "(restart_include_stopped=true), or only_stopped: true to leave the running services alone"
        )
    left_ids = {container.id for container in stopped}
    restarting = [container for container in chosen if container.id not in left_ids]
    roles = options.access.roles(stack)
    # Also where the Compose file does not say it, an application needs its servers.
    needs = {service: roles.servers for each in roles.applications.values() for service in each}
    levels = services.levels(restarting, needs)
    return RestartPlan(stack, [[ContainerRestart(container) for container in level] for level in levels], stopped)


def _grace(stack: Stack, containers: Sequence[Container]) -> float:
    """Seconds that the daemon may take to stop the slowest of them."""
    return max([float(DEFAULT_GRACE), *(stack.inspection_of(container).stop_timeout or 0 for container in containers)])


def _stop(stack: Stack, level: Sequence[ContainerRestart]) -> None:
    entries = {entry.container.id: entry for entry in level if services.is_in_use(entry.container)}

    def stop(api: Any, container: Container) -> None:
        entries[container.id].stopped = time.monotonic()
        services.stop_one(api, stack.inspection_of(container))

    services.at_once([entry.container for entry in entries.values()], "stop", stop, stack)


def _start(stack: Stack, level: Sequence[ContainerRestart], deadline: float) -> None:
    entries = {entry.container.id: entry for entry in level}

    def start(api: Any, container: Container) -> None:
        # One that was stopped here is no longer paused.
        if entries[container.id].stopped is None:
            services.start_one(api, container)
        else:
            api.start(container.id)

    services.at_once([entry.container for entry in level], "start", start, stack)

    def wait(entry: ContainerRestart) -> None:
        try:
            seconds = max(1.0, round(deadline - time.monotonic(), 1))
            entry.remarks = services.wait_healthy(stack, [entry.container], seconds)
        except MaxopsError as error:
            entry.problem = str(error)
        else:
            entry.downtime = time.monotonic() - entry.stopped if entry.stopped is not None else None

    with ThreadPoolExecutor(max_workers=max(1, len(level)), thread_name_prefix="wait") as pool:
        list(pool.map(wait, level))


# -- the result -----------------------------------------------------------------------------------------------------


def _result(options: RestartOptions, plan: RestartPlan, remarks: Sequence[str]) -> dict[str, Any]:
    return {
        "changed": bool(plan.entries),
        "project": options.access.project_name,
        "only_stopped": options.only_stopped,
        "order": [sorted({entry.container.service for entry in level}) for level in plan.levels],
        "services": [
            {
                "service": entry.container.service,
                "container": entry.container.name,
                "state": entry.container.state,
                "downtime_seconds": None if entry.downtime is None else round(entry.downtime, 3),
                "problem": entry.problem,
            }
            for entry in plan.entries
        ],
        "left": [
            {"service": container.service, "container": container.name, "state": container.state}
            for container in plan.left
        ],
        "remarks": [*remarks, *(remark for entry in plan.entries for remark in entry.remarks), *_dependents(plan)],
    }


def _dependents(plan: RestartPlan) -> list[str]:
    """Remarks on running services that depend on a restarted one and are not restarted themselves."""
    restarted = {entry.container.service for entry in plan.entries}
    waiting = [
        container
        for container in plan.stack.containers
        if services.is_in_use(container) and container.service not in restarted
    ]
    needed = {container.service: sorted(container.depends_on & restarted) for container in waiting}
    return [
        f"{name} depends on {', '.join(dependencies)} and is not restarted with it: check it afterwards "
        "(ansible-playbook maxops.ops.status)"
        for name, dependencies in sorted(needed.items())
        if dependencies
    ]


def _message(plan: RestartPlan) -> str:
    problems = [entry.problem for entry in plan.entries if entry.problem]
    if not problems:
        return ""
    last = next(number for number, level in enumerate(plan.levels) if any(entry.problem for entry in level))
    waiting = sorted({entry.container.service for level in plan.levels[last + 1 :] for entry in level})
    text = "; ".join(problems)
    if waiting:
        text += f". {', '.join(waiting)} were started again too, without waiting until they are healthy"
    return f"{text}. To find out what keeps a service from starting: ansible-playbook maxops.ops.diagnose"
