# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The result of the job cache as text for operators."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.maxops.ops.plugins.module_utils.tools.words import human_size
from ansible_collections.maxops.ops.plugins.plugin_utils.text import (
    Results,
    aligned,
    count,
    failed_row,
    failures_first,
    reason,
    remarks,
    some,
)


def summary(host: str, result: Mapping[str, Any], check_mode: bool) -> list[str]:
    """The cache of one host."""
    if result.get("failed"):
        return [f"{host}: {reason(result)}"]
    if result.get("kind") == "":
        return [f"{host}: no cache", *remarks(result)]
    memory, traffic = result["memory"], result["traffic"]
    limit = human_size(memory["limit"]) if memory["limit"] else "no limit"
    is_redis = result.get("kind", "redis") == "redis"
    rows = [
        [
            "memory",
            f"{human_size(memory['used'])} of {limit}, at most {human_size(memory['peak'])}, {memory['policy']}"
            if is_redis
            else f"{human_size(memory['used'])} of {limit}",
        ],
        *([["resident", _resident(memory)]] if is_redis else []),
        ["keys", ", ".join(_keys(entry) for entry in result["keyspace"]) or "none"],
        ["traffic", f"{traffic['evicted']:,} evicted, {traffic['expired']:,} expired{_hits(traffic)}"],
        ["clients", f"{traffic['clients']} connected, {traffic['blocked_clients']} blocked"],
    ]
    lines = [
        f"{host}: {'Redis' if is_redis else result['kind']} {result['version']}",
        *(f"  {line}" for line in aligned(rows)),
    ]
    lines += some([_kind(kind) for kind in result["kinds"]], "kinds of keys")
    if "flushed" in result:
        lines.append(f"  {_flushed(result['flushed'], check_mode)}")
    return [*lines, *remarks(result)]


def _resident(memory: Mapping[str, Any]) -> str:
    return f"{human_size(memory['resident'])}, {memory['fragmentation']:.2f} × the memory in use"


def _keys(entry: Mapping[str, Any]) -> str:
    return f"{entry['keys']:,} in database {entry['database']} ({entry['expiring']:,} of them expire)"


def _hits(traffic: Mapping[str, Any]) -> str:
    return "" if traffic["hit_percent"] is None else f", hit rate {traffic['hit_percent']:.1f} %"


def _kind(kind: Mapping[str, Any]) -> str:
    size = human_size(kind["bytes"])
    return f"about {size} in {count(kind['keys'], kind['type'])} {kind['prefix']} of database {kind['database']}"


def _flushed(flushed: Mapping[str, Any], check_mode: bool) -> str:
    if not flushed["keys"]:
        return "there was nothing to flush"
    keys = f"{count(flushed['keys'], 'key')} of database {', '.join(map(str, flushed['databases']))}"
    if check_mode:
        return f"would flush {keys}: its sessions would be deleted and all users logged out"
    return f"flushed {keys}, {human_size(flushed['freed_bytes'])} freed"


def table(results: Results) -> list[str]:
    """The caches of many hosts, one line per host, failures first, then the fullest."""
    rows = [["HOST", "USED", "LIMIT", "FULL", "KEYS", "EVICTED", "HITS", "FLUSHED", "REMARKS"]]
    for host, result in failures_first(results, lambda result: -_fullness(result)):
        if result.get("failed"):
            rows.append(failed_row(host, result, len(rows[0])))
            continue
        memory, traffic = result["memory"], result["traffic"]
        rows.append(
            [
                host,
                human_size(memory["used"]),
                human_size(memory["limit"]) if memory["limit"] else "none",
                f"{100 * _fullness(result):.0f} %" if memory["limit"] else "",
                f"{sum(entry['keys'] for entry in result['keyspace']):,}",
                f"{traffic['evicted']:,}",
                "" if traffic["hit_percent"] is None else f"{traffic['hit_percent']:.1f} %",
                f"{result['flushed']['keys']:,}" if "flushed" in result else "",
                str(len(result["remarks"]) or ""),
            ]
        )
    return aligned(rows, right=range(1, 8))


def _fullness(result: Mapping[str, Any]) -> float:
    memory = result["memory"]
    return float(memory["used"] / memory["limit"]) if memory["limit"] else 0.0
