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
