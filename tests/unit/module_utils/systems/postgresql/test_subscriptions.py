# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A database with a subscription can be dropped, also one that lets in no session."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.systems.postgresql import databases, subscriptions
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError


class Session:
    """Keeps its statements; a session beside it writes into the same list, with the database's name."""

    def __init__(self, subscribed: Sequence[str], allowed: bool = True, limit: int = -1, broken: bool = False) -> None:
        self.subscribed, self.allowed, self.limit, self.broken = subscribed, allowed, limit, broken
        self.all: list[str] = []
        self.where = ""

    def run(self, _action: str, statement: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        if "FROM pg_subscription" in statement:
            return [(name,) for name in self.subscribed]
        if "datallowconn" in statement:
            return [(self.allowed, self.limit)]
        self.all.append(self.where + (statement % tuple(parameters)))
        if self.broken and "DISABLE" in statement:
            raise MaxopsError("no")
        return []

    def beside(self, database: str) -> Session:
        beside = Session(self.subscribed, broken=self.broken)
        beside.all, beside.where = self.all, f"in {database}: "
        return beside

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_error: object) -> None:
        pass


REMOVED = [
    'in shop: ALTER SUBSCRIPTION "s ""x" DISABLE',
    'in shop: ALTER SUBSCRIPTION "s ""x" SET (slot_name = NONE)',
    'in shop: DROP SUBSCRIPTION "s ""x"',
]
OPENED = ['ALTER DATABASE "shop" CONNECTION LIMIT 0', 'ALTER DATABASE "shop" ALLOW_CONNECTIONS true']
CLOSED = ['ALTER DATABASE "shop" ALLOW_CONNECTIONS false', 'ALTER DATABASE "shop" CONNECTION LIMIT 7']


def test_subscriptions_go_before_their_database() -> None:
    session = Session(['s "x'])
    databases.drop(session, "shop")
    assert session.all == [*REMOVED, 'DROP DATABASE IF EXISTS "shop" WITH (FORCE)']


def test_without_a_subscription_nothing_else_happens() -> None:
    session = Session([], allowed=False)
    assert subscriptions.remove(session, "shop") == []
    assert session.all == []


def test_closed_database_lets_in_superusers_meanwhile() -> None:
    session = Session(['s "x'], allowed=False, limit=7)
    assert subscriptions.remove(session, "shop") == ['s "x']
    assert session.all == [*OPENED, *REMOVED, *CLOSED]


def test_database_is_closed_again_after_a_failure() -> None:
    session = Session(['s "x'], allowed=False, limit=7, broken=True)
    with pytest.raises(MaxopsError):
        subscriptions.remove(session, "shop")
    assert session.all == [*OPENED, REMOVED[0], *CLOSED]


def test_invalid_database_is_not_opened() -> None:
    session = Session(["s"], allowed=False, limit=-2)
    subscriptions.remove(session, "shop")
    assert not [line for line in session.all if line.startswith("ALTER DATABASE")]
