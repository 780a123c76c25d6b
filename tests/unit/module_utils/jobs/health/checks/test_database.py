# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The check of PostgreSQL without its driver."""

from __future__ import annotations

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.jobs.health.checks import database as health_database
from ansible_collections.maxops.ops.plugins.module_utils.jobs.health.options import HealthOptions
from ansible_collections.maxops.ops.plugins.module_utils.jobs.health.view import View
from ansible_collections.maxops.ops.plugins.module_utils.systems.access import Access
from ansible_collections.maxops.ops.plugins.module_utils.systems.postgresql.session import (
    LoginRefusedError,
    NoFreeConnectionError,
)
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError
from ansible_collections.maxops.ops.tests.unit.health_stack import inspected, view_of

DATABASE = {"DB_TYPE": "postgres", "HOST": "pg.example.com:5432", "NAME": "gitea", "USER": "gitea", "PASSWD": "x"}
NOW = 1_800_000_000.0  # 2027-01-15T08:00:00Z


def test_database_is_unknown_without_its_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health_database, "PSYCOPG2_IMPORT_ERROR", "Traceback …")
    [finding] = health_database.check_postgresql(View(HealthOptions(Access("shop")), NOW))
    assert finding.state == "unknown"
    assert "psycopg2" in finding.seen
    assert "maxops.ops.host" in finding.fix


def test_collation_of_another_version_is_a_warning_with_the_statements_that_fix_it() -> None:
    row = {"kind": "database", "name": "c", "recorded": "1.0", "actual": "153.128"}
    [finding] = health_database._collations([row], "17.6")
    assert (finding.subject, finding.state) == ("collation of c", "warning")
    assert finding.seen == "its collation has the recorded version 1.0, and this server has 153.128"
    assert finding.fix.endswith('REINDEX DATABASE "c"; ALTER DATABASE "c" REFRESH COLLATION VERSION')
    assert [each.state for each in health_database._collations([], "17.6")] == ["ok"]


def test_an_old_server_without_collation_versions_is_said() -> None:
    [finding] = health_database._collations(None, "14.2")
    assert finding.state == "notice"
    assert "records no version" in finding.seen


@pytest.mark.parametrize(
    ("error", "subjects"),
    [
        (LoginRefusedError('refused the password of user "x"'), []),
        (MaxopsError('database "x" does not exist'), []),
        (NoFreeConnectionError("no free connection"), ["connections", "server"]),
        (MaxopsError("cannot be reached at db:5432"), ["server"]),
    ],
)
def test_fault_of_one_application_does_not_follow_from_the_server(error: MaxopsError, subjects: list[str]) -> None:
    assert [subject for _check, subject in health_database._causes_of(error)] == subjects


def test_another_server_is_said_to_be_unchecked(monkeypatch: pytest.MonkeyPatch) -> None:
    environment = {f"GITEA__database__{key}": value for key, value in DATABASE.items()}
    gitea = inspected("server", "gitea/gitea:1.22.6", environment=environment)
    view = view_of(monkeypatch, gitea, inspected("db", "postgres:17"))
    [(subject, login)] = health_database.logins(view).items()
    [finding] = health_database._as_application(view, view.stack().of_service("db")[0], subject, login)
    assert (finding.state, finding.seen) == ("notice", 'uses another server ("pg.example.com"), which is not checked')
