# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Snapshots of a database and the progress of COPY."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ansible_collections.maxops.ops.plugins.module_utils.tools.process import Cancellation

from .session import Server, fetch, identifier


class Snapshot:
    """A frozen view of one database, which other sessions (pg_dump and its workers) can share.

    It exists as long as its session; use it as a context manager.
    """

    def __init__(self, server: Server, database: str, cancellation: Cancellation) -> None:
        self.database = database
        self._server = server
        self._cancellation = cancellation
        self._connection = server.connect(database)
        try:
            self._connection.set_session(isolation_level="REPEATABLE READ", readonly=True)
            # Only PostgreSQL 17 and later have it, so it cannot be an option of the connection.
            self._rows("SELECT set_config(name, '0', false) FROM pg_settings WHERE name = 'transaction_timeout'")
            self.id = str(self._rows("SELECT pg_export_snapshot()")[0][0])
        except BaseException:
            self._connection.close()
            raise

    def __enter__(self) -> Snapshot:
        return self

    def __exit__(self, *_error: object) -> None:
        self._connection.close()

    def _rows(self, query: Any, parameters: Sequence[Any] | None = None) -> list[tuple[Any, ...]]:
        return fetch(
            self._connection, self._cancellation, "read", self.database, self._server.container, query, parameters
        )

    def row_counts(self) -> dict[str, int]:
        """Exact number of rows of every table whose rows a dump contains, as ``"schema.table": rows``.

        Partitions are counted one by one and inherited rows once; rows of extensions are not counted.
        """
        tables = self._rows(
            "SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
            " WHERE c.relkind = 'r' AND c.relpersistence <> 't' AND n.nspname !~ '^pg_'"
            " AND n.nspname <> 'information_schema' AND NOT EXISTS (SELECT FROM pg_depend d"
            " WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e') ORDER BY 1, 2"
        )
        counts: dict[str, int] = {}
        for schema, table in tables:
            query = f"SELECT count(*) FROM ONLY {identifier(schema)}.{identifier(table)}"  # noqa: S608 - both are quoted
            counts[f"{schema}.{table}"] = self._rows(query, ())[0][0]
        return counts

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
        return {f"{schema}.{table}": f"{root_schema}.{root}" for schema, table, root_schema, root in rows}

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
        return {
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

    def schema_version(self) -> dict[str, str]:
        """The latest migration of the application's schema by table, where it is kept as by Rails or Gitea."""
        versions = {}
        for table, query in (
            ("schema_migrations", "SELECT max(version)::text FROM schema_migrations"),
            ("version", "SELECT max(version)::text FROM version"),
        ):
            columns = self._rows(
                "SELECT 1 FROM information_schema.columns WHERE table_schema = 'public' AND table_name = %s"
                " AND column_name = 'version'",
                [table],
            )
            value = self._rows(query)[0][0] if columns else None
            if value is not None:
                versions[table] = value
        return versions


class CopyMeter:
    """Measures the bytes that COPY has sent from one database so far, from the server's own progress view."""

    def __init__(self, server: Server, database: str) -> None:
        self._connection = server.connect("postgres")
        self._connection.autocommit = True
        self._database = database
        self._sent: dict[tuple[int, int], int] = {}

    def read(self) -> int:
        """Bytes sent since the first reading, as far as the readings have covered them."""
        with self._connection.cursor() as cursor:
            cursor.execute(
                "SELECT pid, relid, bytes_processed FROM pg_stat_progress_copy WHERE datname = %s", [self._database]
            )
            for pid, relation, sent in cursor.fetchall():
                self._sent[(pid, relation)] = max(sent, self._sent.get((pid, relation), 0))
        return sum(self._sent.values())

    def close(self) -> None:
        """End the session."""
        self._connection.close()
