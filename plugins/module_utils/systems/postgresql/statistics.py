# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What PostgreSQL's own statistics say of its tables, indexes and sessions. Private to this collection.

Nothing here waits for a lock: sizes are those of the catalog, since the size functions open each table.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError
from ansible_collections.maxops.ops.plugins.module_utils.tools.process import Cancellation

from .session import Server, Session, identifier

LOCKED, GONE, ENDED = "55P03", "42P01", "57014"
"""Why one statement could not be done and the next one may be: a lock, a table dropped meanwhile, a cancelled query."""

ALIVE_SECONDS = 2
"""How soon a server (of 14 or later) notices that this process was killed, and ends its statement."""


@dataclass(frozen=True)
class Table:
    """One table as the statistics have it; ``vacuumed`` in seconds since 1970, ``may`` whether our user may tend it."""

    oid: int
    schema: str
    name: str
    bytes: int
    live: int
    dead: int
    modified: int
    analyzed: bool
    vacuumed: float | None
    may: bool


@dataclass(frozen=True)
class Holder:
    """What keeps VACUUM from removing rows: a session, a prepared transaction or a replication slot.

    ``since`` in seconds since 1970, ``seconds`` its age; both None for a slot, of which nobody knows.
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
        """What a report tells of it."""
        return {key: value for key, value in asdict(self).items() if key != "since"}

    def words(self) -> str:
        """The holder in a sentence."""
        who = f"{self.kind} {self.name}" + (f" of {self.user}" if self.user else "")
        who += f" ({self.application})" if self.application else ""
        return f"{who}, {self.state}" if self.state else who


@dataclass(frozen=True)
class Sized:
    """A table or index, how large it is and how large its rows need it to be; ``sql`` is its name as SQL takes it."""

    kind: str
    schema: str
    table: str
    name: str
    bytes: int
    needed: int
    sql: str


@dataclass(frozen=True)
class UnusedIndex:
    """An index that no query has read, which neither keeps rows unique nor belongs to a constraint."""

    schema: str
    table: str
    name: str
    bytes: int
    sql: str


def careful_session(
    server: Server, database: str, cancellation: Cancellation, lock_wait: float, cost_delay: float
) -> Session:
    """A session whose statements wait for nobody, pause as they go, and end soon after this process."""
    session = Session(server, database, cancellation)
    settings = {
        "lock_timeout": f"{max(1, round(lock_wait * 1000))}ms",
        "vacuum_cost_delay": f"{cost_delay:g}ms",
        "max_parallel_maintenance_workers": "0",
        # Known from 14 on.
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
    """The ordinary tables and materialized views of a database, whoever they belong to."""
    rows = session.run(
        "read the statistics of",
        "SELECT c.oid::bigint, n.nspname, c.relname, c.relpages * current_setting('block_size')::bigint,"
        " s.n_live_tup, s.n_dead_tup, s.n_mod_since_analyze,"
        " coalesce(s.last_analyze, s.last_autoanalyze) IS NOT NULL,"
        " extract(epoch FROM greatest(s.last_vacuum, s.last_autovacuum))::float8,"
        " coalesce(r.rolsuper OR pg_has_role(c.relowner, 'USAGE') OR pg_has_role(d.datdba, 'USAGE') OR CASE WHEN"
        # The privilege MAINTAIN is one of 17 and later.
        " current_setting('server_version_num')::int >= 170000 THEN has_table_privilege(c.oid, 'MAINTAIN') END, false)"
        " FROM pg_stat_user_tables s JOIN pg_class c ON c.oid = s.relid JOIN pg_namespace n ON n.oid = c.relnamespace"
        " JOIN pg_database d ON d.datname = current_database() JOIN pg_roles r ON r.rolname = current_user"
        " WHERE c.relkind IN ('r', 'm') AND c.relpersistence <> 't' ORDER BY 2, 3",
    )
    return [Table(*row) for row in rows]


def holders(session: Session) -> list[Holder]:
    """All that keeps dead rows of this database from being removed, the oldest first."""
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
        " CASE WHEN active THEN 'active' ELSE 'not used by anybody now' END, NULL, NULL, ''"
        " FROM pg_replication_slots WHERE xmin IS NOT NULL ORDER BY 7",
    )
    return [Holder(*row) for row in rows]


def tend(session: Session, table: Table, vacuum: bool) -> str:
    """VACUUM (ANALYZE) or ANALYZE one table; gives why it was left, or nothing when it was done.

    Pages at a table's end are not given back: for that VACUUM needs the table for itself for a moment.
    """
    name = f"{identifier(table.schema)}.{identifier(table.name)}"
    statement = f"VACUUM (ANALYZE, TRUNCATE FALSE) {name}" if vacuum else f"ANALYZE {name}"
    try:
        session.run(f"tend {table.schema}.{table.name} in", statement)
    except MaxopsError as error:
        code = getattr(error.__cause__, "pgcode", None)
        if code == LOCKED:
            return f"another session holds it: {_who_locks(session, table)}"
        if code == GONE:
            return "it was dropped meanwhile"
        if code == ENDED:
            return "somebody cancelled it (pg_cancel_backend)"
        raise
    return ""


def dead_rows(session: Session, table: Table) -> int:
    """Dead rows of a table as they are told now."""
    query = "SELECT n_dead_tup FROM pg_stat_user_tables WHERE relid = %s"
    rows = session.run("read the statistics of", query, [table.oid])
    return int(rows[0][0]) if rows else 0


def _who_locks(session: Session, table: Table) -> str:
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
    told = [
        f"pid {pid} of {user}{f' ({application})' if application else ''}, {state} for {seconds or 0} s with {mode}"
        for pid, user, application, state, seconds, mode in rows
    ]
    return "; ".join(told) or "it has let go meanwhile"


# -- indexes and bloat --------------------------------------------------------------------------------------------


def counted_since(session: Session) -> float | None:
    """Since when the statistics count, in seconds since 1970; None when only a superuser could tell.

    That is since they were set back, else since the database was made, as its first file tells.
    """
    # PostgreSQL asks for the right to a function before it knows whether it will call it.
    [(may,)] = session.run(
        "ask for rights in", "SELECT has_function_privilege('pg_stat_file(text, boolean)', 'EXECUTE')"
    )
    made = "(pg_stat_file('base/' || datid || '/PG_VERSION', true)).modification" if may else "NULL"
    [(since,)] = session.run(
        "read the statistics of",
        f"SELECT extract(epoch FROM coalesce(stats_reset, {made}))::float8 FROM pg_stat_database"  # noqa: S608
        " WHERE datname = current_database()",
    )
    return None if since is None else float(since)


def unused_indexes(session: Session) -> list[UnusedIndex]:
    """Indexes that no query has read since the statistics count, and that serve for nothing else; largest first."""
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

    A row takes its columns' average widths, its header and its alignment; TOAST is not looked at. What an ANALYZE has
    not seen since it was filled is told wrong, so tables without statistics of every column are left out.
    """
    rows = session.run(
        "estimate the sizes of",
        "WITH page AS (SELECT current_setting('block_size')::float8 AS b),"
        # pg_stats knows an index's expressions as columns of the index.
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
    """What client sessions of the server are doing now, without the idle ones and this one; the oldest first."""
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
    """The statements that have cost most time since pg_stat_statements counts. Raises MaxopsError when it can't."""
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
