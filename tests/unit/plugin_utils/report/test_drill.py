# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What operators read of verifications and drills."""

from __future__ import annotations

from typing import Any

from ansible_collections.maxops.ops.plugins.plugin_utils.drill import make_report, to_markdown
from ansible_collections.maxops.ops.plugins.plugin_utils.verify_text import verify_summary, verify_table

NONE = {"ok": 0, "notice": 0, "warning": 0, "unknown": 0, "critical": 0}

FINDING = {
    "set_id": "20261123T020000Z",
    "check": "databases",
    "subject": "table public.a|b of shop",
    "state": "critical",
    "seen": "2 rows",
    "limit": "3 rows",
    "evidence": [],
    "fix": "Take another set.",
}


def a_set(**changes: Any) -> dict[str, Any]:
    return {
        "set_id": "20261123T020000Z",
        "state": "passed",
        "level": "rehearse",
        "problem": None,
        "counts": NONE,
        "bytes": 310378496,
        "files": 212,
        "steps": {"checksum": 0.4, "rehearse": 48.1},
        "recovery_seconds": 41.8,
        "rehearsal": {
            "postgresql": "17.12",
            "image": "postgres:17",
            "rows": {"shop": {"public.entry": 1200}},
            "content": {"OpenProject": {"attachments": 1403, "attachment_files": 1403}},
        },
        "rows": {"shop": 1200},
        **changes,
    }


def a_result(passed: bool = True, **changes: Any) -> dict[str, Any]:
    return {
        "passed": passed,
        "level": "rehearse",
        "duration": 49.0,
        "sets": [a_set()],
        "findings": [],
        "remarks": [],
        **({} if passed else {"failed": True, "msg": "set 20261123T020000Z is bad: table …"}),
        **changes,
    }


BAD = a_result(False, sets=[a_set(state="failed", counts={**NONE, "critical": 1})], findings=[FINDING])
NOT_EVEN_BEGUN = {"failed": True, "msg": "cannot reach the Docker daemon"}


def test_report_passes_only_when_every_host_did() -> None:
    assert make_report({"a": a_result()}, "now")["passed"] is True
    for other in (BAD, NOT_EVEN_BEGUN, None):
        assert make_report({"a": a_result(), "b": other}, "now")["passed"] is False


def test_report_tells_of_every_host() -> None:
    lost = {"unreachable": True, "msg": "Connection refused"}
    results = {"c": None, "b": BAD, "a": a_result(), "d": NOT_EVEN_BEGUN, "e": lost}
    report = make_report(results, "2026-11-23T09:00:00Z")
    assert {host: each["state"] for host, each in report["hosts"].items()} == {
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


def test_one_host_reads_well() -> None:
    assert verify_summary("lab", a_result(), False) == [
        "lab: the set passed (rehearse), 49 s",
        "  20261123T020000Z  passed  rehearse  212 files, 310.4 MB, came back in 42 s, 1,200 rows",
    ]
    lines = verify_summary("lab", {**BAD, "findings": [FINDING] * 12, "remarks": ["look"]}, False)
    assert lines[0] == "lab: 1 of 1 set did not pass (rehearse), 49 s"
    assert lines[2] == "  critical: table public.a|b of shop: 2 rows (expected 3 rows)"
    assert lines[-2:] == ["  … and 2 more findings", "  remark: look"]
    assert verify_summary("lab", NOT_EVEN_BEGUN, False) == ["lab: nothing was verified: cannot reach the Docker daemon"]
    unknown = a_result(False, sets=[a_set(state="not verified", problem="no image", recovery_seconds=None, rows={})])
    assert verify_summary("lab", unknown, False)[-1] == "  20261123T020000Z: no image"
    two = a_result(sets=[a_set(), a_set(set_id="20261124T020000Z")])
    assert verify_summary("lab", two, False)[0] == "lab: all 2 sets passed (rehearse), 49 s"


def test_many_hosts_failures_first() -> None:
    lines = verify_table({"a": a_result(), "b": BAD, "c": NOT_EVEN_BEGUN})
    assert [line.split()[:2] for line in lines] == [
        ["HOST", "RESULT"],
        ["b", "FAILED"],
        ["c", "FAILED"],
        ["a", "passed"],
    ]
    assert "set 20261123T020000Z is bad" in lines[1]
