# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The summary of a diagnosis, for one host and for many."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.jobs.diagnose.cause import (
    CERTAIN,
    LIKELY,
    POSSIBLE,
    Cause,
)
from ansible_collections.maxops.ops.plugins.plugin_utils.summary.diagnose import summary, table


def cause(kind: str, *services: str, likelihood: str = LIKELY, **more: Any) -> Cause:
    """One cause about the first of its services."""
    subject = more.pop("subject", services[0] if services else "host")
    return Cause.of(kind, subject, likelihood, more.pop("seen", "seen"), "fix it", services=services, **more)


RESULT: dict[str, Any] = {
    "services": ["gitea"],
    "healthy": False,
    "duration": 0.42,
    "causes": [cause("service_stopped", "postgres", likelihood=CERTAIN, evidence=("log: bye",)).to_dict()],
    "steps": [{"step": "disk", "question": "?", "state": "ok", "seen": "used to 40%", "seconds": 0.1}],
}


def test_summary_begins_with_the_cause_and_its_command() -> None:
    assert summary("lab", RESULT, False) == [
        "lab: the most likely cause first (gitea; 0.4 s)",
        "  1. certain: service stopped, postgres: seen",
        "       log: bye",
        "     $ fix it",
        "  checked:",
        "    disk  ok  used to 40%",
    ]


def test_table_of_hosts_has_the_worst_first() -> None:
    healthy = {**RESULT, "causes": [], "healthy": True}
    unreachable = {"failed": True, "unreachable": True, "msg": "no route"}
    lines = table({"a-healthy": healthy, "b-faulty": RESULT, "c-unreachable": unreachable})
    assert [line.split()[0] for line in lines] == ["HOST", "c-unreachable", "b-faulty", "a-healthy"]
    assert lines[1].split()[1] == "UNREACHABLE"


def test_summary_counts_the_steps_that_could_not_be_checked() -> None:
    unchecked = {**RESULT, "causes": [], "steps": [{**RESULT["steps"][0], "state": "unknown", "seen": "run as root"}]}
    [head, *_rest] = summary("lab", unchecked, False)
    assert head == "lab: no cause was found, and 1 of 1 steps could not be checked (gitea; 0.4 s)"


@pytest.mark.parametrize(
    ("causes", "healthy", "head"),
    [
        ([], True, "the services work, and no cause of a fault was found"),
        ([], False, "no cause was found"),
        ([cause("memory_short", likelihood=POSSIBLE).to_dict()], True, "the services work; this may still matter"),
    ],
)
def test_summary_says_whether_the_services_work(causes: list[dict[str, Any]], healthy: bool, head: str) -> None:
    [line, *_rest] = summary("lab", {**RESULT, "causes": causes, "healthy": healthy}, False)
    assert line == f"lab: {head} (gitea; 0.4 s)"


def test_summary_of_a_failed_diagnosis_gives_the_reason() -> None:
    assert summary("lab", {"failed": True, "msg": "no stack"}, False) == ["lab: the diagnosis failed: no stack"]


def test_summary_of_a_host_without_docker_has_no_empty_list() -> None:
    down = {**RESULT, "services": [], "causes": [cause("docker_daemon_down", likelihood=CERTAIN).to_dict()]}
    assert summary("lab", down, False)[0] == "lab: the most likely cause first (0.4 s)"
