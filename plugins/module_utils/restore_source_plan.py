# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is to be restored, and where from: a backup set or a file of the old way. Private to this collection."""

from __future__ import annotations

import datetime
import os
import re
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.maxops.ops.plugins.module_utils import backup_set
from ansible_collections.maxops.ops.plugins.module_utils.backup_set import Layout
from ansible_collections.maxops.ops.plugins.module_utils.errors import MaxopsError
from ansible_collections.maxops.ops.plugins.module_utils.process import Cancellation, Stage, run_pipeline
from ansible_collections.maxops.ops.plugins.module_utils.repository import KeptSet, Repository
from ansible_collections.maxops.ops.plugins.module_utils.stack import DEFAULT_DOCKER_HOST

LATEST, LATEST_VERIFIED = "latest", "latest_verified"

SQL_RATIO = {".gz": 6.0, ".sql": 1.5}
"""Bytes of a database, with its indexes, for each byte of a plain dump of it."""

_OLD_NAME = re.compile(r"(.+)_\d{8}_\d{6}\.sql(?:\.gz)?")
_END_OF_DUMP = "-- PostgreSQL database dump complete"
# No row can look like the first one: COPY doubles a backslash.
_TELLING_LINES = rf"^(\\c(onnect)? |-- Dumped from database version |{_END_OF_DUMP}$)"


@dataclass(frozen=True)
class RestoreOptions:
    """What the operator asked for; ``set``, ``file`` or ``previous`` says where the data comes from."""

    project_name: str
    repository: str
    set: str | None = None
    before: str | None = None
    file: str | None = None
    previous: bool = False
    databases: Sequence[str] | None = None
    volumes: Sequence[str] | None = None
    paths: Sequence[str] = ()
    destination: str | None = None
    into: Mapping[str, str] = field(default_factory=dict)
    source_project: str | None = None
    force: str | None = None
    keep_previous: int = 7
    health_timeout: int = 300
    jobs: int = 2
    space_check: bool = True
    database_service: str = "postgres"
    cache_service: str = "redis"
    database_user: str | None = None
    database_password: str | None = None
    docker_host: str = DEFAULT_DOCKER_HOST
    progress_file: str | None = None


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


def check_options(options: RestoreOptions) -> None:
    """Refuse what does not fit together."""
    given = [name for name in ("set", "file") if getattr(options, name) is not None]
    if options.previous and (given or options.before or options.into or options.paths):
        raise MaxopsError(
            "state previous swaps back what was replaced last; it takes no set, before, file, into or paths"
        )
    if not options.previous and len(given) + (options.before is not None and not given) != 1:
        raise MaxopsError(
            "give exactly one of set, before and file (before may come with set latest or latest_verified)"
        )
    if bool(options.paths) != bool(options.destination):
        raise MaxopsError(
            "paths and destination belong together: what to take out of a volume, and the folder to put it into"
        )
    if options.paths and (options.databases or len(options.volumes or ()) != 1 or options.into):
        raise MaxopsError("paths takes from one volume: name it in volumes, and leave databases and into out")
    if options.file is not None and (options.volumes or options.paths):
        raise MaxopsError("a file of the old way holds a database alone: leave volumes and paths out")


def find_source(options: RestoreOptions) -> Source:
    """The set or the file that is meant, with the parts that were asked for."""
    if options.file is not None:
        return source_of_file(os.path.abspath(options.file), options.databases)
    repository = Repository(options.repository)
    project = options.source_project or options.project_name
    kept = choose_set(repository, project, options.set or LATEST, options.before)
    source = source_of_set(kept, project, options.databases, options.volumes)
    if not source.databases and not source.volumes:
        raise MaxopsError(f"nothing of {source.label} was asked for; correct the options databases and volumes")
    return source


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


# -- files of the old way -----------------------------------------------------------------------------------------


def source_of_file(path: str, databases: Sequence[str] | None) -> Source:
    """A plain dump, gzipped or not, for the database that is named or that its name tells."""
    if not os.path.isfile(path):
        raise MaxopsError(f"there is no file {path} on this host; correct the option file")
    if not path.endswith((".sql", ".sql.gz")):
        raise MaxopsError(f"{path} ends neither in .sql nor in .sql.gz, so it is no dump of the old way")
    match = _OLD_NAME.fullmatch(os.path.basename(path))
    if databases is not None and len(databases) == 1:
        name = databases[0]
    elif databases is None and match:
        name = match.group(1)
    else:
        raise MaxopsError(f"{path} holds one database, but it is not clear which one; name it in the option databases")
    size = int(os.path.getsize(path) * SQL_RATIO[os.path.splitext(path)[1]])
    return Source(f"file {path}", None, [{"kind": "database", "name": name, "source_bytes": size}], file=path)


def check_file(source: Source, cancellation: Cancellation) -> None:
    """Read a plain dump to its end, and learn its version; refuse one that is cut or that leads elsewhere."""
    path = source.file or ""
    unpack = [Stage(("gzip", "--decompress", "--stdout", "--", path))] if path.endswith(".gz") else []
    search = Stage(
        ("grep", "--text", "--extended-regexp", "--regexp", _TELLING_LINES, "--", *([] if unpack else [path])), (1,)
    )
    with tempfile.TemporaryFile() as output:
        result = run_pipeline([*unpack, search], cancellation, stdout=output)
        output.seek(0)
        lines = output.read().decode("utf-8", "replace").splitlines()
    if result.failures:
        said = result.failures[0].stderr.strip() or f"exit code {result.failures[0].returncode}"
        raise MaxopsError(f"{path} cannot be read to its end: {said}; take another backup")
    leading = [line for line in lines if not line.startswith("-- ")]
    if leading:
        raise MaxopsError(
            f'{path} holds "{leading[0]}", so it would work on another database than the new one; '
            "it is no dump of one database as /backup.sh makes them: load it by hand with psql"
        )
    if not lines or lines[-1] != _END_OF_DUMP:
        raise MaxopsError(f'{path} does not end with "{_END_OF_DUMP[3:]}": it is cut short; take another backup')
    source.version = next((line.split()[5] for line in lines if "database version" in line), None)
