# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files of databases are found wherever images keep them, and nothing else is taken for one."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.transfer import live_databases
from ansible_collections.maxops.ops.plugins.module_utils.transfer.live_databases import find_databases

Make = Callable[[str, bytes], None]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    def write(name: str, content: bytes = b"") -> None:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)

    return write


@pytest.mark.parametrize("place", ["", "pgdata/", "18/docker/"])
def test_server_of_postgresql_is_found_once(make: Make, tmp_path: Path, place: str) -> None:
    for name in ("PG_VERSION", "base/1/PG_VERSION", "base/5/PG_VERSION"):
        make(place + name, b"17\n")
    make(place + "global/pg_control", b"x")
    assert find_databases(str(tmp_path)) == [f"PostgreSQL 17 ({place[:-1]})" if place else "PostgreSQL 17"]


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("ibdata1", "MySQL or MariaDB"),
        ("mysql/ibdata1", "MySQL or MariaDB (mysql)"),
        ("WiredTiger", "MongoDB"),
    ],
)
def test_other_servers(make: Make, tmp_path: Path, name: str, found: str) -> None:
    make(name, b"x")
    assert find_databases(str(tmp_path)) == [found]


@pytest.mark.parametrize("name", ["gitea/gitea.db", "app.sqlite", "a/b/c/d/App.SQLite3", "x.db3"])
def test_files_of_sqlite(tmp_path: Path, name: str) -> None:
    (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    with sqlite3.connect(tmp_path / name) as connection:
        connection.execute("CREATE TABLE entry (id integer)")
    connection.close()
    assert find_databases(str(tmp_path)) == [f"SQLite ({name})"]


def test_other_files_are_no_databases(make: Make, tmp_path: Path) -> None:
    make("thumbs.db", b"something else")
    make("empty.db", b"")
    make("notes.txt", live_databases.SQLITE)
    make("a/b/c/d/e/deep.db", live_databases.SQLITE)
    make("git/repositories/anna/tools.git/x.db", live_databases.SQLITE)
    os.mkfifo(tmp_path / "pipe.db")
    (tmp_path / "link.db").symlink_to("/etc/passwd")
    (tmp_path / "folder.db").mkdir()
    assert find_databases(str(tmp_path)) == []


def test_skipped_folders_are_not_looked_at(make: Make, tmp_path: Path) -> None:
    make("pgdata/PG_VERSION", b"17\n")
    make("data/app.db", live_databases.SQLITE)
    assert find_databases(str(tmp_path), ["pgdata"]) == ["SQLite (data/app.db)"]
    assert find_databases(str(tmp_path / "nowhere")) == []


def test_look_ends_after_many_entries(make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_databases, "ENTRIES", 10)
    for number in range(20):
        make(f"a/{number}", b"")
    make("b/app.db", live_databases.SQLITE)
    assert find_databases(str(tmp_path)) == []
