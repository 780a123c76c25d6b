# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module optimize in working hours: which tables it works on, which it leaves, and what it reports."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.tools.locks import exclusive_lock, stack_lock_path
from ansible_collections.maxops.ops.tests.integration.scratch_support import ScratchStack
from ansible_collections.maxops.ops.tests.integration.support import MiniStack, Module, finish, kill, wait_until
from ansible_collections.maxops.ops.tests.integration.test_drill import play

ODD = 'odd "100 %" 표'


@pytest.fixture
def optimize(scratch_stack: ScratchStack, tmp_path: Path) -> Module:
    """The module without pauses, unless a test sets them."""
    return Module("optimize", {"project_name": scratch_stack.project, "min_size": "100K", "cost_delay": 0}, tmp_path)


@pytest.fixture
def worn(scratch_stack: ScratchStack) -> Iterator[ScratchStack]:
    """The stack with tables that need work, without autovacuum."""
    scratch_stack.sql(
        "DROP SCHEMA IF EXISTS upkeep CASCADE; CREATE SCHEMA upkeep;"
        "CREATE TABLE upkeep.dead (id int PRIMARY KEY, body text) WITH (autovacuum_enabled = false);"
        "CREATE TABLE upkeep.fresh (id int) WITH (autovacuum_enabled = false);"
        "CREATE TABLE upkeep.well (id int) WITH (autovacuum_enabled = false);"
        "INSERT INTO upkeep.dead SELECT g, repeat('x', 200) FROM generate_series(1, 20000) g;"
        "CREATE INDEX dead_body_idx ON upkeep.dead (body, id);"
        "INSERT INTO upkeep.fresh SELECT generate_series(1, 10); INSERT INTO upkeep.well SELECT generate_series(1, 10)"
    )
    scratch_stack.sql("VACUUM (ANALYZE) upkeep.dead, upkeep.well")
    scratch_stack.sql("DELETE FROM upkeep.dead WHERE id > 3000")
    yield scratch_stack
    scratch_stack.sql("DROP SCHEMA upkeep CASCADE")


def outcomes(result: dict[str, Any], database: str = "openproject") -> dict[str, tuple[str, str]]:
    """Action and outcome of each table of these tests."""
    return {
        row["name"]: (row["action"], row["outcome"])
        for row in result.get("tables", [])
        if row["database"] == database and row["schema"] in ("upkeep", "odd")
    }


def test_tables_that_need_it_are_optimized_once(optimize: Module, worn: ScratchStack) -> None:
    wanted = {"dead": "VACUUM (ANALYZE)", "fresh": "ANALYZE"}
    look = optimize(check_mode=True)
    assert outcomes(look) == {name: (action, "would be done") for name, action in wanted.items()}
    assert look["changed"]
    assert worn.sql("SELECT count(*) FROM pg_stat_user_tables WHERE relname = 'fresh' AND last_analyze IS NULL") == "1"
    done = optimize()
    assert outcomes(done) == {name: (action, "done") for name, action in wanted.items()}
    [dead] = [row for row in done["tables"] if row["name"] == "dead"]
    assert dead["reasons"][0] == "17,000 of 20,000 rows are dead"
    assert (dead["dead"], dead["dead_after"]) == (17000, 0)
    assert worn.sql("SELECT n_dead_tup FROM pg_stat_user_tables WHERE relname = 'dead'") == "0"
    again = optimize()
    assert (again["changed"], outcomes(again)) == (False, {})
    # The space of the dead rows remains, and so does the unused index.
    bloat = {row["name"]: row for row in again["bloat"]}
    assert bloat["dead"]["wasted_bytes"] > 0.7 * bloat["dead"]["bytes"]
    [unused] = [row for row in again["unused_indexes"] if row["table"] == "dead"]
    assert unused["fix"].endswith("have counted for 30 days, then DROP INDEX CONCURRENTLY upkeep.dead_body_idx")
    assert 0 <= again["databases"][1]["statistics_days"] < 1


def test_locked_table_is_left_and_the_session_is_named(optimize: Module, worn: ScratchStack) -> None:
    with worn.session("BEGIN; LOCK TABLE upkeep.dead"):
        done = optimize(lock_wait=0.1)
        assert outcomes(done) == {"dead": ("VACUUM (ANALYZE)", "left"), "fresh": ("ANALYZE", "done")}
        [dead] = [row for row in done["tables"] if row["name"] == "dead"]
        holder = (
            r"another session has locked it: pid \d+ of maxops \(somebody\), idle in transaction .* AccessExclusiveLock"
        )
        assert re.fullmatch(holder, dead["problem"])
    assert outcomes(optimize()) == {"dead": ("VACUUM (ANALYZE)", "done")}


def test_long_transaction_is_reported_and_its_rows_are_not_tried_again(optimize: Module, worn: ScratchStack) -> None:
    worn.sql("INSERT INTO upkeep.dead SELECT g FROM generate_series(20001, 40000) g")
    script = "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 'se' || 'cret'"
    with worn.session(script):
        worn.sql("DELETE FROM upkeep.dead WHERE id > 20000")
        first = optimize(long_seconds=0)
        [holder] = [row for row in first["holders"] if row["application"] == "somebody"]
        assert (holder["state"], holder["query"]) == ("idle in transaction", "SELECT ? || ?;")
        [dead] = [row for row in first["tables"] if row["name"] == "dead"]
        assert (dead["outcome"], dead["dead_after"]) == ("done", 20000)
        second = optimize()
        assert not second["changed"]
        [dead] = [row for row in second["tables"] if row["name"] == "dead"]
        assert dead["outcome"] == "left"
        assert f"session {holder['name']} of maxops (somebody), idle in transaction has ended" in dead["problem"]
    [dead] = [row for row in optimize()["tables"] if row["name"] == "dead"]
    assert (dead["outcome"], dead["dead_after"]) == ("done", 0)


def test_blocked_and_blocking_sessions_are_reported_without_values(optimize: Module, worn: ScratchStack) -> None:
    with worn.session("BEGIN; UPDATE upkeep.dead SET body = 'geheim' WHERE id = 1"):
        waiting = "SET application_name = 'waiting'; UPDATE upkeep.dead SET body = 'secret word' WHERE id = 1"
        where = ["docker", "compose", "-p", worn.project, "exec", "-T", "postgres", "psql", "-U", "maxops"]
        with subprocess.Popen(
            [*where, "-d", "openproject", "-qc", waiting], cwd=worn.folder, stdout=subprocess.DEVNULL
        ) as blocked:
            count = "SELECT count(*) FROM pg_stat_activity WHERE cardinality(pg_blocking_pids(pid)) > 0"
            wait_until(lambda: worn.sql(count) == "1", 20, "one session waits for the other")
            look = optimize(check_mode=True)
            by_application = {row["application"]: row for row in look["queries"]}
            worn.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'waiting'")
            blocked.wait(timeout=20)
    assert by_application["waiting"]["blocked_by"] == [by_application["somebody"]["pid"]]
    assert by_application["waiting"]["query"] == (
        "SET application_name = ?; UPDATE upkeep.dead SET body = ? WHERE id = ?"
    )
    assert "secret word" not in json.dumps(look)


def test_statements_are_listed_where_they_are_counted_else_how_to_count_them(
    optimize: Module, worn: ScratchStack
) -> None:
    assert optimize(check_mode=True)["statements_advice"].startswith("pg_stat_statements is not installed")
    worn.sql("CREATE EXTENSION pg_stat_statements SCHEMA upkeep")
    worn.sql("SELECT count(*) FROM upkeep.dead WHERE body = 'hidden value'")
    worn.sql("COMMENT ON TABLE upkeep.well IS 'hidden value'")
    look = optimize(check_mode=True, listed=1000)
    assert look["statements_advice"] == ""
    [counted] = [row for row in look["statements"] if row["query"].startswith("SELECT count(*) FROM upkeep.dead")]
    assert counted["calls"] == 1
    assert "hidden value" not in json.dumps(look)


def test_any_database_and_table_name_works(optimize: Module, worn: ScratchStack) -> None:
    quoted = '"' + ODD.replace('"', '""') + '"'
    worn.sql(f"CREATE DATABASE {quoted}")
    try:
        worn.sql(
            f"CREATE SCHEMA odd; CREATE TABLE odd.{quoted} (id int PRIMARY KEY);INSERT INTO odd.{quoted} VALUES (1)",
            ODD,
        )
        done = optimize(databases=[ODD])
        assert outcomes(done, ODD) == {ODD: ("ANALYZE", "done")}
        assert [row["name"] for row in done["databases"]] == [ODD]
    finally:
        worn.sql(f"DROP DATABASE {quoted}")


def test_tables_of_another_owner_are_left(optimize: Module, worn: ScratchStack) -> None:
    worn.sql("CREATE ROLE guest LOGIN PASSWORD 'guest'")
    try:
        done = optimize(database_user="guest", database_password="guest")
        assert outcomes(done)["dead"] == ("VACUUM (ANALYZE)", "left")
        assert "set database_user" in done["tables"][0]["problem"]
        assert not done["changed"]
    finally:
        worn.sql("DROP ROLE guest")


def test_tables_are_left_while_another_job_uses_the_stack(optimize: Module, worn: ScratchStack) -> None:
    with exclusive_lock(stack_lock_path(worn.project), "stack", "backup of maxlitter"):
        done = optimize()
    assert outcomes(done)["dead"] == ("VACUUM (ANALYZE)", "left")
    assert done["tables"][0]["problem"].startswith("the stack is in use: backup of maxlitter by process")


def test_killed_run_leaves_no_vacuum_behind(optimize: Module, worn: ScratchStack) -> None:
    running = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'VACUUM%' AND application_name = 'maxops.ops'"
    # At a hundred milliseconds for each bit of work it would take minutes.
    worn.sql("ALTER DATABASE openproject SET vacuum_cost_limit = 1")
    try:
        process = optimize.start(cost_delay=100)
        wait_until(lambda: worn.sql(running) == "1", 20, "the table is being vacuumed")
        process.terminate()
        result = finish(process)
        assert "stopped by signal SIGTERM; the current table is unchanged" in result["msg"]
        wait_until(lambda: worn.sql(running) == "0", 5, "the server has stopped it")
        process = optimize.start(cost_delay=100)
        wait_until(lambda: worn.sql(running) == "1", 20, "the table is being vacuumed again")
        kill(process)
        wait_until(lambda: worn.sql(running) == "0", 10, "the server has noticed and stopped it")
    finally:
        worn.sql("ALTER DATABASE openproject RESET vacuum_cost_limit")


def test_older_server_is_optimized_too(old_stack: MiniStack, tmp_path: Path) -> None:
    old_stack.sql("CREATE TABLE IF NOT EXISTS care_old (id int PRIMARY KEY); INSERT INTO care_old VALUES (1)")
    try:
        done = Module("optimize", {"project_name": old_stack.project}, tmp_path)()
        assert ("care_old", "done") in [(row["name"], row["outcome"]) for row in done["tables"]]
    finally:
        old_stack.sql("DROP TABLE care_old")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"database_password": "wrong"}, 'refused the password of user "maxops" from the option database_password'),
        ({"databases": ["nowhere"]}, "has no database nowhere (databases: gitea, openproject)"),
        ({"database_service": "nothing"}, 'has no service "nothing"'),
        ({"cost_delay": 101}, "cost_delay is 101; give 0 to 100"),
    ],
)
def test_invalid_options_are_refused_with_a_message(optimize: Module, options: dict[str, Any], words: str) -> None:
    result = optimize(**options)
    assert result["failed"]
    assert words in result["msg"]


def test_playbooks_show_every_host_failures_first(worn: ScratchStack, tmp_path: Path) -> None:
    local = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
    hosts = {
        "well": {**local, "maxops_project_name": worn.project},
        "empty": {**local, "maxops_project_name": "nobody"},
        "gone": {"ansible_host": "127.0.0.1", "ansible_port": 1},
    }
    inventory = tmp_path / "inventory.json"
    inventory.write_text(json.dumps({"maxops": {"hosts": hosts}}))
    done = play("optimize", inventory, "--check", "-e", f"maxops_results_dir={tmp_path / 'results'}")
    assert done.returncode != 0
    shown = done.stdout[done.stdout.index("HOST ") :].splitlines()
    assert [line.split()[:2] for line in shown[1:4]] == [["empty", "FAILED"], ["gone", "UNREACHABLE"], ["well", "2"]]
    results = {path.name: json.loads(path.read_text()) for path in (tmp_path / "results").iterdir()}
    assert results["optimize-well.check.json"]["changed"]
    assert results["optimize-gone.check.json"]["unreachable"]
    alone = play("cache", inventory, "--limit", "well", "--check", "-e", "cache_flush=true")
    assert alone.returncode == 0, alone.stdout
    assert "well: Redis 8" in alone.stdout
