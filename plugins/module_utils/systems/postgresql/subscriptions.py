# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Subscriptions of logical replication: a database that has one cannot be dropped.

Every function takes a session on the database ``postgres``.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from .session import Session, identifier

_INVALID = -2
"""Connection limit of a database whose DROP DATABASE was interrupted: it lets in no session at all."""


def names(session: Session, database: str) -> list[str]:
    """Names of a database's subscriptions."""
    query = (
        "SELECT s.subname FROM pg_subscription s JOIN pg_database d ON d.oid = s.subdbid"
        " WHERE d.datname = %s ORDER BY 1"
    )
    return [row[0] for row in session.run("list the subscriptions of", query, [database])]


def remove(session: Session, database: str) -> list[str]:
    """Drop a database's subscriptions and leave the slots on their publishers alone; returns the names."""
    found = names(session, database)
    if not found:
        return []
    with _open_to_superusers(session, database), session.beside(database) as inside:
        for name in found:
            subscription = identifier(name)
            inside.run("disable a subscription in", f"ALTER SUBSCRIPTION {subscription} DISABLE")
            # With a slot's name, DROP SUBSCRIPTION would connect to the publisher and drop the slot there.
            inside.run(
                "take a subscription from its slot in", f"ALTER SUBSCRIPTION {subscription} SET (slot_name = NONE)"
            )
            inside.run("drop a subscription of", f"DROP SUBSCRIPTION {subscription}")
    return found


@contextmanager
def _open_to_superusers(session: Session, database: str) -> Iterator[None]:
    """Let superusers into a database that is closed, for the block; other users stay out."""
    query = "SELECT datallowconn, datconnlimit FROM pg_database WHERE datname = %s"
    [(allowed, limit)] = session.run("read the properties of", query, [database])
    name = identifier(database)
    if allowed or limit == _INVALID:
        yield
        return
    # A connection limit does not hold for superusers.
    session.run("limit", f"ALTER DATABASE {name} CONNECTION LIMIT 0")
    session.run("open", f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
    try:
        yield
    finally:
        session.run("close", f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        session.run("limit", f"ALTER DATABASE {name} CONNECTION LIMIT %s", [limit])
