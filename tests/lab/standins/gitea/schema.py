"""Brings the database to the release's version, recorded in the table `version`, as the real one does."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ..shared import migrations
from ..shared.database import Database
from .release import Release

FOLDER = Path(__file__).parent / "migrations"
LOCK_KEY = 0x67697465


class NewerDatabaseError(Exception):
    def __init__(self, found: int, known: int) -> None:
        super().__init__(
            f"Your database (migration version: {found}) is for a newer Gitea, "
            f"you can not use the newer database for this old Gitea release ({known})."
        )


def migrate(database: Database, release: Release, report: Callable[[str], None]) -> None:
    base, *later = migrations.load(FOLDER)
    with database.transaction() as transaction:
        transaction.lock(LOCK_KEY)
        fresh = not transaction.has_table("version")
        if fresh:
            base.apply(transaction)
            transaction.run("INSERT INTO version (id, version) VALUES (1, %s)", (later[0].number,))
        current = transaction.value("SELECT version FROM version WHERE id = 1")
        if current > release.database_version:
            raise NewerDatabaseError(current, release.database_version)
        for migration in later:
            if current <= migration.number < release.database_version:
                if not fresh:
                    report(f"Migration[{migration.number}]: {migration.description}")
                migration.apply(transaction)
        transaction.run("UPDATE version SET version = %s WHERE id = 1", (release.database_version,))
