"""One seeding: finished data is kept, interrupted seeding continues, and data of another size is removed first."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from . import ledger, removal
from .ledger import Entry, Ledger
from .loading import Loader, Progress, SeedError


def seed(application: Any, size: str, folder: Path, connection: Any) -> None:
    progress = Progress(application.name)
    book = Ledger(connection, application.name)
    if not book.take_lock():
        raise SeedError(f"{application.name} is already being seeded; wait for that run, or end it")
    _check_schema(application(size, folder), connection)
    entry = book.read()
    if entry is not None and entry.finished and entry.size == size:
        print(f"seed: {application.name} is seeded with size {size} already")
        return
    if entry is not None and (entry.size != size or entry.edition != ledger.edition()):
        progress.say(f"removing the data seeded with size {entry.size}")
        removal.remove(application, entry.numbers, folder, Loader(connection, progress))
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
    # The rows are consistent as generated: checking their foreign keys one by one would cost a third of the time.
    loader.run("SET session_replication_role = replica")
    loader.run("SET synchronous_commit = off")
    connection.commit()
    for name, step in chosen.steps(entry.first):
        if name not in entry.steps:
            step(loader)
            book.note(name)
    book.finish()
    progress.say("tidying the tables")
    connection.autocommit = True
    for table in chosen.bulk:
        loader.run(f'VACUUM (ANALYZE) "{table}"')
    loader.run("CHECKPOINT")


