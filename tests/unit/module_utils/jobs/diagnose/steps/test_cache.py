# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The cache of a stack: Redis, memcached, or none."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator
from dataclasses import replace

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.jobs.diagnose.steps.cache import check_cache
from ansible_collections.maxops.ops.tests.unit.diagnoses import inspection, view_of


class Handler(socketserver.StreamRequestHandler):
    """Answers as memcached does."""

    def handle(self) -> None:
        """Answer one line."""
        if self.rfile.readline() == b"version\r\n":
            self.wfile.write(b"VERSION 1.6.18\r\n")


@pytest.fixture
def port() -> Iterator[int]:
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


def web(port: int) -> dict[str, str]:
    """The environment of OpenProject's service that uses this memcached."""
    return {"OPENPROJECT_CACHE__MEMCACHE__SERVER": f"cache:{port}", "OPENPROJECT_HTTPS": "false"}


def test_memcached_that_answers_is_well(port: int) -> None:
    cache = inspection("cache", image="memcached:1", addresses=["127.0.0.1"])
    result = check_cache(view_of(inspection("web", environment=web(port)), cache))
    assert (result.causes, result.unknown) == ([], [])
    assert result.seen == f"memcached answers on port {port}; used by web"


def test_memcached_that_does_not_answer_is_a_cause(port: int) -> None:
    cache = inspection("cache", image="memcached:1", addresses=["127.0.0.1"])
    [cause] = check_cache(view_of(inspection("web", environment=web(1)), cache)).causes
    assert (cause.check, cause.subject, cause.fix) == (
        "connection_failed",
        "cache on this host",
        "docker logs --tail=50 shop-cache-1; docker restart shop-cache-1",
    )


def test_stack_without_a_cache_is_well() -> None:
    result = check_cache(view_of(inspection("server", image="gitea/gitea:1.22")))
    assert (result.seen, result.state) == ("the stack has no cache", "ok")


def test_cache_without_an_address_is_unknown() -> None:
    result = check_cache(view_of(inspection("cache", image="memcached:1", addresses=[])))
    assert result.unknown == ["shop-cache-1 has no address that this host can reach"]


def test_cache_that_was_named_and_is_not_there_is_unknown() -> None:
    view = view_of(inspection("web", environment=web(1)))
    view.roles = replace(view.roles, cache="cahce")
    result = check_cache(view)
    assert (result.state, result.unknown) == ("unknown", ['the stack has no service "cahce": correct cache_service'])
