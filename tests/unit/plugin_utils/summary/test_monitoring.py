# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which hosts are monitored, one line per host, failures first."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.tools.moments import timestamp, utc_now
from ansible_collections.maxops.ops.plugins.plugin_utils.summary.monitoring import summary, table


def result(**given: Any) -> dict[str, Any]:
    return {
        "failed": False,
        "state": "present",
        "schedule": "systemd",
        "running": True,
        "minutes": {"health": 5, "disk": 15},
        "channels": 1,
        "changes": ["collection"],
        "last": {"at": timestamp(utc_now()), "state": "warning"},
        **given,
    }


def test_summary_shows_the_schedule_and_the_last_run() -> None:
    assert summary("web1", result(), False) == [
        "web1: monitored by systemd, all checks every 5 min, disks every 15 min",
        "  alerts to 1 address; last run 0 s ago: warning",
        "  changed: collection",
    ]


@pytest.mark.parametrize(
    ("given", "check_mode", "words"),
    [
        ({"changes": []}, False, "nothing to change"),
        ({}, True, "would change: collection"),
        ({}, True, "would be monitored by systemd"),
        ({"channels": 0}, False, "alerts to no address (set monitoring_alert_urls)"),
        ({"channels": 2}, False, "alerts to 2 addresses"),
        ({"channels": 2, "tested": 2}, False, "test message delivered to 2 addresses"),
        ({"last": None}, False, "last run not yet"),
        ({"running": False}, False, "systemd is not running on the host now"),
        ({"state": "absent"}, False, "not monitored any more"),
        ({"state": "absent"}, True, "would not be monitored any more"),
        ({"failed": True, "msg": "no Python"}, False, "not monitored: no Python"),
    ],
)
def test_special_cases_are_shown(given: dict[str, Any], check_mode: bool, words: str) -> None:
    assert words in "\n".join(summary("web1", result(**given), check_mode))


def test_table_has_the_failures_first() -> None:
    results = {
        "a": result(channels=3, tested=3),
        "b": {"failed": True, "msg": "out of reach"},
        "c": result(state="absent"),
    }
    lines = table(results)
    assert [line.split()[:2] for line in lines] == [
        ["HOST", "SCHEDULE"],
        ["b", "FAILED"],
        ["a", "systemd"],
        ["c", "none"],
    ]
    assert "out of reach" in lines[1]
    assert " 3 (tested) " in lines[2]
