# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The health of one host and of many as it is printed, and when it fails a play."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.maxops.ops.plugins.plugin_utils.summary.health import (
    failure,
    outcome,
    summary,
    table,
)


def result(state: str, grade: str, *findings: dict[str, Any]) -> dict[str, Any]:
    states = [finding["state"] for finding in findings]
    counts = {state: states.count(state) for state in ("ok", "warning", "unknown", "critical")}
    checks = {finding["check"]: {"state": finding["state"], "seconds": 0.01} for finding in findings}
    return {
        "state": state,
        "grade": grade,
        "findings": list(findings),
        "counts": counts,
        "checks": checks,
        "duration": 0.08,
    }


def finding(state: str, check: str = "disk", subject: str = "/", **more: Any) -> dict[str, Any]:
    return {
        "state": state,
        "check": check,
        "subject": subject,
        "seen": "",
        "limit": "",
        "evidence": [],
        "fix": "",
        **more,
    }


OK = result("ok", "none", finding("ok"), finding("ok", "http"))
WARNING = result(
    "warning",
    "P4",
    finding("warning", seen="84 % used", limit="80 %", evidence=["it holds /srv", "df"], fix="clean up"),
    finding("ok", "http"),
)
P1 = result("critical", "P1", finding("critical", "containers", "postgres", seen="exited"))
P3 = result("critical", "P3", finding("critical", "backup", "newest set", seen="90 h old"))
UNKNOWN = result("unknown", "P3", finding("unknown", "http", "gateway", seen="?"))
AWAY = {"unreachable": True, "failed": True, "msg": "Failed to connect\nto the host via ssh"}
BROKEN = {"failed": True, "msg": 'thresholds has "disc"'}


def test_healthy_host_takes_two_lines() -> None:
    assert summary("lab", OK, False) == ["lab: ok: 2 ok, 0.1 s", "  ok        disk, http"]


def test_problem_is_shown_with_limit_evidence_and_fix() -> None:
    assert summary("lab", WARNING, False) == [
        "lab: warning, grade P4: 1 warning, 1 ok, 0.1 s",
        "  WARNING  disk  /  84 % used (limit: 80 %)",
        "    evidence: it holds /srv; df",
        "    fix: clean up",
        "  ok        http",
    ]


def test_table_has_one_line_per_host_the_worst_first() -> None:
    hosts = {"a": OK, "b": WARNING, "c": P3, "d": AWAY, "e": P1, "f": UNKNOWN, "g": BROKEN}
    lines = table(hosts)
    assert [line.split()[0] for line in lines] == ["HOST", "d", "g", "e", "c", "f", "b", "a"]
    assert lines[1].split(maxsplit=3) == ["d", "UNREACHABLE", "?", "Failed to connect"]
    assert lines[3].endswith("containers postgres: exited")


@pytest.mark.parametrize("other", [{"set_id": "20261123T020000Z"}, {"state": "restarted"}, {"failed": True}])
def test_results_of_other_jobs_fail_no_play(other: dict[str, Any]) -> None:
    assert failure({"lab": other}, "never") == ""


def test_unreachable_host_is_one_line() -> None:
    assert summary("d", AWAY, False) == ["d: unreachable: Failed to connect"]


@pytest.mark.parametrize(("fail_on", "failing"), [("critical", "defg"), ("warning", "bdefg"), ("never", "")], ids=str)
def test_fail_on_selects_the_hosts_that_fail_a_play(fail_on: str, failing: str) -> None:
    hosts = {"a": OK, "b": WARNING, "d": AWAY, "e": P1, "f": UNKNOWN, "g": BROKEN}
    message = failure(hosts, fail_on)
    assert sorted(word[0] for word in message.partition(";")[0].split(", ") if word) == sorted(failing)


@pytest.mark.parametrize(
    ("host", "fail_on", "expected"),
    [
        (OK, "warning", ""),
        (WARNING, "critical", ""),
        (WARNING, "warning", "x is warning, grade P4: disk /: 84 % used; the fixes are listed above"),
        (P1, "critical", "x is critical, grade P1: containers postgres: exited; the fixes are listed above"),
        (P1, "never", ""),
        (UNKNOWN, "critical", "x is unknown, grade P3: http gateway: ?; the fixes are listed above"),
        (AWAY, "critical", "x is unreachable: Failed to connect; check that it is up and that Ansible can log in"),
        (BROKEN, "critical", 'x could not be checked: thresholds has "disc"'),
    ],
)
def test_each_host_fails_for_its_own_state(host: dict[str, Any], fail_on: str, expected: str) -> None:
    assert outcome("x", host, fail_on) == expected
