# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Vacuum and analyze the stack's PostgreSQL in working hours.

One table at a time, waiting for nobody.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Callable

from ansible_collections.maxops.ops.plugins.module_utils.systems.postgresql import statistics
from ansible_collections.maxops.ops.plugins.module_utils.systems.postgresql.session import (
    Server,
    Session,
    list_databases,
)
from ansible_collections.maxops.ops.plugins.module_utils.tools import workers
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError
from ansible_collections.maxops.ops.plugins.module_utils.tools.process import Cancellation

from .plan import VACUUM, OptimizeOptions, Task, bloated, fix_for_unused, plan_tables, shown, worth_telling

GET_STATEMENTS = (
    "pg_stat_statements is not there: to see which statements cost most time, add "
    'command: ["postgres", "-c", "shared_preload_libraries=pg_stat_statements"] to the service "{service}" '
    "in the Compose file, start it anew, then run CREATE EXTENSION pg_stat_statements in one database"
)


@dataclass
class _Report:
    """What is found and done, as the result has it."""

    databases: list[dict[str, Any]] = field(default_factory=list)
    tables: list[dict[str, Any]] = field(default_factory=list)
    unused_indexes: list[dict[str, Any]] = field(default_factory=list)
    bloat: list[dict[str, Any]] = field(default_factory=list)
    queries: list[dict[str, Any]] = field(default_factory=list)
    statements: list[dict[str, Any]] = field(default_factory=list)
    statements_advice: str = ""
    holders: list[dict[str, Any]] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)


def optimize(options: OptimizeOptions, check_mode: bool) -> dict[str, Any]:
    """Look at every database and tend the tables that need it; a table that somebody holds is left and told."""
    started = time.monotonic()
    stack = options.access.connect()
    server = options.access.server(stack)
    version, names = _databases(server, options)
    report = _Report(statements_advice=GET_STATEMENTS.format(service=options.access.database_service))
    cancellation = Cancellation()

    def opened(name: str) -> Session:
        return statistics.careful_session(server, name, cancellation, options.lock_wait, options.cost_delay)

    tending = _Tending(options, None if check_mode else opened, started, report)
    work: list[tuple[str, Sequence[Task]]] = []
    # One session at a time: a server that has few connections left needs them for others.
    for name, size in names:
        with opened(name) as session:
            if not work:
                report.queries = worth_telling(statistics.activity(session), options)
            _look_at(session, size, options, report)
            if report.statements_advice:
                _look_at_statements(session, [each for each, _size in names], options, report)
            work.append((name, _plan(session, options, report)))
    # In a thread of its own: a signal would else wait for the server's answer, that is for a whole VACUUM.
    workers.for_each(work, tending.tend, 1, cancellation)
    return {
        "changed": any(each["outcome"] in ("done", "would be done") for each in report.tables),
        "version": version,
        **vars(report),
        "duration": round(time.monotonic() - started, 3),
    }


def _databases(server: Server, options: OptimizeOptions) -> tuple[str, list[tuple[str, int]]]:
    version, found = list_databases(server)
    sizes = {each.name: each.size for each in found}
    if options.databases is None:
        names = sorted(sizes)
    else:
        names = list(dict.fromkeys(options.databases))
        missing = [name for name in names if name not in sizes]
        if missing:
            raise MaxopsError(
                f"container {server.container} has no database {', '.join(missing)} (databases: "
                f"{', '.join(sorted(sizes)) or 'none'}); name existing ones in databases, or leave it out for all"
            )
    if not names:
        raise MaxopsError(f"container {server.container} has no database of an application; nothing is to be done")
    return version, [(name, sizes[name]) for name in names]


def _look_at(session: Session, size: int, options: OptimizeOptions, report: _Report) -> None:
    """What of one database somebody should look at."""
    name = session.database
    since = statistics.counted_since(session)
    days = None if since is None else (time.time() - since) / 86400
    unused = [
        {
            "database": name,
            "schema": each.schema,
            "table": each.table,
            "name": each.name,
            "bytes": each.bytes,
            "fix": fix_for_unused(each.sql, days),
        }
        for each in statistics.unused_indexes(session)
        if each.bytes >= options.min_size
    ]
    wasted = [{"database": name, **each} for each in bloated(statistics.sizes(session), options)]
    report.databases.append(
        {
            "name": name,
            "bytes": size,
            "statistics_days": None if days is None else round(days, 2),
            "unused_indexes": len(unused),
            "bloated": len(wasted),
        }
    )
    report.unused_indexes += unused[: options.listed]
    report.bloat += wasted[: options.listed]


def _look_at_statements(session: Session, databases: Sequence[str], options: OptimizeOptions, report: _Report) -> None:
    schema = statistics.statements_schema(session)
    if schema is None:
        return
    report.statements_advice = ""
    try:
        found = statistics.statements(session, schema, databases, options.listed)
    except MaxopsError as error:
        report.remarks.append(f"pg_stat_statements cannot be read: {error}")
        return
    report.statements = [{**each, "query": shown(each["query"], options.query_length)} for each in found]


def _plan(session: Session, options: OptimizeOptions, report: _Report) -> Sequence[Task]:
    found = statistics.holders(session)
    report.holders += [
        {**each.to_dict(), "query": shown(each.query, options.query_length)}
        for each in found
        if each.seconds is None or each.seconds >= options.long_seconds
    ]
    return plan_tables(statistics.tables(session), found, options)


class _Tending:
    """Tends table after table, as long as nobody else works on the stack and there is time."""

    def __init__(
        self, options: OptimizeOptions, opened: Callable[[str], Session] | None, started: float, report: _Report
    ) -> None:
        self._options = options
        self._opened = opened
        self._deadline = started + options.time_limit * 60 if options.time_limit else None
        self._report = report

    def tend(self, work: tuple[str, Sequence[Task]]) -> None:
        """Tend the tables of one database, or tell what would be done where no session may be opened."""
        database, tasks = work
        if not tasks or self._opened is None:
            for task in tasks:
                self._tend(None, database, task)
            return
        with self._opened(database) as session:
            for task in tasks:
                self._tend(session, database, task)

    def _tend(self, session: Session | None, database: str, task: Task) -> None:
        begun = time.monotonic()
        problem = task.problem or self._reason_to_stop()
        outcome = "left" if problem else "would be done"
        told: dict[str, Any] = {}
        if not problem and session:
            problem = statistics.tend(session, task.table, vacuum=task.action == VACUUM)
            outcome = "left" if problem else "done"
            told = {
                "dead_after": statistics.dead_rows(session, task.table),
                "duration": round(time.monotonic() - begun, 3),
            }
        self._report.tables.append(
            {
                "database": database,
                "schema": task.table.schema,
                "name": task.table.name,
                "bytes": task.table.bytes,
                "live": task.table.live,
                "dead": task.table.dead,
                "action": task.action,
                "reasons": list(task.reasons),
                "outcome": outcome,
                "problem": problem,
                **told,
            }
        )

    def _reason_to_stop(self) -> str:
        if self._deadline is not None and time.monotonic() > self._deadline:
            return f"the time that was given is over (time_limit: {self._options.time_limit:g} minutes)"
        holder = self._options.access.lock_holder()
        return f"the stack is in use: {holder}" if holder else ""
