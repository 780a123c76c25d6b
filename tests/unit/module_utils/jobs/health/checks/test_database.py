# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Logins from environments, and a database without its driver."""

from __future__ import annotations

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.jobs.health.checks import database as health_database
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
