# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Health checks of a stack every five minutes, for tests of the alerts about it."""

from __future__ import annotations

import datetime
from typing import Any

from ansible_collections.maxops.ops.plugins.module_utils.jobs.monitoring.plan import Event, Rules, Watch, plan
from ansible_collections.maxops.ops.tests.unit.health_results import finding, health_result

START = datetime.datetime(2026, 11, 25, 14, 0, tzinfo=datetime.timezone.utc)
DOWN = finding("containers", "gitea", "critical", "exited with code 137", "docker compose start gitea")


class AlertRuns:
    """Runs every five minutes, one after the other."""

    def __init__(self, **rules: Any) -> None:
        self.rules = Rules(**rules)
        self.watches: list[Watch] = []
        self.now = START

    def run(self, *findings: dict[str, Any], **more: Any) -> list[Event]:
        """One health check; returns the events to report."""
        self.watches, events = plan(self.watches, health_result(*findings, **more), self.rules, self.now)
        self.now += datetime.timedelta(minutes=5)
        return events

    def events_of(self, *findings: dict[str, Any]) -> list[list[tuple[str, str]]]:
        """Several health checks with one finding each; returns the kinds and states of the events of each."""
        return [[(event.kind, event.state) for event in self.run(finding)] for finding in findings]
