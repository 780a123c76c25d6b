# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Access to the rows and files of a restored copy, for the checks of each application."""

from __future__ import annotations

import os
import stat
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Callable, Union

from ansible_collections.maxops.ops.plugins.module_utils.storage.findings import CHANGED
from ansible_collections.maxops.ops.plugins.module_utils.storage.subject import Subject
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.stack import Stack
from ansible_collections.maxops.ops.plugins.module_utils.systems.postgresql.session import Server, Session
from ansible_collections.maxops.ops.plugins.module_utils.systems.sqlite import SqliteSession
from ansible_collections.maxops.ops.plugins.module_utils.tools.process import Cancellation

from .live import Live

CHECK = "content"

Reader = Union[Session, SqliteSession]
"""Something that reads an application's rows: a session on the restored server, or a file of SQLite in the set."""

PAGE = 10000
"""Rows that are held in memory at once."""


@dataclass(frozen=True)
class Location:
    """A folder of the set: the part that holds it, its path below the part's top, and its path on this host."""

    part: str
    relative: str
    path: str

    def label(self, path: str) -> str:
        """A file or folder in it, for messages: ``gitea-data: git/repositories/anna/tools.git``."""
        return f"{self.part}: {os.path.normpath(os.path.join(self.relative, path))}"


@dataclass
class Content:
    """A restored copy: its server, its volumes as folders of this host, and a folder for helpers' results.

    A set without dumps has no ``server``. ``frozen``: rows and files are of one moment, whatever the manifest says.
    ``live`` looks at the running application. ``not_covered`` collects what the set deliberately does not hold,
    ``not_compared`` what no check of this collection compares.
    """

    subject: Subject
    server: Server | None
    volumes: Mapping[str, str]
    stack: Stack
    key: str
    folder: str
    jobs: int
    cancellation: Cancellation
    live: Live = field(default_factory=lambda: Live(problem="the running application is not looked at here"))
    not_covered: list[str] = field(default_factory=list)
    not_compared: list[str] = field(default_factory=list)
    frozen: bool = False

    @property
    def manifest(self) -> Mapping[str, Any]:
        """The set's manifest; empty for a set without one."""
        return self.subject.manifest or {}

    @property
    def paused(self) -> bool:
        """True when the applications stood still while their files were copied."""
        return self.frozen or self.manifest.get("quiesce") == "pause"

    def find_folder(self, *candidates: str, parts: Collection[str] | None = None) -> Location | None:
        """The first of the given folders that a volume or folder of the set holds; with ``parts``, only those.

        A relative candidate is below the top of a part, an absolute one is a path inside a service's container.
        """
        found = self._found(candidates, os.path.isdir)
        return next((location for location in found if parts is None or location.part in parts), None)

    def find_file(self, *candidates: str) -> str | None:
        """The path of the first of the given files that a volume or folder of the set holds."""
        return next((location.path for location in self._found(candidates, os.path.isfile)), None)

    def _found(self, candidates: Sequence[str], exists: Callable[[str], bool]) -> Iterator[Location]:
        for candidate in candidates:
            for name, relative in self._below_tops(candidate):
                top = self.volumes[name]
                path = os.path.normpath(os.path.join(top, relative))
                if exists(path) and _is_inside(path, top):
                    yield Location(name, relative, path)

    def _below_tops(self, candidate: str) -> Iterator[tuple[str, str]]:
        """The parts that may hold a candidate, with its path below their tops."""
        if not os.path.isabs(candidate):
            yield from ((name, candidate) for name in self.volumes)
            return
        for part in self.manifest.get("parts", []):
            for mount in part.get("mounts") or []:
                target = str(mount["target"]).rstrip("/") + "/"
                if part["name"] in self.volumes and f"{candidate}/".startswith(target):
                    yield part["name"], f"{candidate}/"[len(target) :].rstrip("/") or "."

    def live_path(self, location: Location, path: str) -> str | None:
        """Where the running application keeps a file or folder of the set; None where that is not known."""
        top = self.live.folder(location.part)
        return os.path.join(top, location.relative, path) if top else None

    def report_orphan(self, subject: str, seen: str) -> None:
        """Report a file without its row: created after the dump's snapshot, unless the applications were paused."""
        if self.paused:
            fix = "The application left it behind when its row was deleted; it is harmless."
            self.subject.warning(CHECK, subject, seen, "a row", fix)
        else:
            self.subject.notice(CHECK, subject, seen, "a row", cause=CHANGED)


def _is_inside(path: str, top: str) -> bool:
    """False for a path that a link of the set leads out of the set."""
    return os.path.join(os.path.realpath(path), "").startswith(os.path.join(os.path.realpath(top), ""))


def columns(session: Reader, table: str) -> set[str]:
    """Columns of a table in the schema ``public``; empty when there is no such table."""
    if isinstance(session, SqliteSession):
        return session.columns(table)
    query = "SELECT column_name FROM information_schema.columns WHERE table_schema = 'public' AND table_name = %s"
    return {row[0] for row in session.run("read the columns of", query, [table])}


def rows(session: Reader, table: str, names: Sequence[str], condition: str = "true") -> Iterator[tuple[Any, ...]]:
    """All rows of a table with their ``id``, in the order of ``id``, read page by page."""
    listed = ", ".join(f'"{name}"' for name in names)
    last: Any = None
    query = (
        f'SELECT id, {listed} FROM "{table}" WHERE (%s IS NULL OR id > %s) AND {condition} '  # noqa: S608 - ours
        f"ORDER BY id LIMIT {PAGE}"
    )
    while True:
        page = session.run(f'read table "{table}" of', query, [last, last])
        yield from page
        if len(page) < PAGE:
            return
        last = page[-1][0]


def count(session: Reader, table: str, condition: str = "true") -> int:
    """The number of rows of a table."""
    query = f'SELECT count(*) FROM "{table}" WHERE {condition}'  # noqa: S608 - our own names
    return int(session.run(f'count the rows of "{table}" in', query)[0][0])


def missing(session: Reader, table: str, column: str, values: Sequence[str]) -> list[str]:
    """The values that no row of the table has in a column."""
    if isinstance(session, SqliteSession):
        return session.missing(table, column, values)
    query = (
        f"SELECT value FROM unnest(%s::text[]) AS value WHERE NOT EXISTS "  # noqa: S608 - our own names
        f'(SELECT FROM "{table}" WHERE "{column}"::text = value)'
    )
    return [row[0] for row in session.run(f'look for orphans of "{table}" in', query, [list(values)])]


def pages(values: Iterator[str]) -> Iterator[list[str]]:
    """The values in lists of one page each."""
    page: list[str] = []
    for value in values:
        page.append(value)
        if len(page) == PAGE:
            yield page
            page = []
    if page:
        yield page


def size_of(path: str) -> int | None:
    """Bytes of a regular file; None when there is no such file."""
    try:
        info = os.lstat(path)
    except (OSError, ValueError):
        return None
    return info.st_size if stat.S_ISREG(info.st_mode) else None


def folders_in(path: str) -> Iterator[str]:
    """Names of the folders in a folder."""
    with os.scandir(path) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                yield entry.name


def files_below(path: str, skipped: Sequence[str] = ()) -> Iterator[str]:
    """Relative paths of all files below a folder, without those in its subfolders of the ``skipped`` names."""
    for folder, subfolders, names in os.walk(path):
        if folder == path:
            subfolders[:] = [name for name in subfolders if name not in skipped]
        for name in names:
            yield os.path.relpath(os.path.join(folder, name), path)


def holds_a_file(path: str) -> bool:
    """True when anything but folders is below a folder."""
    return any(names for _folder, _subfolders, names in os.walk(path))
