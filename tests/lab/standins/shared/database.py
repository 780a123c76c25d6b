"""Connections to the application's database: a small pool that survives a restart of the server."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import psycopg2
import psycopg2.extras

# A recently used connection is trusted; an older one is checked first, because the server may have restarted.
TRUSTED_SECONDS = 1.0
KNOWN_URL_OPTIONS = {"sslmode", "connect_timeout", "application_name", "options"}

Row = dict[str, Any]


def clean_url(url: str) -> str:
    """The URL without the options that only the real application understands (pool, encoding, reconnect)."""
    parts = urlsplit(url)
    query = urlencode([(key, value) for key, value in parse_qsl(parts.query) if key in KNOWN_URL_OPTIONS])
    return urlunsplit(parts._replace(query=query))


class Transaction:
    """The database operations of a request."""

    def __init__(self, connection: Any) -> None:
        self.connection = connection
        self._cursor = connection.cursor(cursor_factory=psycopg2.extras.RealDictCursor)

    def run(self, sql: str, arguments: Any = None) -> int:
        self._cursor.execute(sql, arguments)
        return int(self._cursor.rowcount)

    def rows(self, sql: str, arguments: Any = None) -> list[Row]:
        self._cursor.execute(sql, arguments)
        return [dict(row) for row in self._cursor.fetchall()]

    def row(self, sql: str, arguments: Any = None) -> Row | None:
        self._cursor.execute(sql, arguments)
        found = self._cursor.fetchone()
        return None if found is None else dict(found)

    def value(self, sql: str, arguments: Any = None) -> Any:
        found = self.row(sql, arguments)
        return None if found is None else next(iter(found.values()))

    def insert(self, table: str, values: Row) -> Row:
        columns = ", ".join(f'"{name}"' for name in values)
        marks = ", ".join(["%s"] * len(values))
        row = self.row(f'INSERT INTO "{table}" ({columns}) VALUES ({marks}) RETURNING *', list(values.values()))
        assert row is not None
        return row

    def update(self, table: str, row_id: int, values: Row) -> None:
        if values:
            pairs = ", ".join(f'"{name}" = %s' for name in values)
            self.run(f'UPDATE "{table}" SET {pairs} WHERE id = %s', [*values.values(), row_id])

    def lock(self, key: int) -> None:
        """Until the end of the transaction, other transactions that want the same key wait."""
        self.run("SELECT pg_advisory_xact_lock(%s)", (key,))

    def has_table(self, table: str) -> bool:
        return bool(self.value("SELECT to_regclass(%s) IS NOT NULL", (f'"{table}"',)))

    def commit(self) -> None:
        self.connection.commit()

    def rollback(self) -> None:
        self.connection.rollback()


class Database:
    def __init__(self, **parameters: Any) -> None:
        self._parameters: dict[str, Any] = {"connect_timeout": 5, **parameters}
        self._idle: list[tuple[float, Any]] = []
        self._lock = threading.Lock()

    def connect(self) -> Any:
        return psycopg2.connect(**self._parameters)

    def acquire(self) -> Transaction:
        while True:
            with self._lock:
                used, connection = self._idle.pop() if self._idle else (0.0, None)
            if connection is None:
                return Transaction(self.connect())
            if time.monotonic() - used < TRUSTED_SECONDS or _answers(connection):
                return Transaction(connection)

    def release(self, transaction: Transaction, commit: bool) -> None:
        connection = transaction.connection
        try:
            if commit:
                connection.commit()
            else:
                connection.rollback()
        except psycopg2.Error:
            connection.close()
            raise
        with self._lock:
            self._idle.append((time.monotonic(), connection))

    @contextlib.contextmanager
    def transaction(self) -> Iterator[Transaction]:
        transaction = self.acquire()
        try:
            yield transaction
        except BaseException:
            with contextlib.suppress(psycopg2.Error):
                self.release(transaction, commit=False)
            raise
        self.release(transaction, commit=True)

    def close(self) -> None:
        with self._lock:
            idle, self._idle = self._idle, []
        for _used, connection in idle:
            connection.close()

    def wait(self, attempts: int, pause: float, report: Callable[[int, str], None]) -> None:
        """Return once the database answers; raise its last error after this many attempts."""
        for attempt in range(1, attempts + 1):
            try:
                with self.transaction() as transaction:
                    transaction.run("SELECT 1")
                return
            except psycopg2.Error as error:
                report(attempt, str(error).strip())
                if attempt == attempts:
                    raise
            time.sleep(pause)


def _answers(connection: Any) -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        connection.rollback()
    except psycopg2.Error:
        connection.close()
        return False
    return True
