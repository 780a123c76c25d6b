# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The roles of a backup set; creates those that the server lacks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Callable

from ansible_collections.maxops.ops.plugins.module_utils.systems.postgresql import databases
from ansible_collections.maxops.ops.plugins.module_utils.systems.postgresql.roles import object_ids
from ansible_collections.maxops.ops.plugins.module_utils.systems.postgresql.session import Session
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError

_TABLESPACE = re.compile(r'CREATE TABLESPACE ("(?:[^"]|"")+"|[^\s";,]+)\s')
_EXCERPT = re.compile(r" LINE \d+: .*\^")
_NAME = r'("(?:[^"]|"")+"|[^\s";,]+)'
_CREATE = re.compile(rf"CREATE ROLE {_NAME}$")
_ABOUT = re.compile(rf"(?:ALTER ROLE|COMMENT ON ROLE|SECURITY LABEL FOR \S+ ON ROLE) {_NAME}\s", re.DOTALL)
_MEMBERSHIP = re.compile(rf"GRANT {_NAME} TO {_NAME}(?:\s|$)")


@dataclass(frozen=True)
class RoleStatement:
    """One statement of ``globals.sql`` about roles: creation, attributes or membership; ``creates`` for a creation."""

    text: str
    names: tuple[str, ...]
    creates: bool = False


def statements(text: str) -> Iterator[str]:
    """The statements of an SQL text as pg_dumpall writes it, without comments and meta-commands."""
    word = re.compile(r"""--[^\n]*|'(?:[^']|'')*'|"(?:[^"]|"")*"|;|^\\[^\n]*|[^;'"\\-]+|.""", re.DOTALL | re.MULTILINE)
    current: list[str] = []
    for match in word.finditer(text):
        piece = match.group()
        if piece == ";":
            yield "".join(current).strip()
            current = []
        elif not piece.startswith("--") and not (piece.startswith("\\") and not "".join(current).strip()):
            current.append(piece)


def role_statements(text: str) -> list[RoleStatement]:
    """The statements of ``globals.sql`` about roles, in their order."""
    result = []
    for statement in statements(text):
        for pattern, creates in ((_CREATE, True), (_ABOUT, False), (_MEMBERSHIP, False)):
            match = pattern.match(statement)
            if match:
                result.append(RoleStatement(statement, tuple(_unquoted(name) for name in match.groups()), creates))
                break
    return result


def _unquoted(name: str) -> str:
    return name[1:-1].replace('""', '"') if name.startswith('"') else name


def missing_roles(session: Session, globals_path: str) -> list[str]:
    """Roles of the set that the server does not have."""
    present = databases.roles(session)
    return [
        statement.names[0]
        for statement in role_statements(_read(globals_path))
        if statement.creates and statement.names[0] not in present
    ]


def roles_of(globals_path: str) -> list[str]:
    """All roles of the set."""
    return [statement.names[0] for statement in role_statements(_read(globals_path)) if statement.creates]


def tablespaces(globals_path: str) -> list[str]:
    """Tablespaces of the server that the set was made of."""
    matches = (_TABLESPACE.match(statement) for statement in statements(_read(globals_path)))
    return [_unquoted(match.group(1)) for match in matches if match]


def create_missing_roles(
    session: Session, globals_path: str, note: Callable[[dict[str, int]], None] = lambda _created: None
) -> list[str]:
    """Create the missing roles of the set, all or none, with password, settings and memberships; returns their names.

    An existing role is not changed, including its password. ``note`` gets the new roles with their object ids before
    they exist for others: what it records is enough to take them back, and never names a role of another job.
    """
    present = databases.roles(session)
    all_statements = role_statements(_read(globals_path))
    missing = [
        statement.names[0] for statement in all_statements if statement.creates and statement.names[0] not in present
    ]
    if missing:
        with session.transaction():
            for statement in all_statements:
                # A membership is created when either of its roles is new.
                if any(name in missing for name in statement.names):
                    _run(session, statement)
            note(object_ids(session, missing))
    return missing


def _run(session: Session, statement: RoleStatement) -> None:
    try:
        session.run("create the set's missing roles in", statement.text.replace("%", "%%"))
    except MaxopsError as error:
        # The server's message quotes the statement, which may hold a password.
        raise type(error)(_EXCERPT.sub("", str(error))) from None


def _read(path: str) -> str:
    try:
        with open(path, encoding="utf-8") as stream:
            return stream.read()
    except (OSError, ValueError) as error:
        raise MaxopsError(
            f"the set's roles cannot be read from {path}: {error}; verify the set, or take another"
        ) from error
