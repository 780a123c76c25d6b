# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why a service does not start, or does not work: all steps at once, the most likely cause first.

Changes nothing, ever.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Callable

from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError
from ansible_collections.maxops.ops.plugins.module_utils.tools.side_by_side import Answer, side_by_side

from .cause import LIKELY, POSSIBLE, Cause, StepResult, all_needs, confirmed, rank
from .options import Options
from .stack_view import StackView
from .steps.cache import check_cache
from .steps.configuration import check_configuration
from .steps.containers import check_containers, check_daemon
from .steps.database import check_database
from .steps.firewall import check_firewall
from .steps.host import check_disks, check_memory, check_oom_kills
from .steps.network import check_certificates, check_connections, check_ports
from .steps.volumes import check_volumes


@dataclass(frozen=True)
class Step:
    """One step of the manual's sections 4.1 and 4.3."""

    name: str
    question: str
    check: Callable[[StackView], StepResult]
    needs_daemon: bool = True


# In the order of the manual.
STEPS = (
    Step("daemon", "does the Docker daemon answer?", check_daemon, needs_daemon=False),
    Step("containers", "are the containers running, and what do their logs say?", check_containers),
    Step("database", "can each application log in to its database?", check_database),
    Step("cache", "can each application log in to the cache?", check_cache),
    Step("memory", "does the host have memory left?", check_memory, needs_daemon=False),
    Step("oom", "has the kernel killed a process because memory ran out?", check_oom_kills),
    Step("volumes", "do the volumes exist, and may the services use them?", check_volumes),
    Step("configuration", "can the configuration be read, and which keys differ?", check_configuration),
    Step("disk", "is there free space on the disks?", check_disks, needs_daemon=False),
    Step("network", "do names and connections between the containers work?", check_connections),
    Step("ports", "are the published ports served, and by which process?", check_ports),
    Step("certificate", "is the gateway's certificate valid?", check_certificates),
    Step("firewall", "does a firewall block the ports?", check_firewall, needs_daemon=False),
)


def diagnose(options: Options) -> dict[str, Any]:
    """Run all steps at the same time; returns the causes, the most likely first, and the result of each step."""
    started = time.monotonic()
    view = _view(options)
    _refuse_unknown_services(view)
    seconds = min(options.step_timeout, started + options.timeout - time.monotonic())
    answers = side_by_side({step.name: partial(_run, step, view) for step in STEPS}, seconds)
    results = {name: _confirmed(_result(answer, options.step_timeout), view) for name, answer in answers.items()}
    reported = [cause for result in results.values() for cause in doubted(result.causes, results)]
    causes = _asked_for(rank(reported, view.dependencies), view)
    shown = {name: only_asked_for(result, view) for name, result in results.items()}
    return {
        "project": options.access.project_name,
        "services": list(options.services) or view.services,
        "healthy": _is_healthy(view, causes),
        "causes": [cause.to_dict() for cause in causes],
        "steps": [
            {
                "step": step.name,
                "question": step.question,
                "state": shown[step.name].state,
                "seen": view.mask(shown[step.name].in_words()),
                "seconds": round(answers[step.name].seconds, 3),
            }
            for step in STEPS
        ],
        "duration": round(time.monotonic() - started, 3),
    }


def _is_healthy(view: StackView, causes: Sequence[Cause]) -> bool:
    wanted = view.options.services or view.services
    works = all(inspection.well for inspection in view.inspections if inspection.service in wanted)
    return view.stack is not None and works and all(cause.likelihood == POSSIBLE for cause in causes)


CONFIRMED_BY = {
    "cache_password": "cache",
    "database_missing": "database",
    "database_password": "database",
    "dns_name_missing": "network",
}
"""Causes that a log may name, each with the step that checks the thing itself."""


def doubted(causes: Sequence[Cause], results: Mapping[str, StepResult]) -> list[Cause]:
    """The causes; one that only a log names is merely possible where the step that checks it found nothing."""
    return [
        _doubted(cause, results) if cause.likelihood == LIKELY and cause.check in CONFIRMED_BY else cause
        for cause in causes
    ]


def _doubted(cause: Cause, results: Mapping[str, StepResult]) -> Cause:
    step = CONFIRMED_BY[cause.check]
    if not results[step].seen or any(other.check == cause.check for other in results[step].causes):
        return cause  # the step did not end, or it has seen the same
    return cause.as_possible(f"the step {step} does not confirm it")


def _view(options: Options) -> StackView:
    """The stack, or a host without a daemon: that is a finding, not a failure."""
    try:
        # The SDK would wait two minutes for a daemon that accepts connections and hangs.
        options.access.engine(options.step_timeout).get("/version")
        stack = options.access.connect(required=False)
    except MaxopsError as error:
        return StackView(options, None, error)
    if not stack.containers:
        # Raises the error that lists the existing projects.
        stack.refresh(required=True)
    return StackView(options, stack)


def _refuse_unknown_services(view: StackView) -> None:
    services = set(view.services) | {view.service_of(need.host) for need in view.needs}
    unknown = [service for service in view.options.services if service not in services]
    if unknown and view.stack is not None:
        raise view.stack.no_service(unknown, "name one of them, or leave services out for all")


def _asked_for(causes: Sequence[Cause], view: StackView) -> list[Cause]:
    """Causes that matter to the requested services: theirs, those of their dependencies, and those of the host."""
    wanted = set(view.options.services)
    if not wanted:
        return list(causes)
    needs = view.dependencies
    wanted |= {need for service in view.options.services for need in all_needs(service, needs)}
    return [cause for cause in causes if not cause.services or wanted & set(cause.services)]


def only_asked_for(result: StepResult, view: StackView) -> StepResult:
    """The result of a step without causes that only concern other services."""
    causes = _asked_for(result.causes, view)
    if len(causes) == len(result.causes):
        return result
    seen = f"nothing that concerns {', '.join(view.options.services)}"
    return StepResult(seen, causes, result.unknown)


def _confirmed(result: StepResult, view: StackView) -> StepResult:
    healthy = {service for service in view.services if view.is_healthy(service)}
    return replace(result, causes=[confirmed(cause, healthy) for cause in result.causes])


def _run(step: Step, view: StackView) -> StepResult:
    if view.stack is None and step.needs_daemon:
        return StepResult(unknown=["cannot be checked while the Docker daemon does not answer"])
    return step.check(view)


def _result(answer: Answer[StepResult], limit: float) -> StepResult:
    """The result of a step; unknown where it failed or did not end in time."""
    if not answer.ended:
        return StepResult(unknown=[f"it did not end within {limit:g} s"])
    try:
        return answer.get()
    except MaxopsError as error:
        return StepResult(unknown=[str(error)])
    except OSError as error:
        path = f": {error.filename}" if error.filename else ""
        return StepResult(unknown=[f"{error.strerror or error}{path}"])
    except Exception as error:  # noqa: BLE001 - an unforeseen failure of one step must not end the others
        message = f"the step itself failed: {type(error).__name__}: {error}; please report this as a bug in maxops.ops"
        return StepResult(unknown=[message])
