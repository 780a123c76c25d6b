"""The progress of the seeding: a table written in the transaction of every step, so that a killed run is continued."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

LOCK_KEY = 0x73656564

CREATE = """
CREATE TABLE IF NOT EXISTS lab_seed (
    application varchar PRIMARY KEY,
    size varchar NOT NULL,
    edition varchar NOT NULL,
    numbers jsonb NOT NULL,
    steps text[] DEFAULT '{}' NOT NULL,
    finished boolean DEFAULT false NOT NULL
)
"""


@dataclass(frozen=True)
class Entry:
    size: str
    edition: str
    # The first and the last row of every table: another edition of the seeder may have created them.
    numbers: dict[str, tuple[int, int]]
    steps: set[str]
    finished: bool

    @property
    def first(self) -> dict[str, int]:
        return {table: first for table, (first, _last) in self.numbers.items()}


def edition() -> str:
    """A hash of the seeder: data of two editions does not fit together."""
    folder = Path(__file__).parent
    digest = hashlib.sha256()
    for path in sorted([*folder.rglob("*.py"), *folder.rglob("*.txt")]):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


class Ledger:
    def __init__(self, connection: Any, application: str) -> None:
        self._connection, self._application = connection, application

    def take_lock(self) -> bool:
        with self._connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_lock(%s)", (LOCK_KEY,))
            return bool(cursor.fetchone()[0])

    def read(self) -> Entry | None:
        with self._connection.cursor() as cursor:
            cursor.execute("SELECT to_regclass('lab_seed')")
            if cursor.fetchone()[0] is None:
                return None
            cursor.execute(
                "SELECT size, edition, numbers, steps, finished FROM lab_seed WHERE application = %s",
                (self._application,),
            )
            row = cursor.fetchone()
        return None if row is None else Entry(row[0], row[1], row[2], set(row[3]), row[4])

    def begin(self, size: str, counts: dict[str, int]) -> Entry:
        with self._connection.cursor() as cursor:
            cursor.execute(CREATE)
            numbers = {table: self._reserve(cursor, table, count) for table, count in counts.items()}
            cursor.execute(
                "INSERT INTO lab_seed (application, size, edition, numbers) VALUES (%s, %s, %s, %s)",
                (self._application, size, edition(), json.dumps(numbers)),
            )
        self._connection.commit()
        return Entry(size, edition(), numbers, set(), False)

    # The application may insert rows during the seeding: it gets numbers after the reserved ones.
    @staticmethod
    def _reserve(cursor: Any, table: str, count: int) -> tuple[int, int]:
        cursor.execute("SELECT pg_get_serial_sequence(%s, 'id')", (f'"{table}"',))
        sequence = cursor.fetchone()[0]
        cursor.execute(f"SELECT CASE WHEN is_called THEN last_value ELSE last_value - 1 END FROM {sequence}")
        last = int(cursor.fetchone()[0])
        cursor.execute("SELECT setval(%s, %s)", (sequence, last + count))
        return last + 1, last + count

    def forget(self) -> None:
        with self._connection.cursor() as cursor:
            cursor.execute("DELETE FROM lab_seed WHERE application = %s", (self._application,))
        self._connection.commit()

    def note(self, step: str) -> None:
        self._update("steps = steps || %s::text", step)

    def finish(self) -> None:
        self._update("finished = %s", True)

    def _update(self, change: str, value: Any) -> None:
        with self._connection.cursor() as cursor:
            cursor.execute(f"UPDATE lab_seed SET {change} WHERE application = %s", (value, self._application))
        self._connection.commit()
