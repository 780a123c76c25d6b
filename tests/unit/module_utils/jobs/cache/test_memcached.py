# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""memcached's statistics in the form of a report, and a flush that needs its confirmation."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.jobs.cache import memcached as job
from ansible_collections.maxops.ops.plugins.module_utils.jobs.cache.memcached import manage_memcached, nothing
from ansible_collections.maxops.ops.plugins.module_utils.jobs.cache.plan import CacheOptions
from ansible_collections.maxops.ops.plugins.module_utils.systems.access import Access
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError
from ansible_collections.maxops.ops.plugins.plugin_utils.summary.cache import summary, table
from ansible_collections.maxops.ops.tests.unit.stacks import container

STATS = {
    "version": "1.6.21",
    "uptime": "90",
    "bytes": "61000000",
    "limit_maxbytes": "67108864",
    "curr_items": "1200",
    "evictions": "7",
    "get_hits": "90",
    "get_misses": "10",
    "curr_connections": "4",
}
CACHE = container("cache", addresses=["127.0.0.9", "127.0.0.1"])


@pytest.fixture(name="asked")
def _asked(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[bytes]]:
    """What a server on this host is asked; it answers as memcached does."""
    asked: list[bytes] = []
    server = socket.create_server(("127.0.0.1", 0))
    monkeypatch.setattr(job, "PORT", server.getsockname()[1])

    def serve() -> None:
        while True:
            try:
                connection, _address = server.accept()
            except OSError:
                return
            with connection:
                command = connection.recv(100)
                asked.extend([command] if command else [])
                lines = [f"STAT {name} {value}\r\n" for name, value in STATS.items()]
                connection.sendall(b"OK\r\n" if b"flush" in command else "".join([*lines, "END\r\n"]).encode())

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield asked
    server.shutdown(socket.SHUT_RDWR)
    server.close()
    thread.join()


def options(**changes: object) -> CacheOptions:
    return CacheOptions(access=Access("maxmemcached-unit"), **{"name": "web1", **changes})  # type: ignore[arg-type]


def test_report_shows_memory_keys_and_evictions(asked: list[bytes]) -> None:
    result = manage_memcached(options(), CACHE, check_mode=False)
    assert (result["changed"], result["kind"], result["version"]) == (False, "memcached", "1.6.21")
    assert (result["memory"]["used"], result["memory"]["limit"]) == (61000000, 67108864)
    assert result["keyspace"] == [{"database": 0, "keys": 1200, "expiring": 0}]
    assert (result["traffic"]["evicted"], result["traffic"]["hit_percent"]) == (7, 90.0)
    assert "91 % full" in result["remarks"][0]
    assert asked == [b"stats\r\n"]
    lines = "\n".join(summary("web1", result, check_mode=False))
    assert "web1: memcached 1.6.21" in lines
    assert "61.0 MB of 67.1 MB" in lines
    assert "resident" not in lines
    assert "1,200" in table({"web1": result})[1]


def test_flush_needs_its_confirmation(asked: list[bytes]) -> None:
    with pytest.raises(MaxopsError, match="nothing was flushed on web1"):
        manage_memcached(options(flush=True), CACHE, check_mode=False)
    planned = manage_memcached(options(flush=True), CACHE, check_mode=True)
    assert (planned["changed"], planned["flushed"]) == (True, {"databases": [0], "keys": 1200})
    assert b"flush_all\r\n" not in asked
    done = manage_memcached(options(flush=True, confirm="web1"), CACHE, check_mode=False)
    assert (done["changed"], done["flushed"]["keys"]) == (True, 1200)
    assert asked[-1] == b"flush_all\r\n"


def test_databases_are_refused() -> None:
    with pytest.raises(MaxopsError, match="memcached, which has no databases"):
        manage_memcached(options(flush=True, databases=[1, 2]), CACHE, check_mode=False)


def test_server_that_cannot_be_reached_is_named() -> None:
    with pytest.raises(MaxopsError, match="memcached in container shop-cache-1 cannot be reached: it has no address"):
        manage_memcached(options(), container("cache", addresses=()), check_mode=False)


def test_stack_without_a_cache_is_no_failure() -> None:
    result = nothing("project shop has no cache", options(flush=True))
    assert (result["changed"], result["kind"], result["flushed"]["keys"]) == (False, "", 0)
    assert summary("web1", result, check_mode=False)[0] == "web1: no cache"
    assert "web1" in table({"web1": result})[1]
