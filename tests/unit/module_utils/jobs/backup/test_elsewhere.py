# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A database of an application that is on no server of the stack is never left out in silence."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.jobs.backup.elsewhere import (
    report_elsewhere,
    report_no_server,
)
from ansible_collections.maxops.ops.plugins.module_utils.jobs.backup.options import BackupOptions
from ansible_collections.maxops.ops.plugins.module_utils.jobs.backup.values import BackupPlan
from ansible_collections.maxops.ops.plugins.module_utils.storage.repository.local import Repository
from ansible_collections.maxops.ops.plugins.module_utils.systems.access import Access
from ansible_collections.maxops.ops.tests.unit.stacks import Container, container, stack_of

METABASE = container("meta", environment={"DATABASE_URL": "postgres://m:x@postgres/metabase"})
SERVER = container("postgres", environment={"PG_MAJOR": "17"})


def openproject(host: str, database: str = "openproject") -> Container:
    return container(
        "web",
        environment={"DATABASE_URL": f"postgres://op:x@{host}/{database}", "OPENPROJECT_HTTPS": "true"},
        addresses=("172.18.0.9",),
    )


def reported(*containers: Container, present: Collection[str] = ("metabase", "postgres"), **options: Any) -> BackupPlan:
    plan = BackupPlan(stack_of(*containers, METABASE, SERVER), Repository("/nowhere"))
    report_elsewhere(plan, BackupOptions(Access("shop"), "/nowhere", **options), present)
    return plan


def test_external_database_beside_a_server_for_something_else_fails_the_run() -> None:
    plan = reported(openproject("sql.example.com"))
    (problem,) = plan.incomplete
    assert problem.startswith(
        'database "openproject" is not in the set: service web has it on sql.example.com (DATABASE_URL), which is no '
        "server of this stack; back it up there by its own means"
    )
    assert plan.warnings == []


def test_excluded_one_is_listed() -> None:
    plan = reported(openproject("sql.example.com"), exclude=("openproject",))
    assert (plan.incomplete, plan.warnings) == ([], [])
    assert plan.left_out == [{"kind": "database", "name": "openproject", "reason": "excluded"}]


def test_same_name_on_the_stacks_server_is_a_warning() -> None:
    """The address may lead to the same server, or the one in the set may be from before a move."""
    plan = reported(openproject("sql.example.com"), present=("openproject",))
    assert plan.incomplete == []
    (warning,) = plan.warnings
    assert warning.startswith('service web has its database "openproject" on sql.example.com (DATABASE_URL), which is')
    assert warning.endswith("make sure that it is the one in use")


@pytest.mark.parametrize("host", ["postgres", "POSTGRES", "shop-postgres-1", "172.18.0.2", "localhost", "127.0.0.1"])
def test_server_of_the_stack_is_no_remark(host: str) -> None:
    plan = reported(openproject(host), present=("openproject",))
    assert (plan.incomplete, plan.warnings, plan.left_out) == ([], [], [])


def test_login_without_a_database_leads_to_that_of_the_user() -> None:
    plan = reported(openproject("sql.example.com", database=""))
    assert 'database "op" is not in the set' in plan.incomplete[0]


def test_server_of_the_stack_that_is_not_recognised_leads_to_the_option() -> None:
    plan = BackupPlan(stack_of(openproject("store"), container("store")), Repository("/nowhere"))
    report_no_server(plan, BackupOptions(Access("shop"), "/nowhere"))
    (problem,) = plan.incomplete
    assert "has it on store (DATABASE_URL), which was not recognised as a PostgreSQL server" in problem
    assert "name that server's service in database_service" in problem


@pytest.mark.parametrize("report", [report_no_server, None])
def test_mysql_of_gitea_on_another_host_fails_the_run(report: Any) -> None:
    settings = {"GITEA__database__DB_TYPE": "mysql", "GITEA__database__HOST": "sql.example.com:3306"}
    gitea = container("server", environment={**settings, "GITEA__database__NAME": "git"})
    if report:
        plan = BackupPlan(stack_of(gitea), Repository("/nowhere"))
        report(plan, BackupOptions(Access("shop"), "/nowhere"))
    else:
        plan = reported(gitea)
    (problem,) = plan.incomplete
    assert problem.startswith('database "git" is not in the set: service server has it on sql.example.com (mysql, ')


@pytest.mark.parametrize("host", ["mysql", "mysql:3306", "localhost:3306", "/run/mysqld/mysqld.sock", ""])
def test_mysql_of_gitea_in_the_stack_is_in_a_volume(host: str) -> None:
    settings = {"GITEA__database__DB_TYPE": "mysql", "GITEA__database__HOST": host}
    plan = reported(container("server", environment=settings), container("mysql"))
    assert (plan.incomplete, plan.warnings) == ([], [])


def test_sqlite_is_a_file() -> None:
    settings = {"GITEA__database__DB_TYPE": "sqlite3", "GITEA__database__HOST": "sql.example.com"}
    assert reported(container("server", environment=settings)).incomplete == []
