# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Empties sessions and caches that applications keep on a Redis or memcached server.

The journal holds no password: the logins are read from the containers again.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Iterator
from dataclasses import replace

from ansible_collections.maxops.ops.plugins.module_utils.systems import memcached
from ansible_collections.maxops.ops.plugins.module_utils.systems.applications import MEMCACHED, REDIS
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker import services
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.stack import Container, Stack
from ansible_collections.maxops.ops.plugins.module_utils.systems.redis import (
    Redis,
    RedisError,
    RedisServer,
    RedisUnreachable,
    find_redis,
)
from ansible_collections.maxops.ops.plugins.module_utils.systems.stores import stores_of
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError

from .journal import Clearing, Journal

REDIS_SESSIONS, REDIS_LIST = "redis sessions", "redis list"
"""Kinds of clearings on a server, beside REDIS (a whole database) and MEMCACHED: Gitea's sessions, and Gitea's cache,
whose keys a hash lists."""

SESSION_KEY = "[0-9a-f]{16,64}"
"""Gitea's name of a session, after the configured prefix."""

BUSY_SECONDS = 5.0
"""How long a server that runs may take to answer."""

READY_SECONDS = 60.0
"""How long a server that was started again may take to answer."""


def clear_on_server(stack: Stack, journal: Journal, clearing: Clearing) -> list[str]:
    """Do one clearing; returns a remark where its server did not run before. Raises MaxopsError when it fails."""
    container, seconds = container_of(stack, clearing.host), BUSY_SECONDS
    if container and not container.running:
        remark = not_running(stack, journal.services, clearing)
        if remark:
            return [remark]
        services.start(stack, {container.service: journal.services[container.service]})
        stack.refresh()
        seconds = READY_SECONDS
    if clearing.kind == MEMCACHED:
        memcached.flush_all(*_memcached_address(stack, clearing))
    else:
        _clear_redis(stack, clearing, seconds)
    return []


def not_running(stack: Stack, started: Iterable[str], clearing: Clearing) -> str:
    """What to do about a server that does not run and is none of the services that are started; else nothing."""
    container = container_of(stack, clearing.host) if clearing.host else None
    if container is None or container.running or container.service in started:
        return ""
    return (
        f"{container.name} is {container.state}, so {clearing.what} cannot be deleted: start it alone and empty it "
        "(ansible-playbook maxops.ops.cache -e cache_flush=true) before the applications start"
    )


def _clear_redis(stack: Stack, clearing: Clearing, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while True:
        try:
            with connect(stack, clearing) as redis:
                if clearing.kind == REDIS:
                    redis.empty(clearing.database)
                elif clearing.kind == REDIS_SESSIONS:
                    redis.delete_matching(clearing.database, clearing.keys, re.escape(clearing.keys) + SESSION_KEY)
                else:
                    redis.delete_listed(clearing.database, clearing.keys)
                redis.save_soon()
            return
        except (RedisError, RedisUnreachable) as error:
            loading = isinstance(error, RedisUnreachable) or error.reply.startswith("LOADING")
            if not loading or time.monotonic() > deadline:
                raise
        time.sleep(0.5)
        stack.refresh()


def connect(stack: Stack, clearing: Clearing) -> Redis:
    """A connection to the Redis of a clearing, with the first login that works. Raises MaxopsError without one."""
    failure: MaxopsError | None = None
    for server in _redis_servers(stack, clearing):
        try:
            return _logged_in(server)
        except RedisError as error:  # noqa: PERF203 - two or three logins
            failure = failure or error
    raise failure or MaxopsError(f"no login for Redis at {clearing.host} is known")


def _logged_in(server: RedisServer) -> Redis:
    redis = server.connect()
    try:
        redis.run("PING")
    except BaseException:
        redis.close()
        raise
    return redis


def _redis_servers(stack: Stack, clearing: Clearing) -> Iterator[RedisServer]:
    container = container_of(stack, clearing.host)
    if container:
        base = replace(find_redis(container), port=clearing.port)
        yield base
    else:
        base = RedisServer(clearing.host, clearing.port, "", clearing.host)
    for application in stack.of_service(clearing.service):
        for store in stores_of(application):
            if (store.kind, store.host, store.port) == (REDIS, clearing.host, clearing.port):
                yield replace(base, user=store.user, password=store.password)


def _memcached_address(stack: Stack, clearing: Clearing) -> tuple[str, int, str]:
    container = container_of(stack, clearing.host)
    if container is None:
        return clearing.host, clearing.port, f"memcached at {clearing.host}"
    if not container.addresses:
        raise MaxopsError(
            f"container {container.name} has no address that this host can reach: docker restart {container.name} "
            "empties it"
        )
    return container.addresses[0], clearing.port, f"memcached in container {container.name}"


def check(stack: Stack, clearing: Clearing) -> None:
    """Raise MaxopsError when the server of a clearing runs and does not accept the login. Changes nothing."""
    container = container_of(stack, clearing.host) if clearing.host else None
    if clearing.host and (container is None or container.running):
        if clearing.kind == MEMCACHED:
            memcached.check(*_memcached_address(stack, clearing))
        else:
            connect(stack, clearing).close()


def container_of(stack: Stack, host: str) -> Container | None:
    """The container of the stack that applications reach by this name or address; a running one first."""
    found = [
        container
        for container in stack.containers
        if host in {container.service, container.name, container.id[:12], *container.addresses}
        or host in stack.inspection_of(container).aliases
    ]
    return next((container for container in found if container.running), found[0] if found else None)
