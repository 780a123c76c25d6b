# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The cache of a stack with memcached, and of one without a cache, in the result's form for Redis.

memcached has one database, which is shown as number 0, and does not list its keys.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.maxops.ops.plugins.module_utils.systems import memcached
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.addresses import reach
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.container import Container
from ansible_collections.maxops.ops.plugins.module_utils.systems.kinds import MEMCACHED
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError
from ansible_collections.maxops.ops.plugins.module_utils.tools.words import human_size

from .plan import FULL_PERCENT, CacheOptions, refuse_unconfirmed

PORT = 11211


def manage_memcached(options: CacheOptions, container: Container, check_mode: bool) -> dict[str, Any]:
    """Report how full a memcached server is; flush it if that was requested and confirmed."""
    if options.databases not in (None, [0]):
        raise MaxopsError(
            f"the cache of {options.name} is memcached, which has no databases and is only flushed as a whole: leave "
            "databases out"
        )
    name = f"memcached in container {container.name}"
    reached = reach(container.addresses, [PORT], memcached.SECONDS)
    if not reached.host:
        where = reached.describe() or "it has no address that this host can reach"
        raise MaxopsError(f"{name} cannot be reached: {where}; see docker logs --tail=50 {container.name}")
    result = facts_of(memcached.stats(reached.host, PORT, name))
    if options.flush:
        to_flush = result["keyspace"]
        keys = sum(entry["keys"] for entry in to_flush)
        result["changed"] = bool(to_flush)
        result["flushed"] = {"databases": [entry["database"] for entry in to_flush], "keys": keys}
        if to_flush and not check_mode:
            refuse_unconfirmed(options, to_flush, result["memory"]["used"])
            with options.access.locked(f"flush of the cache of {options.access.project_name}"):
                memcached.flush_all(reached.host, PORT, name)
            # It frees the memory of an entry when that is asked for, or its place is needed.
            result["memory_after"] = result["memory"]
            result["flushed"]["freed_bytes"] = 0
    return result


def facts_of(stats: Mapping[str, str]) -> dict[str, Any]:
    """The result of a report, from memcached's statistics."""

    def number(name: str) -> int:
        text = stats.get(name, "0")
        return int(text) if text.isdigit() else 0

    used, limit, keys = number("bytes"), number("limit_maxbytes"), number("curr_items")
    hits, misses = number("get_hits"), number("get_misses")
    remarks = []
    if limit and used * 100 >= FULL_PERCENT * limit:
        remarks.append(
            f"the cache is {100 * used / limit:.0f} % full ({human_size(used)} of {human_size(limit)}): give memcached "
            "more memory (its option -m)"
        )
    if number("evictions"):
        remarks.append(
            f"since the server was started, {number('evictions'):,} keys were evicted because the cache was full"
        )
    memory = {"used": used, "peak": used, "resident": used, "limit": limit, "policy": "lru", "fragmentation": 0.0}
    return {
        "changed": False,
        "kind": MEMCACHED,
        "version": stats.get("version", ""),
        "memory": memory,
        "traffic": {
            "evicted": number("evictions"),
            "expired": number("reclaimed"),
            "hits": hits,
            "misses": misses,
            "hit_percent": round(100 * hits / (hits + misses), 1) if hits + misses else None,
            "clients": number("curr_connections"),
            "blocked_clients": 0,
            "up_seconds": number("uptime"),
        },
        "keyspace": [{"database": 0, "keys": keys, "expiring": 0}] if keys else [],
        "kinds": [],
        "remarks": remarks,
    }


def nothing(reason: str, options: CacheOptions) -> dict[str, Any]:
    """The result for a stack without a cache."""
    result = {**facts_of({}), "kind": "", "remarks": [reason]}
    if options.flush:
        result["flushed"] = {"databases": [], "keys": 0, "freed_bytes": 0}
    return result
