# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reports how full the stack's cache is and what fills it, and flushes it on request."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any

from ansible_collections.maxops.ops.plugins.module_utils.systems.kinds import MEMCACHED, REDIS
from ansible_collections.maxops.ops.plugins.module_utils.systems.redis import Redis, RedisError, RedisServer
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError

from .memcached import manage_memcached, nothing
from .plan import CacheOptions, chosen, keyspace_of, kinds_of, memory_of, refuse_unconfirmed, remarks, traffic_of

FREEING_SECONDS = 5.0
"""How long to wait for the server to free memory; it frees in the background, so other clients do not wait."""


def manage_cache(options: CacheOptions, check_mode: bool) -> dict[str, Any]:
    """Report how full the cache is and what fills it; flush it if that was requested and confirmed."""
    started = time.monotonic()
    stack = options.access.connect()
    roles = options.access.roles(stack)
    if not roles.cache and not roles.problem("cache_service"):
        result = nothing(str(stack.not_found("cache", "cache_service")), options)
    elif roles.cache_kind == MEMCACHED:
        result = manage_memcached(options, options.access.cache_container(stack), check_mode)
    else:
        result = _manage_redis(options, options.access.redis(stack, options.access.cache_container(stack)), check_mode)
    result["duration"] = round(time.monotonic() - started, 3)
    return result


def _manage_redis(options: CacheOptions, server: RedisServer, check_mode: bool) -> dict[str, Any]:
    with server.connect() as redis:
        for database in options.databases or ():
            _refuse_missing(redis, database)
        info = redis.info()
        memory, traffic, keyspace = memory_of(info), traffic_of(info), keyspace_of(info)
        kinds, kinds_remarks = _kinds(redis, options, keyspace)
        to_flush = chosen(keyspace, options.databases) if options.flush else []
        result: dict[str, Any] = {
            "changed": bool(to_flush),
            "kind": REDIS,
            "version": info.get("redis_version", ""),
            "memory": memory,
            "traffic": traffic,
            "keyspace": keyspace,
            "kinds": kinds,
            "remarks": remarks(memory, traffic) + kinds_remarks,
        }
        if options.flush:
            flushed = {
                "databases": [entry["database"] for entry in to_flush],
                "keys": sum(entry["keys"] for entry in to_flush),
            }
            if to_flush and not check_mode:
                refuse_unconfirmed(options, to_flush, memory["used"])
                purpose = f"flush of the cache of {options.access.project_name}"
                with options.access.locked(purpose):
                    _flush(redis, options)
                result["memory_after"] = memory_of(redis.info("memory"))
                flushed["freed_bytes"] = max(0, memory["used"] - result["memory_after"]["used"])
            result["flushed"] = flushed
    return result


def _refuse_missing(redis: Redis, database: int) -> None:
    """Raise MaxopsError for a database that the server does not have; an empty one is no error."""
    try:
        redis.run("SELECT", database)
    except RedisError as error:
        if "out of range" not in error.reply:
            raise
        last = redis.setting("databases")
        numbers = f"0 to {int(last) - 1}" if last.isdigit() else "the numbers of its configuration"
        raise MaxopsError(
            f"the cache has no database {database}, only {numbers}; nothing was flushed. Correct databases "
            "(cache_databases), or leave it out for all databases"
        ) from error


def _kinds(
    redis: Redis, options: CacheOptions, keyspace: Iterable[Mapping[str, int]]
) -> tuple[list[dict[str, Any]], list[str]]:
    """The largest kinds of keys, from a sample of each database; and remarks where they cannot be read."""
    samples: dict[int, list[tuple[str, str, int]]] = {}
    try:
        for entry in keyspace:
            redis.run("SELECT", entry["database"])
            samples[entry["database"]] = _sample(redis, options.sample)
    except RedisError as error:
        return [], [f"the kinds of keys cannot be read: {error}"]
    return kinds_of({database: keys for database, keys in samples.items() if keys}, keyspace, options.listed), []


def _sample(redis: Redis, count: int) -> list[tuple[str, str, int]]:
    # SCAN follows the slots of the hash table, so its first keys are as good a sample as any.
    _cursor, keys = redis.run("SCAN", 0, "COUNT", count) if count else ("0", [])
    sample = []
    for key in keys[:count]:
        size = redis.run("MEMORY", "USAGE", key)
        if size is not None:  # else it expired meanwhile, or its name is not text
            sample.append((key, str(redis.run("TYPE", key)), int(size)))
    return sample


def _flush(redis: Redis, options: CacheOptions) -> None:
    if options.databases is None:
        redis.run("FLUSHALL", "ASYNC")
    for database in options.databases or ():
        redis.run("SELECT", database)
        redis.run("FLUSHDB", "ASYNC")
    deadline = time.monotonic() + FREEING_SECONDS
    with suppress(ValueError):
        while time.monotonic() < deadline and int(redis.info("memory").get("lazyfree_pending_objects") or 0):
            time.sleep(0.05)
