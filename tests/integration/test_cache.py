# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module cache on a real Redis: its report, the flush that needs a confirmation, and its failures."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.tools.locks import exclusive_lock, stack_lock_path
from ansible_collections.maxops.ops.tests.integration.scratch_support import ScratchStack
from ansible_collections.maxops.ops.tests.integration.support import Module


@pytest.fixture
def cache(scratch_stack: ScratchStack, tmp_path: Path) -> Module:
    """The module, for a host named lab."""
    return Module("cache", {"project_name": scratch_stack.project, "name": "lab"}, tmp_path)


@pytest.fixture
def filled(scratch_stack: ScratchStack) -> Iterator[ScratchStack]:
    """The stack with 2000 big keys in one database and 10 small ones in another."""
    fill = "for i = 1, tonumber(ARGV[1]) do redis.call('SET', ARGV[2] .. i, string.rep('x', tonumber(ARGV[3]))) end"
    scratch_stack.redis("FLUSHALL")
    scratch_stack.redis("EVAL", fill, "0", "2000", "views/", "1000", database=1)
    scratch_stack.redis("EVAL", fill, "0", "10", "0a1b2c", "10", database=3)
    yield scratch_stack
    scratch_stack.redis("FLUSHALL")


def test_report_of_the_cache(cache: Module, filled: ScratchStack) -> None:
    look = cache()
    assert not look["changed"]
    assert "flushed" not in look
    assert [(row["database"], row["keys"]) for row in look["keyspace"]] == [(1, 2000), (3, 10)]
    assert look["memory"]["peak"] >= look["memory"]["used"] > 2_000_000
    views, sessions = look["kinds"]
    assert (views["prefix"], views["type"], views["keys"]) == ("views/*", "string", 2000)
    assert 2_000_000 <= views["bytes"] < 3_000_000
    assert sessions["prefix"] == "(no prefix)"


def test_flush_without_the_hosts_name_is_refused_and_names_the_loss(cache: Module, filled: ScratchStack) -> None:
    refused = cache(flush=True, confirm="other,labs")
    assert refused["failed"]
    assert "2,010 keys in database 1, 3" in refused["msg"]
    assert "deletes all sessions kept there, so all users are logged out" in refused["msg"]
    assert "-e confirm=lab" in refused["msg"]
    assert filled.redis("DBSIZE", database=1).strip() == "2000"


def test_confirmed_flush_frees_memory_once(cache: Module, filled: ScratchStack) -> None:
    look = cache(flush=True, check_mode=True)
    assert (look["changed"], look["flushed"]) == (True, {"databases": [1, 3], "keys": 2010})
    assert filled.redis("DBSIZE", database=1).strip() == "2000"
    done = cache(flush=True, confirm="lab")
    assert done["changed"]
    assert done["flushed"]["freed_bytes"] > 2_000_000
    assert filled.redis("INFO", "keyspace").split() == ["#", "Keyspace"]
    again = cache(flush=True)
    assert (again.get("failed", False), again["changed"], again["flushed"]["keys"]) == (False, False, 0)


def test_flush_of_one_database_leaves_the_others(cache: Module, filled: ScratchStack) -> None:
    assert cache(flush=True, confirm="a, lab", databases=[1])["flushed"]["keys"] == 2000
    assert filled.redis("DBSIZE", database=3).strip() == "10"


def test_flush_is_refused_while_another_job_runs(cache: Module, filled: ScratchStack) -> None:
    with exclusive_lock(stack_lock_path(filled.project), "stack", "restore of maxlitter"):
        refused = cache(flush=True, confirm="lab")
        assert "in use: restore of maxlitter by process" in refused["msg"]
        assert not cache().get("failed")
    assert filled.redis("DBSIZE", database=1).strip() == "2000"


def test_full_cache_and_evictions_are_remarked(cache: Module, filled: ScratchStack) -> None:
    filled.redis("CONFIG", "SET", "maxmemory", "2500kb")
    try:
        [full, refusing] = cache()["remarks"]
        assert "% full" in full
        assert "noeviction" in refusing
        filled.redis("CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
        filled.redis("CONFIG", "SET", "maxmemory", "2mb")
        assert any("evicted because the cache was full" in line for line in cache()["remarks"])
    finally:
        filled.redis("CONFIG", "SET", "maxmemory", "0")
        filled.redis("CONFIG", "SET", "maxmemory-policy", "noeviction")


def test_password_that_was_changed_is_named_as_the_cause(cache: Module, filled: ScratchStack) -> None:
    filled.redis("CONFIG", "SET", "requirepass", "another")
    try:
        refused = cache()
        assert "Redis in container maxlitter-redis-1 refuses the password" in refused["msg"]
        assert "secret" not in refused["msg"]
    finally:
        filled.compose(
            "exec",
            "-T",
            "--env",
            "REDISCLI_AUTH=another",
            "redis",
            "redis-cli",
            "CONFIG",
            "SET",
            "requirepass",
            "secret",
        )


@pytest.mark.parametrize("state", ["stop", "pause"])
def test_redis_that_is_not_running_is_named(cache: Module, filled: ScratchStack, state: str) -> None:
    filled.compose(state, *(["--timeout", "0"] if state == "stop" else []), "redis")
    try:
        refused = cache()
        assert "container maxlitter-redis-1" in refused["msg"]
        assert "not running" in refused["msg"]
    finally:
        filled.compose(*(["up", "--detach", "redis"] if state == "stop" else ["unpause", "redis"]))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"cache_service": "app"}, "cannot be reached"),
        ({"cache_service": "nothing"}, "name the right one in cache_service"),
        ({"databases": [-1]}, "databases is -1; give 0 or more"),
        ({"databases": [1, 99], "flush": True, "confirm": "lab"}, "the cache has no database 99, only 0 to 15"),
    ],
)
def test_invalid_options_are_refused_with_a_message(
    cache: Module, filled: ScratchStack, options: dict[str, Any], words: str
) -> None:
    result = cache(**options)
    assert words in result.get("msg", "")
    assert result["failed"]
    assert filled.redis("DBSIZE", database=1).strip() == "2000"
