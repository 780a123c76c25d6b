# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Services stopped and started in the order of their dependencies. Private to this collection.

Who depends on others stops before them and starts after them, so that no application loses its database while it works.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from ansible_collections.maxops.ops.plugins.module_utils.swap.journal import Journals
from ansible_collections.maxops.ops.plugins.module_utils.swap.recovery import recover_locked
from ansible_collections.maxops.ops.plugins.module_utils.systems.access import Access
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker import services
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.stack import Container, Stack
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError

DOCKERS_GRACE = 10
"""Seconds between the two signals that end a container for which nothing else is said."""
MARGIN = 5


@dataclass(frozen=True)
class RestartOptions:
    """What the operator asked for; the database's options are for putting right what a killed restore left."""

    access: Access
    services: list[str]
    include_stopped: bool
    timeout: float


@dataclass
class Turn:
    """One container's restart: ``stopped`` is when it was told to stop, by the monotonic clock."""

    container: Container
    stopped: float | None = None
    downtime: float | None = None
    problem: str | None = None


@dataclass
class RestartPlan:
    """Containers that restart, those first that others depend on, and those that are left as they are."""

    stack: Stack
    levels: list[list[Turn]]
    left: list[Container]

    @property
    def turns(self) -> list[Turn]:
        """All of them in the order of their start."""
        return [turn for level in self.levels for turn in level]


def _preview(options: RestartOptions) -> dict[str, Any]:
    """What :func:`restart` would do now; changes nothing."""
    plan = _plan(options)
    holder = options.access.lock_holder()
    if holder:
        raise MaxopsError(f"{options.access.describe()} is in use: {holder}; wait until it has ended")
    journal = Journals(options.access.project_name).current()
    remarks = [f"{journal.describe()} was interrupted; it would be put right first"] if journal else []
    return _result(options, plan, remarks)


def restart(options: RestartOptions, check_mode: bool = False) -> dict[str, Any]:
    """Restart the services. Raises MaxopsError for what makes no sense, before anything is touched.

    A service that does not become healthy is told in the result's ``message``; all that ran runs again in any case.
    """
    if check_mode:
        return _preview(options)
    started = time.monotonic()
    _plan(options)
    with options.access.locked(f"restart of {options.access.project_name}"):
        recovered = recover_locked(options.access, Journals(options.access.project_name))
        # Anew: what was read before the lock may be as another job left it in the middle of its work.
        plan = _plan(options)
        containers = [turn.container for turn in plan.turns]
        with plan.stack.starting(containers, _grace(plan.stack, containers) + MARGIN):
            for level in reversed(plan.levels):
                _stop(plan.stack, level)
            for level in plan.levels:
                _start(plan.stack, level, started + options.timeout)
                if any(turn.problem for turn in level):
                    break
    result = _result(options, plan, [recovered] if recovered else [])
    result["duration"] = round(time.monotonic() - started, 3)
    result["message"] = _message(plan)
    return result


def _plan(options: RestartOptions) -> RestartPlan:
    stack = options.access.connect()
    chosen = services.chosen_containers(stack, options.services)
    stopped = [each for each in chosen if not _is_in_use(each)]
    if options.include_stopped:
        stopped = [each for each in stopped if stack.inspection_of(each).done]
    elif options.services and stopped:
        told = ", ".join(f'"{each.service}" ({each.name}) is {each.state}' for each in stopped)
        raise MaxopsError(
            f"service {told}, not running, so there is nothing to restart; to start it, say include_stopped: true "
            "(restart_include_stopped=true)"
        )
    left = {each.id for each in stopped}
    going = [each for each in chosen if each.id not in left]
    return RestartPlan(stack, [[Turn(each) for each in level] for level in services.levels(going)], stopped)


def _grace(stack: Stack, containers: Sequence[Container]) -> float:
    """Seconds that the daemon may take to stop the slowest of them."""
    return max([float(DOCKERS_GRACE), *(stack.inspection_of(each).stop_timeout or 0 for each in containers)])


def _is_in_use(container: Container) -> bool:
    return services.is_up(container) or container.state == "paused"


def _stop(stack: Stack, level: Sequence[Turn]) -> None:
    turns = {turn.container.id: turn for turn in level if _is_in_use(turn.container)}

    def stop(api: Any, container: Container) -> None:
        turns[container.id].stopped = time.monotonic()
        if container.state == "paused":
            # Frozen processes do not hear that they shall end.
            api.unpause(container.id)
        api.stop(container.id)

    services.at_once([turn.container for turn in turns.values()], "stop", stop, stack)


def _start(stack: Stack, level: Sequence[Turn], deadline: float) -> None:
    services.at_once([turn.container for turn in level], "start", lambda api, each: api.start(each.id), stack)

    def wait(turn: Turn) -> None:
        try:
            services.wait_healthy(stack, [turn.container], max(1.0, round(deadline - time.monotonic(), 1)))
        except MaxopsError as error:
            turn.problem = str(error)
        else:
            turn.downtime = time.monotonic() - turn.stopped if turn.stopped is not None else None

    with ThreadPoolExecutor(max_workers=max(1, len(level)), thread_name_prefix="wait") as pool:
        list(pool.map(wait, level))


# -- what is told ---------------------------------------------------------------------------------------------------


def _result(options: RestartOptions, plan: RestartPlan, remarks: Sequence[str]) -> dict[str, Any]:
    return {
        "changed": bool(plan.turns),
        "project": options.access.project_name,
        "order": [sorted({turn.container.service for turn in level}) for level in plan.levels],
        "services": [
            {
                "service": turn.container.service,
                "container": turn.container.name,
                "state": turn.container.state,
                "downtime_seconds": None if turn.downtime is None else round(turn.downtime, 3),
                "problem": turn.problem,
            }
            for turn in plan.turns
        ],
        "left": [{"service": each.service, "container": each.name, "state": each.state} for each in plan.left],
        "remarks": [*remarks, *_dependents(plan)],
    }


def _dependents(plan: RestartPlan) -> list[str]:
    """Who needs what is restarted and is not restarted itself."""
    turning = {turn.container.service for turn in plan.turns}
    waiting = [each for each in plan.stack.containers if _is_in_use(each) and each.service not in turning]
    needed = {each.service: sorted(each.depends_on & turning) for each in waiting}
    return [
        f"{name} depends on {', '.join(those)} and is not restarted with it: look at it afterwards (status.yml)"
        for name, those in sorted(needed.items())
        if those
    ]


def _message(plan: RestartPlan) -> str:
    problems = [turn.problem for turn in plan.turns if turn.problem]
    if not problems:
        return ""
    last = next(number for number, level in enumerate(plan.levels) if any(turn.problem for turn in level))
    waiting = sorted({turn.container.service for level in plan.levels[last + 1 :] for turn in level})
    words = "; ".join(problems)
    if waiting:
        words += f". {', '.join(waiting)} were started again too, and not waited for"
    return f"{words}. For what keeps a service from starting: ansible-playbook maxops.ops.diagnose"
