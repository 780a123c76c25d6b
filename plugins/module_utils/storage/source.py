# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The source of a restore: a backup set or a legacy dump, with the chosen parts."""

from __future__ import annotations

import datetime
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
class RestoreSource:
    """Where the data comes from; ``databases``, ``volumes`` and ``folders`` are the chosen parts of the manifest."""

    label: str
    version: str | None
    databases: list[dict[str, Any]] = field(default_factory=list)
    volumes: list[dict[str, Any]] = field(default_factory=list)
    kept: KeptSet | None = None
    file: str | None = None
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


def choose_set(repository: Repository, project: str, which: str, before: str | None) -> KeptSet:
    """The set named by ``which``: an id, ``latest`` or ``latest_verified``; the last two at or before a moment."""
    sets = repository.sets()
    if which not in (LATEST, LATEST_VERIFIED):
        named = next((kept for kept in sets if kept.set_id == which), None)
        if named is None:
            raise MaxopsError(
                f'repository {repository.path} has no set "{which}" ({_newest(sets)}); correct the option set'
            )
        if named.manifest is None:
            raise MaxopsError(f"set {which} cannot be restored: {named.problem}")
        return named
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
        kind = "verified set" if which == LATEST_VERIFIED else "complete set"
        when = f" from {before} or before" if before else ""
        raise MaxopsError(
            f'repository {repository.path} has no {kind} of stack "{project}"{when} ({_newest(sets)}); '
            "name a set, another repository, or the stack that the set was made of in source_project"
        )
    return candidates[-1]


def moment(text: str) -> datetime.datetime:
    """A moment in ISO 8601 or as a set's id; UTC where it has no time zone."""
    if backup_set.ID_PATTERN.fullmatch(text):
        return backup_set.moment_of(text)
    try:
        parsed = datetime.datetime.fromisoformat(re.sub(r"[zZ]$", "+00:00", text.strip()))
    except ValueError:
        raise MaxopsError(f'before is "{text}", which is not a time; write it as in 2026-11-23T02:00:00Z') from None
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=datetime.timezone.utc)


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
