# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Access to the rows and files of a restored copy, for the checks of each application."""

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
    """A restored copy: its server, its volumes as folders of this host, and a folder for helpers' results."""

    subject: Subject
    server: Server
    volumes: Mapping[str, str]
    stack: Stack
    key: str
    folder: str
    jobs: int
    cancellation: Cancellation

    def find_folder(self, *candidates: str) -> tuple[str, str] | None:
        """The first of the given relative folders that a volume holds: the volume's name and the folder's path."""
        for relative in candidates:
            for name, top in self.volumes.items():
                path = os.path.join(top, relative)
                if os.path.isdir(path) and not os.path.islink(path):
                    return name, path
        return None

    def report_orphan(self, subject: str, seen: str) -> None:
        """Report a file without its row: created after the dump's snapshot, unless the applications were paused."""
        paused = (self.subject.manifest or {}).get("quiesce") == "pause"
        fix = "The application left it behind when its row was deleted; it is harmless." if paused else ""
        report = self.subject.warning if paused else self.subject.notice
        report(CHECK, subject, seen, "a row", fix)


def columns(session: Session, table: str) -> set[str]:
    """Columns of a table in the schema ``public``; empty when there is no such table."""
    query = "SELECT column_name FROM information_schema.columns WHERE table_schema = 'public' AND table_name = %s"
    return {row[0] for row in session.run("read the columns of", query, [table])}


def rows(session: Session, table: str, names: Sequence[str]) -> Iterator[tuple[Any, ...]]:
    """All rows of a table with their ``id``, in the order of ``id``, read page by page."""
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
    """The values that no row of the table has in a column."""
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


def files_below(path: str) -> Iterator[str]:
    """Relative paths of all files below a folder."""
    for folder, _subfolders, names in os.walk(path):
        for name in names:
            yield os.path.relpath(os.path.join(folder, name), path)
