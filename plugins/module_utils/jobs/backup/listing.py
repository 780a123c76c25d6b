# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The backups of a host, with remarks on those that need attention."""

from __future__ import annotations

import datetime
import os
import statistics
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.maxops.ops.plugins.module_utils.storage import backup_set
from ansible_collections.maxops.ops.plugins.module_utils.storage.changes import HELD, accept_advice, open_changes_of
from ansible_collections.maxops.ops.plugins.module_utils.storage.coverage import (
    Key,
    doubtful,
    lacking,
    not_taken,
    stack_parts,
)
from ansible_collections.maxops.ops.plugins.module_utils.storage.legacy_dumps import LegacyDump, list_dumps
from ansible_collections.maxops.ops.plugins.module_utils.storage.origin import Ownership, here
from ansible_collections.maxops.ops.plugins.module_utils.storage.repository.interface import KeptSet
from ansible_collections.maxops.ops.plugins.module_utils.storage.repository.local import Repository
from ansible_collections.maxops.ops.plugins.module_utils.storage.retention import Policy
from ansible_collections.maxops.ops.plugins.module_utils.storage.source import not_taken_remarks
from ansible_collections.maxops.ops.plugins.module_utils.swap.journal import Journals
from ansible_collections.maxops.ops.plugins.module_utils.swap.kept import kept_data
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError
from ansible_collections.maxops.ops.plugins.module_utils.tools.moments import timestamp, utc_now
from ansible_collections.maxops.ops.plugins.module_utils.tools.words import human_size

MAKE = "ansible-playbook maxops.ops.backup"

COMPARED = 5
"""How many earlier sets the newest one is compared with."""


@dataclass(frozen=True)
class ListingOptions:
    """The operator's options of a listing; without a policy the result says nothing about retention."""

    project_name: str
    repository: str
    retention: Policy | None = None
    max_age_hours: float = 26
    size_change: int = 30


def list_backups(options: ListingOptions, now: datetime.datetime | None = None) -> dict[str, Any]:
    """All sets of a repository, the newest first, and the legacy dumps; changes nothing."""
    now = now or utc_now()
    repository = Repository(options.repository)
    repository.check_readable()
    sets = repository.sets()
    origin = here(options.project_name)
    ownership = origin.split(sets)
    ours, parts = ownership.own, stack_parts(ownership.own)
    changes = open_changes_of(ours)
    reasons: dict[str, list[str]] = {}
    if options.retention is not None:
        planned = {"parts": [{"kind": kind, "name": name} for kind, name in sorted(parts)]}
        reasons = repository.reasons_to_keep(origin, options.retention, repository.free_id(now), planned)
        if changes:
            reasons = {set_id: why or [HELD] for set_id, why in reasons.items()}
    dumps = list_dumps(repository.path)
    remarks = [f"{change.sentence()}; {accept_advice([change])}" for change in changes] + ownership.remarks()
    remarks += [line for kept in ours[-1:] for line in not_taken_remarks(kept)]
    remarks += _about_age(options, repository, ownership, dumps, now) + _about_size(ours, options.size_change)
    remarks += [f"set {kept.set_id} cannot be used: {kept.problem}" for kept in sets if kept.problem]
    replaced, unreadable = _kept(options.project_name)
    remarks += unreadable
    return {
        "repository": repository.path,
        "project": options.project_name,
        "host": origin.host,
        "other_hosts": ownership.other_hosts,
        "sets": [
            _set(repository, kept, reasons, options, now, parts if kept in ours else None) for kept in reversed(sets)
        ],
        "dumps": [_dump(dump, now) for dump in reversed(dumps)],
        "newest": ours[-1].set_id if ours else None,
        "kept": replaced,
        "healthy": not remarks,
        "remarks": remarks,
    }


def _kept(project: str) -> tuple[list[dict[str, Any]], list[str]]:
    """The data that restores of this stack replaced and that is kept beside the running data."""
    try:
        return kept_data(Journals(project)), []
    except (MaxopsError, OSError) as error:
        return [], [f"whether replaced data is kept is not known: {error}"]


def _set(
    repository: Repository,
    kept: KeptSet,
    reasons: Mapping[str, list[str]],
    options: ListingOptions,
    now: datetime.datetime,
    parts: Collection[Key] | None,
) -> dict[str, Any]:
    manifest = kept.manifest or {}
    verdict = repository.verdict(kept)
    return {
        "set_id": kept.set_id,
        "path": kept.path,
        "project": manifest.get("project"),
        "host": manifest.get("host"),
        "missing": None if parts is None else [{"kind": kind, "name": name} for kind, name in lacking(kept, parts)],
        "time": timestamp(backup_set.moment_of(kept.set_id)),
        "age_hours": _hours(backup_set.moment_of(kept.set_id), now),
        "bytes": kept.size,
        "parts": [
            {
                "kind": part["kind"],
                "name": part["name"],
                "bytes": part["bytes"],
                "source_bytes": part["source_bytes"],
                "rows": sum(part["rows"].values()) if "rows" in part else None,
            }
            for part in manifest.get("parts", [])
        ],
        "problem": kept.problem,
        "verdict": verdict.to_dict() if verdict else None,
        "retention": _retention(kept, reasons, options),
    }


def _retention(kept: KeptSet, reasons: Mapping[str, list[str]], options: ListingOptions) -> dict[str, Any] | None:
    """What the next backup will do with a set; None for an incomplete set and for a set of another stack."""
    if options.retention is None or kept.set_id not in reasons:
        return None
    return {"keep": bool(reasons[kept.set_id]), "reasons": list(reasons[kept.set_id])}


def _dump(dump: LegacyDump, now: datetime.datetime) -> dict[str, Any]:
    return {
        "set_id": dump.set_id,
        "path": dump.path,
        "database": dump.database,
        "time": timestamp(dump.moment) if dump.moment else None,
        "age_hours": _hours(dump.moment, now) if dump.moment else None,
        "bytes": dump.size,
    }


def _hours(moment: datetime.datetime, now: datetime.datetime) -> float:
    return round(_exact_hours(moment, now), 2)


def _exact_hours(moment: datetime.datetime, now: datetime.datetime) -> float:
    return (now - moment).total_seconds() / 3600


# -- remarks --------------------------------------------------------------------------------------------------------


def _about_age(
    options: ListingOptions,
    repository: Repository,
    ownership: Ownership,
    dumps: Sequence[LegacyDump],
    now: datetime.datetime,
) -> list[str]:
    ours, others = ownership.own, ownership.other_hosts
    if not os.path.isdir(repository.path):
        return [f"there is no repository {repository.path}: name the right one, or make the first set ({MAKE})"]
    if not ours and not dumps:
        where = f" of this host, only of {', '.join(others)}" if others else ""
        return [f'{repository.path} has no complete set of stack "{options.project_name}"{where}: make one ({MAKE})']
    moments = [backup_set.moment_of(kept.set_id) for kept in ours[-1:]]
    moments += [dump.moment for dump in dumps if dump.moment and not ours]
    age = _exact_hours(max(moments), now) if moments else 0
    if options.max_age_hours and age > options.max_age_hours:
        age_text = f"the newest backup is {age:.0f} hours old, and {options.max_age_hours:g} are allowed"
        return [f"{age_text}: does the schedule run? See its log, and make a set now ({MAKE})"]
    return []


def _about_size(ours: Sequence[KeptSet], allowed: int) -> list[str]:
    """Remarks on the size of the newest set and of its parts, compared with the median of the sets before it."""
    if len(ours) < 2:
        return []
    newest, earlier = ours[-1], ours[-1 - COMPARED : -1]
    remarks = []
    expected = {}
    for key in {key for kept in earlier for key in _part_sizes(kept)}:
        sizes = [_part_sizes(kept)[key] for kept in earlier if key in _part_sizes(kept)]
        expected[key] = statistics.median(sizes)
    newest_sizes = _part_sizes(newest)
    manifest = newest.manifest or {}
    known = set(newest_sizes) | doubtful(manifest) | not_taken(manifest)
    absent = {key for key in set(expected) - known if "scope" not in manifest}
    for kind, name in sorted(absent):
        remarks.append(f'{kind} "{name}" is missing from the newest set {newest.set_id}, and earlier sets have it')
    usual_total = statistics.median(kept.size for kept in earlier)
    compared: list[tuple[str, float, float]] = []
    if set(expected) <= set(newest_sizes) or "scope" not in manifest:
        compared.append((f"the newest set {newest.set_id}", newest.size, usual_total))
    compared += [
        (f'{kind} "{name}" of the newest set {newest.set_id}', newest_sizes[kind, name], expected[kind, name])
        for kind, name in sorted(set(expected) & set(newest_sizes))
    ]
    for subject, size, usual in compared:
        change = round((size - usual) / usual * 100) if usual else 0
        if abs(change) > allowed:
            word = "larger" if change > 0 else "smaller"
            remarks.append(
                f"{subject} is {abs(change)} % {word} than the ones before: {human_size(size)} instead of "
                f"{human_size(usual)}; check whether the stack has changed that much, and verify it "
                "(ansible-playbook maxops.ops.verify)"
            )
    return remarks


def _part_sizes(kept: KeptSet) -> dict[tuple[str, str], int]:
    return {(part["kind"], part["name"]): part["bytes"] for part in (kept.manifest or {}).get("parts", [])}
