# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Copies volumes and folders while what writes to them is paused, and finds out whether it was.

Services start, restart and are replaced after the plan was made: who writes to a part is read right before its copy,
and again after it.
"""

from __future__ import annotations

import datetime
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Callable, Optional

from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.stack import Container

from .live import listed, may_write
from .values import BackupPlan, VolumePart

MOST_COPIES = 3
"""How often a part is copied, or its writers are paused, before it is left out."""

PAUSE_SECONDS = 1.0
"""Pause between two tries: a service that has just started may be paused now."""

_RUNNING = ("running", "restarting")

Writers = Mapping[str, tuple[Container, Optional[datetime.datetime]]]
"""The containers that may write to a part, with their start, by their id."""


@dataclass
class Copied:
    """Entries for the manifest, remarks for the operator, and the parts that could not be copied at rest."""

    entries: list[dict[str, Any]] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    untaken: list[VolumePart] = field(default_factory=list)


def copy_at_rest(
    plan: BackupPlan,
    parts: Sequence[VolumePart],
    pause: bool,
    copy: Callable[[Sequence[VolumePart]], list[dict[str, Any]]],
    freeze: Callable[[], None],
) -> Copied:
    """Copy parts while the containers that write to them are paused: to all with ``pause``, else to live databases.

    ``freeze`` is called once, in the first pause and before the first file is read. A live database whose writers ran
    during its copy is copied again, and in the end recorded as not taken.
    """
    result = Copied()
    watched = [part for part in parts if pause or part.databases]
    if not watched:
        freeze()
        result.entries = copy(parts)
        return result
    for number in range(1, MOST_COPIES + 1):
        writers = [_running(look) for look in _look(plan, watched)]
        now = {part.label: _as_now(part, running) for part, running in zip(watched, writers)}
        unique = {container.id: container for running in writers for container in running}
        with plan.stack.paused(list(unique.values())):
            before = _look(plan, watched)
            if number == 1:
                freeze()
            moved = [sorted({one.service for one in _running(look)}) for look in before]
            bad = _not_at_rest(watched, moved)
            last = number == MOST_COPIES
            if not bad or last:
                chosen = [now.get(part.label, part) for part in parts if part.label not in bad]
                result.entries = copy(chosen) if chosen else []
                after = _look(plan, watched)
                moved = [_moved(*looks) for looks in zip(before, after)]
                bad = {**bad, **_not_at_rest(watched, moved)}
        if not bad or last:
            break
        time.sleep(PAUSE_SECONDS)
    _report(plan, result, watched, now, moved, bad)
    return result


def _report(
    plan: BackupPlan,
    result: Copied,
    watched: Sequence[VolumePart],
    now: Mapping[str, VolumePart],
    moved: Sequence[Sequence[str]],
    bad: Mapping[str, Sequence[str]],
) -> None:
    for part, services in zip(watched, moved):
        planned = {container.service for container in part.writers}
        more = sorted({container.service for container in now[part.label].writers} - planned)
        if part.label in bad:
            names = ", ".join(bad[part.label])
            reason = f"it holds {listed(part.databases)}, and service {names} ran while it was copied"
            plan.not_taken(
                part.kind, part.name, reason, "back up at a time when nothing starts or restarts that service"
            )
            result.untaken.append(part)
        elif services:
            result.warnings.append(f"{part.label}: service {', '.join(services)} ran while it was copied")
        elif more and part.databases:
            result.warnings.append(
                f"{part.label} holds {listed(part.databases)}: service {', '.join(more)}, which has started since the "
                "backup was planned, was paused while it was copied"
            )
    untaken = {(part.kind, part.name) for part in result.untaken}
    result.entries = [entry for entry in result.entries if (entry["kind"], entry["name"]) not in untaken]


def _look(plan: BackupPlan, parts: Sequence[VolumePart]) -> list[Writers]:
    """Who may write to each part at this moment, without the server whose databases are dumped."""
    server = plan.database_container if plan.databases else None
    inspections = [
        inspection
        for inspection in plan.stack.read_again().inspections
        if not (server and inspection.container.id == server.id)
    ]
    return [
        {one.container.id: (one.container, one.started) for one in inspections if may_write(part, one.container)}
        for part in parts
    ]


def _running(look: Writers) -> list[Container]:
    return [container for container, _started in look.values() if container.state in _RUNNING]


def _as_now(part: VolumePart, running: Sequence[Container]) -> VolumePart:
    return replace(part, writers=tuple(running), live=part.databases if running else ())


def _not_at_rest(parts: Sequence[VolumePart], moved: Sequence[Sequence[str]]) -> dict[str, Sequence[str]]:
    """The parts with a live database that something wrote to, by their label, with the services that ran."""
    return {part.label: services for part, services in zip(parts, moved) if part.databases and services}


def _moved(before: Writers, after: Writers) -> list[str]:
    """The services that ran between two looks: they run now, or have started since."""
    services = {container.service for container in _running(after)}
    for identity, (container, started) in after.items():
        earlier = before[identity][1] if identity in before else None
        if started and started != earlier:
            services.add(container.service)
    return sorted(services)
