# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The result of the job optimize as text for operators."""

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
    """What was done for one host's databases, and what makes them slow."""
    if result.get("failed"):
        return [f"{host}: nothing was done: {reason(result)}"]
    if not result["version"]:
        return [f"{host}: no PostgreSQL server, so nothing to optimize", *remarks(result)]
    done = [table for table in result["tables"] if table["outcome"] != "left"]
    left = [table for table in result["tables"] if table["outcome"] == "left"]
    head = f"{host}: {'would optimize' if check_mode else 'optimized'} {count(len(done), 'table')}"
    head += f" and left {len(left)}" if left else ""
    head += f" of {count(len(result['databases']), 'database')} on PostgreSQL {result['version']}"
    lines = [f"{head}, {duration(result['duration'])}"]
    lines += some(aligned([_table_row(table) for table in done], right=(2,)), "tables")
    lines += some([f"left {_name(table)}: {table['problem']}" for table in left], "tables that were left")
    lines += some([_query(query) for query in result["queries"]], "queries")
    lines += some([_statement(statement) for statement in result["statements"]], "statements")
    lines += [f"  {result['statements_advice']}"] if result["statements_advice"] else []
    lines += some([_holder(holder) for holder in result["holders"]], "transactions")
    since = {database["name"]: database["statistics_days"] for database in result["databases"]}
    lines += some([_unused(index, since) for index in result["unused_indexes"]], "unused indexes")
    lines += some([_bloat(relation) for relation in result["bloat"]], "bloated tables and indexes")
    return [*lines, *remarks(result)]


def _name(relation: Mapping[str, Any]) -> str:
    return f"{relation['database']} {relation['schema']}.{relation['name']}"


def _table_row(table: Mapping[str, Any]) -> list[str]:
    after = f"{table['dead_after']:,} dead rows left" if table.get("dead_after") else ""
    time = duration(table["duration"]) if "duration" in table else ""
    details = ", ".join(part for part in ("; ".join(table["reasons"]), after, time) if part)
    return [table["action"], _name(table), human_size(table["bytes"]) if table["bytes"] else "?", details]


def _query(query: Mapping[str, Any]) -> str:
    text = f"slow now: pid {query['pid']} {query['database']} {query['user']}, {query['state']}"
    text += f" for {duration(query['seconds'] or 0)}"
    if query["blocked_by"]:
        text += f", waits for pid {', '.join(map(str, query['blocked_by']))}"
    return f"{text}: {query['query']}"


def _statement(statement: Mapping[str, Any]) -> str:
    cost = f"{duration(statement['total_seconds'])} in {count(statement['calls'], 'call')}"
    cost += f", {statement['mean_milliseconds']:.1f} ms per call"
    return f"costly: {statement['database']}, {cost}: {statement['query']}"


def _holder(holder: Mapping[str, Any]) -> str:
    lasting = f" for {duration(holder['seconds'])}" if holder["seconds"] is not None else ""
    name = f"{holder['kind']} {holder['name']}" + (f" of {holder['user']}" if holder["user"] else "")
    end = f"; end it with SELECT pg_terminate_backend({holder['name']})" if holder["kind"] == "session" else ""
    return f"keeps dead rows{lasting}: {name}, {holder['state']}{end}"


def _unused(index: Mapping[str, Any], since: Mapping[str, float | None]) -> str:
    days = since.get(index["database"])
    period = "since an unknown time" if days is None else f"for {days:.1f} days"
    return f"unused {period}: {_name(index)}, {human_size(index['bytes'])}: {index['fix']}"


def _bloat(relation: Mapping[str, Any]) -> str:
    percent = 100 * relation["wasted_bytes"] / relation["bytes"]
    wasted = f"about {human_size(relation['wasted_bytes'])} ({percent:.0f} %) of {human_size(relation['bytes'])}"
    return f"bloated {relation['kind']}: {_name(relation)}, {wasted}: {relation['fix']}"


def table(results: Results) -> list[str]:
    """The results of many hosts, one line per host, failures first, then those with the most to check."""
    rows = [["HOST", "OPTIMIZED", "LEFT", "SLOW NOW", "LONG", "UNUSED INDEXES", "BLOATED", "TIME", "REMARKS"]]
    for host, result in failures_first(results, lambda result: -_to_check(result)):
        if result.get("failed"):
            rows.append(failed_row(host, result, len(rows[0])))
            continue
        left = sum(table["outcome"] == "left" for table in result["tables"])
        numbers = [len(result["tables"]) - left, left]
        numbers += [len(result[name]) for name in ("queries", "holders", "unused_indexes", "bloat")]
        last = [duration(result["duration"]), str(len(result["remarks"]) or "")]
        rows.append([host, *(str(number) for number in numbers), *last])
    return aligned(rows, right=range(1, 8))


def _to_check(result: Mapping[str, Any]) -> int:
    left = [table for table in result["tables"] if table["outcome"] == "left"]
    return len(left) + len(result["queries"]) + len(result["holders"])
