# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which databases a backup takes; each that it does not take is left out by name, with the reason and the fix."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.jobs.backup import databases
from ansible_collections.maxops.ops.plugins.module_utils.jobs.backup.options import BackupOptions
from ansible_collections.maxops.ops.plugins.module_utils.jobs.backup.values import BackupPlan
from ansible_collections.maxops.ops.plugins.module_utils.storage.repository.local import Repository
from ansible_collections.maxops.ops.plugins.module_utils.systems.access import Access
from ansible_collections.maxops.ops.plugins.module_utils.systems.postgresql.inventory import ListedDatabase
from ansible_collections.maxops.ops.plugins.module_utils.systems.postgresql.session import DatabaseFacts
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError
from ansible_collections.maxops.ops.tests.unit.stacks import Container, container, stack_of


def listed(name: str, **facts: Any) -> ListedDatabase:
    return ListedDatabase(DatabaseFacts(name, 1000, "maxops", "UTF8", "C", "C"), **facts)


USUAL = [
    listed("gitea"),
    listed("postgres", tables=0),
    listed("template0", open=False),
    listed("template1", tables=0),
]


def chosen(*more: ListedDatabase, exclude: tuple[str, ...] = ()) -> tuple[list[str], BackupPlan]:
    plan = BackupPlan(stack_of(), Repository("/nowhere"))
    options = BackupOptions(Access("shop"), "/nowhere", exclude=exclude)
    return [database.name for database in databases.choose(plan, options, [*USUAL, *more])], plan


def test_what_every_server_has_is_left_out_in_silence_while_it_is_empty() -> None:
    names, plan = chosen()
    assert names == ["gitea"]
    assert plan.left_out == plan.warnings == plan.incomplete == []


def test_database_postgres_is_taken_when_it_has_tables() -> None:
    usual = [database for database in USUAL if database.name != "postgres"]
    plan = BackupPlan(stack_of(), Repository("/nowhere"))
    options = BackupOptions(Access("shop"), "/nowhere")
    taken = databases.choose(plan, options, [*usual, listed("postgres", tables=1)])
    assert [database.name for database in taken] == ["gitea", "postgres"]


def test_an_invalid_database_is_left_out_with_the_statement_that_removes_it() -> None:
    names, plan = chosen(listed("junk", invalid=True))
    assert names == ["gitea"]
    assert plan.left_out == [
        {"kind": "database", "name": "junk", "reason": "is invalid: a DROP DATABASE was interrupted"}
    ]
    assert plan.warnings == [
        'database "junk" is not in the set: it is invalid: a DROP DATABASE was interrupted; run DROP DATABASE "junk"'
    ]
    assert plan.incomplete == [], "there is nothing in it to lose"


def test_a_closed_database_cannot_be_taken() -> None:
    names, plan = chosen(listed("closed", open=False))
    assert names == ["gitea"]
    [problem] = plan.incomplete
    assert problem == (
        'database "closed" is not in the set: accepts no connections (ALLOW_CONNECTIONS false); '
        'run ALTER DATABASE "closed" ALLOW_CONNECTIONS true, or name it in exclude'
    )


def test_what_a_restore_keeps_is_listed_and_nothing_more() -> None:
    names, plan = chosen(listed("gitea__maxops_previous_20261130t010203z", open=False))
    assert names == ["gitea"]
    assert [row["reason"] for row in plan.left_out] == ["kept by a restore"]
    assert plan.warnings == plan.incomplete == []


def test_a_name_that_is_not_utf8_cannot_be_taken() -> None:
    _names, plan = chosen(listed("m\\xfcller", readable=False))
    assert len(plan.incomplete) == 1
    assert "not valid UTF-8; rename it in a database of its own encoding" in plan.incomplete[0]


def test_a_template_with_tables_is_named() -> None:
    usual = [database for database in USUAL if database.name != "template1"]
    plan = BackupPlan(stack_of(), Repository("/nowhere"))
    taken = databases.choose(plan, BackupOptions(Access("shop"), "/nowhere"), [*usual, listed("template1", tables=2)])
    assert [database.name for database in taken] == ["gitea"]
    assert plan.warnings[0].startswith('template database "template1" holds tables (2) and is not in the set')


@pytest.mark.parametrize("odd", [listed("closed", open=False), listed("junk", invalid=True)])
def test_what_is_excluded_is_no_problem(odd: ListedDatabase) -> None:
    names, plan = chosen(odd, exclude=(odd.name,))
    assert names == ["gitea", odd.name], "it is left out later, with the reason excluded"
    assert plan.warnings == plan.incomplete == []


def test_naming_takes_postgres_and_refuses_what_cannot_be_dumped() -> None:
    everything = [*USUAL, listed("closed", open=False), listed("junk", invalid=True)]
    assert [database.name for database in databases.named("pg", ["postgres", "gitea"], everything)] == [
        "postgres",
        "gitea",
    ]
    with pytest.raises(MaxopsError, match=r'"junk" of container pg is invalid: .*; run DROP DATABASE "junk"'):
        databases.named("pg", ["junk"], everything)
    with pytest.raises(MaxopsError, match=r'"closed" of container pg accepts no connections .* ALLOW_CONNECTIONS true'):
        databases.named("pg", ["closed"], everything)
    with pytest.raises(MaxopsError, match=r'has no database "shop" \(it has "gitea"\)'):
        databases.named("pg", ["shop"], everything)


# -- a stack without PostgreSQL -------------------------------------------------------------------------------------


def planned(*containers: Container, **options: Any) -> BackupPlan:
    plan = BackupPlan(stack_of(*containers), Repository("/nowhere"))
    databases.plan_databases(plan, BackupOptions(Access("shop"), "/nowhere", **options), {})
    return plan


def test_gitea_with_sqlite_needs_no_server_and_no_remark() -> None:
    plan = planned(container("server", environment={"GITEA__database__DB_TYPE": "sqlite3"}))
    assert (plan.databases, plan.server, plan.warnings, plan.incomplete) == ([], None, [], [])


def test_stack_whose_server_is_not_found_is_said() -> None:
    plan = planned(container("gitea"), container("store"))
    assert plan.incomplete == []
    (warning,) = plan.warnings
    assert warning.startswith("the set has no databases: ")
    assert "(services: gitea, store); if one of them is it, name that in database_service" in warning


def test_database_on_another_host_fails_the_run_until_it_is_excluded() -> None:
    web = container("web", environment={"DATABASE_URL": "postgres://op:x@sql.example.com/openproject"})
    (problem,) = planned(web).incomplete
    assert problem.startswith('database "openproject" is not in the set: service web has it on sql.example.com')
    plan = planned(web, exclude=("openproject",))
    assert (plan.incomplete, plan.left_out[0]["reason"]) == ([], "excluded")


def test_named_database_needs_a_server() -> None:
    with pytest.raises(MaxopsError, match='project "shop" has no PostgreSQL server'):
        planned(container("gitea"), databases=("gitea",))
