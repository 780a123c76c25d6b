# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compares a restored copy with the manifest of its set, and rows with files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ansible_collections.maxops.ops.plugins.module_utils.storage.subject import Subject
from ansible_collections.maxops.ops.plugins.module_utils.systems.postgresql.session import (
    Server,
    Session,
    identifier,
    list_roles,
)
from ansible_collections.maxops.ops.plugins.module_utils.systems.postgresql.snapshot import Snapshot
from ansible_collections.maxops.ops.plugins.module_utils.tools.process import Cancellation

from . import gitea, openproject
from .content import Content
from .sqlite_files import check_sqlite

CHECK = "databases"

TAKE_ANOTHER = "Take another set; this one does not restore the data that the manifest lists."

# Serial and identity columns, with their sequence and whether values must be unique.
_OWNED = """
SELECT n.nspname, t.relname, a.attname,
  quote_ident(sn.nspname) || '.' || quote_ident(s.relname), q.seqincrement, q.seqstart
FROM pg_depend d
JOIN pg_class s ON s.oid = d.objid AND s.relkind = 'S'
JOIN pg_namespace sn ON sn.oid = s.relnamespace
JOIN pg_sequence q ON q.seqrelid = s.oid
JOIN pg_class t ON t.oid = d.refobjid AND t.relkind IN ('r', 'p')
JOIN pg_namespace n ON n.oid = t.relnamespace
JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = d.refobjsubid
WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i')
  AND q.seqincrement > 0
  AND EXISTS (SELECT FROM pg_index i WHERE i.indrelid = t.oid AND i.indisunique AND i.indnkeyatts = 1
              AND i.indkey[0] = a.attnum)
ORDER BY 1, 2, 3
"""


def compare(content: Content, databases: Sequence[Mapping[str, Any]], loaded: Mapping[str, Mapping[str, Any]]) -> None:
    """Compare roles, rows, extensions and sequences; each difference becomes a finding of ``content.subject``.

    ``databases`` are the manifest's entries of the databases to restore, ``loaded`` the loading result of each
    restored database, by name.
    """
    if content.server is None:
        return
    compare_roles(content.subject, content.server, (content.subject.manifest or {}).get("roles", []))
    for part in databases:
        name = part["name"]
        if name in loaded:
            compare_rows(content.subject, name, loaded[name].get("differences", []))
            left_out = loaded[name].get("left_out", ())
            extensions = {key: value for key, value in part.get("extensions", {}).items() if key not in left_out}
            compare_database(content.subject, content.server, name, extensions, content.cancellation)


def cross_check(content: Content, names: Iterable[str]) -> dict[str, dict[str, int]]:
    """Compare the rows and files of each supported application; gives the counts by application.

    ``names`` are the restored databases.
    """
    counted = check_sqlite(content)
    server = content.server
    if server is None:
        return counted
    for name in names:
        with Session(server, name, content.cancellation) as session:
            for application in (openproject, gitea):
                if not application.applies(session):
                    continue
                counted[application.NAME] = application.check(content, session)
    return counted


def compare_rows(subject: Subject, database: str, differences: Sequence[Mapping[str, Any]]) -> None:
    """Report each table that is missing, unexpected, or has another number of rows."""
    for difference in differences:
        name = f"table {difference['table']} of {database}"
        expected, counted = difference["expected"], difference["found"]
        if counted is None:
            subject.critical(CHECK, name, "is missing", _rows(expected), TAKE_ANOTHER)
        elif expected is None:
            subject.critical(CHECK, name, f"exists with {_rows(counted)}", "no such table", TAKE_ANOTHER)
        else:
            subject.critical(CHECK, name, _rows(counted), _rows(expected), TAKE_ANOTHER)


def _rows(count: int) -> str:
    return f"{count} row{'' if count == 1 else 's'}"


def compare_roles(subject: Subject, server: Server, expected: Sequence[str]) -> None:
    """Report each role of the manifest that is missing."""
    for name in sorted(set(expected) - set(list_roles(server))):
        subject.critical(CHECK, f"role {name}", "is missing", "a role that globals.sql creates", TAKE_ANOTHER)


def compare_database(
    subject: Subject, server: Server, database: str, expected: Mapping[str, str], cancellation: Cancellation
) -> None:
    """Compare extensions with their versions, and check that sequences are ahead of their columns."""
    with Snapshot(server, database, cancellation) as snapshot:
        installed = snapshot.extensions()
    for name, version in sorted(expected.items()):
        label = f"extension {name} of {database}"
        if name not in installed:
            subject.critical(CHECK, label, "is missing", f"version {version}", TAKE_ANOTHER)
        elif installed[name] != version:
            fix = f'After a restore, compare again; on the stack: ALTER EXTENSION "{name}" UPDATE.'
            subject.warning(CHECK, label, f"version {installed[name]}", f"version {version}", fix)
    with Session(server, database, cancellation) as session:
        for schema, table, column, sequence, increment, start in session.run("list the sequences of", _OWNED):
            _compare_sequence(subject, session, (schema, table, column), sequence, increment, start)


def _compare_sequence(
    subject: Subject, session: Session, path: tuple[str, str, str], sequence: str, increment: int, start: int
) -> None:
    """Report a sequence that is behind its column: PostgreSQL would refuse the next row.

    Applications number some rows themselves, so this alone is not a fault of the set. A sequence at its start value
    although the column is further has lost its value; a single row with the first number (Gitea's version) proves
    nothing.
    """
    schema, table, name = (identifier(part) for part in path)
    column, escaped = ".".join(path), sequence.replace("%", "%%")
    query = f"SELECT last_value, is_called, (SELECT max({name}) FROM {schema}.{table}) FROM {escaped}"  # noqa: S608
    [(last, called, highest)] = session.run("compare a sequence of", query)
    upcoming = last + increment if called else last
    if highest is None or upcoming > highest or (not called and highest <= start):
        return
    report = subject.warning if called else subject.critical
    report(
        CHECK,
        f"sequence {sequence} of {session.database}",
        f"its next value is {upcoming}",
        f"more than {highest}, which {column} already has",
        "New rows would be refused after a restore. If the running database has the same fault, fix it there: "
        f"SELECT setval('{sequence}', {highest})",
    )
