# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What sets contain: their parts, which of these have content, and what a set lacks of its stack.

A part is known by its key, (kind, name): ``("database", "gitea")``, ``("volume", "gitea-data")``.
"""

from __future__ import annotations

import datetime
import fnmatch
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .backup_set import moment_of
from .repository.interface import KeptSet

Key = tuple[str, str]

OPTIONS = {"database": "databases", "volume": "volumes", "folder": "folders"}
"""Each kind of part, and the option that chooses parts of this kind."""

RETIRED_AFTER = datetime.timedelta(days=40)
"""A part that no set has had for so long does not count as a part of the stack; its last copies are kept."""

EXCLUDED_FOR = datetime.timedelta(days=2)
"""An excluded part counts as a part of the stack for so long: it may have been excluded for one run only."""


def label(key: Key) -> str:
    """A part as operators name it: ``database gitea``."""
    return " ".join(key)


def labels(keys: Iterable[Key]) -> str:
    """Parts for a message, sorted."""
    return ", ".join(label(key) for key in sorted(keys)) or "nothing"


def parts_of(manifest: Mapping[str, Any] | None) -> dict[Key, dict[str, Any]]:
    """The parts of a set."""
    return {(part["kind"], part["name"]): part for part in (manifest or {}).get("parts", [])}


def scope_of(options: Any) -> dict[str, Any]:
    """What the options of a backup take, for its manifest; None means all parts of a kind."""
    chosen = {name: getattr(options, name) for name in OPTIONS.values()}
    lists = {name: None if names is None else list(names) for name, names in chosen.items()}
    return {**lists, "exclude": list(options.exclude)}


def is_empty(part: Mapping[str, Any]) -> bool:
    """True for a database without rows, and for a volume or folder without files."""
    if "rows" in part:
        return not any(part["rows"].values())
    return bool(part.get("empty")) or part.get("source_bytes") == 0


def doubtful(manifest: Mapping[str, Any]) -> set[Key]:
    """Parts that were missing, empty or much smaller when the set was made, and that were not accepted so."""
    return {(entry["kind"], entry["name"]) for entry in manifest.get("shrunk", []) if not entry["accepted"]}


def not_taken(manifest: Mapping[str, Any]) -> set[Key]:
    """Parts that could not be taken although they were wanted."""
    return {(entry["kind"], entry["name"]) for entry in manifest.get("incomplete", [])}


def content_of(manifest: Mapping[str, Any] | None) -> set[Key]:
    """The parts of a set that are a copy of something: not empty, and not suspiciously small."""
    filled = {key for key, part in parts_of(manifest).items() if not is_empty(part)}
    return filled - doubtful(manifest or {})


def matches(name: str, patterns: Iterable[str]) -> bool:
    """True when a name matches one of the patterns of the option ``exclude``.

    A pattern for names, such as ``*test*``, leaves out no path that happens to match it: those need a ``/`` in it.
    """
    is_path = name.startswith("/")
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns if "/" in pattern or not is_path)


def is_excluded(manifest: Mapping[str, Any], key: Key) -> bool:
    """True when the operator's option ``exclude`` kept a part out of a set."""
    return matches(key[1], (manifest.get("scope") or {}).get("exclude") or [])


def is_in_scope(manifest: Mapping[str, Any], key: Key) -> bool:
    """True when a set was meant to have a part, if the stack had it. Sets of earlier versions do not say so: False."""
    scope = manifest.get("scope")
    if scope is None or is_excluded(manifest, key):
        return False
    kind, name = key
    names = scope.get(OPTIONS.get(kind, ""))
    return names is None or name in names or f"{manifest.get('project')}_{name}" in names


def is_whole(manifest: Mapping[str, Any]) -> bool:
    """True for a set of the whole stack: no option chose some parts only. Unknown for earlier versions: False."""
    scope = manifest.get("scope")
    return scope is not None and all(scope.get(name) is None for name in OPTIONS.values())


def is_settled(manifest: Mapping[str, Any], key: Key) -> bool:
    """True when a set shows that a part is gone or empty, and that this was accepted."""
    unknown = doubtful(manifest) | not_taken(manifest)
    return is_in_scope(manifest, key) and key not in content_of(manifest) and key not in unknown


def retired(sets: Sequence[KeptSet]) -> set[Key]:
    """Parts that the stack has no more: accepted so in a later set, or in no set for RETIRED_AFTER. Oldest first."""
    holders = newest_holders(sets)
    if not sets:
        return set()
    newest = moment_of(sets[-1].set_id)
    return {
        key
        for key, holder in holders.items()
        if newest - moment_of(holder.set_id) > RETIRED_AFTER
        or any(is_settled(kept.manifest or {}, key) for kept in sets if kept.set_id > holder.set_id)
    }


def newest_holders(sets: Sequence[KeptSet]) -> dict[Key, KeptSet]:
    """The newest set with content of each part; the oldest set comes first in ``sets``."""
    return {key: kept for kept in sets for key in content_of(kept.manifest)}


def stack_parts(sets: Sequence[KeptSet]) -> set[Key]:
    """The parts that the stack has, as its own sets show them; the oldest set comes first in ``sets``.

    These are the parts of the newest set of the whole stack and of all later sets, with those that could not be taken.
    """
    parts: set[Key] = set()
    for kept in reversed(sets):
        manifest = kept.manifest or {}
        parts |= {key for key in {*parts_of(manifest), *not_taken(manifest)} if key[0] in OPTIONS}
        if is_whole(manifest):
            newest = moment_of(sets[-1].set_id)
            parts |= {
                key
                for key, holder in newest_holders(sets).items()
                if is_excluded(manifest, key) and newest - moment_of(holder.set_id) <= EXCLUDED_FOR
            }
            break
    return parts - retired(sets)


def lacking(kept: KeptSet, parts: Iterable[Key]) -> list[Key]:
    """Which of these parts a set does not have, sorted."""
    return sorted(set(parts) - set(parts_of(kept.manifest)))
