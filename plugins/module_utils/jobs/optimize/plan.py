# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Decides from PostgreSQL's statistics which tables need VACUUM or ANALYZE."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.maxops.ops.plugins.module_utils.systems.access import Access
from ansible_collections.maxops.ops.plugins.module_utils.systems.postgresql.statistics import Holder, Sized, Table

VACUUM, ANALYZE = "VACUUM (ANALYZE)", "ANALYZE"

YOUNG_DAYS = 30
"""Statistics of fewer days do not justify dropping an index: a month-end job may need it."""


@dataclass(frozen=True)
class OptimizeOptions:
    """The operator's options; ``databases`` of None means all."""

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
    """A table that needs maintenance: the action and its reasons; ``problem`` says why it must be left."""

    table: Table
    action: str
    reasons: tuple[str, ...]
    problem: str = ""


def plan_tables(tables: Iterable[Table], holders: Sequence[Holder], options: OptimizeOptions) -> list[Task]:
    """The tables that need VACUUM or ANALYZE, those with the most dead and changed rows first."""
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
    problem = "" if table.permitted else "no permission: the user is neither superuser nor owner (set database_user)"
    if dead and not problem:
        blocker = _blocking_holder(table, holders)
        if blocker and modified:
            dead = False
        elif blocker:
            problem = f"its dead rows cannot be removed before {blocker.describe()} has ended"
    return Task(table, VACUUM if dead else ANALYZE, tuple(reasons), problem)


def _blocking_holder(table: Table, holders: Sequence[Holder]) -> Holder | None:
    """The oldest holder since before the last VACUUM: rows that VACUUM could not remove stay for this one, too."""
    if table.vacuumed is None:
        return None
    older = [holder for holder in holders if holder.since is not None and holder.since <= table.vacuumed]
    return min(older, key=lambda holder: holder.since or 0.0, default=None)


def bloated(relations: Iterable[Sized], options: OptimizeOptions) -> list[dict[str, Any]]:
    """Tables and indexes that are much larger than their rows need, the most wasteful first."""
    listed = []
    for relation in relations:
        wasted = relation.bytes - relation.needed
        if wasted < options.min_size or wasted * 100 < options.bloat_percent * relation.bytes:
            continue
        listed.append(
            {
                "kind": relation.kind,
                "schema": relation.schema,
                "table": relation.table,
                "name": relation.name,
                "bytes": relation.bytes,
                "wasted_bytes": wasted,
                "fix": f"REINDEX INDEX CONCURRENTLY {relation.sql}"
                if relation.kind == "index"
                else f"pg_repack, or outside of working hours VACUUM (FULL, ANALYZE) {relation.sql}, which locks it",
            }
        )
    return sorted(listed, key=lambda row: (-int(row["wasted_bytes"]), str(row["name"])))


def blockers(sessions: Iterable[Mapping[str, Any]]) -> set[int]:
    """Process ids of the sessions that block others."""
    return {pid for session in sessions for pid in session["blocked_by"]}


def notable_sessions(sessions: Sequence[Mapping[str, Any]], options: OptimizeOptions) -> list[dict[str, Any]]:
    """Sessions that are slow, blocked or blocking, with their queries without values."""
    blocking = blockers(sessions)
    return [
        {**session, "query": shown(session["query"], options.query_length)}
        for session in sessions
        if session["blocked_by"]
        or session["pid"] in blocking
        or (session["seconds"] or 0) >= options.slow_seconds
        or (session["transaction_seconds"] or 0) >= options.long_seconds
    ][: options.listed]


# The first match wins: a comment may hold a quote and a quote two dashes. A text that was cut off ends a token, too.
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
    """A query for display: on one line, at most ``length`` characters, ``?`` in place of every value."""

    def mask(match: re.Match[str]) -> str:
        if match.lastgroup == "comment":
            return " "
        return match.group() if match.lastgroup in ("name", "word") else "?"

    text = " ".join(_TOKEN.sub(mask, query).split())
    return text if len(text) <= length else text[: max(0, length - 1)] + "…"


def fix_for_unused(name: str, days: float | None) -> str:
    """What to do about an index that was not used for so many days (None: unknown)."""
    drop = f"DROP INDEX CONCURRENTLY {name}"
    if days is not None and days >= YOUNG_DAYS:
        return drop
    return f"wait until the statistics have counted for {YOUNG_DAYS} days, then {drop}"
