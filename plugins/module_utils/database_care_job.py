# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Care for the stack's PostgreSQL in hours of work. Private to this collection.

One table at a time, waiting for nobody.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.maxops.ops.plugins.module_utils import crew, postgresql_care
from ansible_collections.maxops.ops.plugins.module_utils.database_care_plan import (
    CareOptions,
    Task,
    bloated,
    plan_tables,
    remedy_for_unused,
    shown,
    worth_telling,
)
from ansible_collections.maxops.ops.plugins.module_utils.errors import MaxopsError
from ansible_collections.maxops.ops.plugins.module_utils.files import lock_holder, stack_lock_path
from ansible_collections.maxops.ops.plugins.module_utils.postgresql import Server, Session, list_databases
from ansible_collections.maxops.ops.plugins.module_utils.postgresql_server import find_server
from ansible_collections.maxops.ops.plugins.module_utils.process import Cancellation
from ansible_collections.maxops.ops.plugins.module_utils.stack import Stack

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


def care(options: CareOptions, check_mode: bool) -> dict[str, Any]:
    """Look at every database and tend the tables that need it; a table that somebody holds is left and told."""
    started = time.monotonic()
    stack = Stack.connect(options.project_name, options.docker_host)
    container = stack.require_running(options.database_service)
    server = find_server(stack, container, options.database_user, options.database_password)
    version, names = _databases(server, options)
    report = _Report()
    cancellation = Cancellation()
    with ExitStack() as sessions:
        opened = {
            name: sessions.enter_context(
                postgresql_care.careful_session(server, name, cancellation, options.lock_wait, options.cost_delay)
            )
            for name, _size in names
        }
        report.queries = worth_telling(postgresql_care.activity(next(iter(opened.values()))), options)
        for name, size in names:
            _look_at(opened[name], size, options, report)
        _look_at_statements(opened, options, report)
        tasks = [(opened[name], task) for name in opened for task in _plan(opened[name], options, report)]
        # In a thread of its own: a signal would else wait for the server's answer, that is for a whole VACUUM.
        tending = _Tending(options, check_mode, started, report)
        crew.each(tasks, tending.tend, 1, cancellation)
    return {
        "changed": any(each["outcome"] in ("done", "would be done") for each in report.tables),
        "version": version,
        **vars(report),
        "duration": round(time.monotonic() - started, 3),
    }


def _databases(server: Server, options: CareOptions) -> tuple[str, list[tuple[str, int]]]:
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


def _look_at(session: Session, size: int, options: CareOptions, report: _Report) -> None:
    """What of one database somebody should look at."""
    name = session.database
    since = postgresql_care.counted_since(session)
    days = None if since is None else (time.time() - since) / 86400
    unused = [
        {
            "database": name,
            "schema": each.schema,
            "table": each.table,
            "name": each.name,
            "bytes": each.bytes,
            "remedy": remedy_for_unused(each.sql, days),
        }
        for each in postgresql_care.unused_indexes(session)
        if each.bytes >= options.min_size
    ]
    wasted = [{"database": name, **each} for each in bloated(postgresql_care.sizes(session), options)]
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


def _look_at_statements(opened: dict[str, Session], options: CareOptions, report: _Report) -> None:
    for session in opened.values():
        schema = postgresql_care.statements_schema(session)
        if schema is None:
            continue
        try:
            found = postgresql_care.statements(session, schema, list(opened), options.listed)
        except MaxopsError as error:
            report.remarks.append(f"pg_stat_statements cannot be read: {error}")
            return
        report.statements = [{**each, "query": shown(each["query"], options.query_length)} for each in found]
        return
    report.statements_advice = GET_STATEMENTS.format(service=options.database_service)


def _plan(session: Session, options: CareOptions, report: _Report) -> Sequence[Task]:
    found = postgresql_care.holders(session)
    report.holders += [
        {**each.to_dict(), "query": shown(each.query, options.query_length)}
        for each in found
        if each.seconds is None or each.seconds >= options.long_seconds
    ]
    return plan_tables(postgresql_care.tables(session), found, options)


class _Tending:
    """Tends table after table, as long as nobody else works on the stack and there is time."""

    def __init__(self, options: CareOptions, check_mode: bool, started: float, report: _Report) -> None:
        self._options = options
        self._check_mode = check_mode
        self._deadline = started + options.time_limit * 60 if options.time_limit else None
        self._report = report

    def tend(self, work: tuple[Session, Task]) -> None:
        """Tend one table, or tell why not."""
        session, task = work
        begun = time.monotonic()
        problem = task.problem or self._reason_to_stop()
        outcome = "left" if problem else "would be done"
        told: dict[str, Any] = {}
        if not problem and not self._check_mode:
            problem = postgresql_care.tend(session, task.table, vacuum=task.action != "ANALYZE")
            outcome = "left" if problem else "done"
            told = {
                "dead_after": postgresql_care.dead_rows(session, task.table),
                "duration": round(time.monotonic() - begun, 3),
            }
        self._report.tables.append(
            {
                "database": session.database,
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
        holder = lock_holder(stack_lock_path(self._options.project_name))
        return f"the stack is in use: {holder}" if holder else ""
