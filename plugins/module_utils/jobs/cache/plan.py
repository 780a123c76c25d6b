# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads Redis' facts about memory and keys, and lists what a flush would lose."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.maxops.ops.plugins.module_utils.systems.access import Access
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError
from ansible_collections.maxops.ops.plugins.module_utils.tools.words import human_size

FULL_PERCENT = 90
FRAGMENTED = 1.5
FRAGMENTED_BYTES = 64 * 1000 * 1000
"""Below this size the ratio only shows the allocator's own pages, and defragmenting saves nothing."""


@dataclass(frozen=True)
class CacheOptions:
    """The operator's options; ``databases`` of None means all, ``name`` is the text that ``confirm`` must contain."""

    access: Access
    flush: bool = False
    databases: Sequence[int] | None = None
    confirm: str = ""
    name: str = ""
    sample: int = 200
    listed: int = 10


def memory_of(info: Mapping[str, str]) -> dict[str, Any]:
    """Facts about memory from INFO; sizes in bytes, a limit of 0 means no limit."""
    return {
        "used": _number(info, "used_memory"),
        "peak": _number(info, "used_memory_peak"),
        "resident": _number(info, "used_memory_rss"),
        "limit": _number(info, "maxmemory"),
        "policy": info.get("maxmemory_policy", ""),
        "fragmentation": float(info.get("mem_fragmentation_ratio") or 0),
    }


def traffic_of(info: Mapping[str, str]) -> dict[str, Any]:
    """Counts of evicted, expired and requested keys since the server was started, and of its clients."""
    hits, misses = _number(info, "keyspace_hits"), _number(info, "keyspace_misses")
    return {
        "evicted": _number(info, "evicted_keys"),
        "expired": _number(info, "expired_keys"),
        "hits": hits,
        "misses": misses,
        "hit_percent": round(100 * hits / (hits + misses), 1) if hits + misses else None,
        "clients": _number(info, "connected_clients"),
        "blocked_clients": _number(info, "blocked_clients"),
        "up_seconds": _number(info, "uptime_in_seconds"),
    }


def keyspace_of(info: Mapping[str, str]) -> list[dict[str, int]]:
    """Each database that has keys, with the number of keys and of those that expire."""
    keyspace = []
    for name, text in info.items():
        if name.startswith("db") and name[2:].isdigit():
            fields = dict(field.partition("=")[::2] for field in text.split(","))
            expiring = int(fields["expires"])
            keyspace.append({"database": int(name[2:]), "keys": int(fields["keys"]), "expiring": expiring})
    return sorted(keyspace, key=lambda entry: entry["database"])


def kinds_of(
    samples: Mapping[int, Sequence[tuple[str, str, int]]], keyspace: Iterable[Mapping[str, int]], limit: int
) -> list[dict[str, Any]]:
    """The largest kinds of keys, projected from samples of (key, type, bytes) to all keys of their database."""
    sums: dict[tuple[int, str, str], list[int]] = {}
    for database, keys in samples.items():
        for key, kind, size in keys:
            total = sums.setdefault((database, prefix_of(key), kind), [0, 0])
            total[0] += 1
            total[1] += size
    key_counts = {entry["database"]: entry["keys"] for entry in keyspace}
    kinds: list[dict[str, Any]] = []
    for (database, prefix, kind), (count, size) in sums.items():
        factor = max(1.0, key_counts.get(database, 0) / len(samples[database]))
        kinds.append(
            {
                "database": database,
                "prefix": prefix,
                "type": kind,
                "keys": round(count * factor),
                "bytes": round(size * factor),
            }
        )
    return sorted(kinds, key=lambda row: (-row["bytes"], row["database"], row["prefix"]))[:limit]


def prefix_of(key: str) -> str:
    """The part of a key before its first separator. A key without one may be a session's secret name."""
    for position, letter in enumerate(key):
        if letter in ":/|" and position:
            return key[: position + 1][:40] + "*"
    return "(no prefix)"


def remarks(memory: Mapping[str, Any], traffic: Mapping[str, Any]) -> list[str]:
    """What the operator should check, with the next step."""
    texts = []
    limit, used = memory["limit"], memory["used"]
    if limit and used * 100 >= FULL_PERCENT * limit:
        texts.append(
            f"the cache is {100 * used / limit:.0f} % full ({human_size(used)} of {human_size(limit)}): raise "
            "stack_redis_max_memory, or check what fills it (kinds)"
        )
    if limit and memory["policy"] == "noeviction":
        texts.append(
            f"at its limit of {human_size(limit)} the cache will refuse new data: set maxmemory-policy to "
            "allkeys-lru instead of noeviction"
        )
    if traffic["evicted"]:
        texts.append(
            f"since the server was started, {traffic['evicted']:,} keys were evicted because the cache was full"
        )
    if memory["fragmentation"] >= FRAGMENTED and memory["resident"] >= FRAGMENTED_BYTES:
        texts.append(
            f"the server occupies {memory['fragmentation']:.1f} × the memory in use: "
            "redis-cli CONFIG SET activedefrag yes, or restart it when convenient"
        )
    return texts


def chosen(keyspace: Iterable[Mapping[str, int]], databases: Sequence[int] | None) -> list[dict[str, int]]:
    """The databases that a flush would empty: all, or the named ones, if they have keys."""
    return [dict(entry) for entry in keyspace if databases is None or entry["database"] in databases]


def refuse_unconfirmed(options: CacheOptions, to_flush: Sequence[Mapping[str, int]], used: int) -> None:
    """Raise MaxopsError, with what would be lost, unless the flush was confirmed by name."""
    if options.name in (word.strip() for word in options.confirm.split(",")):
        return
    count = sum(entry["keys"] for entry in to_flush)
    keys = "1 key" if count == 1 else f"{count:,} keys"
    which = ", ".join(str(entry["database"]) for entry in to_flush)
    reason = f'confirm is "{options.confirm}", not its name' if options.confirm.strip() else "it was not confirmed"
    raise MaxopsError(
        f"nothing was flushed on {options.name}, because {reason}. The cache holds {keys} in database {which} "
        f"({human_size(used)} in all). A flush deletes all sessions kept there, so all users are logged out "
        "and lose their unsaved input; the applications are slow until the cache is filled again. "
        f"To do it, pass -e confirm={options.name}"
    )


def _number(info: Mapping[str, str], name: str) -> int:
    text = info.get(name, "0")
    return int(text) if text.lstrip("-").isdigit() else 0
