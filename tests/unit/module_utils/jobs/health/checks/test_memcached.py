# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""memcached as the check of the cache sees it, over a real connection."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.jobs.health.checks.cache import check_cache
from ansible_collections.maxops.ops.plugins.module_utils.systems.access import Access
from ansible_collections.maxops.ops.tests.unit.health_stack import ENDED, inspected, view_of

STATS = {"version": "1.6.18", "uptime": "7200", "bytes": "32000000", "limit_maxbytes": "64000000", "curr_items": "12"}
STATS |= {"evictions": "0", "curr_connections": "10", "max_connections": "1024", "listen_disabled_num": "0"}


class Server(socketserver.ThreadingTCPServer):
    """Answers ``stats`` as memcached does."""

    allow_reuse_address = True
    daemon_threads = True
    stats: dict[str, str]


class Handler(socketserver.StreamRequestHandler):
    """One connection."""

    def handle(self) -> None:
        assert self.rfile.readline() == b"stats\r\n"
        for name, value in self.server.stats.items():  # type: ignore[attr-defined]
            self.wfile.write(f"STAT {name} {value}\r\n".encode())
        self.wfile.write(b"END\r\n")


@pytest.fixture
def server() -> Iterator[Server]:
    one = Server(("127.0.0.1", 0), Handler)
    one.stats = dict(STATS)
    threading.Thread(target=one.serve_forever, daemon=True).start()
    yield one
    one.shutdown()
    one.server_close()


def findings(monkeypatch: pytest.MonkeyPatch, port: int, state: Any = None) -> dict[str, Any]:
    cache = inspected("cache", "memcached:1", state)
    environment = {"OPENPROJECT_CACHE__MEMCACHE__SERVER": f"cache:{port}"}
    web = inspected("web", "openproject/openproject:15-slim", environment=environment)
    view = view_of(monkeypatch, cache, web)
    found = {finding.subject: finding for finding in check_cache(view)}
    measures = {measure["name"]: measure["value"] for measure in view.measures}
    return {**found, "measures": measures}


def test_memcached_that_answers_is_ok_at_the_port_that_the_application_uses(
    monkeypatch: pytest.MonkeyPatch, server: Server
) -> None:
    found = findings(monkeypatch, server.server_address[1])
    assert found["server"].seen.startswith("memcached 1.6.18 answered in ")
    assert found["memory"].seen == "32.0 MB of 64.0 MB used (50 %)"
    assert found["evictions"].seen == "no entry evicted"
    assert found["clients"].seen == "10 of 1024 connections"
    assert {found[name].state for name in ("server", "memory", "evictions", "clients")} == {"ok"}
    assert found["measures"]["memcached_memory_limit_bytes"] == 64_000_000
    assert found["measures"]["memcached_evictions_total"] == 0


def test_evictions_and_connections_have_the_limits_of_the_cache(
    monkeypatch: pytest.MonkeyPatch, server: Server
) -> None:
    server.stats |= {"evictions": "9000", "curr_connections": "1000"}
    found = findings(monkeypatch, server.server_address[1])
    assert (found["evictions"].state, found["evictions"].seen) == ("warning", "4500 entries evicted an hour")
    assert found["clients"].state == "critical"


def test_memcached_that_cannot_be_reached_is_critical(monkeypatch: pytest.MonkeyPatch) -> None:
    found = findings(monkeypatch, 9)
    assert found["server"].state == "critical"
    assert "127.0.0.1:9 connection refused" in found["server"].seen


def test_stopped_memcached_has_the_command_that_starts_it(monkeypatch: pytest.MonkeyPatch) -> None:
    found = findings(monkeypatch, 9, ENDED)
    assert found["server"].state == "critical"
    assert found["server"].fix.endswith("up --detach cache")


def test_cache_that_was_named_and_is_not_there_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    web = inspected("web", "openproject/openproject:17")
    [named] = check_cache(view_of(monkeypatch, web, access=Access("shop", cache_service="cahce")))
    assert (named.state, named.seen) == ("unknown", 'the stack has no service "cahce"')
    assert named.fix.startswith("correct cache_service")
    [none] = check_cache(view_of(monkeypatch, web))
    assert none.state == "ok"
