# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What operators read about their databases, cache and disk, on one host and on many."""

from __future__ import annotations

from ansible_collections.maxops.ops.plugins.plugin_utils.care_text import (
    cache_summary,
    cache_table,
    cleanup_summary,
    cleanup_table,
    optimize_summary,
    optimize_table,
)

FAILED = {"failed": True, "msg": "container postgres-1 is exited"}
END = "end it with SELECT"
GONE = {"failed": True, "unreachable": True, "msg": "Connection refused"}

TABLE = {
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
CARE = {
    "version": "17.6",
    "databases": [{"name": "gitea", "statistics_days": 41.2}],
    "tables": [TABLE, {**TABLE, "name": "issue", "outcome": "left", "problem": "another session holds it: pid 7"}],
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

CACHE = {
    "version": "8.0.2",
    "memory": {
        "used": 1_300_000,
        "peak": 1_500_000,
        "resident": 14_100_000,
        "limit": 2_600_000,
        "policy": "allkeys-lru",
        "fragmentation": 10.77,
    },
    "traffic": {"evicted": 0, "expired": 120, "hit_percent": 90.0, "clients": 2, "blocked_clients": 0},
    "keyspace": [{"database": 1, "keys": 1200, "expiring": 1100}],
    "kinds": [{"database": 1, "prefix": "views/*", "type": "string", "keys": 1200, "bytes": 1_000_000}],
    "remarks": [],
}

IMAGE = {
    "kind": "image",
    "name": "gitea/gitea:1.20",
    "reason": "used by no container",
    "bytes": 171_900_000,
    "age_days": 212.4,
    "outcome": "removed",
    "problem": "",
}
CLEANUP = {
    "items": [IMAGE, {**IMAGE, "name": "busy:1", "outcome": "left", "problem": "container x is using it"}],
    "kept": [
        {"kind": "image", "name": "gitea/gitea:1.21", "reason": "backup set X was made with it", "young": False},
        {"kind": "image", "name": "young:1", "reason": "is younger than 30 days", "young": True},
    ],
    "freed_bytes": 171_900_000,
    "remarks": [],
    "duration": 3.1,
}


def test_databases_of_one_host():
    assert optimize_summary("lab", CARE, False) == [
        "lab: tended 1 table and left 1 of 1 database on PostgreSQL 17.6, 1.4 s",
        "  VACUUM (ANALYZE)  gitea public.action  8.2 MB  12,000 of 40,000 rows are dead, 1.2 s",
        "  left gitea public.issue: another session holds it: pid 7",
        "  slow now: pid 9 gitea maxops, active for 12 s, waits for pid 7: UPDATE t SET a = ?",
        "  costly: gitea, 5 min 40 s in 1,200 calls, 283.4 ms each: SELECT $1",
        f"  keeps dead rows for 90 min 00 s: session 7 of maxops, idle in transaction; {END} pg_terminate_backend(7)",
        "  unused for 41.2 days: gitea public.i, 8.4 MB: DROP INDEX CONCURRENTLY i",
        "  bloated table: gitea public.action, about 6.0 MB (60 %) of 10.0 MB: pg_repack",
        "  remark: look",
    ]


def test_databases_in_check_mode():
    look = {**CARE, "tables": [{**TABLE, "outcome": "would be done"}], "statements_advice": "get it so"}
    lines = optimize_summary("lab", look, True)
    assert lines[0] == "lab: would tend 1 table of 1 database on PostgreSQL 17.6, 1.4 s"
    assert "  get it so" in lines


def test_long_lists_are_cut():
    lines = optimize_summary("lab", {**CARE, "tables": [TABLE] * 13}, False)
    assert lines[11] == "  … and 3 more tables"


def test_databases_of_many_hosts_failures_first_then_those_with_most_to_look_at():
    quiet = {**CARE, "tables": [TABLE], "queries": [], "holders": [], "remarks": []}
    lines = optimize_table({"quiet": quiet, "busy": CARE, "gone": GONE, "down": FAILED})
    assert [line.split()[:2] for line in lines] == [
        ["HOST", "TENDED"],
        ["down", "FAILED"],
        ["gone", "UNREACHABLE"],
        ["busy", "1"],
        ["quiet", "1"],
    ]
    assert lines[1].endswith(FAILED["msg"])


def test_cache_of_one_host():
    assert cache_summary("lab", CACHE, False) == [
        "lab: Redis 8.0.2",
        "  memory    1.3 MB of 2.6 MB, at most 1.5 MB, allkeys-lru",
        "  resident  14.1 MB, 10.77 times of what is used",
        "  keys      1,200 in database 1 (1,100 of them expire)",
        "  traffic   0 evicted, 120 expired, 90.0 % of the questions were hits",
        "  clients   2 connected, 0 blocked",
        "  about 1.0 MB in 1,200 strings views/* of database 1",
    ]


def test_flush_before_and_after():
    flushed = {"databases": [1], "keys": 1200, "freed_bytes": 1_000_000}
    look = cache_summary("lab", {**CACHE, "flushed": flushed}, True)[-1]
    assert look == "  would flush 1,200 keys of database 1: sessions in it would be lost and everybody logged out"
    done = cache_summary("lab", {**CACHE, "flushed": flushed}, False)[-1]
    assert done == "  flushed 1,200 keys of database 1, 1.0 MB freed"
    nothing = cache_summary("lab", {**CACHE, "flushed": {"databases": [], "keys": 0}}, False)[-1]
    assert nothing == "  there was nothing to flush"


def test_caches_of_many_hosts_the_fullest_first():
    free = {**CACHE, "memory": {**CACHE["memory"], "limit": 0}}
    lines = cache_table({"free": free, "half": CACHE, "gone": GONE})
    assert [line.split()[0] for line in lines] == ["HOST", "gone", "half", "free"]
    assert "50 %" in lines[2]


def test_disk_of_one_host():
    assert cleanup_summary("lab", CLEANUP, False) == [
        "lab: freed 171.9 MB in 1 thing, 3.1 s",
        "  image  gitea/gitea:1.20  171.9 MB  212 d  used by no container",
        "  left image busy:1: container x is using it",
        "  kept image gitea/gitea:1.21: backup set X was made with it",
        "  kept 1 thing that nobody uses but is too young",
    ]
    assert cleanup_summary("lab", CLEANUP, True)[0].startswith("lab: would free 171.9 MB")


def test_disks_of_many_hosts_those_with_most_first():
    little = {**CLEANUP, "freed_bytes": 1}
    lines = cleanup_table({"little": little, "much": CLEANUP, "down": FAILED})
    assert [line.split()[0] for line in lines] == ["HOST", "down", "much", "little"]
    assert lines[2].split()[:7] == ["much", "171.9", "MB", "0", "1", "0", "0"]


def test_failure_on_one_host_is_told_with_its_cause():
    for summary in (optimize_summary, cache_summary, cleanup_summary):
        [line] = summary("lab", FAILED, False)
        assert line.endswith(FAILED["msg"])
