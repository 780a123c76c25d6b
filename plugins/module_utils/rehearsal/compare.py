# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What came back in a rehearsal, against what the manifest says was there, and rows against files."""

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

CHECK = "databases"

TAKE_ANOTHER = "Take another set; this one does not bring back what was there."

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
    """Roles, rows, extensions and sequences; what differs becomes a finding of ``content.subject``.

    ``databases`` are the manifest's entries of those that were to come back, ``loaded`` what loading gave of each that
    did, by its name.
    """
    compare_roles(content.subject, content.server, (content.subject.manifest or {}).get("roles", []))
    for part in databases:
        name = part["name"]
        if name in loaded:
            compare_rows(content.subject, name, loaded[name].get("differences", []))
            extensions = part.get("extensions", {})
            compare_database(content.subject, content.server, name, extensions, content.cancellation)


def cross_check(content: Content, names: Iterable[str]) -> dict[str, dict[str, int]]:
    """Have each application that is known compare its rows with its files; gives what each counted.

    ``names`` are the databases that came back.
    """
    counted: dict[str, dict[str, int]] = {}
    for name in names:
        with Session(content.server, name, content.cancellation) as session:
            for application in (openproject, gitea):
                if not application.applies(session):
                    continue
                if content.volumes:
                    counted[application.NAME] = application.check(content, session)
                else:
                    seen = "its files cannot be compared, for the set holds no volume"
                    content.subject.warning("content", f"database {name}", seen, "its application's volume")
    return counted


def compare_rows(subject: Subject, database: str, differences: Sequence[Mapping[str, Any]]) -> None:
    """A table that is missing, is too many or has another number of rows."""
    for each in differences:
        name = f"table {each['table']} of {database}"
        expected, found = each["expected"], each["found"]
        if found is None:
            subject.critical(CHECK, name, "is missing", _rows(expected), TAKE_ANOTHER)
        elif expected is None:
            subject.critical(CHECK, name, f"is there with {_rows(found)}", "no such table", TAKE_ANOTHER)
        else:
            subject.critical(CHECK, name, _rows(found), _rows(expected), TAKE_ANOTHER)


def _rows(count: int) -> str:
    return f"{count} row{'' if count == 1 else 's'}"


def compare_roles(subject: Subject, server: Server, expected: Sequence[str]) -> None:
    """Every role of the manifest has to be there."""
    for name in sorted(set(expected) - set(list_roles(server))):
        subject.critical(CHECK, f"role {name}", "is missing", "a role that globals.sql makes", TAKE_ANOTHER)


def compare_database(
    subject: Subject, server: Server, database: str, expected: Mapping[str, str], cancellation: Cancellation
) -> None:
    """Extensions with their versions, and sequences that are ahead of their columns."""
    with Snapshot(server, database, cancellation) as snapshot:
        found = snapshot.extensions()
    for name, version in sorted(expected.items()):
        label = f"extension {name} of {database}"
        if name not in found:
            subject.critical(CHECK, label, "is missing", f"version {version}", TAKE_ANOTHER)
        elif found[name] != version:
            fix = f'After a restore compare again; on the stack: ALTER EXTENSION "{name}" UPDATE.'
            subject.warning(CHECK, label, f"version {found[name]}", f"version {version}", fix)
    with Session(server, database, cancellation) as session:
        for schema, table, column, sequence, increment, start in session.run("list the sequences of", _OWNED):
            _compare_sequence(subject, session, (schema, table, column), sequence, increment, start)


def _compare_sequence(
    subject: Subject, session: Session, place: tuple[str, str, str], sequence: str, increment: int, start: int
) -> None:
    """A sequence that is behind its column would make the next row be refused.

    Applications number some rows themselves, so that this alone is no fault of the set. One that stands at its start
    although the column is beyond has lost its value; a lone row with the first number (Gitea's version) proves nothing.
    """
    schema, table, name = (identifier(part) for part in place)
    column, escaped = ".".join(place), sequence.replace("%", "%%")
    query = f"SELECT last_value, is_called, (SELECT max({name}) FROM {schema}.{table}) FROM {escaped}"  # noqa: S608
    [(last, called, highest)] = session.run("compare a sequence of", query)
    upcoming = last + increment if called else last
    if highest is None or upcoming > highest or (not called and highest <= start):
        return
    report = subject.warning if called else subject.critical
    report(
        CHECK,
        f"sequence {sequence} of {session.database}",
        f"gives {upcoming} next",
        f"more than {highest}, which {column} has already",
        "New rows would be refused after a restore. If the running database is like this, fix it there: "
        f"SELECT setval('{sequence}', {highest})",
    )
