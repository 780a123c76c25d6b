# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which tables are optimized and which are left, and how queries are shown."""

from __future__ import annotations

import dataclasses

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.jobs.optimize.plan import (
    OptimizeOptions,
    bloated,
    fix_for_unused,
    notable_sessions,
    plan_tables,
    shown,
)
from ansible_collections.maxops.ops.plugins.module_utils.systems.access import Access
from ansible_collections.maxops.ops.plugins.module_utils.systems.postgresql.statistics import Holder, Sized, Table

OPTIONS = OptimizeOptions(Access("lab"))
WELL = Table(1, "public", "issue", 8192, live=10_000, dead=0, modified=0, analyzed=True, vacuumed=None, permitted=True)
HOLDER = Holder("session", "4700", "gitea", "maxops", "psql", "idle in transaction", 1000.0, 50.0, "SELECT 1")


def planned(holders=(), options=OPTIONS, **changes):
    tasks = plan_tables([dataclasses.replace(WELL, **changes)], holders, options)
    return [(task.action, task.problem) for task in tasks]


def test_table_without_dead_or_changed_rows_is_left_out():
    assert planned() == []


@pytest.mark.parametrize(
    ("changes", "action"),
    [
        ({"dead": 2000}, "VACUUM (ANALYZE)"),
        ({"modified": 1000}, "ANALYZE"),
        ({"analyzed": False}, "ANALYZE"),
        ({"dead": 2000, "analyzed": False}, "VACUUM (ANALYZE)"),
    ],
)
def test_statistics_choose_the_action(changes, action):
    assert planned(**changes) == [(action, "")]


@pytest.mark.parametrize(
    "changes",
    [
        {"dead": 999},
        {"dead": 1000, "live": 1_000_000},
        {"modified": 999},
        {"modified": 1000, "live": 1_000_000},
        {"analyzed": False, "live": 0},
    ],
)
def test_small_changes_need_no_action(changes):
    assert planned(**changes) == []


def test_limits_of_zero_do_not_select_tables_without_dead_rows():
    assert (
        planned(
            options=OptimizeOptions(Access("lab"), dead_rows=0, dead_percent=0, modified_rows=0, modified_percent=0)
        )
        == []
    )


def test_tables_with_the_most_changes_come_first():
    tables = [dataclasses.replace(WELL, name=str(dead), dead=dead) for dead in (2000, 9000, 4000)]
    assert [task.table.name for task in plan_tables(tables, [], OPTIONS)] == ["9000", "4000", "2000"]


def test_table_of_another_owner_is_left_and_reported():
    [(_action, problem)] = planned(dead=2000, permitted=False)
    assert "database_user" in problem


def test_first_vacuum_is_tried_during_an_open_transaction():
    assert planned([HOLDER], dead=2000, vacuumed=999.0) == [("VACUUM (ANALYZE)", "")]
    assert planned([HOLDER], dead=2000, vacuumed=None) == [("VACUUM (ANALYZE)", "")]


def test_vacuum_is_not_repeated_while_the_same_transaction_holds_the_rows():
    [(_action, problem)] = planned([HOLDER], dead=2000, vacuumed=1001.0)
    assert problem == (
        "its dead rows cannot be removed before session 4700 of maxops (psql), idle in transaction has ended"
    )


def test_analyze_replaces_a_useless_vacuum():
    assert planned([HOLDER], dead=2000, modified=5000, vacuumed=1001.0) == [("ANALYZE", "")]


def test_slot_of_unknown_age_blocks_nothing():
    slot = dataclasses.replace(HOLDER, kind="replication slot", since=None, seconds=None)
    assert planned([slot], dead=2000, vacuumed=1001.0) == [("VACUUM (ANALYZE)", "")]


@pytest.mark.parametrize(
    ("query", "masked"),
    [
        ("SELECT * FROM users WHERE mail = 'a@b.c' AND id = 42", "SELECT * FROM users WHERE mail = ? AND id = ?"),
        ("ALTER ROLE x PASSWORD 'it''s secret'", "ALTER ROLE x PASSWORD ?"),
        (r"SELECT E'a\'secret', 'b'", "SELECT ?, ?"),
        ("SELECT $$secret$$, $a$se$$cret$a$ FROM t2", "SELECT ?, ? FROM t2"),
        ("SELECT 'cut off in the midst of a sec", "SELECT ?"),
        ("SELECT $x$cut off", "SELECT ?"),
        ("SELECT 1 -- it's a 'secret\nFROM t", "SELECT ? FROM t"),
        ("SELECT /* pass 'word */ 'x' FROM t", "SELECT ? FROM t"),
        ('SELECT "it\'s" FROM "a""b" WHERE c1 = $1', 'SELECT "it\'s" FROM "a""b" WHERE c1 = $1'),
        ("SELECT 1.5e10, 0xFF, x'ff', b'01', n'geheim'", "SELECT ?, ?, ?, ?, ?"),
        ("SELECT U&'\\0441', d'secret'", "SELECT ?, d?"),
        ("UPDATE t\n\tSET a  = 1", "UPDATE t SET a = ?"),
    ],
)
def test_values_of_a_query_are_masked(query, masked):
    assert shown(query, 200) == masked


def test_long_query_is_cut():
    assert shown("SELECT " + "a, " * 100, 20) == "SELECT a, a, a, a, …"


def session(pid, seconds, blocked_by=(), transaction=0.0):
    return {
        "pid": pid,
        "seconds": seconds,
        "transaction_seconds": transaction,
        "blocked_by": list(blocked_by),
        "query": f"SELECT {pid}",
    }


def test_only_slow_blocked_and_blocking_sessions_are_reported():
    sessions = [session(1, 0.1), session(2, 9), session(3, 0.2, [4]), session(4, 0.0), session(5, 0.0, (), 400)]
    notable = notable_sessions(sessions, OPTIONS)
    assert [session["pid"] for session in notable] == [2, 3, 4, 5]
    assert notable[0]["query"] == "SELECT ?"


def test_bloat_is_reported_above_a_size_and_a_share():
    def sized(name, size, needed, kind="table"):
        return Sized(kind, "public", "t", name, size, needed, f"public.{name}")

    found = [
        sized("little", 900_000, 1),
        sized("full", 100_000_000, 60_000_000),
        sized("waste", 10_000_000, 2_000_000),
        sized("more", 30_000_000, 2_000_000, "index"),
        sized("smaller_than_thought", 10, 50),
    ]
    listed = bloated(found, OPTIONS)
    assert [(row["name"], row["wasted_bytes"]) for row in listed] == [
        ("more", 28_000_000),
        ("waste", 8_000_000),
    ]
    assert listed[0]["fix"] == "REINDEX INDEX CONCURRENTLY public.more"
    assert "VACUUM (FULL, ANALYZE) public.waste" in listed[1]["fix"]


def test_young_statistics_do_not_justify_dropping_an_index():
    assert fix_for_unused("public.i", 31) == "DROP INDEX CONCURRENTLY public.i"
    for days in (2, None):
        assert fix_for_unused("public.i", days).startswith("wait until the statistics have counted for 30 days, then")
