"""SQLite in place of PostgreSQL, with the same functions: for Gitea, whose first quick start has no database server.

The SQL of the application is written for PostgreSQL; the few words that SQLite does not know are replaced here. Errors
are raised as psycopg2 raises them, so that the application need not know which database it has.
"""

from __future__ import annotations

import contextlib
import re
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import psycopg2

from .database import Database, Row, Transaction

BUSY_SECONDS = 10
# Not needed here: SQLite does not limit the length of a text.
WITHOUT_EFFECT = re.compile(r"ALTER TABLE \S+ ALTER COLUMN \S+ TYPE ")
PLACE = re.compile(r"%%|%s|%\((?P<name>\w+)\)s")

sqlite3.register_converter("boolean", lambda value: value not in (b"0", b""))


class SqliteTransaction(Transaction):
    """The database operations of a request; each connection is used by one request."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection

    def _execute(self, sql: str, arguments: Any) -> sqlite3.Cursor:
        try:
            return self.connection.execute(*translated(sql, arguments))
        except sqlite3.IntegrityError as error:
            raise psycopg2.IntegrityError(str(error)) from error
        except sqlite3.Error as error:
            raise psycopg2.OperationalError(str(error)) from error

    def run(self, sql: str, arguments: Any = None) -> int:
        if arguments is not None:
            return int(self._execute(sql, arguments).rowcount)
        for statement in filter(None, map(str.strip, sql.split(";\n"))):
            if not WITHOUT_EFFECT.search(statement):
                self._execute(statement.replace("bigserial PRIMARY KEY", "integer PRIMARY KEY AUTOINCREMENT"), None)
        return 0

    def rows(self, sql: str, arguments: Any = None) -> list[Row]:
        cursor = self._execute(sql, arguments)
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, values, strict=True)) for values in cursor.fetchall()]

    def row(self, sql: str, arguments: Any = None) -> Row | None:
        return next(iter(self.rows(sql, arguments)), None)

    def insert(self, table: str, values: Row) -> Row:
        columns = ", ".join(f'"{name}"' for name in values)
        marks = ", ".join(["%s"] * len(values))
        number = self._execute(f'INSERT INTO "{table}" ({columns}) VALUES ({marks})', list(values.values())).lastrowid
        # Not RETURNING: its columns have no declared type, so a boolean would be a number.
        row = self.row(f'SELECT * FROM "{table}" WHERE rowid = %s', (number,))
        assert row is not None
        return row

    def lock(self, _key: int) -> None:
        """Until the end of the transaction no other connection writes."""
        if not self.connection.in_transaction:
            self._execute("BEGIN IMMEDIATE", None)

    def has_table(self, table: str) -> bool:
        return self.row("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = %s", (table,)) is not None


class SqliteDatabase(Database):
    def __init__(self, file: Path) -> None:
        self._file = file

    def acquire(self) -> SqliteTransaction:
        try:
            connection = sqlite3.connect(
                self._file,
                timeout=BUSY_SECONDS,
                isolation_level="IMMEDIATE",
                detect_types=sqlite3.PARSE_DECLTYPES,
                check_same_thread=False,
            )
        except sqlite3.Error as error:
            raise psycopg2.OperationalError(f"{error}: {self._file}") from error
        return SqliteTransaction(connection)

    def release(self, transaction: Transaction, commit: bool) -> None:
        try:
            if commit:
                transaction.commit()
            else:
                transaction.rollback()
        except sqlite3.Error as error:
            raise psycopg2.OperationalError(str(error)) from error
        finally:
            transaction.connection.close()

    @contextlib.contextmanager
    def transaction(self) -> Iterator[SqliteTransaction]:
        transaction = self.acquire()
        try:
            yield transaction
        except BaseException:
            self.release(transaction, commit=False)
            raise
        self.release(transaction, commit=True)

    def close(self) -> None:
        """No connection is kept open."""

    def wait(self, _attempts: int, _pause: float, _report: Callable[[int, str], None]) -> None:
        """There is no server to wait for; a file that cannot be opened is an error at once."""
        with self.transaction() as transaction:
            transaction.rows("SELECT 1")


def translated(sql: str, arguments: Any) -> tuple[str, Any]:
    """The statement and its arguments in SQLite's notation."""
    if arguments is None:
        return sql, ()
    if isinstance(arguments, Mapping):
        return PLACE.sub(lambda match: f":{match['name']}" if match["name"] else "%", sql), dict(arguments)
    left, given = list(arguments), []

    def place(match: re.Match[str]) -> str:
        if match[0] == "%%":
            return "%"
        value = left.pop(0)
        if isinstance(value, list):
            given.extend(value)
            return "(" + ", ".join("?" * len(value)) + ")"
        given.append(value)
        return "?"

    text = PLACE.sub(place, re.sub(r"= ANY\(%s\)", "IN %s", sql))
    return text, given
