# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The care for databases, the cache and the disk, as operators read it. Private to this collection."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ansible_collections.maxops.ops.plugins.module_utils.tools.words import human_size
from ansible_collections.maxops.ops.plugins.plugin_utils.text import seconds, table

SHOWN = 10
"""Lines of each kind that a summary shows; all of them are in the result."""

FAILED_WIDTH = 100


def some(lines: Sequence[str], what: str) -> list[str]:
    """The first lines, and how many there are more."""
    more = [f"… and {len(lines) - SHOWN} more {what}"] if len(lines) > SHOWN else []
    return [f"  {line}" for line in [*lines[:SHOWN], *more]]


def _count(number: int, word: str, words: str = "") -> str:
    return f"{number:,} {word if number == 1 else words or word + 's'}"


def _failed(host: str, result: Mapping[str, Any], columns: int) -> list[str]:
    word = "UNREACHABLE" if result.get("unreachable") else "FAILED"
    return [host, word, *[""] * (columns - 3), str(result.get("msg", ""))[:FAILED_WIDTH]]


def _ordered(results: Mapping[str, Mapping[str, Any]], worth: Any) -> Iterable[tuple[str, Mapping[str, Any], bool]]:
    """Hosts with their results, failures first, then those with most to look at."""

    def key(item: tuple[str, Mapping[str, Any]]) -> tuple[bool, float, str]:
        host, result = item
        failed = bool(result.get("failed"))
        return not failed, 0 if failed else -worth(result), host

    return [(host, result, bool(result.get("failed"))) for host, result in sorted(results.items(), key=key)]


# -- databases ----------------------------------------------------------------------------------------------------


def optimize_summary(host: str, result: Mapping[str, Any], check_mode: bool) -> list[str]:
    """The care for one host's databases, and what makes them slow."""
    if result.get("failed"):
        return [f"{host}: nothing was tended: {result.get('msg', 'see the error above')}"]
    tended = [each for each in result["tables"] if each["outcome"] != "left"]
    left = [each for each in result["tables"] if each["outcome"] == "left"]
    head = f"{host}: {'would tend' if check_mode else 'tended'} {_count(len(tended), 'table')}"
    head += f" and left {len(left)}" if left else ""
    head += f" of {_count(len(result['databases']), 'database')} on PostgreSQL {result['version']}"
    lines = [f"{head}, {seconds(result['duration'])}"]
    lines += some(table([_tended(each) for each in tended], right=(2,)), "tables")
    lines += some([f"left {_name(each)}: {each['problem']}" for each in left], "tables that were left")
    lines += some([_query(each) for each in result["queries"]], "queries")
    lines += some([_statement(each) for each in result["statements"]], "statements")
    lines += [f"  {result['statements_advice']}"] if result["statements_advice"] else []
    lines += some([_holder(each) for each in result["holders"]], "transactions")
    since = {each["name"]: each["statistics_days"] for each in result["databases"]}
    lines += some([_unused(each, since) for each in result["unused_indexes"]], "unused indexes")
    lines += some([_bloat(each) for each in result["bloat"]], "bloated tables and indexes")
    return [*lines, *(f"  remark: {line}" for line in result["remarks"])]


def _name(each: Mapping[str, Any]) -> str:
    return f"{each['database']} {each['schema']}.{each['name']}"


def _tended(each: Mapping[str, Any]) -> list[str]:
    after = f"{each['dead_after']:,} dead rows left" if each.get("dead_after") else ""
    time = seconds(each["duration"]) if "duration" in each else ""
    told = ", ".join(part for part in ("; ".join(each["reasons"]), after, time) if part)
    return [each["action"], _name(each), human_size(each["bytes"]) if each["bytes"] else "?", told]


def _query(each: Mapping[str, Any]) -> str:
    text = f"slow now: pid {each['pid']} {each['database']} {each['user']}, {each['state']}"
    text += f" for {seconds(each['seconds'] or 0)}"
    if each["blocked_by"]:
        text += f", waits for pid {', '.join(map(str, each['blocked_by']))}"
    return f"{text}: {each['query']}"


def _statement(each: Mapping[str, Any]) -> str:
    cost = (
        f"{seconds(each['total_seconds'])} in {_count(each['calls'], 'call')}, {each['mean_milliseconds']:.1f} ms each"
    )
    return f"costly: {each['database']}, {cost}: {each['query']}"


def _holder(each: Mapping[str, Any]) -> str:
    age = f" for {seconds(each['seconds'])}" if each["seconds"] is not None else ""
    who = f"{each['kind']} {each['name']}" + (f" of {each['user']}" if each["user"] else "")
    end = f"; end it with SELECT pg_terminate_backend({each['name']})" if each["kind"] == "session" else ""
    return f"keeps dead rows{age}: {who}, {each['state']}{end}"


def _unused(each: Mapping[str, Any], since: Mapping[str, float | None]) -> str:
    days = since.get(each["database"])
    told = "as far as is known" if days is None else f"for {days:.1f} days"
    return f"unused {told}: {_name(each)}, {human_size(each['bytes'])}: {each['fix']}"


def _bloat(each: Mapping[str, Any]) -> str:
    percent = 100 * each["wasted_bytes"] / each["bytes"]
    wasted = f"about {human_size(each['wasted_bytes'])} ({percent:.0f} %) of {human_size(each['bytes'])}"
    return f"bloated {each['kind']}: {_name(each)}, {wasted}: {each['fix']}"


def optimize_table(results: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """The care for many hosts' databases, a line each, failures first, then those with most to look at."""
    rows = [["HOST", "TENDED", "LEFT", "SLOW NOW", "LONG", "UNUSED INDEXES", "BLOATED", "TIME", "REMARKS"]]
    for host, result, failed in _ordered(results, _to_look_at):
        if failed:
            rows.append(_failed(host, result, len(rows[0])))
            continue
        left = sum(each["outcome"] == "left" for each in result["tables"])
        numbers = [len(result["tables"]) - left, left]
        numbers += [len(result[name]) for name in ("queries", "holders", "unused_indexes", "bloat")]
        remarks = str(len(result["remarks"]) or "")
        rows.append([host, *(str(number) for number in numbers), seconds(result["duration"]), remarks])
    return table(rows, right=range(1, 8))


def _to_look_at(result: Mapping[str, Any]) -> int:
    left = [each for each in result["tables"] if each["outcome"] == "left"]
    return len(left) + len(result["queries"]) + len(result["holders"])


# -- the cache ----------------------------------------------------------------------------------------------------


def cache_summary(host: str, result: Mapping[str, Any], check_mode: bool) -> list[str]:
    """One host's cache."""
    if result.get("failed"):
        return [f"{host}: {result.get('msg', 'see the error above')}"]
    memory, traffic = result["memory"], result["traffic"]
    limit = human_size(memory["limit"]) if memory["limit"] else "no limit"
    rows = [
        [
            "memory",
            f"{human_size(memory['used'])} of {limit}, at most {human_size(memory['peak'])}, {memory['policy']}",
        ],
        ["resident", f"{human_size(memory['resident'])}, {memory['fragmentation']:.2f} times of what is used"],
        ["keys", ", ".join(_keys(each) for each in result["keyspace"]) or "none"],
        ["traffic", f"{traffic['evicted']:,} evicted, {traffic['expired']:,} expired{_hits(traffic)}"],
        ["clients", f"{traffic['clients']} connected, {traffic['blocked_clients']} blocked"],
    ]
    lines = [f"{host}: Redis {result['version']}", *(f"  {line}" for line in table(rows))]
    lines += some([_kind(each) for each in result["kinds"]], "kinds of keys")
    if "flushed" in result:
        lines.append(f"  {_flushed(result['flushed'], check_mode)}")
    return [*lines, *(f"  remark: {line}" for line in result["remarks"])]


def _keys(each: Mapping[str, Any]) -> str:
    return f"{each['keys']:,} in database {each['database']} ({each['expiring']:,} of them expire)"


def _hits(traffic: Mapping[str, Any]) -> str:
    return "" if traffic["hit_percent"] is None else f", {traffic['hit_percent']:.1f} % of the questions were hits"


def _kind(each: Mapping[str, Any]) -> str:
    size = human_size(each["bytes"])
    return f"about {size} in {_count(each['keys'], each['type'])} {each['prefix']} of database {each['database']}"


def _flushed(flushed: Mapping[str, Any], check_mode: bool) -> str:
    if not flushed["keys"]:
        return "there was nothing to flush"
    keys = f"{_count(flushed['keys'], 'key')} of database {', '.join(map(str, flushed['databases']))}"
    if check_mode:
        return f"would flush {keys}: sessions in it would be lost and everybody logged out"
    return f"flushed {keys}, {human_size(flushed['freed_bytes'])} freed"


def cache_table(results: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """The caches of many hosts, a line each, failures first, then the fullest."""
    rows = [["HOST", "USED", "LIMIT", "FULL", "KEYS", "EVICTED", "HITS", "FLUSHED", "REMARKS"]]
    for host, result, failed in _ordered(results, _fullness):
        if failed:
            rows.append(_failed(host, result, len(rows[0])))
            continue
        memory, traffic = result["memory"], result["traffic"]
        rows.append(
            [
                host,
                human_size(memory["used"]),
                human_size(memory["limit"]) if memory["limit"] else "none",
                f"{100 * _fullness(result):.0f} %" if memory["limit"] else "",
                f"{sum(each['keys'] for each in result['keyspace']):,}",
                f"{traffic['evicted']:,}",
                "" if traffic["hit_percent"] is None else f"{traffic['hit_percent']:.1f} %",
                f"{result['flushed']['keys']:,}" if "flushed" in result else "",
                str(len(result["remarks"]) or ""),
            ]
        )
    return table(rows, right=range(1, 8))


def _fullness(result: Mapping[str, Any]) -> float:
    memory = result["memory"]
    return float(memory["used"] / memory["limit"]) if memory["limit"] else 0.0


# -- the disk -----------------------------------------------------------------------------------------------------


def cleanup_summary(host: str, result: Mapping[str, Any], check_mode: bool) -> list[str]:
    """What was freed on one host, thing by thing."""
    if result.get("failed"):
        return [f"{host}: nothing was freed: {result.get('msg', 'see the error above')}"]
    gone = [each for each in result["items"] if each["outcome"] != "left"]
    verb = "would free" if check_mode else "freed"
    head = f"{host}: {verb} {human_size(result['freed_bytes'])} in {_count(len(gone), 'thing')}"
    lines = [f"{head}, {seconds(result['duration'])}"]
    # Everything by name, however many: nobody should have to guess what was removed.
    lines += [f"  {line}" for line in table([_thing(each) for each in gone], right=(2, 3))]
    lines += [f"  left {each['kind']} {each['name']}: {each['problem']}" for each in result["items"] if each["problem"]]
    old = [each for each in result["kept"] if not each["young"]]
    lines += some([f"kept {each['kind']} {each['name']}: {each['reason']}" for each in old], "that were kept")
    young = len(result["kept"]) - len(old)
    lines += [f"  kept {_count(young, 'thing')} that nobody uses but {'is' if young == 1 else 'are'} too young"] * bool(
        young
    )
    return [*lines, *(f"  remark: {line}" for line in result["remarks"])]


def _thing(each: Mapping[str, Any]) -> list[str]:
    return [each["kind"], each["name"], human_size(each["bytes"]), f"{each['age_days']:.0f} d", each["reason"]]


def cleanup_table(results: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """What was freed on many hosts, a line each, failures first, then those with most."""
    rows = [["HOST", "FREED", "CONTAINERS", "IMAGES", "NETWORKS", "OTHER", "LEFT", "TIME", "REMARKS"]]
    for host, result, failed in _ordered(results, lambda each: each["freed_bytes"]):
        if failed:
            rows.append(_failed(host, result, len(rows[0])))
            continue
        kinds = [each["kind"] for each in result["items"] if each["outcome"] != "left"]
        counts = [kinds.count(kind) for kind in ("container", "image", "network")]
        counts += [len(kinds) - sum(counts), len(result["items"]) - len(kinds)]
        remarks = str(len(result["remarks"]) or "")
        freed = human_size(result["freed_bytes"])
        rows.append([host, freed, *(str(count) for count in counts), seconds(result["duration"]), remarks])
    return table(rows, right=range(1, 8))
