# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The care for databases, as operators read it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.maxops.ops.plugins.module_utils.tools.words import duration, human_size
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
    """The care for one host's databases, and what makes them slow."""
    if result.get("failed"):
        return [f"{host}: nothing was tended: {reason(result)}"]
    tended = [each for each in result["tables"] if each["outcome"] != "left"]
    left = [each for each in result["tables"] if each["outcome"] == "left"]
    head = f"{host}: {'would tend' if check_mode else 'tended'} {count(len(tended), 'table')}"
    head += f" and left {len(left)}" if left else ""
    head += f" of {count(len(result['databases']), 'database')} on PostgreSQL {result['version']}"
    lines = [f"{head}, {duration(result['duration'])}"]
    lines += some(aligned([_tended(each) for each in tended], right=(2,)), "tables")
    lines += some([f"left {_name(each)}: {each['problem']}" for each in left], "tables that were left")
    lines += some([_query(each) for each in result["queries"]], "queries")
    lines += some([_statement(each) for each in result["statements"]], "statements")
    lines += [f"  {result['statements_advice']}"] if result["statements_advice"] else []
    lines += some([_holder(each) for each in result["holders"]], "transactions")
    since = {each["name"]: each["statistics_days"] for each in result["databases"]}
    lines += some([_unused(each, since) for each in result["unused_indexes"]], "unused indexes")
    lines += some([_bloat(each) for each in result["bloat"]], "bloated tables and indexes")
    return [*lines, *remarks(result)]


def _name(each: Mapping[str, Any]) -> str:
    return f"{each['database']} {each['schema']}.{each['name']}"


def _tended(each: Mapping[str, Any]) -> list[str]:
    after = f"{each['dead_after']:,} dead rows left" if each.get("dead_after") else ""
    time = duration(each["duration"]) if "duration" in each else ""
    told = ", ".join(part for part in ("; ".join(each["reasons"]), after, time) if part)
    return [each["action"], _name(each), human_size(each["bytes"]) if each["bytes"] else "?", told]


def _query(each: Mapping[str, Any]) -> str:
    text = f"slow now: pid {each['pid']} {each['database']} {each['user']}, {each['state']}"
    text += f" for {duration(each['seconds'] or 0)}"
    if each["blocked_by"]:
        text += f", waits for pid {', '.join(map(str, each['blocked_by']))}"
    return f"{text}: {each['query']}"


def _statement(each: Mapping[str, Any]) -> str:
    cost = (
        f"{duration(each['total_seconds'])} in {count(each['calls'], 'call')}, {each['mean_milliseconds']:.1f} ms each"
    )
    return f"costly: {each['database']}, {cost}: {each['query']}"


def _holder(each: Mapping[str, Any]) -> str:
    lasting = f" for {duration(each['seconds'])}" if each["seconds"] is not None else ""
    who = f"{each['kind']} {each['name']}" + (f" of {each['user']}" if each["user"] else "")
    end = f"; end it with SELECT pg_terminate_backend({each['name']})" if each["kind"] == "session" else ""
    return f"keeps dead rows{lasting}: {who}, {each['state']}{end}"


def _unused(each: Mapping[str, Any], since: Mapping[str, float | None]) -> str:
    days = since.get(each["database"])
    told = "as far as is known" if days is None else f"for {days:.1f} days"
    return f"unused {told}: {_name(each)}, {human_size(each['bytes'])}: {each['fix']}"


def _bloat(each: Mapping[str, Any]) -> str:
    percent = 100 * each["wasted_bytes"] / each["bytes"]
    wasted = f"about {human_size(each['wasted_bytes'])} ({percent:.0f} %) of {human_size(each['bytes'])}"
    return f"bloated {each['kind']}: {_name(each)}, {wasted}: {each['fix']}"


def table(results: Results) -> list[str]:
    """The care for many hosts' databases, a line each, failures first, then those with most to look at."""
    rows = [["HOST", "TENDED", "LEFT", "SLOW NOW", "LONG", "UNUSED INDEXES", "BLOATED", "TIME", "REMARKS"]]
    for host, result in failures_first(results, lambda each: -_to_look_at(each)):
        if result.get("failed"):
            rows.append(failed_row(host, result, len(rows[0])))
            continue
        left = sum(each["outcome"] == "left" for each in result["tables"])
        numbers = [len(result["tables"]) - left, left]
        numbers += [len(result[name]) for name in ("queries", "holders", "unused_indexes", "bloat")]
        last = [duration(result["duration"]), str(len(result["remarks"]) or "")]
        rows.append([host, *(str(number) for number in numbers), *last])
    return aligned(rows, right=range(1, 8))


def _to_look_at(result: Mapping[str, Any]) -> int:
    left = [each for each in result["tables"] if each["outcome"] == "left"]
    return len(left) + len(result["queries"]) + len(result["holders"])
