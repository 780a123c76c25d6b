# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The steps of a load, without a server: what is loaded in one go, what waits, and what is tried again."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.systems.postgresql.session import Server
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import HostFault, MaxopsError
from ansible_collections.maxops.ops.plugins.module_utils.tools.process import Cancellation, StageResult
from ansible_collections.maxops.ops.plugins.module_utils.tools.progress import Part
from ansible_collections.maxops.ops.plugins.module_utils.transfer import dump_contents, set_load
from ansible_collections.maxops.ops.plugins.module_utils.transfer.load_memory import LoadMemory
from ansible_collections.maxops.ops.plugins.module_utils.transfer.load_run import Loading
from ansible_collections.maxops.ops.plugins.module_utils.transfer.search_path import Routine

SERVER = Server("172.18.0.2", 5432, "maxops", "", "shop-postgres-1", "none")
PART = {"name": "shop", "owner": "maxops", "encoding": "UTF8", "collate": "C", "ctype": "C", "rows": {"public.t": 1}}
RELYING = (
    "pg_restore: error: ERROR:  function g(text) does not exist\n"
    "CONTEXT:  PL/pgSQL function public.f(text) line 1 at RETURN\n"
)
DISTANT = (
    'pg_restore: error: could not execute query: ERROR:  could not connect to server "there"\n'
    "Command was: REFRESH MATERIALIZED VIEW public.mv;\n"
)


class Target:
    """A server that answers each program with the next of some results."""

    server = SERVER
    memory = LoadMemory(1, 65536, 1, limited=False)

    def __init__(self, results: Sequence[StageResult], fires_event_triggers: bool) -> None:
        self.results = list(results)
        self.fires_event_triggers = fires_event_triggers
        self.commands: list[list[str]] = []

    def dsn(self, database: str) -> str:
        return f"dbname={database}"

    def settings(self, _session: Any) -> dict[str, str]:
        return {}

    @contextmanager
    def session(self, _cancellation: Any = None) -> Iterator[Target]:
        yield self

    def run(self, *words: Any) -> Any:
        if len(words) == 4:
            self.commands.append(list(words[0]))
            return self.results.pop(0)
        action, parameters = words[0], words[2] if len(words) > 2 else ()
        if action == "list the tablespaces of":
            return [("pg_default",)]
        if action == "read a setting of":
            return [("crons",)]
        return [("s",)] if action == "list the subscriptions of" and parameters else []

    version = "17.6"


def ended(stderr: str = "") -> StageResult:
    return StageResult("pg_restore", 1 if stderr else 0, stderr, bool(stderr))


def toc(*words: str) -> bytes:
    return b"PGDMP" + b"".join(b"\0" + len(word.encode()).to_bytes(4, "little") + word.encode() for word in words)


@pytest.fixture
def routines(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is done to the functions of the new database; counting is left out."""
    done: list[str] = []

    @contextmanager
    def session(*_arguments: Any) -> Iterator[Any]:
        yield SimpleNamespace(run=lambda _action, statement: done.append(statement))

    monkeypatch.setattr(set_load, "Session", session)
    monkeypatch.setattr(set_load.databases, "drop", lambda *_arguments: done.append("drop"))
    monkeypatch.setattr(set_load, "count_and_analyze", lambda _loading: ({"public.t": 1}, {}))
    monkeypatch.setattr(set_load.search_path, "routines", lambda _session: [Routine("public", "public.f(text)")])
    monkeypatch.setattr(set_load.search_path, "give", lambda *_arguments: done.append("give"))
    monkeypatch.setattr(set_load.search_path, "take_back", lambda *_arguments: done.append("take back"))
    return done


def load(
    tmp_path: Path,
    results: Sequence[StageResult],
    words: Sequence[str] = (),
    extensions: Mapping[str, str] | None = None,
    fires_event_triggers: bool = False,
    globals_sql: str = "",
    properties: Mapping[str, Any] | None = None,
) -> tuple[dict[str, Any], list[list[str]]]:
    """Load a dump whose table of contents has these words; returns the result and the commands."""
    (tmp_path / "toc.dat").write_bytes(toc(*words))
    (tmp_path / "globals.sql").write_text(globals_sql)
    target = Target(results, fires_event_triggers)
    loading = Loading(target, "shop", str(tmp_path), "new", Cancellation(), Part("x", 0))
    part = {**PART, "extensions": extensions or {}}
    result = set_load.SetLoad(loading, part, properties, str(tmp_path / "globals.sql"), 2).run()
    assert target.results == []
    return result, target.commands


def test_plain_database_is_loaded_in_one_go(tmp_path: Path, routines: list[str]) -> None:
    result, [command] = load(tmp_path, [ended()], ["TABLE DATA"])
    assert command[0] == "pg_restore"
    assert command[-1] == "/maxops/source"
    assert {"--exit-on-error", "--jobs=2", "--dbname=dbname=new"} <= set(command)
    assert (result["differences"], result["left_out"], result["remarks"]) == ([], [], [])
    [note] = result["notes"]
    assert note.startswith('subscription "s" is restored, but disabled: ALTER SUBSCRIPTION "s" ENABLE')
    assert routines == []


def test_event_triggers_wait_where_the_server_would_fire_them(tmp_path: Path, routines: list[str]) -> None:
    _result, [first, last] = load(tmp_path, [ended(), ended()], ["EVENT TRIGGER"], fires_event_triggers=True)
    assert first[4:6] == ["-Ev", dump_contents.EVENT_TRIGGERS]
    assert last[4:6] == ["-E", dump_contents.EVENT_TRIGGERS]
    _result, [only] = load(tmp_path, [ended()], ["EVENT TRIGGER"])
    assert only[0] == "pg_restore"


def test_view_of_another_server_that_is_out_of_reach_is_a_remark(tmp_path: Path, routines: list[str]) -> None:
    words = ["MATERIALIZED VIEW DATA", "SERVER"]
    result, [first, views] = load(tmp_path, [ended(), ended(DISTANT)], words)
    assert first[4:6] == ["-Ev", dump_contents.MATERIALIZED_ROWS]
    assert views[4:6] == ["-E", dump_contents.MATERIALIZED_ROWS]
    assert "--exit-on-error" not in views
    assert "materialized view public.mv could not be filled" in result["remarks"][0]
    assert "ERROR: could not connect to server" in result["remarks"][0]
    with pytest.raises(MaxopsError, match="division by zero"):
        load(
            tmp_path,
            [ended(), ended(DISTANT.replace('could not connect to server "there"', "division by zero"))],
            words,
        )


def test_functions_that_rely_on_the_search_path_get_one_meanwhile(tmp_path: Path, routines: list[str]) -> None:
    result, commands = load(tmp_path, [ended(RELYING), ended(), ended(), ended()])
    assert [[word for word in command if "--section" in word] for command in commands] == [
        [],
        ["--section=pre-data"],
        ["--section=data"],
        ["--section=post-data"],
    ]
    assert routines == ["drop", "give", "take back"]
    assert "public.f(text) relies on the search_path" in result["faults"][0]
    assert "ALTER FUNCTION public.f(text) SET search_path = public, then back up again" in result["faults"][0]
    with pytest.raises(
        MaxopsError, match=r"ERROR: function g\(text\) does not exist.*ALTER FUNCTION public\.f\(text\)"
    ):
        load(tmp_path, [ended(RELYING), ended(), ended("ERROR:  another")])
    with pytest.raises(HostFault, match="No space left on device"):
        load(tmp_path, [ended(RELYING), ended(), ended("ERROR:  could not extend file: No space left on device")])
    checked = 'ERROR:  new row for relation "t" violates check constraint "known"'
    with pytest.raises(MaxopsError, match="its function reads other tables"):
        load(tmp_path, [ended(RELYING), ended(), ended(checked)])


def test_missing_tablespace_and_extension_of_another_database(tmp_path: Path, routines: list[str]) -> None:
    globals_sql = (
        "CREATE TABLESPACE fast OWNER maxops LOCATION '/x';\nCREATE TABLESPACE unused OWNER maxops LOCATION '';\n"
    )
    result, [command] = load(tmp_path, [ended()], ["fast"], {"pg_cron": "1.6"}, globals_sql=globals_sql)
    assert "--no-tablespaces" in command
    assert result["notes"][0] == 'tablespace "fast" does not exist here: all of its tables are in pg_default'
    assert result["left_out"] == ["pg_cron"]
    assert command[5] == dump_contents.of_extension("pg_cron")


def test_what_every_new_database_has_is_dropped_where_the_source_lacked_it(tmp_path: Path, routines: list[str]) -> None:
    load(tmp_path, [ended()], properties={"absent": ["schema public", "extension plpgsql", "schema other"]})
    assert routines == ["DROP SCHEMA public", "DROP EXTENSION plpgsql"]


def test_properties_of_a_set_are_read(tmp_path: Path) -> None:
    (tmp_path / "p.json").write_text(json.dumps({"settings": [{"role": None, "name": "search_path", "value": "app"}]}))
    loading = Loading(Target([], False), "shop", str(tmp_path), "new", Cancellation(), Part("x", 0))
    made = set_load.SetLoad(loading, PART, json.loads((tmp_path / "p.json").read_text()), str(tmp_path), 1)
    assert made.schemas == ["app", "public"]
