# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows and files of a rehearsed set, as the applications' own checks need them. Private to this collection."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.maxops.ops.plugins.module_utils.storage.subject import Subject
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.stack import Stack
from ansible_collections.maxops.ops.plugins.module_utils.systems.postgresql.session import Server, Session
from ansible_collections.maxops.ops.plugins.module_utils.tools.process import Cancellation

CHECK = "content"

PAGE = 10000
"""Rows that are held in memory at once."""


@dataclass
class Content:
    """A set that was brought back: its server, its volumes as folders of this host, and room for helpers' results."""

    subject: Subject
    server: Server
    volumes: Mapping[str, str]
    stack: Stack
    key: str
    folder: str
    jobs: int
    cancellation: Cancellation

    def find_folder(self, *candidates: str) -> tuple[str, str] | None:
        """The first of the given relative folders that a volume has: the volume's name and the folder's path."""
        for relative in candidates:
            for name, top in self.volumes.items():
                path = os.path.join(top, relative)
                if os.path.isdir(path) and not os.path.islink(path):
                    return name, path
        return None

    def orphan(self, subject: str, found: str) -> None:
        """A file without its row: made after the rows were frozen, unless the applications stood still."""
        still = (self.subject.manifest or {}).get("quiesce") == "pause"
        fix = "The application left it behind when its row was deleted; it does no harm." if still else ""
        report = self.subject.warning if still else self.subject.notice
        report(CHECK, subject, found, "a row", fix)


def columns(session: Session, table: str) -> set[str]:
    """Columns of a table of the schema ``public``; none when there is no such table."""
    query = "SELECT column_name FROM information_schema.columns WHERE table_schema = 'public' AND table_name = %s"
    return {row[0] for row in session.run("read the columns of", query, [table])}


def rows(session: Session, table: str, names: Sequence[str]) -> Iterator[tuple[Any, ...]]:
    """All rows of a table, by and with its ``id``, a page at a time."""
    listed = ", ".join(f'"{name}"' for name in names)
    last: Any = None
    query = f'SELECT id, {listed} FROM "{table}" WHERE %s IS NULL OR id > %s ORDER BY id LIMIT {PAGE}'  # noqa: S608
    while True:
        page = session.run(f'read table "{table}" of', query, [last, last])
        yield from page
        if len(page) < PAGE:
            return
        last = page[-1][0]


def missing(session: Session, table: str, column: str, values: Sequence[str]) -> list[str]:
    """Those of the values that no row of the table has in a column."""
    query = (
        f"SELECT value FROM unnest(%s::text[]) AS value WHERE NOT EXISTS "  # noqa: S608 - our own names
        f'(SELECT FROM "{table}" WHERE "{column}"::text = value)'
    )
    return [row[0] for row in session.run(f'look for orphans of "{table}" in', query, [list(values)])]


def pages(values: Iterator[str]) -> Iterator[list[str]]:
    """Values in lists of a page each."""
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
        found = os.lstat(path)
    except (OSError, ValueError):
        return None
    return found.st_size if stat.S_ISREG(found.st_mode) else None


def folders_in(path: str) -> Iterator[str]:
    """Names of the folders in a folder."""
    with os.scandir(path) as found:
        for entry in found:
            if entry.is_dir(follow_symlinks=False):
                yield entry.name


def files_below(path: str) -> Iterator[str]:
    """Relative paths of all files below a folder."""
    for folder, _subfolders, names in os.walk(path):
        for name in names:
            yield os.path.relpath(os.path.join(folder, name), path)
