# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Summaries of the job optimize, for one host and for many."""

from __future__ import annotations

from typing import Any

from ansible_collections.maxops.ops.plugins.plugin_utils.summary.optimize import summary, table

FAILED: dict[str, Any] = {"failed": True, "msg": "container postgres-1 is exited"}
END = "end it with SELECT"
GONE: dict[str, Any] = {"failed": True, "unreachable": True, "msg": "Connection refused"}
TABLE: dict[str, Any] = {
    "database": "gitea",
    "schema": "public",
    "name": "action",
    "bytes": 8_200_000,
    "action": "VACUUM (ANALYZE)",
    "reasons": ["12,000 of 40,000 rows are dead"],
    "outcome": "done",
    "problem": "",
    "dead_after": 0,
    "duration": 1.24,
}
CARE: dict[str, Any] = {
    "version": "17.6",
    "databases": [{"name": "gitea", "statistics_days": 41.2}],
    "tables": [TABLE, {**TABLE, "name": "issue", "outcome": "left", "problem": "another session has locked it: pid 7"}],
    "queries": [
        {
            "pid": 9,
            "database": "gitea",
            "user": "maxops",
            "state": "active",
            "seconds": 12.4,
            "blocked_by": [7],
            "query": "UPDATE t SET a = ?",
        }
    ],
    "statements": [
        {"database": "gitea", "calls": 1200, "total_seconds": 340.1, "mean_milliseconds": 283.4, "query": "SELECT $1"}
    ],
    "statements_advice": "",
    "holders": [{"kind": "session", "name": "7", "user": "maxops", "state": "idle in transaction", "seconds": 5400.2}],
    "unused_indexes": [
        {
            "database": "gitea",
            "schema": "public",
            "name": "i",
            "bytes": 8_400_000,
            "fix": "DROP INDEX CONCURRENTLY i",
        }
    ],
    "bloat": [
        {
            "kind": "table",
            "database": "gitea",
            "schema": "public",
            "name": "action",
            "bytes": 10_000_000,
            "wasted_bytes": 6_000_000,
            "fix": "pg_repack",
        }
    ],
    "remarks": ["look"],
    "duration": 1.4,
}


def test_databases_of_one_host() -> None:
    assert summary("lab", CARE, False) == [
        "lab: optimized 1 table and left 1 of 1 database on PostgreSQL 17.6, 1.4 s",
        "  VACUUM (ANALYZE)  gitea public.action  8.2 MB  12,000 of 40,000 rows are dead, 1.2 s",
        "  left gitea public.issue: another session has locked it: pid 7",
        "  slow now: pid 9 gitea maxops, active for 12 s, waits for pid 7: UPDATE t SET a = ?",
        "  costly: gitea, 5 min 40 s in 1,200 calls, 283.4 ms per call: SELECT $1",
        f"  keeps dead rows for 90 min 00 s: session 7 of maxops, idle in transaction; {END} pg_terminate_backend(7)",
        "  unused for 41.2 days: gitea public.i, 8.4 MB: DROP INDEX CONCURRENTLY i",
        "  bloated table: gitea public.action, about 6.0 MB (60 %) of 10.0 MB: pg_repack",
        "  remark: look",
    ]


def test_databases_in_check_mode() -> None:
    look = {**CARE, "tables": [{**TABLE, "outcome": "would be done"}], "statements_advice": "get it so"}
    lines = summary("lab", look, True)
    assert lines[0] == "lab: would optimize 1 table of 1 database on PostgreSQL 17.6, 1.4 s"
    assert "  get it so" in lines


def test_long_lists_are_cut() -> None:
    lines = summary("lab", {**CARE, "tables": [TABLE] * 13}, False)
    assert lines[11] == "  … and 3 more tables"


def test_databases_of_many_hosts_failures_first_then_the_most_to_check() -> None:
    quiet = {**CARE, "tables": [TABLE], "queries": [], "holders": [], "remarks": []}
    lines = table({"quiet": quiet, "busy": CARE, "gone": GONE, "down": FAILED})
    assert [line.split()[:2] for line in lines] == [
        ["HOST", "OPTIMIZED"],
        ["down", "FAILED"],
        ["gone", "UNREACHABLE"],
        ["busy", "1"],
        ["quiet", "1"],
    ]
    assert lines[1].endswith(FAILED["msg"])


def test_failure_on_one_host_is_shown_with_its_cause() -> None:
    [line] = summary("lab", FAILED, False)
    assert line.endswith(FAILED["msg"])
