# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The snapshot holds while others change the database, and one odd database does not cost the set of all others."""

from __future__ import annotations

import json
import subprocess
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import psycopg2
import pytest

from ansible_collections.maxops.ops.plugins.module_utils.jobs.backup.job import back_up
from ansible_collections.maxops.ops.plugins.module_utils.jobs.backup.options import BackupOptions
from ansible_collections.maxops.ops.plugins.module_utils.storage.backup_set import Layout, read_manifest
from ansible_collections.maxops.ops.plugins.module_utils.systems.access import Access
from ansible_collections.maxops.ops.plugins.module_utils.systems.postgresql import dump_watch
from ansible_collections.maxops.ops.plugins.module_utils.systems.postgresql.session import Server
from ansible_collections.maxops.ops.plugins.module_utils.systems.postgresql.snapshot import (
    ChangedError,
    LockedError,
    Snapshot,
)
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError
from ansible_collections.maxops.ops.plugins.module_utils.tools.process import Cancellation
from ansible_collections.maxops.ops.plugins.module_utils.transfer import database_dump
from ansible_collections.maxops.ops.tests.integration.support import MiniStack, Module, run, wait_until

PASSWORD = "s3'cr:et \\\"$x"
WAITS_FOR_GATE = "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'gate'::regclass"


@pytest.fixture(scope="module")
def server(stack: MiniStack) -> Server:
    """The stack's PostgreSQL as our own code reaches it."""
    form = "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}"
    address = run("docker", "inspect", "--format", form, f"{stack.project}-postgres-1").stdout.strip()
    return Server(address, 5432, "maxops", PASSWORD, f"{stack.project}-postgres-1", "the test")


def connect(server: Server, database: str, application: str = "application") -> Any:
    connection = psycopg2.connect(
        host=server.host, user="maxops", password=PASSWORD, dbname=database, application_name=application
    )
    connection.autocommit = True
    return connection


def sql(server: Server, statements: str, database: str = "w1", *, encoding: str = "UTF8") -> Any:
    """Run statements, each in its own transaction; gives the first column of the last one's first row."""
    with closing(connect(server, database)) as connection, connection.cursor() as cursor:
        connection.set_client_encoding(encoding)
        for statement in statements.split(";\n"):
            cursor.execute(statement)
        return cursor.fetchone()[0] if cursor.description else None


@pytest.fixture
def w1(server: Server) -> Iterator[Server]:
    """A database with a table before and one after the table ``gate``, in the order in which pg_dump locks them."""
    sql(server, "DROP DATABASE IF EXISTS w1;\nCREATE DATABASE w1", "postgres")
    sql(server, "CREATE TABLE early AS SELECT g AS id FROM generate_series(1, 1000) g;\nCREATE TABLE gate (i int)")
    sql(server, "CREATE TABLE wp AS SELECT g AS id, 'row' || g AS t FROM generate_series(1, 1000) g")
    yield server
    sql(server, "DROP DATABASE w1 WITH (FORCE)", "postgres")


@contextmanager
def closed_gate(server: Server, table: str = "gate") -> Iterator[Any]:
    """Hold a table as a migration does; whoever wants to lock it waits."""
    connection = connect(server, "w1", "migrator")
    connection.autocommit = False
    with closing(connection), connection.cursor() as cursor:
        cursor.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
        yield connection


def options(stack: MiniStack, folder: Path, *databases: str) -> BackupOptions:
    return BackupOptions(Access(stack.project), str(folder / "repository"), databases=databases, volumes=[])


def newest(folder: Path) -> tuple[Layout, dict[str, Any]]:
    layout = Layout(str(max((folder / "repository" / "sets").glob("*Z"))))
    return layout, read_manifest(layout.manifest)


def saved_rows(layout: Layout, database: str) -> int:
    """Lines of all tables in a dump."""
    files = sorted(Path(layout.database(database)).glob("*.dat.zst"))
    text = subprocess.run(["zstd", "-dcq", *map(str, files)], check=True, capture_output=True, text=True).stdout
    return len([line for line in text.splitlines() if line not in ("", "\\.")])


@pytest.mark.parametrize(
    "change",
    [
        "ALTER TABLE wp ALTER COLUMN id TYPE bigint",
        "BEGIN; CREATE TEMP TABLE k AS SELECT * FROM wp; TRUNCATE wp; INSERT INTO wp SELECT * FROM k; COMMIT",
        "BEGIN; CREATE TABLE n AS SELECT * FROM wp; DROP TABLE wp; ALTER TABLE n RENAME TO wp; COMMIT",
    ],
)
def test_a_table_rewritten_before_the_dump_has_its_lock_is_saved_whole(
    backup: Module, w1: Server, tmp_path: Path, change: str
) -> None:
    with closed_gate(w1) as gate:
        process = backup.start(databases=["w1"], volumes=["assets"])
        wait_until(lambda: sql(w1, WAITS_FOR_GATE) > 0, 20, "the dump waits for its second lock")
        sql(w1, change)
        gate.rollback()
        out, _err = process.communicate(timeout=60)
    result = json.loads(out.splitlines()[-1])
    assert result["changed"] is True, result
    assert any('database "w1" and its files were saved again, because' in line for line in result["remarks"]), result
    layout, manifest = newest(tmp_path)
    [part] = [part for part in manifest["parts"] if part["kind"] == "database"]
    assert part["rows"] == {"public.early": 1000, "public.gate": 0, "public.wp": 1000}
    assert saved_rows(layout, "w1") == 2000
    assert [part["name"] for part in manifest["parts"]].count("assets") == 1


def test_a_table_that_changes_every_time_is_named_and_not_saved_empty(
    stack: MiniStack, w1: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = Snapshot.files

    def files(snapshot: Snapshot) -> Any:
        found = original(snapshot)
        if not getattr(snapshot, "disturbed", False):
            snapshot.disturbed = True  # type: ignore[attr-defined]
            sql(w1, "TRUNCATE wp")
        return found

    monkeypatch.setattr(Snapshot, "files", files)
    with pytest.raises(ChangedError, match=r'in database "w1", public\.wp was rewritten, replaced or dropped'):
        back_up(options(stack, tmp_path, "w1"))
    assert list((tmp_path / "repository" / "sets").iterdir()) == []


def test_a_lock_that_stays_is_named_with_its_holder_and_costs_only_its_database(
    stack: MiniStack, w1: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database_dump, "PATIENCE_SECONDS", 0.5)
    monkeypatch.setattr(database_dump, "LOCK_WAIT_SECONDS", 1)
    with closed_gate(w1, "wp") as holder:
        expected = rf"wp is locked by process {holder.info.backend_pid} \(migrator, user maxops, idle in transaction"
        with pytest.raises(LockedError, match=expected) as caught:
            back_up(options(stack, tmp_path, "w1"))
        assert "end it with pg_terminate_backend, then run this again" in str(caught.value)
        run_to_its_end(options(stack, tmp_path, "w1", "openproject"))
    _layout, manifest = newest(tmp_path)
    assert [part["name"] for part in manifest["parts"]] == ["openproject"]
    assert [part["name"] for part in manifest["left_out"]] == ["w1"]


def run_to_its_end(chosen: BackupOptions) -> str:
    """Make a set that lacks something; returns what the run says about it."""
    try:
        return " ".join(back_up(chosen)["warnings"])
    except MaxopsError as error:
        return str(error)


def test_whoever_waits_for_the_dump_goes_first(
    stack: MiniStack, w1: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dump_watch, "YIELD_SECONDS", 0.5)
    monkeypatch.setattr(database_dump, "LOCK_WAIT_SECONDS", 60)
    with ThreadPoolExecutor(2) as pool, closed_gate(w1) as gate:
        saving = pool.submit(back_up, options(stack, tmp_path, "w1"))
        wait_until(lambda: sql(w1, WAITS_FOR_GATE) > 0, 20, "the dump holds its first lock and waits for the second")
        altering = pool.submit(sql, w1, "ALTER TABLE early ADD COLUMN more int")
        altering.result(timeout=20)
        assert sql(w1, "SELECT count(*) FROM early") == 1000, "the application goes on while the gate is still closed"
        gate.rollback()
        assert saving.result(timeout=60)["parts"][0]["rows"]["public.early"] == 1000


def test_counting_gives_every_lock_back_and_waits_for_none(w1: Server) -> None:
    sql(w1, ";\n".join(f'CREATE TABLE "t%{number}" (i int PRIMARY KEY)' for number in range(10)))
    sql(w1, 'CREATE SCHEMA "a.b";\nCREATE TABLE "a.b".c AS SELECT 1;\nCREATE SCHEMA a;\nCREATE TABLE a."b.c" (i int)')
    with Snapshot(w1, "w1", Cancellation()) as snapshot:
        held = f"SELECT count(*) FROM pg_locks WHERE pid = {snapshot.process} AND relation > 16384"
        with closed_gate(w1) as gate:
            threading.Timer(1.5, gate.rollback).start()
            counts = snapshot.row_counts()
        assert sql(w1, held) == 0
        assert (counts['"a.b".c'], counts['a."b.c"'], counts["public.t%3"], counts["public.wp"]) == (1, 0, 0, 1000)
        sql(w1, "INSERT INTO wp VALUES (0, 'later');\nTRUNCATE early")
        assert snapshot.row_counts() == counts, "what was counted once is not read again"
        assert snapshot.schema_version() == {}


ODD = {
    "o_latin1": 'CREATE TABLE "größe" AS SELECT 1 AS i;\nCREATE TABLE version (version boolean)',
    "o_euckr": 'CREATE TABLE "한글 표" AS SELECT 1 AS i;\nCREATE TABLE schema_migrations (version jsonb);\n'
    "CREATE VIEW version AS SELECT 1 / 0 AS version",
    "o_path": "CREATE TABLE schema_migrations AS SELECT '20240101'::varchar AS version;\nCREATE SCHEMA app;\n"
    "ALTER DATABASE o_path SET search_path = 'app'",
    "o_settings": "CREATE TABLE \"표\" AS SELECT 1 AS i;\nALTER DATABASE o_settings SET client_encoding = 'LATIN1';\n"
    "ALTER DATABASE o_settings SET role = 'odd_ro';\n"
    "ALTER DATABASE o_settings SET default_transaction_read_only = on;\n"
    "ALTER DATABASE o_settings SET default_transaction_isolation = 'serializable'",
    "o_bare": "DROP EXTENSION plpgsql;\nDROP SCHEMA public;\nCREATE SCHEMA s;\nCREATE TABLE s.t AS SELECT 1 AS i;\n"
    "CREATE SUBSCRIPTION sub CONNECTION 'host=nowhere' PUBLICATION p WITH (connect = false)",
    # Its rows can be counted, but not be written as text.
    "o_output": "CREATE TYPE odd;\nCREATE FUNCTION odd_in(cstring) RETURNS odd AS 'int4in' LANGUAGE internal STRICT;\n"
    "CREATE FUNCTION odd_out(odd) RETURNS cstring AS 'enum_out' LANGUAGE internal STRICT;\n"
    "CREATE TYPE odd (INPUT = odd_in, OUTPUT = odd_out, LIKE = int4);\nCREATE TABLE t AS SELECT '1'::odd AS i",
}


@pytest.fixture
def odd_databases(server: Server) -> Iterator[None]:
    """Databases that each have something unusual."""
    encodings = {"o_latin1": "LATIN1", "o_euckr": "EUC_KR"}
    sql(server, "CREATE ROLE odd_ro", "postgres")
    for name, statements in ODD.items():
        encoding = encodings.get(name, "UTF8")
        sql(server, f"CREATE DATABASE {name} TEMPLATE template0 ENCODING '{encoding}' LOCALE 'C'", "postgres")
        sql(server, statements, name)
    sql(server, "CREATE DATABASE o_icu TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'en' LOCALE 'C'", "postgres")
    sql(server, "UPDATE pg_database SET datcollversion = '1.0' WHERE datname = 'o_icu'", "postgres")
    sql(server, "CREATE DATABASE o_invalid;\nCREATE DATABASE o_closed ALLOW_CONNECTIONS false", "postgres")
    sql(server, "UPDATE pg_database SET datconnlimit = -2 WHERE datname = 'o_invalid'", "postgres")
    sql(server, "CREATE DATABASE o_library;\nALTER DATABASE o_library SET session_preload_libraries = 'no'", "postgres")
    sql(server, "CREATE TABLE notes AS SELECT 1 AS id", "postgres")
    yield
    sql(server, "ALTER SUBSCRIPTION sub SET (slot_name = NONE);\nDROP SUBSCRIPTION sub", "o_bare")
    for name in [*ODD, "o_icu", "o_invalid", "o_closed", "o_library"]:
        sql(server, f"DROP DATABASE {name}", "postgres")
    sql(server, "DROP TABLE notes;\nDROP ROLE odd_ro", "postgres")


@pytest.mark.usefixtures("odd_databases")
def test_an_odd_database_is_dumped_or_left_out_by_name(backup: Module, tmp_path: Path) -> None:
    result = backup(volumes=[])
    layout, manifest = newest(tmp_path)
    parts = {part["name"]: part for part in manifest["parts"]}
    assert set(parts) == {*ODD, "openproject", "postgres", "o_icu"} - {"o_output"}
    assert parts["o_latin1"]["rows"] == {"public.größe": 1, "public.version": 0}
    assert parts["o_euckr"]["rows"] == {"public.schema_migrations": 0, "public.한글 표": 1}
    assert parts["o_settings"]["rows"] == {"public.표": 1}
    assert parts["postgres"]["rows"] == {"public.notes": 1}
    versions = {name: part["schema_version"] for name, part in parts.items() if part["schema_version"]}
    assert versions == {"o_path": {"schema_migrations": "20240101"}}
    [mismatch] = parts["o_icu"]["collation_mismatches"]
    assert (mismatch["recorded"], parts["o_bare"]["collation_mismatches"]) == ("1.0", [])
    warnings = " ".join(manifest["warnings"])
    assert 'database "o_icu": its collation has the recorded version 1.0' in warnings
    properties = json.loads(Path(layout.properties("o_bare")).read_text())
    assert properties["absent"] == ["schema public", "extension plpgsql"]
    assert 'database "o_bare": its subscriptions ("sub") are disabled after a restore' in warnings
    assert 'run DROP DATABASE "o_invalid"' in warnings
    left_out = {part["name"]: part["reason"] for part in manifest["left_out"] if part["kind"] == "database"}
    assert set(left_out) == {"o_invalid", "o_closed", "o_library", "o_output"}
    assert "ERROR: invalid internal value for enum: 1 (COPY public.t" in left_out["o_output"]
    assert 'could not access file "no"' in left_out["o_library"]
    assert not Path(layout.database("o_output")).exists()
    assert manifest["server"] == {"shared_preload_libraries": []}
    refused = backup(volumes=[], databases=["o_invalid"])
    assert 'run DROP DATABASE "o_invalid"' in refused["msg"], result
