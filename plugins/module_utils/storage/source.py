# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The source of a restore: a backup set or a legacy dump, with the chosen parts."""

from __future__ import annotations

import datetime
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError
from ansible_collections.maxops.ops.plugins.module_utils.tools.moments import check_past, parse_moment, utc_now

from . import backup_set
from .backup_set import Layout
from .changes import unaccepted
from .coverage import Key, doubtful, label, labels, lacking, newest_holders, not_taken, parts_of, stack_parts
from .origin import Origin, Ownership, host_of
from .repository.interface import KeptSet
from .repository.local import Repository

LATEST, LATEST_VERIFIED = "latest", "latest_verified"

CLOCKS_DIFFER = datetime.timedelta(minutes=5)
"""A controller, which may have chosen the moment, is at most so far ahead of this host."""


@dataclass
class RestoreSource:
    """Where the data comes from; ``databases``, ``volumes`` and ``folders`` are the chosen parts of the manifest."""

    label: str
    version: str | None
    databases: list[dict[str, Any]] = field(default_factory=list)
    volumes: list[dict[str, Any]] = field(default_factory=list)
    kept: KeptSet | None = None
    file: str | None = None
    remarks: list[str] = field(default_factory=list)
    folders: list[dict[str, Any]] = field(default_factory=list)

    @property
    def archived(self) -> list[dict[str, Any]]:
        """The chosen volumes and folders."""
        return self.volumes + self.folders

    @property
    def layout(self) -> Layout:
        """Where things are in the set."""
        if self.kept is None:
            raise MaxopsError("a legacy dump has no layout")
        return Layout(self.kept.path)

    def needs(self, path: str) -> bool:
        """True when a file of the set, by its relative path, is needed for the chosen parts."""
        layout = Layout("")
        others = {backup_set.MANIFEST, *(["globals.sql"] if self.databases else [])}
        return path in others or any(layout.holds(part, path) for part in self.databases + self.archived)


# -- sets ---------------------------------------------------------------------------------------------------------


def _limit(before: str) -> datetime.datetime:
    """The moment in UTC. Raises MaxopsError for another text, and for a moment that has not come yet."""
    now = utc_now()
    moment = parse_moment(before, now, "before")
    if moment > now + CLOCKS_DIFFER:
        check_past(moment, now, before, "before")
    return moment


def choose_set(
    repository: Repository, origin: Origin, which: str, before: str | None, wanted: Collection[Key] = ()
) -> tuple[KeptSet, list[str]]:
    """The set named by ``which``: an id, ``latest`` or ``latest_verified``; the last two at or before a moment.

    The last two choose among the own sets of this host, or among those of others where it has none: the newest set
    that has the ``wanted`` parts, or else everything that the stack has. Also returns remarks on this choice.
    """
    sets = repository.sets()
    ownership = origin.split(sets)
    if which not in (LATEST, LATEST_VERIFIED):
        kept = _named_set(repository, sets, which)
        return kept, _about_set(kept, ownership)
    limit = _limit(before) if before else None

    def in_time(sets: Sequence[KeptSet]) -> list[KeptSet]:
        return [kept for kept in sets if limit is None or backup_set.moment_of(kept.set_id) <= limit]

    within = in_time(ownership.own) if ownership.own else _of_newest_host(in_time(ownership.others))
    candidates = [kept for kept in within if which == LATEST or repository.is_verified(kept)]
    if not candidates:
        kind = "verified set" if which == LATEST_VERIFIED else "complete set"
        when = f" from {before} or before" if before else ""
        others = ""
        if ownership.own and ownership.others:
            others = f"; a set of another host can be named by its id ({_newest(ownership.others)})"
        raise MaxopsError(
            f'repository {repository.path} has no {kind} of stack "{origin.project}"{when} ({_newest(sets)}); '
            f"name a set, another repository, or the stack that the set was made of in source_project{others}"
        )
    needed = set(wanted) or stack_parts(within)

    def missing_from(kept: KeptSet) -> list[Key]:
        # A named part is taken from before a loss; the whole stack is not set back for the sake of one part.
        lost = needed & doubtful(kept.manifest or {}) if wanted else set()
        return sorted({*_lacks(kept, needed), *lost})

    # Of the sets that have the most, the newest.
    kept = max(candidates, key=lambda kept: (-len(missing_from(kept)), kept.set_id))
    remarks = _about_set(kept, ownership)
    if not wanted:
        remarks += _about_parts(kept, within, needed)
    newer = [other for other in candidates if other.set_id > kept.set_id]
    if newer:
        remarks.append(
            f"set {kept.set_id} was chosen although {newer[-1].set_id} is newer: that one lacks "
            f"{labels(missing_from(newer[-1]))}, or has lost data of it; name it to take it nevertheless"
        )
    return kept, remarks


def wanted_parts(chosen: Mapping[str, Sequence[str] | None]) -> set[Key]:
    """The parts that the options name; ``chosen`` has the names of each kind, such as ``database``."""
    return {(kind, name) for kind, names in chosen.items() for name in names or ()}


def _named_set(repository: Repository, sets: Sequence[KeptSet], which: str) -> KeptSet:
    named = next((kept for kept in sets if kept.set_id == which), None)
    if named is None:
        raise MaxopsError(
            f'repository {repository.path} has no set "{which}" ({_newest(sets)}); correct the option set'
        )
    if named.manifest is None:
        raise MaxopsError(f"set {which} cannot be restored: {named.problem}")
    return named


def _of_newest_host(others: Sequence[KeptSet]) -> list[KeptSet]:
    """The sets of the one other host that made the newest set."""
    return [kept for kept in others if host_of(kept) == host_of(others[-1])]


def _lacks(kept: KeptSet, needed: Collection[Key]) -> list[Key]:
    """The needed parts that a set lacks; a volume may be named with or without the project's name."""
    manifest = kept.manifest or {}
    long_names = {("volume", part.get("docker_name")) for part in manifest.get("parts", [])}
    return [key for key in lacking(kept, needed) if key not in long_names]


def _about_host(kept: KeptSet, ownership: Ownership) -> list[str]:
    host, origin = host_of(kept), ownership.origin
    if kept in ownership.others:
        none = "" if ownership.own else f"; this host ({origin.host}) has no set of its own in this repository"
        more = [name for name in ownership.other_hosts if name != host]
        also = f"; sets of {', '.join(more)} are there too" if more else ""
        return [f"set {kept.set_id} was made on another host, {host}{none}{also}"]
    if host in ownership.former:
        return [f"set {kept.set_id} was made when this host ({origin.host}) was called {host}"]
    return []


def _about_set(kept: KeptSet, ownership: Ownership) -> list[str]:
    """Where a set comes from, and what its own backup has said about it."""
    remarks = _about_host(kept, ownership) + not_taken_remarks(kept)
    remarks += [
        f"set {kept.set_id} was made after a loss: {change.sentence()}; to get back what was there, name that set"
        for change in unaccepted(kept.manifest)
        if change.key in parts_of(kept.manifest)
    ]
    return remarks


def not_taken_remarks(kept: KeptSet) -> list[str]:
    """What a set lacks because its backup could not take it."""
    return [
        f'{entry["kind"]} "{entry["name"]}" is not in set {kept.set_id}: {entry["reason"]}'
        for entry in (kept.manifest or {}).get("incomplete", [])
    ]


def _about_parts(kept: KeptSet, sets: Sequence[KeptSet], needed: Collection[Key]) -> list[str]:
    """What of the stack is not in a set, and which set has it."""
    manifest = kept.manifest or {}
    holders = newest_holders(sets)
    keys = _lacks(kept, {*needed, *doubtful(manifest)} - not_taken(manifest))
    return [
        f"{label(key)} is not in set {kept.set_id}"
        + (f": the newest set that has it is {holders[key].set_id}" if key in holders else "")
        for key in keys
    ]


def _newest(sets: Sequence[KeptSet]) -> str:
    if not sets:
        return "it has no sets"
    newest = [f"{kept.set_id} of {kept.manifest['project'] if kept.manifest else '?'}" for kept in sets[-5:]]
    return "its newest: " + ", ".join(reversed(newest))


def source_of_set(
    kept: KeptSet,
    project: str,
    databases: Sequence[str] | None,
    volumes: Sequence[str] | None,
    folders: Sequence[str] | None = None,
) -> RestoreSource:
    """A set as a source, with its chosen parts: all, unless databases, volumes or folders are named."""
    manifest = kept.manifest or {}
    if manifest.get("project") != project:
        raise MaxopsError(
            f'set {kept.set_id} was made of stack "{manifest.get("project")}", not of "{project}"; '
            "to restore it anyway, name that stack in source_project"
        )
    take_all = databases is None and volumes is None and folders is None
    chosen = {
        kind: _choose(manifest, kept.set_id, kind, None if take_all else list(wanted or []))
        for kind, wanted in (("database", databases), ("volume", volumes), ("folder", folders))
    }
    version = (manifest.get("versions") or {}).get("postgresql")
    return RestoreSource(
        f"set {kept.set_id}", version, chosen["database"], chosen["volume"], kept, folders=chosen["folder"]
    )


def _choose(manifest: dict[str, Any], set_id: str, kind: str, wanted: Sequence[str] | None) -> list[dict[str, Any]]:
    parts = {part["name"]: part for part in manifest.get("parts", []) if part["kind"] == kind}
    if wanted is None:
        return list(parts.values())
    names = {**{part.get("docker_name"): name for name, part in parts.items()}, **{name: name for name in parts}}
    missing = [name for name in wanted if name not in names]
    if missing:
        raise MaxopsError(
            f"set {set_id} has no {kind} {', '.join(missing)} (it has {', '.join(parts) or 'none'}); "
            f"correct the option {kind}s, or take another set"
        )
    return [parts[names[name]] for name in dict.fromkeys(wanted)]
