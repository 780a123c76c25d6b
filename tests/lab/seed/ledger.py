"""What is seeded already: a table written in the transaction of each step, so that a killed run is continued."""

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
    first_ids jsonb NOT NULL,
    steps text[] DEFAULT '{}' NOT NULL,
    finished boolean DEFAULT false NOT NULL
)
"""


@dataclass(frozen=True)
class Entry:
    size: str
    edition: str
    first_ids: dict[str, int]
    steps: set[str]
    finished: bool


def edition() -> str:
    """Half of what one edition of the seeder makes and half of another's would fit nowhere."""
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
                "SELECT size, edition, first_ids, steps, finished FROM lab_seed WHERE application = %s",
                (self._application,),
            )
            row = cursor.fetchone()
        return None if row is None else Entry(row[0], row[1], row[2], set(row[3]), row[4])

    def begin(self, size: str, counts: dict[str, int]) -> Entry:
        with self._connection.cursor() as cursor:
            cursor.execute(CREATE)
            first_ids = {table: self._reserve(cursor, table, count) for table, count in counts.items()}
            cursor.execute(
                "INSERT INTO lab_seed (application, size, edition, first_ids) VALUES (%s, %s, %s, %s)",
                (self._application, size, edition(), json.dumps(first_ids)),
            )
        self._connection.commit()
        return Entry(size, edition(), first_ids, set(), False)

    # The application may insert while it is seeded: it gets numbers behind the reserved ones.
    @staticmethod
    def _reserve(cursor: Any, table: str, count: int) -> int:
        cursor.execute("SELECT pg_get_serial_sequence(%s, 'id')", (f'"{table}"',))
        sequence = cursor.fetchone()[0]
        cursor.execute(f"SELECT CASE WHEN is_called THEN last_value ELSE last_value - 1 END FROM {sequence}")
        last = int(cursor.fetchone()[0])
        cursor.execute("SELECT setval(%s, %s)", (sequence, last + count))
        return last + 1

    # So that seeding again gives the same numbers, unless somebody took one in between.
    @staticmethod
    def release(cursor: Any, table: str, first: int, last: int) -> None:
        cursor.execute("SELECT pg_get_serial_sequence(%s, 'id')", (f'"{table}"',))
        sequence = cursor.fetchone()[0]
        cursor.execute(
            f"SELECT setval(%s, greatest(%s, 1), %s) FROM {sequence} WHERE last_value = %s",
            (sequence, first - 1, first > 1, last),
        )

    def note(self, step: str) -> None:
        self._update("steps = steps || %s::text", step)

    def finish(self) -> None:
        self._update("finished = %s", True)

    def forget(self) -> None:
        with self._connection.cursor() as cursor:
            cursor.execute("DELETE FROM lab_seed WHERE application = %s", (self._application,))
        self._connection.commit()

    def _update(self, change: str, value: Any) -> None:
        with self._connection.cursor() as cursor:
            cursor.execute(f"UPDATE lab_seed SET {change} WHERE application = %s", (value, self._application))
        self._connection.commit()
