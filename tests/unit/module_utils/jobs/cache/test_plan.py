# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Facts that are read from Redis, and the confirmation of a flush."""

from __future__ import annotations

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.jobs.cache.plan import (
    CacheOptions,
    chosen,
    keyspace_of,
    kinds_of,
    memory_of,
    prefix_of,
    refuse_unconfirmed,
    remarks,
    traffic_of,
)
from ansible_collections.maxops.ops.plugins.module_utils.systems.access import Access
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError

INFO = {
    "used_memory": "1000000",
    "used_memory_peak": "2000000",
    "used_memory_rss": "3000000",
    "maxmemory": "0",
    "maxmemory_policy": "noeviction",
    "mem_fragmentation_ratio": "3.00",
    "keyspace_hits": "9",
    "keyspace_misses": "1",
    "db0": "keys=1,expires=0,avg_ttl=0",
    "db11": "keys=5,expires=4,avg_ttl=3,subexpiry=0",
    "db2": "keys=7,expires=1,avg_ttl=0",
}
MEMORY, TRAFFIC = memory_of(INFO), traffic_of(INFO)


def test_facts_of_info():
    assert MEMORY["used"] == 1_000_000
    assert MEMORY["fragmentation"] == 3.0
    assert (TRAFFIC["hit_percent"], TRAFFIC["evicted"]) == (90.0, 0)
    assert [row["database"] for row in keyspace_of(INFO)] == [0, 2, 11]
    assert keyspace_of(INFO)[2] == {"database": 11, "keys": 5, "expiring": 4}


def test_missing_facts_are_not_an_error():
    assert memory_of({})["limit"] == 0
    assert traffic_of({})["hit_percent"] is None


def test_no_remarks_on_a_small_cache_without_a_limit():
    assert remarks(MEMORY, TRAFFIC) == []


@pytest.mark.parametrize(
    ("memory", "traffic", "word"),
    [
        ({"limit": 1_100_000, "policy": "allkeys-lru"}, {}, "91 % full"),
        ({"limit": 10_000_000}, {}, "noeviction"),
        ({}, {"evicted": 5}, "5 keys were evicted"),
        ({"resident": 500_000_000}, {}, "occupies 3.0 ×"),
    ],
)
def test_remarks(memory, traffic, word):
    [line] = remarks({**MEMORY, **memory}, {**TRAFFIC, **traffic})
    assert word in line


@pytest.mark.parametrize(
    ("key", "prefix"),
    [
        ("views/issue/1", "views/*"),
        ("rack:session:2::abc", "rack:*"),
        ("0f3a9d1b22c4", "(no prefix)"),
        (":x", "(no prefix)"),
    ],
)
def test_kind_of_a_key_hides_names_that_may_be_secret(key, prefix):
    assert prefix_of(key) == prefix


def test_sample_is_projected_to_all_keys():
    samples = {1: [("a:1", "string", 100), ("a:2", "string", 300), ("b:1", "hash", 50), ("b:2", "hash", 50)]}
    kinds = kinds_of(samples, [{"database": 1, "keys": 40, "expiring": 0}], 10)
    assert kinds[0] == {"database": 1, "prefix": "a:*", "type": "string", "keys": 20, "bytes": 4000}
    assert kinds[1]["bytes"] == 1000
    assert kinds_of(samples, [{"database": 1, "keys": 40}], 1) == kinds[:1]


def test_flush_selects_the_named_databases_with_keys():
    assert [row["database"] for row in chosen(keyspace_of(INFO), None)] == [0, 2, 11]
    assert [row["database"] for row in chosen(keyspace_of(INFO), [2, 3])] == [2]


@pytest.mark.parametrize("confirm", ["", "other", "la", "lab1,b", " "])
def test_unconfirmed_flush_names_what_would_be_lost(confirm):
    options = CacheOptions(Access("maxoperation"), flush=True, confirm=confirm, name="lab")
    with pytest.raises(MaxopsError) as caught:
        refuse_unconfirmed(options, chosen(keyspace_of(INFO), None), 1_000_000)
    text = str(caught.value)
    assert "13 keys in database 0, 2, 11" in text
    assert "deletes all sessions" in text
    assert "all users are logged out" in text
    assert "-e confirm=lab" in text


@pytest.mark.parametrize("confirm", ["lab", "a, lab ,b"])
def test_confirmed_flush_is_allowed(confirm):
    refuse_unconfirmed(CacheOptions(Access("maxoperation"), flush=True, confirm=confirm, name="lab"), [], 0)
