# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Statements on an SQLite file: whole, damaged, no database at all, and stopped."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.systems.sqlite import SqliteSession
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import Cancelled, MaxopsError
from ansible_collections.maxops.ops.plugins.module_utils.tools.process import Cancellation


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A database with one table."""
    path = tmp_path / "gitea.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute('CREATE TABLE "user" (id integer PRIMARY KEY, name varchar(9), active boolean)')
        connection.executemany('INSERT INTO "user" (name, active) VALUES (?, ?)', [("anna", True), ("벤", False)])
        connection.execute(
            "CREATE TABLE bulk AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n"
            " WHERE i < 20000) SELECT i, hex(randomblob(20)) AS text FROM n"
        )
        connection.commit()
    return path


def test_whole_database_gives_columns_rows_and_what_is_missing(file: Path) -> None:
    with SqliteSession(str(file), "the database") as session:
        assert session.damage() == ""
        assert session.columns("user") == {"id", "name", "active"}
        assert session.columns("nothing") == set()
        query = 'SELECT id, name FROM "user" WHERE (%s IS NULL OR id > %s) AND true ORDER BY id LIMIT 5'
        assert session.run("read", query, [None, None]) == [(1, "anna"), (2, "벤")]
        assert session.run("read", query, [1, 1]) == [(2, "벤")]
        assert session.missing("user", "name", ["anna", "carl", "벤"]) == ["carl"]
        assert session.missing("user", "id", ["1", "7"]) == ["7"]


def test_page_that_was_not_written_is_damage(file: Path) -> None:
    size = file.stat().st_size
    with file.open("r+b") as stream:
        stream.seek(size // 2)
        stream.write(bytes(8192))
    with SqliteSession(str(file), "the database") as session:
        assert "page" in session.damage().lower()


def test_cut_off_file_and_another_file_are_errors_that_name_it(file: Path) -> None:
    with file.open("r+b") as stream:
        stream.truncate(5000)
    said = "cannot check the SQLite database x: "
    with (
        SqliteSession(str(file), "the SQLite database x") as cut,
        pytest.raises(MaxopsError, match=f"{said}.*malformed"),
    ):
        cut.damage()
    file.write_bytes(b"no database" * 500)
    with SqliteSession(str(file), "the SQLite database x") as other, pytest.raises(MaxopsError, match=f"{said}.*not a"):
        other.damage()


def test_transaction_that_was_interrupted_is_undone(file: Path, tmp_path: Path) -> None:
    """As in a frozen copy: the journal holds what the database file had before."""
    copy = tmp_path / "copy.db"
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute("PRAGMA cache_size = 1")
        connection.execute("BEGIN")
        connection.execute("UPDATE bulk SET text = 'changed'")
        journal = file.with_name("gitea.db-journal")
        assert journal.stat().st_size > 0
        copy.write_bytes(file.read_bytes())
        copy.with_name("copy.db-journal").write_bytes(journal.read_bytes())
        connection.execute("ROLLBACK")
    with SqliteSession(str(copy), "the database") as session:
        assert session.damage() == ""
        assert session.run("count", "SELECT count(*) FROM bulk WHERE text = 'changed'") == [(0,)]


def test_long_statement_ends_with_the_job(file: Path) -> None:
    cancellation = Cancellation()
    with SqliteSession(str(file), "the database", cancellation) as session:
        cancellation.cancel("the test ended it")
        with pytest.raises(Cancelled, match="the test ended it"):
            session.run("count", "SELECT count(*) FROM bulk a, bulk b WHERE a.text > b.text")
