# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Functions get a search_path while they are needed, and lose it again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.transfer import search_path
from ansible_collections.maxops.ops.plugins.module_utils.transfer.search_path import Routine


class Statements:
    """A session that keeps its statements."""

    def __init__(self) -> None:
        self.all: list[str] = []

    def run(self, _action: str, statement: str, _parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        self.all.append(statement)
        return [("app", "app.f(text)"), ("public", 'public."odd %"(integer)')] if "pg_proc" in statement else []


def test_functions_get_a_search_path_and_lose_it_again() -> None:
    session = Statements()
    found = search_path.routines(session)
    assert found == [Routine("app", "app.f(text)"), Routine("public", 'public."odd %"(integer)')]
    session.all.clear()
    search_path.give(session, found, ["public", 'a"b'])
    search_path.take_back(session, found)
    assert session.all == [
        'ALTER ROUTINE app.f(text) SET search_path TO "app", "public", "a""b"',
        'ALTER ROUTINE public."odd %%"(integer) SET search_path TO "public", "a""b"',
        "ALTER ROUTINE app.f(text) RESET search_path",
        'ALTER ROUTINE public."odd %%"(integer) RESET search_path',
    ]


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ([], ["public"]),
        ([{"role": None, "name": "search_path", "value": '"$user", public, "My App"'}], ["public", "My App"]),
        ([{"role": None, "name": "search_path", "value": "app"}], ["app", "public"]),
        ([{"role": "ann", "name": "search_path", "value": "hers"}], ["public"]),
    ],
)
def test_schemas_of_a_database(settings: list[dict[str, Any]], expected: list[str]) -> None:
    assert search_path.schemas_of({"settings": settings}) == expected
    assert search_path.schemas_of(None) == ["public"]


def test_schemas_in_words() -> None:
    assert search_path.in_sql(["app", "My App", "public"]) == 'app, "My App", public'
