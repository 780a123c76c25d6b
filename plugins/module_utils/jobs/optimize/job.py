# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Vacuums and analyzes the stack's PostgreSQL safely during working hours.

It works on one table at a time and does not wait for locks of other sessions.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Callable

from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.stack import Stack
from ansible_collections.maxops.ops.plugins.module_utils.systems.postgresql import collations, statistics
from ansible_collections.maxops.ops.plugins.module_utils.systems.postgresql.session import (
    Server,
    Session,
    list_databases,
)
from ansible_collections.maxops.ops.plugins.module_utils.tools import workers
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError
from ansible_collections.maxops.ops.plugins.module_utils.tools.process import Cancellation

from .plan import VACUUM, OptimizeOptions, Task, bloated, fix_for_unused, notable_sessions, plan_tables, shown

GET_STATEMENTS = "pg_stat_statements is not installed: to see which statements take the most time, "
THEN_CREATE = ", then run CREATE EXTENSION pg_stat_statements in one database"


@dataclass
class Result:
    """What was found and done, with the keys of the module's result."""

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
    """Vacuum or analyze the tables of every database that need it; a locked table is left and reported."""
    started = time.monotonic()
    stack = options.access.connect()
    roles = options.access.roles(stack)
    if not roles.database and not roles.problem("database_service") and options.databases is None:
        return _nothing(stack, started)
    server = options.access.server(stack)
    version, names = _databases(server, options)
    result = Result(statements_advice=_statements_advice(stack, roles.database))
    cancellation = Cancellation()

    def opened(name: str) -> Session:
        return statistics.careful_session(server, name, cancellation, options.lock_wait, options.cost_delay)

    optimization = Optimization(options, None if check_mode else opened, started, result)
    work: list[tuple[str, Sequence[Task]]] = []
    # One session at a time: a server that has few connections left needs them for others.
    for name, size in names:
        with opened(name) as session:
            if not work:
                result.queries = notable_sessions(statistics.activity(session), options)
            _inspect_database(session, size, options, result)
            if result.statements_advice:
                _inspect_statements(session, [database for database, _size in names], options, result)
            work.append((name, _plan(session, options, result)))
    # In a thread of its own: otherwise a signal would wait for the end of the current VACUUM.
    workers.for_each(work, optimization.process_database, 1, cancellation)
    return {
        "changed": any(table["outcome"] in ("done", "would be done") for table in result.tables),
        "version": version,
        **vars(result),
        "duration": round(time.monotonic() - started, 3),
    }


def _statements_advice(stack: Stack, service: str) -> str:
    """How to get the statistics of statements; the role stack would write the Compose file again without a change."""
    if stack.compose.of_role_stack:
        setting = 'stack_postgres_settings: {"shared_preload_libraries": "pg_stat_statements"}'
        return f"{GET_STATEMENTS}set {setting} and run ansible-playbook maxops.ops.deploy{THEN_CREATE}"
    command = 'command: ["postgres", "-c", "shared_preload_libraries=pg_stat_statements"]'
    up = stack.compose.command("up", "--detach", service)
    return f'{GET_STATEMENTS}add {command} to the service "{service}" in the Compose file, run {up}{THEN_CREATE}'


def _nothing(stack: Stack, started: float) -> dict[str, Any]:
    """The result for a stack without PostgreSQL, for example one of Gitea with SQLite."""
    remark = str(stack.not_found("PostgreSQL server", "database_service"))
    return {
        "changed": False,
        "version": "",
        **vars(Result(remarks=[f"there is nothing to optimize: {remark}"])),
        "duration": round(time.monotonic() - started, 3),
    }


def _databases(server: Server, options: OptimizeOptions) -> tuple[str, list[tuple[str, int]]]:
    version, databases = list_databases(server)
    sizes = {database.name: database.size for database in databases}
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
        raise MaxopsError(f"container {server.container} has no application database, so there is nothing to do")
    return version, [(name, sizes[name]) for name in names]


def _inspect_database(session: Session, size: int, options: OptimizeOptions, result: Result) -> None:
    """Add what the operator should check in one database."""
    name = session.database
    for query in collations.queries(int(session.version.partition(".")[0])):
        for mismatch in collations.mismatches(session.run("compare the collations of", query)):
            result.remarks.append(f'database "{name}": {collations.seen(mismatch)}; {collations.fix(name, mismatch)}')
    since = statistics.counted_since(session)
    days = None if since is None else (time.time() - since) / 86400
    unused = [
        {
            "database": name,
            "schema": index.schema,
            "table": index.table,
            "name": index.name,
            "bytes": index.bytes,
            "fix": fix_for_unused(index.sql, days),
        }
        for index in statistics.unused_indexes(session)
        if index.bytes >= options.min_size
    ]
    wasted = [{"database": name, **relation} for relation in bloated(statistics.sizes(session), options)]
    result.databases.append(
        {
            "name": name,
            "bytes": size,
            "statistics_days": None if days is None else round(days, 2),
            "unused_indexes": len(unused),
            "bloated": len(wasted),
        }
    )
    result.unused_indexes += unused[: options.listed]
    result.bloat += wasted[: options.listed]


def _inspect_statements(session: Session, databases: Sequence[str], options: OptimizeOptions, result: Result) -> None:
    schema = statistics.statements_schema(session)
    if schema is None:
        return
    result.statements_advice = ""
    try:
        statements = statistics.statements(session, schema, databases, options.listed)
    except MaxopsError as error:
        result.remarks.append(f"pg_stat_statements cannot be read: {error}")
        return
    result.statements = [
        {**statement, "query": shown(statement["query"], options.query_length)} for statement in statements
    ]


def _plan(session: Session, options: OptimizeOptions, result: Result) -> Sequence[Task]:
    holders = statistics.holders(session)
    result.holders += [
        {**holder.to_dict(), "query": shown(holder.query, options.query_length)}
        for holder in holders
        if holder.seconds is None or holder.seconds >= options.long_seconds
    ]
    return plan_tables(statistics.tables(session), holders, options)


class Optimization:
    """Processes one table after another, while no other job uses the stack and the time limit is not reached."""

    def __init__(
        self, options: OptimizeOptions, opened: Callable[[str], Session] | None, started: float, result: Result
    ) -> None:
        self._options = options
        self._opened = opened
        self._deadline = started + options.time_limit * 60 if options.time_limit else None
        self._result = result

    def process_database(self, work: tuple[str, Sequence[Task]]) -> None:
        """Process the tables of one database; in check mode, report what would be done without a session."""
        database, tasks = work
        if not tasks or self._opened is None:
            for task in tasks:
                self._process_table(None, database, task)
            return
        with self._opened(database) as session:
            for task in tasks:
                self._process_table(session, database, task)

    def _process_table(self, session: Session | None, database: str, task: Task) -> None:
        begun = time.monotonic()
        problem = task.problem or self._reason_to_stop()
        outcome = "left" if problem else "would be done"
        measured: dict[str, Any] = {}
        if not problem and session:
            problem = statistics.maintain(session, task.table, vacuum=task.action == VACUUM)
            outcome = "left" if problem else "done"
            measured = {
                "dead_after": statistics.dead_rows(session, task.table),
                "duration": round(time.monotonic() - begun, 3),
            }
        self._result.tables.append(
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
                **measured,
            }
        )

    def _reason_to_stop(self) -> str:
        if self._deadline is not None and time.monotonic() > self._deadline:
            return f"the time limit is over (time_limit: {self._options.time_limit:g} minutes)"
        holder = self._options.access.lock_holder()
        return f"the stack is in use: {holder}" if holder else ""
