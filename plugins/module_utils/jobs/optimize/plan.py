# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What PostgreSQL's statistics ask for: which tables VACUUM or ANALYZE would help. Private to this collection."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.maxops.ops.plugins.module_utils.systems.access import Access
from ansible_collections.maxops.ops.plugins.module_utils.systems.postgresql.statistics import Holder, Sized, Table

VACUUM, ANALYZE = "VACUUM (ANALYZE)", "ANALYZE"

YOUNG_DAYS = 30
"""Statistics that count for less are no ground to drop an index on: month's end may need it."""


@dataclass(frozen=True)
class OptimizeOptions:
    """What the operator asked for; ``databases`` of None means all."""

    access: Access
    databases: Sequence[str] | None = None
    dead_rows: int = 1000
    dead_percent: float = 10
    modified_rows: int = 1000
    modified_percent: float = 10
    lock_wait: float = 0.5
    cost_delay: float = 2
    time_limit: float = 0
    slow_seconds: float = 1
    long_seconds: float = 300
    min_size: int = 1000 * 1000
    bloat_percent: float = 50
    listed: int = 20
    query_length: int = 200


@dataclass(frozen=True)
class Task:
    """A table that needs work: what to do and why; ``problem`` says why it has to be left."""

    table: Table
    action: str
    reasons: tuple[str, ...]
    problem: str = ""


def plan_tables(tables: Iterable[Table], holders: Sequence[Holder], options: OptimizeOptions) -> list[Task]:
    """The tables that VACUUM or ANALYZE would help, those with most to do first."""
    tasks = [task for task in (_task(table, holders, options) for table in tables) if task]
    return sorted(tasks, key=lambda task: (-task.table.dead - task.table.modified, task.table.schema, task.table.name))


def _task(table: Table, holders: Sequence[Holder], options: OptimizeOptions) -> Task | None:
    reasons = []
    rows = table.live + table.dead
    dead = table.dead >= max(1, options.dead_rows) and table.dead * 100 >= options.dead_percent * rows
    if dead:
        reasons.append(f"{table.dead:,} of {rows:,} rows are dead")
    modified = (
        table.modified >= max(1, options.modified_rows)
        and table.modified * 100 >= options.modified_percent * table.live
    )
    if rows and not table.analyzed:
        modified = True
        reasons.append("never analyzed")
    elif modified:
        reasons.append(f"{table.modified:,} rows changed since it was analyzed")
    if not dead and not modified:
        return None
    problem = "" if table.may else "our user may not: it is neither a superuser nor the owner (set database_user)"
    if dead and not problem:
        blocker = _in_vain(table, holders)
        if blocker and modified:
            dead = False
        elif blocker:
            problem = f"its dead rows cannot be removed before {blocker.words()} has ended"
    return Task(table, VACUUM if dead else ANALYZE, tuple(reasons), problem)


def _in_vain(table: Table, holders: Sequence[Holder]) -> Holder | None:
    """Who was there at the last VACUUM already: what that one had to leave, this one has to leave too."""
    if table.vacuumed is None:
        return None
    there = [each for each in holders if each.since is not None and each.since <= table.vacuumed]
    return min(there, key=lambda each: each.since or 0.0, default=None)


def bloated(found: Iterable[Sized], options: OptimizeOptions) -> list[dict[str, Any]]:
    """Tables and indexes that are much larger than their rows need, the most wasteful first."""
    listed = []
    for each in found:
        wasted = each.bytes - each.needed
        if wasted < options.min_size or wasted * 100 < options.bloat_percent * each.bytes:
            continue
        listed.append(
            {
                "kind": each.kind,
                "schema": each.schema,
                "table": each.table,
                "name": each.name,
                "bytes": each.bytes,
                "wasted_bytes": wasted,
                "fix": f"REINDEX INDEX CONCURRENTLY {each.sql}"
                if each.kind == "index"
                else f"pg_repack, or outside of working hours VACUUM (FULL, ANALYZE) {each.sql}, which locks it",
            }
        )
    return sorted(listed, key=lambda each: (-int(each["wasted_bytes"]), str(each["name"])))


def blockers(sessions: Iterable[Mapping[str, Any]]) -> set[int]:
    """Process ids of the sessions that others wait for."""
    return {pid for session in sessions for pid in session["blocked_by"]}


def worth_telling(sessions: Sequence[Mapping[str, Any]], options: OptimizeOptions) -> list[dict[str, Any]]:
    """Sessions that are slow, wait for others or keep others waiting, with their queries as people may see them."""
    blocking = blockers(sessions)
    return [
        {**session, "query": shown(session["query"], options.query_length)}
        for session in sessions
        if session["blocked_by"]
        or session["pid"] in blocking
        or (session["seconds"] or 0) >= options.slow_seconds
        or (session["transaction_seconds"] or 0) >= options.long_seconds
    ][: options.listed]


# What ends first wins: a comment may hold a quote and a quote two dashes. An end that was cut off counts as one.
_TOKEN = re.compile(
    r"""(?P<comment>--[^\n]*|/\*.*?(?:\*/|\Z))"""
    r"""|(?P<name>"(?:[^"]|"")*(?:"|\Z))"""
    r"""|(?P<escaped>\b[eE]'(?:[^'\\]|''|\\.)*(?:'|\Z))"""
    r"""|(?P<text>\b(?:[nNbBxX]|[uU]&)?'(?:[^']|'')*(?:'|\Z)|'(?:[^']|'')*(?:'|\Z))"""
    r"""|(?P<dollar>\$(?P<tag>[A-Za-z_]*)\$.*?(?:\$(?P=tag)\$|\Z))"""
    r"""|(?P<word>[A-Za-z_$][\w$]*)"""
    r"""|(?P<number>\d[\w.]*)""",
    re.DOTALL,
)


def shown(query: str, length: int) -> str:
    """A query as people may see it: on one line, no longer than that, ``?`` in the place of every value."""

    def mask(match: re.Match[str]) -> str:
        if match.lastgroup == "comment":
            return " "
        return match.group() if match.lastgroup in ("name", "word") else "?"

    text = " ".join(_TOKEN.sub(mask, query).split())
    return text if len(text) <= length else text[: max(0, length - 1)] + "…"


def fix_for_unused(name: str, days: float | None) -> str:
    """What to do about an index that nobody has used for so many days, if that is known."""
    drop = f"DROP INDEX CONCURRENTLY {name}"
    if days is not None and days >= YOUNG_DAYS:
        return drop
    return f"wait until the statistics have counted for {YOUNG_DAYS} days, then {drop}"
