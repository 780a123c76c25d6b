# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report of a drill over all hosts."""

from __future__ import annotations

from ansible_collections.maxops.ops.plugins.plugin_utils.report.drill import make_report, to_markdown
from ansible_collections.maxops.ops.tests.unit.verifications import BAD, FINDING, NOT_EVEN_BEGUN, a_result, a_set


def test_report_passes_only_when_every_host_did() -> None:
    assert make_report({"a": a_result()}, "now")["passed"] is True
    for other in (BAD, NOT_EVEN_BEGUN, None):
        assert make_report({"a": a_result(), "b": other}, "now")["passed"] is False


def test_report_contains_every_host() -> None:
    lost = {"unreachable": True, "msg": "Connection refused"}
    results = {"c": None, "b": BAD, "a": a_result(), "d": NOT_EVEN_BEGUN, "e": lost}
    report = make_report(results, "2026-11-23T09:00:00Z")
    assert {host: result["state"] for host, result in report["hosts"].items()} == {
        "a": "passed",
        "b": "failed",
        "c": "not reached",
        "d": "failed",
        "e": "not reached",
    }
    lines = to_markdown(report).splitlines()
    assert "2026-11-23T09:00:00Z: 1 of 5 hosts passed." in lines
    assert "| a | passed | 20261123T020000Z | 310.4 MB | 42 s | 1,200 | 0 | 0 | 0 |" in lines
    assert "| b | **failed** | 20261123T020000Z | 310.4 MB | 42 s | 1,200 | 1 | 0 | 0 |" in lines
    assert "| c | **not reached** |  |  |  |  |  |  |  |" in lines
    assert "OpenProject: 1,403 attachments, 1,403 attachment files." in lines
    assert "| shop | 1 | 1,200 |" in lines
    assert "| rehearse | 48 s |" in lines
    assert "- critical: table public.a|b of shop: 2 rows (expected 3 rows) Take another set." in lines
    assert "**not reached**: Connection refused" in lines
    assert "**failed**: cannot reach the Docker daemon" in lines


def test_report_says_whose_fault_findings_are_and_what_is_not_covered() -> None:
    judged = a_set(causes={"production": 2, "accepted": 1}, not_covered=["Gitea: packages in minio"])
    finding = {
        **FINDING,
        "state": "notice",
        "cause": "accepted",
        "evidence": ["critical, accepted until 2026-12-31: x"],
    }
    lines = to_markdown(make_report({"a": a_result(sets=[judged], findings=[finding])}, "now")).splitlines()
    assert "Findings of 20261123T020000Z by cause: 2: the running application has it, too; 1: accepted." in lines
    assert "- not covered: Gitea: packages in minio" in lines
    assert any(
        line.startswith("- notice: table") and "[critical, accepted until 2026-12-31: x]" in line for line in lines
    )
