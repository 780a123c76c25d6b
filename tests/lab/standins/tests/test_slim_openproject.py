"""The processes of OpenProject's official Compose file: only the seeder migrates, and the others end without it."""

from __future__ import annotations

import re

import pytest

from standins.tests.support import Application, Lab

SECONDS = {"LAB_START_SECONDS": "1"}


def started(lab: Lab, name: str, database: str, version: str = "15.5.1") -> Application:
    command = f"./docker/prod/{name}"
    return lab.start("openproject", version, database=database, environment=SECONDS, command=command, wait=False)


@pytest.fixture(scope="module")
def seeded(lab: Lab) -> str:
    """A database after the seeder of 14."""
    seeder = started(lab, "seeder", lab.new_database(), "14.6.3")
    assert seeder.exit_code() == 0
    assert seeder.query("SELECT login FROM users WHERE type = 'User'") == [("admin",)]
    return seeder.database


@pytest.mark.parametrize("name", ["web", "worker"])
def test_a_process_ends_itself_while_migrations_are_pending(lab: Lab, seeded: str, name: str) -> None:
    process = started(lab, name, seeded)
    assert process.exit_code() == 1
    assert process.logged(r"migration.rb:817:in `check_pending_migrations':  \(ActiveRecord::PendingMigrationError\)\n")
    assert process.logged(r"Migrations are pending. To resolve this issue, run:\n\n        bin/rails db:migrate\n")
    assert process.logged(r"You have 3 pending migrations:\n\ndb/migrate/20241015095341_create_emoji_reactions.rb\n")


def test_an_empty_database_has_all_migrations_pending(lab: Lab) -> None:
    web = started(lab, "web", lab.new_database())
    assert web.exit_code() == 1
    assert web.logged("You have 6 pending migrations:")


def test_web_answers_and_the_worker_works_after_the_seeder(lab: Lab, seeded: str) -> None:
    web = started(lab, "web", seeded, "14.6.3")
    worker = started(lab, "worker", seeded, "14.6.3")
    worker.query("INSERT INTO good_jobs (created_at) VALUES (now() - interval '1 hour')")
    web.wait()
    assert worker.logged(r"INFO -- : \[GoodJob\] \[1\] Executed 1 jobs")
    assert web.send("GET", "/health_checks/full").status_code == 200
    assert web.logged(r"=> Booting Puma\n=> Rails \S+ application starting in production ")
    assert web.send("GET", "/", headers={"Cookie": "x=1"}).status_code == 200
    assert web.logged(
        r"INFO -- : \[[0-9a-f-]{36}\] method=GET path=/ format=html controller=PagesController action=first_page "
        "status=200"
    )


def test_web_says_why_without_a_database(lab: Lab) -> None:
    web = started(lab, "web", "no_such_database")
    assert web.exit_code() == 1
    assert re.search(
        r"rescue in new_client': .*no_such_database.* \(ActiveRecord::ConnectionNotEstablished\)", web.logs()
    )
