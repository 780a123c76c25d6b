# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Summaries of the job cache, for one host and for many."""

from __future__ import annotations

from typing import Any

from ansible_collections.maxops.ops.plugins.plugin_utils.summary.cache import summary, table

FAILED: dict[str, Any] = {"failed": True, "msg": "container postgres-1 is exited"}
GONE: dict[str, Any] = {"failed": True, "unreachable": True, "msg": "Connection refused"}
CACHE: dict[str, Any] = {
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


def test_cache_of_one_host() -> None:
    assert summary("lab", CACHE, False) == [
        "lab: Redis 8.0.2",
        "  memory    1.3 MB of 2.6 MB, at most 1.5 MB, allkeys-lru",
        "  resident  14.1 MB, 10.77 × the memory in use",
        "  keys      1,200 in database 1 (1,100 of them expire)",
        "  traffic   0 evicted, 120 expired, hit rate 90.0 %",
        "  clients   2 connected, 0 blocked",
        "  about 1.0 MB in 1,200 strings views/* of database 1",
    ]


def test_flush_before_and_after() -> None:
    flushed = {"databases": [1], "keys": 1200, "freed_bytes": 1_000_000}
    look = summary("lab", {**CACHE, "flushed": flushed}, True)[-1]
    assert look == "  would flush 1,200 keys of database 1: its sessions would be deleted and all users logged out"
    done = summary("lab", {**CACHE, "flushed": flushed}, False)[-1]
    assert done == "  flushed 1,200 keys of database 1, 1.0 MB freed"
    nothing = summary("lab", {**CACHE, "flushed": {"databases": [], "keys": 0}}, False)[-1]
    assert nothing == "  there was nothing to flush"


def test_caches_of_many_hosts_the_fullest_first() -> None:
    free = {**CACHE, "memory": {**CACHE["memory"], "limit": 0}}
    lines = table({"free": free, "half": CACHE, "gone": GONE})
    assert [line.split()[0] for line in lines] == ["HOST", "gone", "half", "free"]
    assert "50 %" in lines[2]


def test_failure_on_one_host_is_shown_with_its_cause() -> None:
    [line] = summary("lab", FAILED, False)
    assert line.endswith(FAILED["msg"])
