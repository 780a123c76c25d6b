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
