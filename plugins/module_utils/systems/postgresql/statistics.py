# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads PostgreSQL's own statistics about tables, indexes and sessions, and runs VACUUM and ANALYZE.

Nothing here waits for a lock to read: sizes come from the catalog, because the size functions open each table.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError
from ansible_collections.maxops.ops.plugins.module_utils.tools.process import Cancellation

from .session import Server, Session, identifier

LOCKED, GONE, ENDED = "55P03", "42P01", "57014"
"""Errors of one statement that do not affect the next: a lock, a table dropped meanwhile, a cancelled query."""

ALIVE_SECONDS = 2
"""How soon a server (version 14 or later) notices that this process was killed, and ends its statement."""


@dataclass(frozen=True)
class Table:
    """One table's statistics; ``vacuumed`` in seconds since 1970, ``permitted`` whether our user may vacuum it."""

    oid: int
    schema: str
    name: str
    bytes: int
    live: int
    dead: int
    modified: int
    analyzed: bool
    vacuumed: float | None
    permitted: bool


@dataclass(frozen=True)
class Holder:
    """A session, prepared transaction or replication slot that prevents VACUUM from removing rows.

    ``since`` in seconds since 1970, ``seconds`` its age; both None for a slot, whose age is unknown.
    """

    kind: str
    name: str
    database: str
    user: str
    application: str
    state: str
    since: float | None
    seconds: float | None
    query: str

    def to_dict(self) -> dict[str, Any]:
        """The holder as data for the module's result."""
        return {key: value for key, value in asdict(self).items() if key != "since"}

    def describe(self) -> str:
        """The holder in words, for a message."""
        text = f"{self.kind} {self.name}" + (f" of {self.user}" if self.user else "")
        text += f" ({self.application})" if self.application else ""
        return f"{text}, {self.state}" if self.state else text


@dataclass(frozen=True)
class Sized:
    """A table or index, its size and the size that its rows need, in bytes; ``sql`` is its quoted name."""

    kind: str
    schema: str
    table: str
    name: str
    bytes: int
    needed: int
    sql: str


@dataclass(frozen=True)
class UnusedIndex:
    """An index that no query has read, and that is neither unique nor part of a constraint."""

    schema: str
    table: str
    name: str
    bytes: int
    sql: str


def careful_session(
    server: Server, database: str, cancellation: Cancellation, lock_wait: float, cost_delay: float
) -> Session:
    """A session whose statements do not wait for locks, pause between pages, and end soon after this process."""
    session = Session(server, database, cancellation)
    settings = {
        "lock_timeout": f"{max(1, round(lock_wait * 1000))}ms",
        "vacuum_cost_delay": f"{cost_delay:g}ms",
        "max_parallel_maintenance_workers": "0",
        # Version 14 and later have it.
        "client_connection_check_interval": f"{ALIVE_SECONDS}s",
        "idle_session_timeout": "0",
    }
    try:
        for name, value in settings.items():
            query = "SELECT set_config(name, %s, false) FROM pg_settings WHERE name = %s"
            session.run("prepare a session for", query, [value, name])
    except BaseException:
        session.__exit__()
        raise
    return session


def tables(session: Session) -> list[Table]:
    """The ordinary tables and materialized views of a database, of all owners."""
    rows = session.run(
        "read the statistics of",
        "SELECT c.oid::bigint, n.nspname, c.relname, c.relpages * current_setting('block_size')::bigint,"
        " s.n_live_tup, s.n_dead_tup, s.n_mod_since_analyze,"
        " coalesce(s.last_analyze, s.last_autoanalyze) IS NOT NULL,"
        " extract(epoch FROM greatest(s.last_vacuum, s.last_autovacuum))::float8,"
        " coalesce(r.rolsuper OR pg_has_role(c.relowner, 'USAGE') OR pg_has_role(d.datdba, 'USAGE') OR CASE WHEN"
        # Version 17 and later have the privilege MAINTAIN.
        " current_setting('server_version_num')::int >= 170000 THEN has_table_privilege(c.oid, 'MAINTAIN') END, false)"
        " FROM pg_stat_user_tables s JOIN pg_class c ON c.oid = s.relid JOIN pg_namespace n ON n.oid = c.relnamespace"
        " JOIN pg_database d ON d.datname = current_database() JOIN pg_roles r ON r.rolname = current_user"
        " WHERE c.relkind IN ('r', 'm') AND c.relpersistence <> 't' ORDER BY 2, 3",
    )
    return [Table(*row) for row in rows]


def holders(session: Session) -> list[Holder]:
    """All holders that prevent VACUUM from removing dead rows of this database, the oldest first."""
    rows = session.run(
        "read the transactions of",
        "SELECT 'session', pid::text, datname, coalesce(usename, ''), application_name, coalesce(state, ''),"
        " extract(epoch FROM xact_start)::float8, extract(epoch FROM clock_timestamp() - xact_start)::float8, query"
        " FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        " AND backend_type <> 'autovacuum worker' AND query !~* '^\\s*vacuum'"
        " AND (backend_xmin IS NOT NULL OR backend_xid IS NOT NULL) AND xact_start IS NOT NULL"
        " UNION ALL SELECT 'prepared transaction', gid, database, owner, '', 'prepared',"
        " extract(epoch FROM prepared)::float8, extract(epoch FROM clock_timestamp() - prepared)::float8, ''"
        " FROM pg_prepared_xacts WHERE database = current_database()"
        " UNION ALL SELECT 'replication slot', slot_name, coalesce(database, ''), '', '',"
        " CASE WHEN active THEN 'active' ELSE 'not in use now' END, NULL, NULL, ''"
        " FROM pg_replication_slots WHERE xmin IS NOT NULL ORDER BY 7",
    )
    return [Holder(*row) for row in rows]


def maintain(session: Session, table: Table, vacuum: bool) -> str:
    """VACUUM (ANALYZE) or ANALYZE one table; returns why it was left, or an empty text when it was done.

    Empty pages at the end of a table are not given back: that needs an exclusive lock for a moment.
    """
    name = f"{identifier(table.schema)}.{identifier(table.name)}"
    statement = f"VACUUM (ANALYZE, TRUNCATE FALSE) {name}" if vacuum else f"ANALYZE {name}"
    try:
        session.run(f"{statement.partition(' ')[0]} {table.schema}.{table.name} in", statement)
    except MaxopsError as error:
        code = getattr(error.__cause__, "pgcode", None)
        if code == LOCKED:
            return f"another session has locked it: {_lock_holders(session, table)}"
        if code == GONE:
            return "it was dropped meanwhile"
        if code == ENDED:
            return "it was cancelled (pg_cancel_backend)"
        raise
    return ""


def dead_rows(session: Session, table: Table) -> int:
    """Dead rows of a table from the current statistics."""
    query = "SELECT n_dead_tup FROM pg_stat_user_tables WHERE relid = %s"
    rows = session.run("read the statistics of", query, [table.oid])
    return int(rows[0][0]) if rows else 0


def _lock_holders(session: Session, table: Table) -> str:
    rows = session.run(
        "read the locks of",
        "SELECT DISTINCT a.pid, coalesce(a.usename, a.backend_type), a.application_name, coalesce(a.state, 'active'),"
        " extract(epoch FROM clock_timestamp() - a.xact_start)::int, l.mode FROM pg_locks l"
        " JOIN pg_stat_activity a USING (pid) WHERE l.locktype = 'relation' AND l.relation = %s AND l.granted"
        " AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())"
        " AND l.pid <> pg_backend_pid() AND l.mode NOT IN ('AccessShareLock', 'RowShareLock', 'RowExclusiveLock')"
        " ORDER BY 1",
        [table.oid],
    )
    holders = [
        f"pid {pid} of {user}{f' ({application})' if application else ''}, {state} for {seconds or 0} s with {mode}"
        for pid, user, application, state, seconds, mode in rows
    ]
    return "; ".join(holders) or "the lock was released meanwhile"


# -- indexes and bloat --------------------------------------------------------------------------------------------


def counted_since(session: Session) -> float | None:
    """When the statistics began, in seconds since 1970; None when only a superuser could read it.

    That is their last reset, or the creation of the database, from the time of its first file.
    """
    # PostgreSQL checks the permission for a function before it knows whether it will call it.
    [(permitted,)] = session.run(
        "read the rights in", "SELECT has_function_privilege('pg_stat_file(text, boolean)', 'EXECUTE')"
    )
    created = "(pg_stat_file('base/' || datid || '/PG_VERSION', true)).modification" if permitted else "NULL"
    [(since,)] = session.run(
        "read the statistics of",
        f"SELECT extract(epoch FROM coalesce(stats_reset, {created}))::float8 FROM pg_stat_database"  # noqa: S608
        " WHERE datname = current_database()",
    )
    return None if since is None else float(since)


def unused_indexes(session: Session) -> list[UnusedIndex]:
    """Indexes that no query has read since the statistics began, and that have no other purpose; largest first."""
    rows = session.run(
        "read the indexes of",
        "SELECT s.schemaname, s.relname, s.indexrelname, c.relpages * current_setting('block_size')::bigint,"
        " quote_ident(s.schemaname) || '.' || quote_ident(s.indexrelname)"
        " FROM pg_stat_user_indexes s JOIN pg_index i ON i.indexrelid = s.indexrelid"
        " JOIN pg_class c ON c.oid = s.indexrelid WHERE s.idx_scan = 0 AND NOT i.indisunique AND NOT i.indisprimary"
        " AND NOT i.indisexclusion AND NOT i.indisreplident AND NOT i.indisclustered AND c.relkind = 'i'"
        " AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = s.indexrelid)"
        " AND NOT EXISTS (SELECT FROM pg_inherits h WHERE h.inhrelid = s.indexrelid) ORDER BY 4 DESC, 5",
    )
    return [UnusedIndex(*row) for row in rows]


def sizes(session: Session) -> list[Sized]:
    """Tables and B-tree indexes with the size that their rows need, estimated from the statistics of ANALYZE.

    A row takes its columns' average widths, its header and its alignment; TOAST is ignored. The estimate is wrong for
    a table that was filled after its last ANALYZE, so tables without statistics of every column are left out.
    """
    rows = session.run(
        "estimate the sizes of",
        "WITH page AS (SELECT current_setting('block_size')::float8 AS b),"
        # pg_stats lists an index's expressions as columns of the index.
        " width AS MATERIALIZED (SELECT schemaname, tablename, attname, avg_width * (1 - null_frac) AS w,"
        "   null_frac > 0 AS nulls FROM pg_stats WHERE NOT inherited),"
        " tab AS (SELECT n.nspname, c.relname, c.relpages, c.reltuples, count(*) AS columns, count(w.w) AS known,"
        "   sum(w.w) AS data, bool_or(w.nulls) AS nulls, coalesce((SELECT option_value::float8"
        "     FROM pg_options_to_table(c.reloptions) WHERE option_name = 'fillfactor'), 100) / 100 AS filled"
        "   FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
        "   JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped"
        "   LEFT JOIN width w ON w.schemaname = n.nspname AND w.tablename = c.relname AND w.attname = a.attname"
        "   WHERE c.relkind IN ('r', 'm') AND c.relpersistence <> 't' AND n.nspname !~ '^pg_'"
        "   AND n.nspname <> 'information_schema' AND c.reltuples >= 0 GROUP BY c.oid, n.nspname, c.relname),"
        " ind AS (SELECT n.nspname, t.relname AS tab, c.relname, c.relpages, c.reltuples, count(*) AS columns,"
        "   count(coalesce(w.w, e.w)) AS known, sum(coalesce(w.w, e.w)) AS data,"
        "   bool_or(coalesce(w.nulls, e.nulls)) AS nulls"
        "   FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_index i ON i.indexrelid = c.oid"
        "   JOIN pg_class t ON t.oid = i.indrelid JOIN pg_am m ON m.oid = c.relam AND m.amname = 'btree'"
        "   CROSS JOIN LATERAL unnest(i.indkey::int2[]) WITH ORDINALITY AS k (attnum, position)"
        "   JOIN pg_attribute ia ON ia.attrelid = c.oid AND ia.attnum = k.position"
        "   LEFT JOIN pg_attribute ta ON ta.attrelid = t.oid AND ta.attnum = k.attnum AND k.attnum > 0"
        "   LEFT JOIN width w ON w.schemaname = n.nspname AND w.tablename = t.relname AND w.attname = ta.attname"
        "   LEFT JOIN width e ON e.schemaname = n.nspname AND e.tablename = c.relname AND e.attname = ia.attname"
        "   WHERE n.nspname !~ '^pg_' AND c.relpersistence <> 't' AND c.relkind = 'i' AND c.reltuples >= 0"
        "   GROUP BY c.oid, n.nspname, t.relname, c.relname)"
        " SELECT 'table', nspname, relname, relname, (relpages * b)::bigint,"
        "   (b * ceil(reltuples * (4 + 24 + CASE WHEN nulls THEN 8 * ceil(columns / 64.0) ELSE 0 END"
        "   + 8 * ceil(data / 8)) / ((b - 24) * filled)))::bigint, quote_ident(nspname) || '.' || quote_ident(relname)"
        "   FROM tab, page WHERE columns = known"
        " UNION ALL SELECT 'index', nspname, tab, relname, (relpages * b)::bigint,"
        "   (b * (2 + ceil(reltuples * (4 + 8 + CASE WHEN nulls THEN 8 ELSE 0 END + 8 * ceil(data / 8))"
        "   / ((b - 40) * 0.9))))::bigint,"
        "   quote_ident(nspname) || '.' || quote_ident(relname) FROM ind, page WHERE columns = known",
    )
    return [Sized(*row) for row in rows]


# -- queries ------------------------------------------------------------------------------------------------------


def activity(session: Session) -> list[dict[str, Any]]:
    """The current client sessions of the server, without idle ones and this one; the oldest first."""
    rows = session.run(
        "read the sessions of",
        "SELECT pid, coalesce(datname, ''), coalesce(usename, ''), application_name, state,"
        " coalesce(wait_event_type || ': ' || wait_event, ''),"
        " extract(epoch FROM clock_timestamp() - query_start)::float8,"
        " extract(epoch FROM clock_timestamp() - xact_start)::float8, pg_blocking_pids(pid), query"
        " FROM pg_stat_activity WHERE backend_type = 'client backend' AND state <> 'idle' AND pid <> pg_backend_pid()"
        " ORDER BY query_start",
    )
    names = ("pid", "database", "user", "application", "state", "waits_for", "seconds", "transaction_seconds")
    return [dict(zip((*names, "blocked_by", "query"), row)) for row in rows]


def statements_schema(session: Session) -> str | None:
    """Schema of the extension pg_stat_statements in this database; None where it is not installed."""
    rows = session.run(
        "read the extensions of",
        "SELECT n.nspname FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace"
        " WHERE e.extname = 'pg_stat_statements'",
    )
    return rows[0][0] if rows else None


def statements(session: Session, schema: str, databases: Sequence[str], limit: int) -> list[dict[str, Any]]:
    """The statements that took most time since pg_stat_statements began. Raises MaxopsError when it cannot be read."""
    rows = session.run(
        "read pg_stat_statements in",
        f"SELECT d.datname, coalesce(r.rolname, ''), s.calls, s.total_exec_time / 1000, s.mean_exec_time, s.rows,"  # noqa: S608
        f" s.query FROM {identifier(schema)}.pg_stat_statements s JOIN pg_database d ON d.oid = s.dbid"
        " LEFT JOIN pg_roles r ON r.oid = s.userid WHERE d.datname = ANY (%s)"
        " ORDER BY s.total_exec_time DESC LIMIT %s",
        [list(databases), limit],
    )
    names = ("database", "user", "calls", "total_seconds", "mean_milliseconds", "rows", "query")
    return [dict(zip(names, row)) for row in rows]
