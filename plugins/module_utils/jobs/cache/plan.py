# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Redis tells of its memory and keys, and what emptying it would cost. Private to this collection."""

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
"""Below that the ratio tells of the allocator's own pages, and nobody could win anything."""


@dataclass(frozen=True)
class CacheOptions:
    """What the operator asked for; ``databases`` of None means all, ``name`` is what ``confirm`` has to hold."""

    access: Access
    flush: bool = False
    databases: Sequence[int] | None = None
    confirm: str = ""
    name: str = ""
    sample: int = 200
    listed: int = 10


def memory_of(info: Mapping[str, str]) -> dict[str, Any]:
    """The memory's facts from what INFO tells; sizes in bytes, a limit of 0 is none."""
    return {
        "used": _number(info, "used_memory"),
        "peak": _number(info, "used_memory_peak"),
        "resident": _number(info, "used_memory_rss"),
        "limit": _number(info, "maxmemory"),
        "policy": info.get("maxmemory_policy", ""),
        "fragmentation": float(info.get("mem_fragmentation_ratio") or 0),
    }


def traffic_of(info: Mapping[str, str]) -> dict[str, Any]:
    """What became of keys since the server was started, and who is connected."""
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
    """Each database that has keys, with their number and how many of them end by themselves."""
    found = []
    for name, text in info.items():
        if name.startswith("db") and name[2:].isdigit():
            fields = dict(each.partition("=")[::2] for each in text.split(","))
            found.append({"database": int(name[2:]), "keys": int(fields["keys"]), "expiring": int(fields["expires"])})
    return sorted(found, key=lambda each: each["database"])


def kinds_of(
    samples: Mapping[int, Sequence[tuple[str, str, int]]], keyspace: Iterable[Mapping[str, int]], limit: int
) -> list[dict[str, Any]]:
    """The biggest kinds of keys, projected from samples of (key, type, bytes) to all keys of their database."""
    sums: dict[tuple[int, str, str], list[int]] = {}
    for database, keys in samples.items():
        for key, kind, size in keys:
            found = sums.setdefault((database, prefix_of(key), kind), [0, 0])
            found[0] += 1
            found[1] += size
    totals = {each["database"]: each["keys"] for each in keyspace}
    kinds: list[dict[str, Any]] = []
    for (database, prefix, kind), (count, size) in sums.items():
        factor = max(1.0, totals.get(database, 0) / len(samples[database]))
        kinds.append(
            {
                "database": database,
                "prefix": prefix,
                "type": kind,
                "keys": round(count * factor),
                "bytes": round(size * factor),
            }
        )
    return sorted(kinds, key=lambda each: (-each["bytes"], each["database"], each["prefix"]))[:limit]


def prefix_of(key: str) -> str:
    """What a key is of: the part before its first separator. A key without one may be a session's secret name."""
    for place, letter in enumerate(key):
        if letter in ":/|" and place:
            return key[: place + 1][:40] + "*"
    return "(no prefix)"


def remarks(memory: Mapping[str, Any], traffic: Mapping[str, Any]) -> list[str]:
    """What somebody should look at, with the next step."""
    told = []
    limit, used = memory["limit"], memory["used"]
    if limit and used * 100 >= FULL_PERCENT * limit:
        told.append(
            f"the cache is {100 * used / limit:.0f} % full ({human_size(used)} of {human_size(limit)}): raise "
            "stack_redis_max_memory, or find out what fills it (kinds)"
        )
    if limit and memory["policy"] == "noeviction":
        told.append(
            f"at its limit of {human_size(limit)} the cache will refuse to take anything: set maxmemory-policy to "
            "allkeys-lru instead of noeviction"
        )
    if traffic["evicted"]:
        told.append(f"{traffic['evicted']:,} keys were evicted for want of room since the server was started")
    if memory["fragmentation"] >= FRAGMENTED and memory["resident"] >= FRAGMENTED_BYTES:
        told.append(
            f"the server occupies {memory['fragmentation']:.1f} times of what it uses: "
            "redis-cli CONFIG SET activedefrag yes, or restart it when that suits"
        )
    return told


def chosen(keyspace: Iterable[Mapping[str, int]], databases: Sequence[int] | None) -> list[dict[str, int]]:
    """The databases that a flush would empty: those with keys, of all or of the named ones."""
    return [dict(each) for each in keyspace if databases is None or each["database"] in databases]


def refuse_unconfirmed(options: CacheOptions, doomed: Sequence[Mapping[str, int]], used: int) -> None:
    """Raise MaxopsError, with what would be lost, unless the flush was confirmed by name."""
    if options.name in (word.strip() for word in options.confirm.split(",")):
        return
    keys = sum(each["keys"] for each in doomed)
    told = "1 key" if keys == 1 else f"{keys:,} keys"
    which = ", ".join(str(each["database"]) for each in doomed)
    given = f'confirm is "{options.confirm}", not its name' if options.confirm.strip() else "nobody confirmed it"
    raise MaxopsError(
        f"nothing was flushed on {options.name}, because {given}. The cache holds {told} in database {which} "
        f"({human_size(used)} in all). Flushing them loses all sessions that are kept there, so everybody is logged "
        "out, and what people have not saved is lost; the applications are slow until the cache is warm again. "
        f"If that is what you want, give -e confirm={options.name}"
    )


def _number(info: Mapping[str, str], name: str) -> int:
    text = info.get(name, "0")
    return int(text) if text.lstrip("-").isdigit() else 0
