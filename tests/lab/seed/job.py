"""One seeding: what was done is skipped, what was interrupted is continued, what is of another size makes room."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import psycopg2
import psycopg2.errors

from . import ledger
from .ledger import Entry, Ledger
from .loading import Loader, Progress


class SeedError(Exception):
    """A sentence for the person who called."""


def seed(application: Any, size: str, folder: Path, connection: Any) -> None:
    progress = Progress(application.name)
    book = Ledger(connection, application.name)
    if not book.take_lock():
        raise SeedError(f"{application.name} is being seeded already; wait for that run, or end it")
    _check_schema(application(size, folder), connection)
    entry = book.read()
    if entry is not None and entry.finished and entry.size == size:
        print(f"seed: {application.name} is seeded with size {size} already")
        return
    if entry is not None and (entry.size != size or entry.edition != ledger.edition()):
        progress.say(f"removing what was seeded with size {entry.size}")
        _remove(application(entry.size, folder), entry, Loader(connection, progress))
        book.forget()
        entry = None
    chosen = application(size, folder)
    if entry is None:
        entry = book.begin(size, chosen.counts)
    _load(chosen, entry, book, connection, progress)
    print(f"seed: {application.name} is seeded with size {size} in {progress.seconds:.0f} s")


def _check_schema(chosen: Any, connection: Any) -> None:
    with connection.cursor() as cursor:
        for table in chosen.counts:
            cursor.execute("SELECT to_regclass(%s)", (f'"{table}"',))
            if cursor.fetchone()[0] is None:
                raise SeedError(f"the database has no table {table} yet; wait until {chosen.name} has started, then seed")


def _load(chosen: Any, entry: Entry, book: Ledger, connection: Any, progress: Progress) -> None:
    loader = Loader(connection, progress)
    # The rows fit together as they are made: their foreign keys, checked one by one, would cost a third of the time.
    loader.run("SET session_replication_role = replica")
    loader.run("SET synchronous_commit = off")
    connection.commit()
    for name, step in chosen.steps(entry.first_ids):
        if name not in entry.steps:
            step(loader)
            book.note(name)
    book.finish()
    progress.say("tidying the tables")
    connection.autocommit = True
    for table in chosen.bulk:
        loader.run(f'VACUUM (ANALYZE) "{table}"')
    loader.run("CHECKPOINT")


def _remove(old: Any, entry: Entry, loader: Loader) -> None:
    old.remove_files(loader, entry.first_ids)
    ranges = {}
    for table, column in old.removal:
        column, _, owner = column.partition(":")
        first = entry.first_ids[owner or table]
        ranges[table] = (column, first, first + old.counts[owner or table] - 1)
    emptied = _truncate([table for table in old.bulk if _holds_only(loader, table, *ranges[table])], loader)
    for table, (column, first, last) in ranges.items():
        if table not in emptied:
            loader.run(f'DELETE FROM "{table}" WHERE {column} BETWEEN %s AND %s', (first, last))
    for table, first in entry.first_ids.items():
        Ledger.release(loader.cursor, table, first, first + old.counts[table] - 1)


def _holds_only(loader: Loader, table: str, column: str, first: int, last: int) -> bool:
    return not loader.column(f'SELECT 1 FROM "{table}" WHERE {column} NOT BETWEEN %s AND %s LIMIT 1', (first, last))


def _truncate(tables: list[str], loader: Loader) -> list[str]:
    """A million deleted rows would stay in the files, in each dump's way; emptying is for tables that nothing refers to."""
    loader.run("SAVEPOINT emptying")
    try:
        if tables:
            loader.run("TRUNCATE " + ", ".join(f'"{table}"' for table in tables))
    except psycopg2.errors.FeatureNotSupported:
        loader.run("ROLLBACK TO SAVEPOINT emptying")
        return []
    return tables
