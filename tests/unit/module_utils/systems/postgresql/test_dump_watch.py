# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who waits for whom during a dump, and which tables are proven to be whole in it."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.systems.postgresql import dump_watch
from ansible_collections.maxops.ops.plugins.module_utils.systems.postgresql.dump_watch import DumpWatch, Waiting
from ansible_collections.maxops.ops.plugins.module_utils.systems.postgresql.session import NoFreeConnectionError, Server

OURS, DUMP, COUNTING = "maxops.ops 1a2b", 100, 101
SERVER = Server("172.18.0.2", 5432, "maxops", "p", "shop-postgres-1", "the option database_password")


def row(waits: tuple[int, str], holds: tuple[Any, ...], table: str = "wp", kind: str = "relation") -> tuple[Any, ...]:
    pid, application, user, state, seconds = holds
    return (*waits, kind, pid, application, user, state, seconds, table)


def test_the_session_that_the_dump_waits_for_is_described() -> None:
    waiting = Waiting(OURS, [COUNTING])
    holder = (7, "rails", "openproject", "idle in transaction", 65.2)
    assert waiting.note([row((DUMP, OURS), holder)], 0) == ""
    assert waiting.blocker == "wp is locked by process 7 (rails, user openproject, idle in transaction since 65 s)"


def test_a_prepared_transaction_has_no_process() -> None:
    waiting = Waiting(OURS, [])
    waiting.note([row((DUMP, OURS), (0, None, None, None, None))], 0)
    assert waiting.blocker == "wp is locked by a session that has ended (a prepared transaction)"


@pytest.mark.parametrize(
    "ours", [(DUMP, OURS, "maxops", "active", 3.0), (COUNTING, "maxops.ops", "maxops", "idle", 3.0)]
)
def test_the_dump_gives_way_to_a_session_that_waits_for_it_too_long(ours: tuple[Any, ...]) -> None:
    waiting = Waiting(OURS, [COUNTING])
    rows = [row((8, "psql"), ours)]
    assert waiting.note(rows, 1000.0) == ""
    assert waiting.note(rows, 1000.0 + dump_watch.YIELD_SECONDS) == ""
    assert waiting.note(rows, 1000.1 + dump_watch.YIELD_SECONDS) == "process 8 (psql) waits for wp"


def test_waiting_that_ended_in_between_does_not_count() -> None:
    waiting = Waiting(OURS, [COUNTING])
    rows = [row((8, "psql"), (DUMP, OURS, "maxops", "active", 3.0))]
    waiting.note(rows, 0.0)
    waiting.note([], 15.0)
    assert waiting.note(rows, 30.0) == ""


@pytest.mark.parametrize("kind", ["virtualxid", "transactionid", "tuple"])
def test_an_index_that_is_built_beside_the_applications_may_wait_for_the_dump(kind: str) -> None:
    waiting = Waiting(OURS, [COUNTING])
    rows = [row((8, "psql"), (COUNTING, "maxops.ops", "maxops", "idle in transaction", 3.0), kind=kind)]
    assert waiting.note(rows, 0.0) == waiting.note(rows, 1000.0) == ""


def test_others_who_wait_for_each_other_and_our_own_sessions_are_no_concern() -> None:
    waiting = Waiting(OURS, [COUNTING])
    rows = [
        row((8, "psql"), (9, "rails", "x", "active", 1.0)),
        row((DUMP, OURS), (COUNTING, "maxops.ops", "maxops", "idle", 1.0)),
    ]
    assert waiting.note(rows, 0.0) == waiting.note(rows, 1000.0) == ""
    assert waiting.blocker == ""


class FakeSession:
    """Answers with given rows: first the locks, then the tables' files."""

    def __init__(self, *answers: list[Any]) -> None:
        self.answers: list[Any] = list(answers)

    def run(self, _action: str, _query: str, _parameters: Any = ()) -> Any:
        return self.answers.pop(0)


def look(locks: list[tuple[int]], files: list[tuple[str, str, int, int]]) -> tuple[DumpWatch, Any]:
    frozen = {("public", "a"): (1, 11), ("public", "b"): (2, 12), ("public", "c"): (3, 13)}
    watch = DumpWatch(SERVER, "shop", OURS, [COUNTING], frozen, lambda *_words: None)
    session: Any = FakeSession(locks, files)
    return watch, watch._look(session)


def test_only_a_table_with_the_same_file_under_the_dumps_lock_is_proven() -> None:
    files = [("public", "a", 1, 11), ("public", "b", 2, 99), ("public", "c", 3, 13)]
    watch, seen = look([(1,)], files)
    assert watch.proven == {("public", "a")}
    assert seen == (True, [])


def test_a_rewritten_or_replaced_table_under_the_dumps_lock_is_reported() -> None:
    files = [("public", "a", 1, 11), ("public", "b", 2, 99), ("public", "c", 7, 13)]
    watch, seen = look([(1,), (2,), (7,)], files)
    assert watch.proven == {("public", "a")}
    assert seen == (True, [("public", "b"), ("public", "c")])


def test_without_locks_of_the_dump_nothing_is_proven() -> None:
    watch, seen = look([], [])
    assert (watch.proven, seen) == (set(), (False, []))


def test_what_is_not_proven_must_be_as_it_was() -> None:
    frozen = {("public", name): (number, number + 10) for number, name in enumerate("abcd")}
    now = {**frozen, ("public", "b"): (1, 99), ("public", "c"): (7, 12)}
    del now["public", "d"]
    assert dump_watch.changed_tables(frozen, now, set()) == [("public", "b"), ("public", "c"), ("public", "d")]
    assert dump_watch.changed_tables(frozen, now, {("public", "c")}) == [("public", "b"), ("public", "d")]
    assert dump_watch.changed_tables(frozen, frozen, set()) == []


def test_the_files_after_the_dump_are_read_in_the_session_of_the_watch(monkeypatch: pytest.MonkeyPatch) -> None:
    """With max_connections reached, one more session would fail after a good dump."""

    def full(*_words: Any) -> Any:
        raise NoFreeConnectionError("too many clients")

    monkeypatch.setattr(dump_watch, "Session", full)
    watch = DumpWatch(SERVER, "shop", OURS, [], {}, lambda *_words: None)
    session: Any = FakeSession([("public", "a", 1, 11)])
    watch._session = session
    assert watch.files() == {("public", "a"): (1, 11)}
    watch._session = None
    with pytest.raises(NoFreeConnectionError):
        watch.files()
