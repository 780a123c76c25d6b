# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Collations whose version has changed since the indexes were built: such an index may be in the wrong order.

It happens when the image brings another libc or ICU. Then a search may miss rows, and a unique index may let the same
key in twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

# The database's own collation has a recorded version since PostgreSQL 15. Databases with the collation C have none.
_DATABASE = """
SELECT 'database', d.datname, d.datcollversion, pg_database_collation_actual_version(d.oid)
FROM pg_database d WHERE {which}
  AND d.datcollversion IS DISTINCT FROM pg_database_collation_actual_version(d.oid) ORDER BY 2
"""
# Collations of single columns and indexes. OFFSET 0 keeps the version of the many unused ones from being looked up.
_COLUMNS = """
SELECT 'collation', quote_ident(n.nspname) || '.' || quote_ident(c.collname), c.collversion,
       pg_collation_actual_version(c.oid)
FROM (SELECT oid, collname, collnamespace, collversion FROM pg_collation
      WHERE collversion IS NOT NULL AND oid IN (
        SELECT a.attcollation FROM pg_attribute a JOIN pg_class r ON r.oid = a.attrelid
        WHERE r.relkind IN ('r', 'p', 'm') AND r.oid >= 16384
        UNION SELECT unnest(i.indcollation) FROM pg_index i WHERE i.indexrelid >= 16384) OFFSET 0) c
JOIN pg_namespace n ON n.oid = c.collnamespace
WHERE c.collversion IS DISTINCT FROM pg_collation_actual_version(c.oid) ORDER BY 2
"""


def queries(version: int) -> list[str]:
    """Statements that find the mismatches of the session's database; ``version`` is the server's major version."""
    return [*([_DATABASE.format(which="d.datname = current_database()")] if version >= 15 else []), _COLUMNS]


def server_query(version: int) -> str | None:
    """The statement that finds the databases of a server with a mismatch; None where the server records no version."""
    return _DATABASE.format(which="d.datallowconn AND NOT d.datistemplate") if version >= 15 else None


def mismatches(rows: Iterable[Sequence[Any]]) -> list[dict[str, Any]]:
    """The rows of :func:`queries` or :func:`server_query` as ``kind``, ``name``, ``recorded`` and ``actual``."""
    return [dict(zip(("kind", "name", "recorded", "actual"), row)) for row in rows]


def seen(mismatch: Mapping[str, Any]) -> str:
    """What was found, for a message."""
    recorded, actual = mismatch["recorded"] or "none", mismatch["actual"] or "none"
    subject = "its collation" if mismatch["kind"] == "database" else f"its collation {mismatch['name']}"
    return f"{subject} has the recorded version {recorded}, and this server has {actual}"


def fix(database: str, mismatch: Mapping[str, Any]) -> str:
    """The statements that put it right, for a message."""
    quoted = '"' + database.replace('"', '""') + '"'
    head = f"its indexes may be in the wrong order: in database {quoted}, run REINDEX DATABASE {quoted}"
    if mismatch["kind"] == "database":
        return f"{head}; ALTER DATABASE {quoted} REFRESH COLLATION VERSION"
    return f"{head}; ALTER COLLATION {mismatch['name']} REFRESH VERSION"
