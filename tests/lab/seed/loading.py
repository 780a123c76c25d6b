"""Loads rows into PostgreSQL by COPY, and prints the progress every two seconds."""

from __future__ import annotations

import itertools
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

ROWS_AT_ONCE = 400
NULL = b"\\N"


class SeedError(Exception):
    """An error whose text is shown to the user."""


class Progress:
    def __init__(self, application: str) -> None:
        self.application = application
        self.doing = "starting"
        self._megabytes = 0.0
        self._start = self._last = time.monotonic()

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._start

    def add(self, byte_count: int) -> None:
        self._megabytes += byte_count / 1e6
        if time.monotonic() - self._last >= 2:
            self.say(self.doing)

    def say(self, what: str) -> None:
        self._last = time.monotonic()
        rate = self._megabytes / max(self.seconds, 0.001)
        line = f"[{self.seconds:3.0f} s] {self.application}: {what}; {self._megabytes:.0f} MB so far, {rate:.0f} MB/s"
        print(line, file=sys.stderr, flush=True)


class Loader:
    """The operations of a step in its transaction."""

    def __init__(self, connection: Any, progress: Progress) -> None:
        self.cursor = connection.cursor()
        self.progress = progress

    def run(self, sql: str, arguments: Any = None) -> None:
        self.cursor.execute(sql, arguments)

    def pairs(self, sql: str) -> dict[Any, Any]:
        self.cursor.execute(sql)
        return dict(self.cursor.fetchall())

    def column(self, sql: str, arguments: Any = None) -> list[Any]:
        self.cursor.execute(sql, arguments)
        return [row[0] for row in self.cursor.fetchall()]

    def copy(self, table: str, columns: str, rows: Iterable[bytes]) -> None:
        """Rows are lines of COPY's text format."""
        stream = _Stream(iter(rows), self.progress)
        self.cursor.copy_expert(f'COPY "{table}" ({columns}) FROM STDIN', stream, size=1 << 18)


Step = Callable[[Loader], None]


class _Stream:
    def __init__(self, rows: Iterator[bytes], progress: Progress) -> None:
        self._rows, self._progress = rows, progress

    def read(self, _size: int) -> bytes:
        block = b"".join(itertools.islice(self._rows, ROWS_AT_ONCE))
        self._progress.add(len(block))
        return block


def line(*values: bytes | str | float | None) -> bytes:
    """One row of COPY; texts are already escaped."""
    return b"\t".join(map(_field, values)) + b"\n"


def _field(value: bytes | str | float | None) -> bytes:
    if isinstance(value, bytes):
        return value
    if value is None:
        return NULL
    if isinstance(value, bool):
        return b"t" if value else b"f"
    return str(value).encode()
