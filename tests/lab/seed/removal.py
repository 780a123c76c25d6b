"""Removes the seeded data for a seeding of another size; rows created by others since then stay."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psycopg2
import psycopg2.errors

from .loading import Loader, SeedError

Range = tuple[int, int]


def remove(application: Any, numbers: Mapping[str, Range], folder: Path, loader: Loader) -> None:
    emptied = _truncate([table for table in application.bulk if _holds_only(loader, table, numbers[table])], loader)
    try:
        for table, column in application.removal:
            column, _, owner = column.partition(":")
            if table not in emptied:
                loader.run(f'DELETE FROM "{table}" WHERE {column} BETWEEN %s AND %s', numbers[owner or table])
    except psycopg2.errors.ForeignKeyViolation as error:
        raise SeedError(
            f"rows created since the seeding refer to seeded ones ({error.diag.message_detail}); remove them, or start from an"
            " empty lab (tests/lab/lab.sh down --volumes)"
        ) from error
    for table, (first, last) in numbers.items():
        _release_numbers(loader, table, first, last)
    # A killed run may have written files that never got a row: they are removed with those that have none now.
    application.remove_files_without_row(loader, folder)


def _holds_only(loader: Loader, table: str, numbers: Range) -> bool:
    return not loader.column(f'SELECT 1 FROM "{table}" WHERE id NOT BETWEEN %s AND %s LIMIT 1', numbers)


def _truncate(tables: list[str], loader: Loader) -> list[str]:
    """Truncate, because deleted rows would stay in the files and slow every dump; works only for tables without references."""
    loader.run("SAVEPOINT emptying")
    try:
        if tables:
            loader.run("TRUNCATE " + ", ".join(f'"{table}"' for table in tables))
    except psycopg2.errors.FeatureNotSupported:
        loader.run("ROLLBACK TO SAVEPOINT emptying")
        return []
    return tables


def _release_numbers(loader: Loader, table: str, first: int, last: int) -> None:
    """Reset the sequence so that another seeding gives the same numbers, unless a number was used since."""
    (sequence,) = loader.column("SELECT pg_get_serial_sequence(%s, 'id')", (f'"{table}"',))
    loader.run(
        f"SELECT setval(%s, greatest(%s, 1), %s) FROM {sequence} WHERE last_value = %s",
        (sequence, first - 1, first > 1, last),
    )
