# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Notices a part that earlier sets had and that is missing, empty or much smaller now.

An operator accepts such a change by the part's name, or by a pattern. Until then the last good value stays the one to
compare with, however many sets are made meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError
from ansible_collections.maxops.ops.plugins.module_utils.tools.words import human_size

from .backup_set import moment_of
from .coverage import (
    OPTIONS,
    RETIRED_AFTER,
    Key,
    is_empty,
    is_in_scope,
    is_settled,
    label,
    matches,
    not_taken,
    parts_of,
)
from .repository.interface import KeptSet

MISSING, EMPTY, SMALLER = "missing", "empty", "smaller"

HELD = "retention is on hold"
"""The reason to keep a set although no rule keeps it, while a change is not accepted or a part was not taken."""

FACTOR = 10
"""A part is much smaller when it has less than this fraction of what it had."""


@dataclass(frozen=True)
class Change:
    """One part that has shrunk: ``before`` in set ``set_id`` and ``now``, both in ``unit`` (rows, tables or bytes)."""

    kind: str
    name: str
    change: str
    set_id: str
    unit: str
    before: int
    now: int
    accepted: bool = False

    @property
    def key(self) -> Key:
        """The part."""
        return self.kind, self.name

    def sentence(self) -> str:
        """The change with its numbers: ``database "gitea": 10,902 rows in 20261130T123822Z, now 0``."""
        if self.unit == "bytes":
            before, now = human_size(self.before), human_size(self.now)
        else:
            unit = self.unit[:-1] if self.before == 1 else self.unit
            before, now = f"{self.before:,} {unit}", f"{self.now:,}"
        if self.change == MISSING or (self.change == EMPTY and self.unit == "bytes"):
            now = self.change
        return f'{self.kind} "{self.name}": {before} in {self.set_id}, now {now}'

    def to_dict(self) -> dict[str, Any]:
        """The change as data for a manifest and a result."""
        return {**asdict(self), "message": self.sentence()}


def change_of(entry: Mapping[str, Any]) -> Change:
    """A change from a manifest."""
    return Change(**{name: entry[name] for name in Change.__dataclass_fields__})


def unaccepted(manifest: Mapping[str, Any] | None) -> list[Change]:
    """The changes of a set that no operator has accepted."""
    return [change_of(entry) for entry in (manifest or {}).get("shrunk", []) if not entry["accepted"]]


def accept_advice(changes: Sequence[Change]) -> str:
    """How an operator accepts changes."""
    names = ", ".join(f'"{label(change.key)}"' for change in changes)
    return f"retention removes nothing until it is fixed, or accepted by name or pattern (accept_changes: [{names}])"


def check_names(accepted: Iterable[str]) -> None:
    """Refuse a name in ``accept_changes`` that cannot be a part."""
    for entry in accepted:
        kind, _space, name = entry.partition(" ")
        if kind not in OPTIONS or not name.strip():
            raise MaxopsError(
                f'accept_changes names "{entry}"; write the kind ({", ".join(OPTIONS)}) and the name of the part, '
                'as in "database gitea"'
            )


def review(sets: Sequence[KeptSet], manifest: Mapping[str, Any], accepted: Iterable[str] = ()) -> list[Change]:
    """The changes of a new set, described by its manifest, against the earlier own sets, the oldest first.

    A change of an earlier set that nobody accepted stays one, also when this set was not meant to have the part.
    ``accepted`` are the parts that the operator accepts, as in ``database gitea`` or ``database ci_*``.
    """
    good, open_changes = _history(sets)
    changes: dict[Key, Change] = {}
    parts = parts_of(manifest)
    for key, (set_id, before) in good.items():
        found = open_changes.get(key)
        if key in parts:
            found = _compared(key, set_id, before, parts[key])
        elif (
            is_in_scope(manifest, key) and key not in not_taken(manifest) and (found or not _was_given_up(set_id, sets))
        ):
            found = _missing(key, set_id, before)
        if found:
            changes[key] = found
    names = list(accepted)
    return [replace(changes[key], accepted=any(is_accepted(key, name) for name in names)) for key in sorted(changes)]


def is_accepted(key: Key, entry: str) -> bool:
    """True when an entry of ``accept_changes`` names a part, itself or by a pattern, as in ``database ci_*``."""
    kind, _space, name = entry.partition(" ")
    return label(key) == entry or (kind == key[0] and matches(key[1], [name]))


def open_changes_of(sets: Sequence[KeptSet]) -> list[Change]:
    """The changes in the own sets, the oldest first, that no operator has accepted."""
    changes = _history(sets)[1]
    return [changes[key] for key in sorted(changes)]


def _history(sets: Sequence[KeptSet]) -> tuple[dict[Key, tuple[str, Mapping[str, Any]]], dict[Key, Change]]:
    """For each part the newest set in which it was as it should be, with its entry there; and the open changes."""
    good: dict[Key, tuple[str, Mapping[str, Any]]] = {}
    changes: dict[Key, Change] = {}
    for kept in sets:
        manifest = kept.manifest or {}
        if "shrunk" in manifest:
            # Its run has compared it with more sets than may be left now.
            changes = {change.key: change for change in unaccepted(manifest)}
            for key, change in changes.items():
                good.setdefault(key, (change.set_id, _entry_of(change)))
            accepted = {(entry["kind"], entry["name"]) for entry in manifest["shrunk"] if entry["accepted"]}
            for key in [key for key in good if key in accepted or is_settled(manifest, key)]:
                del good[key]
            good.update({key: (kept.set_id, part) for key, part in parts_of(manifest).items() if key not in changes})
            continue
        for key, part in parts_of(manifest).items():
            found = _compared(key, *good[key], part) if key in good else None
            if found:
                changes[key] = found
            else:
                changes.pop(key, None)
                good[key] = (kept.set_id, part)
    return good, changes


def _compared(key: Key, set_id: str, before: Mapping[str, Any], now: Mapping[str, Any]) -> Change | None:
    """The change of one part between two sets; None where it is much as before, or where that is not known."""
    compare = _compared_rows if "rows" in before and "rows" in now else _compared_files
    if compare is _compared_files and key[0] == "database":
        return None
    for is_so, change, unit, numbers in compare(before, now):
        if is_so:
            return Change(*key, change, set_id, unit, *numbers)
    return None


_Comparison = tuple[bool, str, str, tuple[int, int]]
"""Whether a part has changed so, the change, its unit, and the numbers before and now."""


def _compared_rows(before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[_Comparison]:
    rows = sum(before["rows"].values()), sum(now["rows"].values())
    tables = len(before["rows"]), len(now["rows"])
    stored, size = (before.get("bytes", 0), now.get("bytes", 0)), _sizes(before, now)
    yield rows[0] > 0 and rows[1] == 0, EMPTY, "rows", rows
    yield tables[0] > 0 and tables[1] == 0, EMPTY, "tables", tables
    yield _is_much_smaller(*rows), SMALLER, "rows", rows
    # VACUUM FULL makes a database smaller on its disk, and better compression in the set; only lost data does both.
    yield _is_much_smaller(*size) and _is_much_smaller(*stored), SMALLER, "bytes", stored


def _compared_files(before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[_Comparison]:
    size = _sizes(before, now)
    if not is_empty(before):
        yield is_empty(now), EMPTY, "bytes", (size[0], 0)
        yield _is_much_smaller(*size), SMALLER, "bytes", size


def _sizes(before: Mapping[str, Any], now: Mapping[str, Any]) -> tuple[int, int]:
    return before.get("source_bytes", 0), now.get("source_bytes", 0)


def _was_given_up(set_id: str, sets: Sequence[KeptSet]) -> bool:
    """True when the stack has had no part as in this set for long, as sets of earlier versions show.

    Later sets say themselves what they lack; one that was not meant to have the part shows nothing.
    """
    earlier = [kept.set_id for kept in sets if (kept.manifest or {}).get("scope") is None]
    return bool(earlier) and moment_of(earlier[-1]) - moment_of(set_id) > RETIRED_AFTER


def _missing(key: Key, set_id: str, before: Mapping[str, Any]) -> Change:
    if "rows" in before:
        return Change(*key, MISSING, set_id, "rows", sum(before["rows"].values()), 0)
    return Change(*key, MISSING, set_id, "bytes", before.get("source_bytes", 0), 0)


def _is_much_smaller(before: int, now: int) -> bool:
    return now * FACTOR < before


def _entry_of(change: Change) -> dict[str, Any]:
    """The part as it was, as far as a change says it, for the case that its set is no longer there."""
    if change.unit == "bytes":
        return {"source_bytes": change.before, "bytes": change.before}
    if change.unit == "tables":
        return {"rows": {f"table {number}": 0 for number in range(change.before)}}
    return {"rows": {"all tables": change.before}}
