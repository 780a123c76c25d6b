# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Logins from environments, and a database without its driver."""

from __future__ import annotations

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.jobs.health.checks import database as health_database
from ansible_collections.maxops.ops.plugins.module_utils.jobs.health.checks.database import Login, login_of
from ansible_collections.maxops.ops.plugins.module_utils.jobs.health.options import HealthOptions
from ansible_collections.maxops.ops.plugins.module_utils.jobs.health.view import View
from ansible_collections.maxops.ops.plugins.module_utils.systems.access import Access

NOW = 1_800_000_000.0  # 2027-01-15T08:00:00Z


def test_without_its_driver_the_database_is_unknown_and_not_well(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health_database, "PSYCOPG2_IMPORT_ERROR", "Traceback …")
    [found] = health_database.check_postgresql(View(HealthOptions(Access("shop")), NOW))
    assert found.state == "unknown"
    assert "psycopg2" in found.seen
    assert "maxops.ops.host" in found.fix


@pytest.mark.parametrize(
    ("environment", "login"),
    [
        (
            {"DATABASE_URL": "postgres://ma%40x:p%2Fw@postgres:5432/openproject?pool=5"},
            Login("app", "postgres", "openproject", "ma@x", "p/w"),
        ),
        (
            {
                "GITEA__database__DB_TYPE": "postgres",
                "GITEA__database__HOST": "db:5432",
                "GITEA__database__NAME": "gitea",
                "GITEA__database__USER": "maxops",
                "GITEA__database__PASSWD": "a b",
            },
            Login("app", "db", "gitea", "maxops", "a b"),
        ),
        ({"DATABASE_URL": "mysql://x:y@z/w"}, None),
        ({"DATABASE_URL": "postgres://[broken"}, None),
        ({}, None),
    ],
)
def test_a_login_is_read_as_the_application_reads_it(environment: dict[str, str], login: Login | None) -> None:
    assert login_of("app", environment) == login
