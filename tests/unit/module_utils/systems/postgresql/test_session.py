# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names and passwords of any letters reach the server unchanged, and errors name the next step."""

from __future__ import annotations

import re

import psycopg2
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from psycopg2.extensions import parse_dsn

from ansible_collections.maxops.ops.plugins.module_utils.systems.postgresql import session
from ansible_collections.maxops.ops.plugins.module_utils.systems.postgresql.session import (
    LoginRefusedError,
    NoFreeConnectionError,
    Server,
    ServerGoneError,
)
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError

SERVER = Server("172.18.0.2", 5432, "maxops", "s3cret", "shop-postgres-1", "POSTGRES_PASSWORD in the container")

texts = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=30)
lines = st.text(st.characters(exclude_characters="\0\n\r", exclude_categories=["Cs"]), min_size=1, max_size=30)


# -- names and passwords --------------------------------------------------------------------------------------------


@given(texts, texts)
@example("db", "a=b host=evil")
@example("host=evil dbname=x", "o'Brien\\")
@example("postgresql://evil/x", "' x")
def test_any_value_is_one_value_of_a_connection_string(database: str, user: str) -> None:
    actual = parse_dsn(session.dsn(host="127.0.0.1", port="5432", user=user, dbname=database))
    assert actual == {"host": "127.0.0.1", "port": "5432", "user": user, "dbname": database}


@given(lines, lines)
@example("user:name", "pass:word\\")
@example("*", ":")
def test_password_file_gives_the_password_back(user: str, password: str) -> None:
    entry = session.passfile_entry(user, password)
    fields = re.findall(r"(?:[^\\:]|\\.)+", entry.removesuffix("\n"))
    assert entry.endswith("\n")
    assert [re.sub(r"\\(.)", r"\1", text) for text in fields] == ["*", "*", "*", user, password]


@given(texts)
@example('a"; DROP DATABASE x; --')
@example("100%s")
def test_any_name_is_one_identifier(name: str) -> None:
    quoted = session.identifier(name) % ()
    assert (quoted[0], quoted[-1]) == ('"', '"')
    assert '"' not in quoted[1:-1].replace('""', "")
    assert quoted[1:-1].replace('""', '"') == name


# -- errors ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            'FATAL:  password authentication failed for user "maxops"',
            [
                'refused the password of user "maxops" from POSTGRES_PASSWORD in the container',
                "ALTER ROLE",
                "so that both",
            ],
        ),
        ("fe_sendauth: no password supplied", ["refused the password"]),
        ('FATAL:  database "shop" does not exist', ["does not exist", "name an existing one in databases"]),
        ('FATAL:  role "maxops" does not exist', ['has no user "maxops"', "correct database_user"]),
        ("FATAL:  sorry, too many clients already", ["has no free connection", "max_connections"]),
        ("FATAL:  remaining connection slots are reserved", ["has no free connection"]),
        ("Connection refused", ["cannot be reached at 172.18.0.2:5432: Connection refused", "docker logs --tail=50"]),
    ],
)
def test_refused_session_says_why_and_what_to_do(text: str, words: list[str]) -> None:
    actual = str(SERVER._failure("shop", text))
    assert actual.startswith('database "shop" in container shop-postgres-1 ')
    for word in words:
        assert word in actual
    assert "s3cret" not in actual


def test_missing_server_is_reported() -> None:
    unreachable = Server("127.0.0.1", 1, "maxops", "s3cret", "shop-postgres-1", "the option database_password")
    with pytest.raises(session.MaxopsError) as refused:
        unreachable.connect("shop")
    assert 'database "shop" in container shop-postgres-1 cannot be reached at 127.0.0.1:1' in str(refused.value)
    assert "s3cret" not in str(refused.value)
    assert "\n" not in str(refused.value), "libpq's advice comes on lines of its own"


class CodedError(psycopg2.Error):
    """An error of the server; the driver's own attribute cannot be set."""

    def __init__(self, pgcode: str) -> None:
        super().__init__("ERROR:  so it is\nLINE 1: ...")
        self.code = pgcode

    @property
    def pgcode(self) -> str:
        return self.code


@pytest.mark.parametrize(
    ("error", "advice"),
    [
        (psycopg2.OperationalError("server closed the connection"), "was the container stopped or restarted?"),
        (psycopg2.InterfaceError("connection already closed"), "was the container stopped or restarted?"),
        (CodedError("57P01"), "run this again when it is up"),
        (CodedError("42501"), "use the stack's own superuser (POSTGRES_USER)"),
        (CodedError("22012"), "see docker logs --tail=50 shop-postgres-1"),
    ],
)
def test_failed_statement_says_what_to_do(error: Exception, advice: str) -> None:
    actual = str(session._failed("read", "shop", "shop-postgres-1", error))
    assert actual.startswith('could not read database "shop" in container shop-postgres-1: ')
    assert "\n" not in actual
    assert actual.rpartition("; ")[2].find(advice) >= 0


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("FATAL:  the database system is in recovery mode", ServerGoneError),
        ("FATAL:  the database system is not yet accepting connections", ServerGoneError),
        (
            "failed: server closed the connection unexpectedly This probably means the server terminated",
            ServerGoneError,
        ),
        ("could not receive data from server: Connection reset by peer", ServerGoneError),
        ("FATAL:  terminating connection due to administrator command", ServerGoneError),
        ("connection to server failed: Connection refused", MaxopsError),
        ('FATAL:  password authentication failed for user "maxops"', LoginRefusedError),
        ("FATAL:  sorry, too many clients already", NoFreeConnectionError),
    ],
)
def test_kind_of_a_failed_connection_says_whether_to_try_again(text: str, kind: type[MaxopsError]) -> None:
    assert type(SERVER._failure("shop", text)) is kind
