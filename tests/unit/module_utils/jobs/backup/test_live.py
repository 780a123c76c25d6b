# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files of a database are copied while their writers are paused, or not at all."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.jobs.backup.live import Found, at_rest
from ansible_collections.maxops.ops.plugins.module_utils.jobs.backup.options import BackupOptions
from ansible_collections.maxops.ops.plugins.module_utils.jobs.backup.values import BackupPlan, DatabasePart, VolumePart
from ansible_collections.maxops.ops.plugins.module_utils.jobs.backup.volumes import group_volumes
from ansible_collections.maxops.ops.plugins.module_utils.storage.repository.local import Repository
from ansible_collections.maxops.ops.plugins.module_utils.systems.access import Access
from ansible_collections.maxops.ops.plugins.module_utils.systems.postgresql.session import DatabaseFacts
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError
from ansible_collections.maxops.ops.tests.unit.stacks import container, stack_of

PART = VolumePart("data", "shop_data", "/nowhere", 1, 1, ())
SERVER, APP = container("postgres"), container("app")


@pytest.fixture
def plan() -> BackupPlan:
    """The plan of a backup that dumps a database of SERVER."""
    made = BackupPlan(stack_of(), Repository("/r"), database_container=SERVER)
    made.databases = [DatabasePart(DatabaseFacts("shop", 1, "u", "UTF8", "C", "C"), 1)]
    return made


def decide(plan: BackupPlan, found: Found, named: bool = False, **options: Any) -> VolumePart | None:
    return at_rest(plan, BackupOptions(Access("shop"), "/r", **options), PART, found, named)


def test_without_a_database_nothing_is_said(plan: BackupPlan) -> None:
    part = decide(plan, Found([], [APP, container("job", state="exited")], ["foreign"]))
    assert part is not None
    assert ([one.service for one in part.writers], part.live) == (["app"], ())
    assert (plan.warnings, plan.incomplete) == ([], [])


def test_writer_of_a_live_database_is_paused_and_named(plan: BackupPlan) -> None:
    part = decide(plan, Found(["PostgreSQL 17"], [container("gitea-db")]))
    assert part is not None
    assert part.live == ("PostgreSQL 17",)
    assert part.facts()["live_databases"] == ["PostgreSQL 17"]
    assert part.facts()["paused"] == ["gitea-db"]
    [warning] = plan.warnings
    assert warning.startswith('volume "data" holds PostgreSQL 17: service gitea-db is paused while it is copied')
    plan.volumes = [part, VolumePart("other", "shop_other", "/nowhere", 1, 1, (APP,))]
    paused = [[one.service for one in group.containers] for group in group_volumes(plan, pause=False)]
    assert paused == [["gitea-db"], []]


def test_with_quiesce_it_is_paused_anyway(plan: BackupPlan) -> None:
    part = decide(plan, Found(["SQLite (gitea.db)"], [APP]), quiesce="pause")
    assert part is not None
    assert part.live == ("SQLite (gitea.db)",)
    assert plan.warnings == []


def test_database_at_rest_is_copied_without_a_word(plan: BackupPlan) -> None:
    part = decide(plan, Found(["MySQL or MariaDB"], [container("db", state="exited"), container("c", state="paused")]))
    assert part == replace(PART, databases=("MySQL or MariaDB",))
    assert part.facts()["resting_databases"] == ["MySQL or MariaDB"], "a rehearsal checks it too"
    assert (plan.warnings, plan.incomplete) == ([], [])


@pytest.mark.parametrize(
    ("found", "text"),
    [
        (
            Found(["MongoDB"], [container("db", state="restarting")]),
            (
                'volume "data" is not in the set: it holds MongoDB, and service db restarts again and again, so it '
                "cannot be paused; fix or stop that service (docker compose stop db), or name it in exclude"
            ),
        ),
        (
            Found(["MongoDB"], [APP], ["billing-mongo-1"]),
            (
                'volume "data" is not in the set: it holds MongoDB, and billing-mongo-1 of another project uses it, '
                "which is not paused; stop that container during the backup, or back it up with its own project, or "
                "name it in exclude"
            ),
        ),
        (
            Found(["SQLite (x.db)"], [SERVER, APP]),
            (
                'volume "data" is not in the set: it holds SQLite (x.db), and service "postgres" writes there, which '
                "cannot be paused while its databases are dumped; keep those files elsewhere, or name it in exclude"
            ),
        ),
    ],
)
def test_what_cannot_be_paused_is_not_taken(plan: BackupPlan, found: Found, text: str) -> None:
    assert decide(plan, found) is None
    assert plan.incomplete == [text]
    assert [part["name"] for part in plan.left_out] == ["data"]


def test_data_of_the_dumped_server_are_left_out_and_refused_when_named(plan: BackupPlan) -> None:
    found = Found(["PostgreSQL 17"], [SERVER, APP])
    assert decide(plan, found) is None
    assert plan.left_out == [
        {"kind": "volume", "name": "data", "reason": "belongs to the database server, whose databases are dumped"}
    ]
    assert plan.incomplete == []
    with pytest.raises(MaxopsError, match=r'volume "data" holds the data of service "postgres", whose databases are'):
        decide(plan, found, named=True)


def test_server_is_paused_when_nothing_is_dumped_from_it(plan: BackupPlan) -> None:
    plan.databases = []
    part = decide(plan, Found(["PostgreSQL 17"], [SERVER]), named=True)
    assert part is not None
    assert part.writers == (SERVER,)


def test_dumped_server_is_never_paused_for_other_files(plan: BackupPlan) -> None:
    part = decide(plan, Found([], [SERVER, APP]), quiesce="pause")
    assert part is not None
    assert part.writers == (APP,), "pg_dump would wait for a paused server for ever"
