# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why a service does not start, or does not do its work: all steps at once, the likeliest cause first.

Changes nothing, ever.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Callable

from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError
from ansible_collections.maxops.ops.plugins.module_utils.tools.side_by_side import Answer, side_by_side

from .cause import LIKELY, POSSIBLE, Cause, Report, all_needs, rank
from .options import Options
from .scene import Scene
from .steps.cache import look_at_cache
from .steps.configuration import look_at_configuration
from .steps.containers import look_at_containers, look_for_daemon
from .steps.database import look_at_database
from .steps.firewall import look_at_firewall
from .steps.host import look_at_disks, look_at_memory, look_for_oom
from .steps.network import look_at_certificates, look_at_ports, look_between_containers
from .steps.volumes import look_at_volumes


@dataclass(frozen=True)
class Step:
    """One step of the manual's sections 4.1 and 4.3; ``alone`` when it needs no Docker daemon."""

    name: str
    question: str
    look: Callable[[Scene], Report]
    alone: bool = False


# In the order of the manual, as a person would take them.
STEPS = (
    Step("daemon", "does the Docker daemon answer?", look_for_daemon, alone=True),
    Step("containers", "do the containers run, and what do their logs say?", look_at_containers),
    Step("database", "does each application come into its database?", look_at_database),
    Step("cache", "does each application come into the cache?", look_at_cache),
    Step("memory", "has the host memory left?", look_at_memory, alone=True),
    Step("oom", "has the kernel ended a process for its memory?", look_for_oom),
    Step("volumes", "are the volumes there, and may the services use them?", look_at_volumes),
    Step("configuration", "can the configuration be read, and which keys differ?", look_at_configuration),
    Step("disk", "is there room on the disks?", look_at_disks, alone=True),
    Step("network", "do names and connections between the containers work?", look_between_containers),
    Step("ports", "are the published ports served, and by whom?", look_at_ports),
    Step("certificate", "is the gateway's certificate good?", look_at_certificates),
    Step("firewall", "does a firewall block the ports?", look_at_firewall, alone=True),
)


def diagnose(options: Options) -> dict[str, Any]:
    """Take all steps at the same time; gives the causes, the most likely first, and what each step saw."""
    started = time.monotonic()
    scene = _scene(options)
    _refuse_unknown_services(scene)
    seconds = min(options.step_timeout, started + options.timeout - time.monotonic())
    answers = side_by_side({step.name: partial(_take, step, scene) for step in STEPS}, seconds)
    reports = {name: _report(answer, options.step_timeout) for name, answer in answers.items()}
    seen = [cause for each in reports.values() for cause in doubted(each.causes, reports)]
    causes = _asked_for(rank(seen, scene.who_needs_whom), scene)
    return {
        "project": options.access.project_name,
        "services": list(options.services) or scene.services,
        "healthy": not any(each.likelihood != POSSIBLE for each in causes)
        and all(look.well for look in scene.inspections if not options.services or look.service in options.services)
        and scene.stack is not None,
        "causes": [each.to_dict() for each in causes],
        "steps": [
            {
                "step": step.name,
                "question": step.question,
                "state": reports[step.name].state,
                "seen": scene.mask(reports[step.name].in_words()),
                "seconds": round(answers[step.name].seconds, 3),
            }
            for step in STEPS
        ],
        "duration": round(time.monotonic() - started, 3),
    }


CONFIRMED_BY = {
    "cache_password": "cache",
    "database_missing": "database",
    "database_password": "database",
    "dns_name_missing": "network",
}
"""Causes that a log may tell of, each with the step that looks at the thing itself."""


def doubted(causes: Sequence[Cause], reports: Mapping[str, Report]) -> list[Cause]:
    """The causes, those as a mere possibility that only a log tells of while the thing itself is well."""
    return [
        _doubted(each, reports) if each.likelihood == LIKELY and each.check in CONFIRMED_BY else each for each in causes
    ]


def _doubted(cause: Cause, reports: Mapping[str, Report]) -> Cause:
    witness = reports[CONFIRMED_BY[cause.check]]
    if not witness.seen or any(each.check == cause.check for each in witness.causes):
        return cause  # the step did not come to its end, or it has seen the same
    return cause.as_possible(f"the step {CONFIRMED_BY[cause.check]} finds nothing of it")


def _scene(options: Options) -> Scene:
    """The stack, or a host without a daemon, which is a finding and no failure."""
    try:
        # The SDK would wait for two minutes for a daemon that takes connections and hangs.
        options.access.engine(options.step_timeout).get("/version")
        stack = options.access.connect(required=False)
    except MaxopsError as error:
        return Scene(options, None, str(error))
    if not stack.containers:
        # The sentence of the room that knows which projects there are.
        stack.refresh(required=True)
    return Scene(options, stack)


def _refuse_unknown_services(scene: Scene) -> None:
    known = set(scene.services) | {scene.service_of(need.host) for need in scene.needs}
    unknown = [each for each in scene.options.services if each not in known]
    if unknown and scene.stack is not None:
        raise scene.stack.no_service(unknown, "name one of them, or leave services out for all")


def _asked_for(causes: Sequence[Cause], scene: Scene) -> list[Cause]:
    """Causes that matter to the services asked for: theirs, those of what they need, and those of the host."""
    wanted = set(scene.options.services)
    if not wanted:
        return list(causes)
    needs = scene.who_needs_whom
    wanted |= {need for service in scene.options.services for need in all_needs(service, needs)}
    return [each for each in causes if not each.services or wanted & set(each.services)]


def _take(step: Step, scene: Scene) -> Report:
    if scene.stack is None and not step.alone:
        return Report(unknown=["not to be seen while the Docker daemon does not answer"])
    return step.look(scene)


def _report(answer: Answer[Report], limit: float) -> Report:
    """What a step found; what it could not look at where it did not come to its end."""
    if not answer.ended:
        return Report(unknown=[f"it did not end within {limit:g} s"])
    try:
        return answer.get()
    except MaxopsError as error:
        return Report(unknown=[str(error)])
    except OSError as error:
        place = f": {error.filename}" if error.filename else ""
        return Report(unknown=[f"{error.strerror or error}{place}"])
    except Exception as error:  # noqa: BLE001 - a step that fails in a way not foreseen must not end the others
        said = f"the step itself failed: {type(error).__name__}: {error}; please report this as a fault of maxops.ops"
        return Report(unknown=[said])
