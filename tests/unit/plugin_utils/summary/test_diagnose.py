# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What operators read about a diagnosis, of one host and of many."""

from __future__ import annotations

from typing import Any

from ansible_collections.maxops.ops.plugins.module_utils.jobs.diagnose.cause import (
    CERTAIN,
    LIKELY,
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
        "  looked at:",
        "    disk  ok  used to 40%",
    ]


def test_table_of_hosts_has_the_worst_first() -> None:
    well = {**RESULT, "causes": [], "healthy": True}
    lost = {"failed": True, "unreachable": True, "msg": "no route"}
    lines = table({"a-well": well, "b-ill": RESULT, "c-lost": lost})
    assert [line.split()[0] for line in lines] == ["HOST", "c-lost", "b-ill", "a-well"]
    assert lines[1].split()[1] == "UNREACHABLE"


def test_summary_does_not_call_well_what_it_could_not_see() -> None:
    unseen = {**RESULT, "causes": [], "steps": [{**RESULT["steps"][0], "state": "unknown", "seen": "run as root"}]}
    [head, *_rest] = summary("lab", unseen, False)
    assert head == "lab: no cause was found, and 1 of 1 steps could not be looked at (gitea; 0.4 s)"
