"""Migrations are SQL files named NUMBER_NAME.sql whose first line, a comment, is what the log calls them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from .database import Transaction


@dataclass(frozen=True)
class Migration:
    number: int
    name: str
    description: str
    sql: str

    def apply(self, transaction: Transaction) -> None:
        # The files hold per cent signs only as SQL: without arguments psycopg2 does not read them as placeholders.
        transaction.run(self.sql)


def load(folder: Path) -> list[Migration]:
    return [_read(path) for path in sorted(folder.glob("*.sql"))]


def _read(path: Path) -> Migration:
    number, _, name = path.stem.partition("_")
    sql = path.read_text(encoding="utf-8")
    return Migration(int(number), name, sql.split("\n", 1)[0].removeprefix("--").strip(), sql)
