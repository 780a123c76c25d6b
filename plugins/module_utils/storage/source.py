# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is to be restored, and where from: a backup set or a file of the old way. Private to this collection."""

from __future__ import annotations

import datetime
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError

from . import backup_set
from .backup_set import Layout
from .repository.interface import KeptSet
from .repository.local import Repository

LATEST, LATEST_VERIFIED = "latest", "latest_verified"


@dataclass
class Source:
    """Where the data comes from; ``parts`` are those of the manifest that were asked for."""

    label: str
    version: str | None
    databases: list[dict[str, Any]] = field(default_factory=list)
    volumes: list[dict[str, Any]] = field(default_factory=list)
    kept: KeptSet | None = None
    file: str | None = None

    @property
    def layout(self) -> Layout:
        """Where things are in the set."""
        if self.kept is None:
            raise MaxopsError("a file of the old way has no layout")
        return Layout(self.kept.path)

    def needs(self, path: str) -> bool:
        """True when a file of the set, by its relative path, is needed for the parts that were asked for."""
        layout = Layout("")
        starts = [layout.database(part["name"]) + os.sep for part in self.databases]
        starts += [layout.volume(part["name"], ".tar") for part in self.volumes]
        starts += ["globals.sql"] if self.databases else []
        return path == backup_set.MANIFEST or any(path.startswith(start) for start in starts)


# -- sets ---------------------------------------------------------------------------------------------------------


def choose_set(repository: Repository, project: str, which: str, before: str | None) -> KeptSet:
    """The set that is meant: an id, ``latest`` or ``latest_verified``; the last two at or before a moment."""
    sets = repository.sets()
    if which not in (LATEST, LATEST_VERIFIED):
        found = next((kept for kept in sets if kept.set_id == which), None)
        if found is None:
            raise MaxopsError(
                f'repository {repository.path} has no set "{which}" ({_newest(sets)}); correct the option set'
            )
        if found.manifest is None:
            raise MaxopsError(f"set {which} cannot be restored: {found.problem}")
        return found
    limit = moment(before) if before else None
    candidates = [
        kept
        for kept in sets
        if kept.manifest is not None
        and kept.manifest.get("project") == project
        and (limit is None or backup_set.moment_of(kept.set_id) <= limit)
        and (which == LATEST or repository.is_verified(kept))
    ]
    if not candidates:
        kind = "verified set" if which == LATEST_VERIFIED else "whole set"
        when = f" from {before} or before" if before else ""
        raise MaxopsError(
            f'repository {repository.path} has no {kind} of stack "{project}"{when} ({_newest(sets)}); '
            "name a set, another repository, or the stack that the set was made of in source_project"
        )
    return candidates[-1]


def moment(text: str) -> datetime.datetime:
    """A moment as people write it, or as sets are named; UTC where it names no zone."""
    if backup_set.ID_PATTERN.fullmatch(text):
        return backup_set.moment_of(text)
    try:
        found = datetime.datetime.fromisoformat(re.sub(r"[zZ]$", "+00:00", text.strip()))
    except ValueError:
        raise MaxopsError(f'before is "{text}", which is no moment; write it as in 2026-11-23T02:00:00Z') from None
    return found if found.tzinfo else found.replace(tzinfo=datetime.timezone.utc)


def _newest(sets: Sequence[KeptSet]) -> str:
    if not sets:
        return "it has none at all"
    newest = [f"{kept.set_id} of {kept.manifest['project'] if kept.manifest else '?'}" for kept in sets[-5:]]
    return "its newest: " + ", ".join(reversed(newest))


def source_of_set(
    kept: KeptSet, project: str, databases: Sequence[str] | None, volumes: Sequence[str] | None
) -> Source:
    """The parts of a set that were asked for: all, unless databases or volumes are named."""
    manifest = kept.manifest or {}
    if manifest.get("project") != project:
        raise MaxopsError(
            f'set {kept.set_id} was made of stack "{manifest.get("project")}", not of "{project}"; '
            f"to restore it all the same, name that stack in source_project"
        )
    every = databases is None and volumes is None
    chosen = {
        kind: _choose(manifest, kept.set_id, kind, None if every else list(asked or []))
        for kind, asked in (("database", databases), ("volume", volumes))
    }
    version = (manifest.get("versions") or {}).get("postgresql")
    return Source(f"set {kept.set_id}", version, chosen["database"], chosen["volume"], kept)


def _choose(manifest: dict[str, Any], set_id: str, kind: str, asked: Sequence[str] | None) -> list[dict[str, Any]]:
    there = {part["name"]: part for part in manifest.get("parts", []) if part["kind"] == kind}
    if asked is None:
        return list(there.values())
    known = {**{part.get("docker_name"): name for name, part in there.items()}, **{name: name for name in there}}
    missing = [name for name in asked if name not in known]
    if missing:
        raise MaxopsError(
            f"set {set_id} has no {kind} {', '.join(missing)} (it has {', '.join(there) or 'none'}); "
            f"correct the option {kind}s, or take another set"
        )
    return [there[known[name]] for name in dict.fromkeys(asked)]
