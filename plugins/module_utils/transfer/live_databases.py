# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Finds files of databases in a folder: a copy of them is only good while no program writes to them."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress

DEPTH = 4
"""Levels of folders that are looked at; images keep their databases at the top, or a few levels below."""

ENTRIES = 50_000
SECONDS = 5.0
"""The look ends after this many entries, or this much time: a folder of attachments may hold millions."""

SQLITE = b"SQLite format 3\0"
_SQLITE_NAMES = (".db", ".db3", ".sqlite", ".sqlite3", ".sqlitedb")

# These hold many folders and never a database; both are what the applications' volumes mostly consist of.
_PASSED = (".git", ".bleve")
_PASSED_NAMES = {"node_modules", "attachment", "attachments", "lfs"}


def find_databases(folder: str, skip: Sequence[str] = ()) -> list[str]:
    """Databases below a folder in words: ``PostgreSQL 17 (pgdata)``, ``SQLite (gitea/gitea.db)``; sorted.

    ``skip`` are relative paths that are passed over.
    """
    return sorted(set(_look(folder, {os.path.normpath(path) for path in skip})))


def sqlite_path(text: str) -> str:
    """The path in what :func:`find_databases` says of an SQLite database; empty for another kind."""
    return text[len("SQLite (") : -1] if text.startswith("SQLite (") else ""


def _look(top: str, skip: set[str]) -> Iterator[str]:
    seen, deadline = 0, time.monotonic() + SECONDS
    folders = [("", 0)]
    while folders:
        relative, depth = folders.pop(0)
        entries = _entries(os.path.join(top, relative))
        names = {entry.name for entry in entries}
        server = _server(os.path.join(top, relative), names)
        if server:
            yield f"{server} ({relative})" if relative else server
            continue
        for entry in entries:
            seen += 1
            path = os.path.join(relative, entry.name)
            if path in skip:
                continue
            if entry.is_dir(follow_symlinks=False):
                passed = entry.name.endswith(_PASSED) or entry.name in _PASSED_NAMES
                if depth < DEPTH and not passed:
                    folders.append((path, depth + 1))
            elif entry.name.lower().endswith(_SQLITE_NAMES) and _is_sqlite(entry):
                yield f"SQLite ({path})"
        if seen > ENTRIES or time.monotonic() > deadline:
            return


def _entries(folder: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return sorted(entries, key=lambda entry: entry.name)
    except OSError:  # removed meanwhile, or not readable: then the archive fails and says so
        return []


def _server(folder: str, names: set[str]) -> str:
    """The database server whose data folder this is; empty for any other folder."""
    if "PG_VERSION" in names:
        return f"PostgreSQL {_first_line(os.path.join(folder, 'PG_VERSION'))}".strip()
    if "ibdata1" in names or "aria_log_control" in names:
        return "MySQL or MariaDB"
    if "WiredTiger" in names or "mongod.lock" in names:
        return "MongoDB"
    return ""


def _first_line(path: str) -> str:
    with suppress(OSError), open(path, encoding="ascii", errors="replace") as stream:
        return stream.readline(20).strip()
    return ""


def _is_sqlite(entry: os.DirEntry[str]) -> bool:
    # Nothing but a regular file is opened: a pipe would wait for its writer.
    with suppress(OSError):
        if entry.is_file(follow_symlinks=False):
            descriptor = os.open(entry.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
            with open(descriptor, "rb") as stream:
                return stream.read(len(SQLITE)) == SQLITE
    return False
