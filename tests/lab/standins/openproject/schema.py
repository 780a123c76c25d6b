"""Runs the pending migrations, recorded in `schema_migrations`, as the all-in-one image does at start."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from ..shared import migrations
from ..shared.database import Database, Transaction
from .release import Release

FOLDER = Path(__file__).parent / "migrations"
LOCK_KEY = 0x6F70656E


def migrate(database: Database, release: Release, report: Callable[[str], None]) -> None:
    with database.transaction() as transaction:
        transaction.lock(LOCK_KEY)
        transaction.run("CREATE TABLE IF NOT EXISTS schema_migrations (version varchar PRIMARY KEY)")
        for migration in _pending(transaction, release):
            name = re.sub(r"(?:^|_)([a-z0-9])", lambda match: match[1].upper(), migration.name)
            report(f"== {migration.number} {name}: migrating")
            migration.apply(transaction)
            transaction.run("INSERT INTO schema_migrations (version) VALUES (%s)", (str(migration.number),))
            report(f"== {migration.number} {name}: migrated")


def pending(database: Database, release: Release) -> list[migrations.Migration]:
    """The migrations that the database lacks; all of them where it is empty."""
    with database.transaction() as transaction:
        if not transaction.has_table("schema_migrations"):
            return [each for each in migrations.load(FOLDER) if each.number <= release.last_migration]
        return _pending(transaction, release)


def _pending(transaction: Transaction, release: Release) -> list[migrations.Migration]:
    done = {row["version"] for row in transaction.rows("SELECT version FROM schema_migrations")}
    return [
        migration
        for migration in migrations.load(FOLDER)
        if migration.number <= release.last_migration and str(migration.number) not in done
    ]
