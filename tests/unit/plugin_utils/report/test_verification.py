# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Summaries of verifications and drills."""

from __future__ import annotations

from ansible_collections.maxops.ops.plugins.plugin_utils.report.verification import summary, table
from ansible_collections.maxops.ops.tests.unit.verifications import BAD, FINDING, NOT_EVEN_BEGUN, a_result, a_set


def test_summary_of_one_host() -> None:
    assert summary("lab", a_result(), False) == [
        "lab: the set passed (rehearse), 49 s",
        "  20261123T020000Z  passed  rehearse  212 files, 310.4 MB, restored in 42 s, 1,200 rows",
    ]
    lines = summary("lab", {**BAD, "findings": [FINDING] * 12, "remarks": ["look"]}, False)
    assert lines[0] == "lab: 1 of 1 set did not pass (rehearse), 49 s"
    assert lines[2] == "  critical: table public.a|b of shop: 2 rows (expected 3 rows)"
    assert lines[-2:] == ["  … and 2 more findings", "  remark: look"]
    assert summary("lab", NOT_EVEN_BEGUN, False) == ["lab: nothing was verified: cannot reach the Docker daemon"]
    unknown = a_result(False, sets=[a_set(state="not verified", problem="no image", recovery_seconds=None, rows={})])
    assert summary("lab", unknown, False)[-1] == "  20261123T020000Z: no image"
    two = a_result(sets=[a_set(), a_set(set_id="20261124T020000Z")])
    assert summary("lab", two, False)[0] == "lab: all 2 sets passed (rehearse), 49 s"


def test_summary_says_whose_fault_findings_are_and_what_is_not_covered() -> None:
    accepted = {
        **FINDING,
        "state": "notice",
        "cause": "accepted",
        "evidence": ["critical, accepted until 2026-12-31: known"],
    }
    production = {**FINDING, "state": "warning", "cause": "production"}
    own = {**FINDING, "cause": "set"}
    judged = a_set(
        causes={"set": 1, "production": 2, "accepted": 1},
        not_covered=["OpenProject: attachments in fog"],
        not_compared=["Gitea: logs of Actions"],
    )
    lines = summary("lab", a_result(False, sets=[judged], findings=[own, production, accepted]), False)
    assert lines[2:] == [
        "  findings by cause: 1: the set is at fault; 2: the running application has it, too; 1: accepted",
        "  not covered: OpenProject: attachments in fog",
        "  not compared: Gitea: logs of Actions",
        "  critical: table public.a|b of shop: 2 rows (expected 3 rows)",
        "  warning: table public.a|b of shop: 2 rows (expected 3 rows) [the running application has it, too]",
        "  notice: table public.a|b of shop: 2 rows (expected 3 rows) [critical, accepted until 2026-12-31: known]",
    ]
    two = summary("lab", a_result(sets=[judged, a_set(set_id="20261124T020000Z")]), False)
    assert "  20261123T020000Z: not compared: Gitea: logs of Actions" in two


def test_check_mode_does_not_claim_a_rehearsal() -> None:
    checked = a_result(sets=[a_set(level="checksum", recovery_seconds=None, rows={})])
    assert (
        summary("lab", checked, True)[0]
        == "lab: the set passed (check mode: only checksum was checked, not rehearse), 49 s"
    )


def test_many_hosts_failures_first() -> None:
    lines = table({"a": a_result(), "b": BAD, "c": NOT_EVEN_BEGUN})
    assert [line.split()[:2] for line in lines] == [
        ["HOST", "RESULT"],
        ["b", "FAILED"],
        ["c", "FAILED"],
        ["a", "passed"],
    ]
    assert "set 20261123T020000Z is bad" in lines[1]
