# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A database is created with its locale and its tablespace, as far as this server has them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.systems.postgresql import databases
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import HostFault, MaxopsError

LIKE = {"owner": "Ann", "encoding": "UTF8", "collate": "ko_KR.utf8", "ctype": "C"}


class Session:
    """A session on a server with one tablespace; it keeps its statements, and may refuse them."""

    def __init__(self, version: str = "17.6", refusal: MaxopsError | None = None) -> None:
        self.version = version
        self.refusal = refusal
        self.all: list[str] = []

    def run(self, _action: str, statement: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        if "pg_tablespace" in statement:
            return [("pg_default",), ("fast %",)]
        if self.refusal:
            raise self.refusal
        self.all.append(statement % tuple(f"'{value}'" for value in parameters))
        return []


CREATED = (
    "CREATE DATABASE \"shop\" TEMPLATE template0 OWNER \"Ann\" ENCODING 'UTF8' LC_COLLATE 'ko_KR.utf8' LC_CTYPE 'C'"
)


@pytest.mark.parametrize(
    ("version", "properties", "words"),
    [
        ("17.6", None, " LOCALE_PROVIDER libc"),
        ("14.9", {"tablespace": "pg_default"}, ""),
        ("17.6", {"tablespace": "fast %"}, ' LOCALE_PROVIDER libc TABLESPACE "fast %"'),
        (
            "17.6",
            {"locale_provider": "i", "locale": "ko", "icu_rules": "&a < b"},
            " LOCALE_PROVIDER icu ICU_LOCALE 'ko' ICU_RULES '&a < b'",
        ),
    ],
)
def test_new_database_is_like_the_one_that_was_dumped(
    version: str, properties: dict[str, Any] | None, words: str
) -> None:
    session = Session(version)
    assert databases.create(session, "shop", LIKE, properties) == []
    assert session.all == [CREATED + words]


def test_sessions_are_outside_of_the_databases_that_they_change() -> None:
    assert databases.outside_of(["gitea", "openproject"]) == "postgres"
    assert databases.outside_of({"gitea", "postgres"}) == "template1"


def test_missing_tablespace_is_a_remark() -> None:
    session = Session()
    remarks = databases.create(session, "shop", LIKE, {"tablespace": "slow"})
    assert remarks == ['its tablespace "slow" does not exist here: it is in pg_default']
    assert session.all == [f"{CREATED} LOCALE_PROVIDER libc"]


def test_missing_locale_is_this_hosts_fault_and_another_error_is_not() -> None:
    locale = MaxopsError('could not create database "shop": invalid LC_COLLATE locale name: "ko_KR.utf8"')
    with pytest.raises(HostFault, match="lacks that locale: use the image that made the set"):
        databases.create(Session(refusal=locale), "shop", LIKE, None)
    other = MaxopsError('role "locale" does not exist, which is difficult')
    with pytest.raises(MaxopsError) as raised:
        databases.create(Session(refusal=other), "shop", LIKE, None)
    assert raised.value is other
