# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which statements of globals.sql are about which roles."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError
from ansible_collections.maxops.ops.plugins.module_utils.transfer.roles import (
    create_missing_roles,
    role_statements,
    statements,
    tablespaces,
)

GLOBALS = r"""--
-- PostgreSQL database cluster dump
--

\restrict 7dKbd3XhWpz
SET default_transaction_read_only = off;

CREATE ROLE maxops;
ALTER ROLE maxops WITH SUPERUSER LOGIN PASSWORD 'SCRAM-SHA-256$4096:a/b==$c:d';
CREATE ROLE "odd ""role; %";
ALTER ROLE "odd ""role; %" WITH LOGIN PASSWORD 'pa;ss''wo--rd';
COMMENT ON ROLE "odd ""role; %" IS 'first; ''second''
-- third';
ALTER ROLE editors SET search_path TO 'a', 'b';
CREATE TABLESPACE slow OWNER maxops LOCATION '/slow';
GRANT editors TO "odd ""role; %" WITH ADMIN OPTION, INHERIT TRUE GRANTED BY maxops;
REVOKE ALL ON TABLESPACE slow FROM maxops;
\unrestrict 7dKbd3XhWpz
"""


def test_statements_end_at_semicolons_outside_of_quotes() -> None:
    result = list(statements(GLOBALS))
    assert len(result) == 10
    assert result[4] == """ALTER ROLE "odd ""role; %" WITH LOGIN PASSWORD 'pa;ss''wo--rd'"""
    assert result[5].endswith("-- third'")


def test_roles_of_the_statements() -> None:
    result = [(statement.creates, statement.names) for statement in role_statements(GLOBALS)]
    odd = 'odd "role; %'
    assert result == [
        (True, ("maxops",)),
        (False, ("maxops",)),
        (True, (odd,)),
        (False, (odd,)),
        (False, (odd,)),
        (False, ("editors",)),
        (False, ("editors", odd)),
    ]


class Server:
    """A session on a server with one role, which may refuse a statement; it keeps the others."""

    def __init__(self, refused: str = "") -> None:
        self.refused = refused
        self.all: list[str] = []

    def run(self, _action: str, statement: str, _parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        if statement.startswith("SELECT rolname, oid"):
            return [('odd "role; %', 16400)]
        if statement.startswith("SELECT"):
            return [("maxops",), ("editors",)]
        if self.refused and self.refused in statement:
            raise MaxopsError(f"could not create: syntax error LINE 1: {statement} ^; see docker logs")
        self.all.append(statement)
        return []

    @contextmanager
    def transaction(self) -> Iterator[None]:
        self.all.append("BEGIN")
        yield
        self.all.append("COMMIT")


@pytest.fixture
def globals_path(tmp_path: Path) -> str:
    (tmp_path / "globals.sql").write_text(GLOBALS)
    return str(tmp_path / "globals.sql")


def test_new_roles_are_noted_before_they_are_there_for_others(globals_path: str) -> None:
    server = Server()
    assert create_missing_roles(server, globals_path, lambda created: server.all.append(str(created))) == [
        'odd "role; %'
    ]
    assert server.all[0] == "BEGIN"
    assert server.all[-2:] == [str({'odd "role; %': 16400}), "COMMIT"]
    assert [line.split()[0] for line in server.all[1:-2]] == ["CREATE", "ALTER", "COMMENT", "GRANT"]


def test_message_of_a_refused_statement_has_no_password(globals_path: str) -> None:
    with pytest.raises(MaxopsError) as refused:
        create_missing_roles(Server("PASSWORD"), globals_path)
    assert str(refused.value) == "could not create: syntax error; see docker logs"


def test_tablespaces_of_the_source(globals_path: str) -> None:
    assert tablespaces(globals_path) == ["slow"]


@pytest.mark.parametrize("text", ["", "-- only a comment", "SELECT 1;", "\\connect x\n"])
def test_statements_without_roles(text: str) -> None:
    assert role_statements(text) == []
