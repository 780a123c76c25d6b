# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Snapshots of a database: what it held at one moment."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError
from ansible_collections.maxops.ops.plugins.module_utils.tools.process import Cancellation

from . import collations
from .session import Server, fetch, identifier

LOCK_SECONDS = 1
"""How long one reading waits for a table; while it waits, it is in the way of nothing but other waiting sessions."""

PATIENCE_SECONDS = 120.0
"""How long to try again for a table that another session has locked."""

PAUSE_SECONDS = 0.2

# The tables whose rows a dump may contain, with the file that holds the rows.
FILES = """
SELECT n.nspname, c.relname, c.oid::bigint, c.relfilenode::bigint
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND c.relpersistence <> 't' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
"""
_OF_EXTENSIONS = """
SELECT n.nspname, c.relname FROM pg_depend d JOIN pg_class c ON c.oid = d.objid
JOIN pg_namespace n ON n.oid = c.relnamespace WHERE d.classid = 'pg_class'::regclass AND d.deptype = 'e'
"""
_VERSION_TYPE = """
SELECT 1 FROM pg_attribute WHERE attrelid = %s AND attname = 'version' AND NOT attisdropped
  AND format_type(atttypid, NULL) IN ('smallint', 'integer', 'bigint', 'character varying', 'text')
"""
# SQLSTATE of errors of a session that waited too long for a lock, and of a name that is not there (any more).
_LOCKED = {"55P03"}
_MISSING = {"42P01", "3F000", "42703"}

TableName = tuple[str, str]
"""Schema and name of a table."""

TableFile = tuple[int, int]
"""A table's identity (oid) and the number of the file that holds its rows (relfilenode)."""


class ChangedError(MaxopsError):
    """Tables were rewritten, replaced or dropped after the snapshot: it no longer shows their rows."""


class LockedError(MaxopsError):
    """Another session has kept a table locked for too long."""


@dataclass(frozen=True)
class Reading:
    """A value to read from one table: ``expression`` is SQL over its rows."""

    table: TableName
    expression: str


def row_key(schema: str, table: str) -> str:
    """The key of a table in the row counts of a manifest: ``schema.table``.

    A part that holds a dot or a quote is quoted as in SQL, so that ``"a.b".c`` and ``a."b.c"`` differ.
    """
    return ".".join('"' + part.replace('"', '""') + '"' if set(part) & {".", '"'} else part for part in (schema, table))


class Snapshot:
    """A frozen view of one database, which other sessions (pg_dump and its workers) can share.

    It exists as long as its session; use it as a context manager. Rows are read table by table, and each table's lock
    is given back at once: kept, they would use up the server's memory for locks, and applications would wait behind
    whoever wants to change a table.
    """

    def __init__(self, server: Server, database: str, cancellation: Cancellation) -> None:
        self.database = database
        self._server = server
        self._cancellation = cancellation
        self._counts: dict[str, int] = {}
        self._files: dict[TableName, TableFile] | None = None
        self._connection = server.connect(database)
        try:
            self._connection.set_session(isolation_level="REPEATABLE READ", readonly=True, deferrable=False)
            # Only PostgreSQL 17 and later have it, so it cannot be an option of the connection.
            self._rows("SELECT set_config(name, '0', false) FROM pg_settings WHERE name = 'transaction_timeout'")
            self.id = str(self._rows("SELECT pg_export_snapshot()")[0][0])
            self.process = int(self._rows("SELECT pg_backend_pid()")[0][0])
            self._rows("SAVEPOINT reading")
        except BaseException:
            self._connection.close()
            raise

    def __enter__(self) -> Snapshot:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def close(self) -> None:
        """End the session, and the snapshot with it."""
        self._connection.close()

    def check(self) -> None:
        """Raise ServerGoneError when the session, and the snapshot with it, is gone."""
        self._rows("ROLLBACK TO SAVEPOINT reading", cancellation=Cancellation())

    def _rows(
        self, query: str, parameters: Sequence[Any] | None = None, cancellation: Cancellation | None = None
    ) -> list[tuple[Any, ...]]:
        cancellation = cancellation or self._cancellation
        return fetch(self._connection, cancellation, "read", self.database, self._server.container, query, parameters)

    # -- rows -------------------------------------------------------------------------------------------------------

    def files(self) -> dict[TableName, TableFile]:
        """The file of each table as of the snapshot. A rewritten table has another one, and seems to be empty here."""
        if self._files is None:
            self._files = {(row[0], row[1]): (row[2], row[3]) for row in self._rows(FILES)}
        return self._files

    def row_counts(self, cancellation: Cancellation | None = None) -> dict[str, int]:
        """Exact number of rows of every table whose rows a dump contains, by :func:`row_key`.

        Partitions are counted one by one and inherited rows once; rows of extensions are not counted. What was
        counted before a failure is not counted again. Raises ChangedError when a table was rewritten after the
        snapshot, LockedError when one stays locked. ``cancellation`` can stop it without ending the snapshot.
        """
        extensions = {(row[0], row[1]) for row in self._rows(_OF_EXTENSIONS)}
        wanted = {
            row_key(*table): Reading(table, "count(*)") for table in sorted(self.files()) if table not in extensions
        }
        remaining = {key: reading for key, reading in wanted.items() if key not in self._counts}
        self._read(remaining, self._counts, cancellation)
        return {key: self._counts[key] for key in wanted}

    def schema_version(self, cancellation: Cancellation | None = None) -> dict[str, str]:
        """The latest migration of the application's schema by table, where it is kept as by Rails or Gitea.

        A table of that name with anything else in it is none.
        """
        wanted = {}
        for table in ("schema_migrations", "version"):
            identity, _file = self.files().get(("public", table), (None, None))
            if identity is not None and self._rows(_VERSION_TYPE, [identity]):
                wanted[table] = Reading(("public", table), "max(version)::text")
        found: dict[str, Any] = {}
        self._read(wanted, found, cancellation)
        return {table: value for table, value in found.items() if value is not None}

    def _read(
        self, wanted: Mapping[str, Reading], found: dict[str, Any], cancellation: Cancellation | None = None
    ) -> None:
        """Read one value from each table into ``found``; a locked table is tried again after the others."""
        cancellation = cancellation or self._cancellation
        waiting = deque(wanted.items())
        failed, since = 0, time.monotonic()
        try:
            while waiting:
                key, reading = waiting.popleft()
                try:
                    found[key] = self._value(reading, cancellation)
                    failed, since = 0, time.monotonic()
                    continue
                except MaxopsError as error:
                    if _code(error) not in _LOCKED:
                        raise
                waiting.append((key, reading))
                failed += 1
                if time.monotonic() - since > PATIENCE_SECONDS:
                    raise LockedError(
                        f'rows of database "{self.database}" could not be counted: other sessions have kept '
                        f"{', '.join(name for name, _reading in list(waiting)[:3])} locked for "
                        f"{PATIENCE_SECONDS:.0f} seconds; is a migration running? Wait until it has ended, then run "
                        "this again"
                    )
                if failed >= len(waiting):
                    time.sleep(PAUSE_SECONDS)
        finally:
            # Gives back the lock on the last table, also when the job is being stopped but the snapshot is kept.
            self._forget_locks()

    def _forget_locks(self) -> None:
        try:
            self._rows("ROLLBACK TO SAVEPOINT reading", cancellation=Cancellation())
        except MaxopsError:
            return  # the session is gone, and its locks with it

    def _value(self, reading: Reading, cancellation: Cancellation) -> Any:
        name = ".".join(identifier(part) for part in reading.table)
        # The names are quoted, the expressions are our own. Both functions show the table as it is now, and the lock
        # that the query takes keeps it so: with the file of the snapshot, all rows of the snapshot are in it.
        query = (
            f"ROLLBACK TO SAVEPOINT reading; SET LOCAL lock_timeout = '{LOCK_SECONDS}s';"  # noqa: S608
            f" SELECT {reading.expression}, to_regclass(%s)::oid::bigint,"
            f" pg_relation_filenode(to_regclass(%s))::bigint FROM ONLY {name}"
        )
        plain = name.replace("%%", "%")
        try:
            [(value, *file)] = self._rows(query, [plain, plain], cancellation)
        except MaxopsError as error:
            if _code(error) not in _MISSING:
                raise
            raise changed(self.database, [reading.table]) from error
        if tuple(file) != self.files()[reading.table]:
            raise changed(self.database, [reading.table])
        return value

    # -- facts ------------------------------------------------------------------------------------------------------

    def hash_partitions(self) -> dict[str, str]:
        """Tables below a hash partitioning and the root of each, named as by :meth:`row_counts`.

        pg_dump loads some of them through the root, because the hash of a key may differ on another server: their rows
        may then be in other partitions, and only the sum is the same.
        """
        rows = self._rows(
            "SELECT n.nspname, c.relname, rn.nspname, r.relname FROM pg_class c"
            " JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_class r ON r.oid = pg_partition_root(c.oid)"
            " JOIN pg_namespace rn ON rn.oid = r.relnamespace WHERE c.relispartition AND c.relkind = 'r'"
            " AND EXISTS (SELECT FROM pg_partition_ancestors(c.oid) a"
            " JOIN pg_partitioned_table p ON p.partrelid = a.relid WHERE p.partstrat = 'h')"
        )
        return {row_key(schema, table): row_key(root_schema, root) for schema, table, root_schema, root in rows}

    def extensions(self) -> dict[str, str]:
        """Installed extensions and their versions."""
        return dict(self._rows("SELECT extname, extversion FROM pg_extension ORDER BY 1"))

    def properties(self) -> dict[str, Any]:
        """Properties of the database that a dump does not contain: locale, limit, comment, settings and grants."""
        [(row, comment)] = self._rows(
            "SELECT to_jsonb(d) || jsonb_build_object('tablespace', t.spcname),"
            " shobj_description(d.oid, 'pg_database') FROM pg_database d"
            " JOIN pg_tablespace t ON t.oid = d.dattablespace WHERE datname = current_database()"
        )
        settings = self._rows(
            "SELECT r.rolname, split_part(c, '=', 1), substr(c, strpos(c, '=') + 1) FROM pg_db_role_setting s"
            " JOIN pg_database d ON d.oid = s.setdatabase LEFT JOIN pg_roles r ON r.oid = s.setrole"
            " CROSS JOIN unnest(s.setconfig) c WHERE d.datname = current_database() ORDER BY 1 NULLS FIRST, 2"
        )
        grants = self._rows(
            "SELECT r.rolname, a.privilege_type, a.is_grantable FROM pg_database d CROSS JOIN aclexplode(d.datacl) a"
            " LEFT JOIN pg_roles r ON r.oid = a.grantee WHERE d.datname = current_database() ORDER BY 1 NULLS FIRST, 2"
        )
        [(public, plpgsql)] = self._rows(
            "SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = 'public'),"
            " EXISTS (SELECT FROM pg_extension WHERE extname = 'plpgsql')"
        )
        subscriptions = self._rows(
            "SELECT subname FROM pg_subscription s JOIN pg_database d ON d.oid = s.subdbid"
            " WHERE d.datname = current_database() ORDER BY 1"
        )
        return {
            "is_template": row["datistemplate"],
            "absent": [
                name for name, present in (("schema public", public), ("extension plpgsql", plpgsql)) if not present
            ],
            "subscriptions": [name for (name,) in subscriptions],
            "locale_provider": row.get("datlocprovider", "c"),
            "locale": row.get("datlocale") or row.get("daticulocale"),
            "icu_rules": row.get("daticurules"),
            "tablespace": row["tablespace"],
            "connection_limit": row["datconnlimit"],
            "comment": comment,
            "settings": [{"role": role, "name": name, "value": value} for role, name, value in settings],
            "grants": None
            if row["datacl"] is None
            else [
                {"role": role, "privilege": privilege, "grantable": grantable} for role, privilege, grantable in grants
            ],
        }

    def collation_mismatches(self) -> list[dict[str, Any]]:
        """Collations of the database whose recorded version differs from the one that the server has now."""
        version = self._connection.server_version // 10000
        try:
            rows = [row for query in collations.queries(version) for row in self._rows(query)]
        finally:
            self._forget_locks()
        return collations.mismatches(rows)


def _code(error: MaxopsError) -> str:
    """The SQLSTATE of the statement that failed, empty when there is none."""
    return getattr(error.__cause__, "pgcode", None) or ""


def changed(database: str, tables: Sequence[TableName]) -> ChangedError:
    """The error that names the tables which changed after a snapshot."""
    names = ", ".join(row_key(*table) for table in tables[:3])
    more = f" and {len(tables) - 3} more" if len(tables) > 3 else ""
    return ChangedError(
        f'in database "{database}", {names}{more} was rewritten, replaced or dropped after the snapshot was taken; '
        "wait until the migration or job that does this has ended, then run this again"
    )
