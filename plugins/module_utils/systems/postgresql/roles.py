# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Roles that a restore created, and how to take them back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from .session import Session, identifier


def object_ids(session: Session, names: Sequence[str]) -> dict[str, int]:
    """The object ids of roles, by name. A role of the same name that is created later has another id."""
    query = "SELECT rolname, oid::bigint FROM pg_roles WHERE rolname = ANY(%s)"
    return dict(session.run("list the roles from", query, [list(names)]))


def drop_created(session: Session, created: Mapping[str, int]) -> list[str]:
    """Drop the roles that still have the recorded object id, with their memberships; returns their names.

    All of them in one statement, because one may have granted the membership of another.
    """
    present = object_ids(session, list(created))
    names = sorted(name for name, number in created.items() if present.get(name) == number)
    if names:
        words = ", ".join(identifier(name) for name in names)
        session.run("drop the roles that the restore created in", f"DROP ROLE {words}")
    return names
