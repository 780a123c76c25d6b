# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Databases that are awkward to load come back, in a rehearsal and in a restore; a message says who is at fault."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg2
import pytest

from ansible_collections.maxops.ops.plugins.module_utils.rehearsal.area import RehearsalArea
from ansible_collections.maxops.ops.plugins.module_utils.rehearsal.server import throwaway_server
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.stack import Stack
from ansible_collections.maxops.ops.plugins.module_utils.systems.postgresql import databases
from ansible_collections.maxops.ops.plugins.module_utils.systems.postgresql.session import Session
from ansible_collections.maxops.ops.plugins.module_utils.tools.process import Cancellation
from ansible_collections.maxops.ops.tests.integration.restore_support import AppStack, drive, module
from ansible_collections.maxops.ops.tests.integration.support import Module, run, running, wait_until
from ansible_collections.maxops.ops.tests.integration.verify_support import findings_of, manifest_of, part_of, reseal

OLD = ["audited", "guarded", "hashes"]
DATABASES = {15: OLD, 17: [*OLD, "logins", "relying", "subscribed", "distant", "placed", "mixed", "crons"]}
VIEW = "CREATE TABLE t AS SELECT 1 AS x; CREATE MATERIALIZED VIEW mv AS SELECT * FROM t;"

# The function of each event trigger is called by the trigger and has no use elsewhere.
EVENT_TRIGGERS = {
    "audited": "CREATE TABLE ddl_audit (tag text); CREATE FUNCTION audit() RETURNS event_trigger LANGUAGE plpgsql AS"
    " 'BEGIN INSERT INTO public.ddl_audit VALUES (tg_tag); END';"
    f"{VIEW} CREATE EVENT TRIGGER aud ON ddl_command_end EXECUTE FUNCTION audit(); COMMENT ON EVENT TRIGGER aud IS 'x'",
    "guarded": "CREATE FUNCTION guard() RETURNS event_trigger LANGUAGE plpgsql AS"
    " 'BEGIN RAISE EXCEPTION ''no DDL here: %'', tg_tag; END';"
    f"{VIEW} CREATE EVENT TRIGGER guard ON ddl_command_start EXECUTE FUNCTION guard()",
}

LOGINS = (
    "CREATE TABLE audit (at timestamptz); CREATE FUNCTION log_in() RETURNS event_trigger LANGUAGE plpgsql AS"
    " 'BEGIN INSERT INTO public.audit VALUES (now()); END';"
    "CREATE EVENT TRIGGER lg ON login EXECUTE FUNCTION log_in(); ALTER EVENT TRIGGER lg ENABLE ALWAYS"
)

HASHES = (
    "CREATE TYPE e AS ENUM ('a', 'b', 'c'); CREATE TABLE h (e e, v int) PARTITION BY HASH (e);"
    "CREATE TABLE h0 PARTITION OF h FOR VALUES WITH (MODULUS 2, REMAINDER 0);"
    "CREATE TABLE h1 PARTITION OF h FOR VALUES WITH (MODULUS 2, REMAINDER 1);"
    "INSERT INTO h SELECT (ARRAY['a', 'b', 'c'])[1 + g % 3]::e, g FROM generate_series(1, 300) g"
)

RELYING = (
    "CREATE FUNCTION public.g(text) RETURNS text IMMUTABLE LANGUAGE sql AS 'SELECT lower($1)';"
    "CREATE FUNCTION public.f(text) RETURNS text IMMUTABLE LANGUAGE plpgsql AS 'BEGIN RETURN g($1); END';"
    "CREATE TABLE t (c text, s text GENERATED ALWAYS AS (public.f(c)) STORED); INSERT INTO t (c) VALUES ('A')"
)

SUBSCRIBED = (
    "CREATE TABLE d (a int); CREATE SUBSCRIPTION s CONNECTION 'host=127.0.0.1 dbname=nix' PUBLICATION p"
    " WITH (connect = false, slot_name = NONE, enabled = false, create_slot = false)"
)

DISTANT = (
    "CREATE TABLE here AS SELECT 1 AS x; CREATE EXTENSION postgres_fdw;"
    "CREATE SERVER there FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '127.0.0.1', dbname 'openproject');"
    "CREATE USER MAPPING FOR maxops SERVER there OPTIONS (user 'maxops', password 'secret');"
    "CREATE FOREIGN TABLE distant (id int, body text) SERVER there OPTIONS (table_name 'attachments');"
    "CREATE MATERIALIZED VIEW far AS SELECT count(*) AS n FROM distant; CREATE MATERIALIZED VIEW near AS TABLE here;"
    "CREATE MATERIALIZED VIEW farther AS TABLE far"
)

# A stand-in for pg_cron that refuses to be created in a database of another name, as the real one does.
CRON_CONTROL = "default_version = '1'\\nschema = pg_catalog\\nrelocatable = false\\n"
CRON_SQL = """
DO $$BEGIN IF current_database() <> current_setting('cron.database_name') THEN
  RAISE EXCEPTION 'can only create extension in database %', current_setting('cron.database_name'); END IF; END$$;
CREATE SCHEMA cron; CREATE TABLE cron.job (jobid bigserial, command text);
SELECT pg_extension_config_dump('cron.job', '');
SELECT pg_extension_config_dump('cron.job_jobid_seq', '');
"""


class LoadStack(AppStack):
    """A PostgreSQL server with a tablespace of its own, and a stand-in for pg_cron."""

    def up(self) -> None:
        """Start it, with the databases to load."""
        super().up()
        made = "mkdir /var/lib/postgresql/data/fast && chown postgres /var/lib/postgresql/data/fast"
        folder = "/usr/share/postgresql/17/extension"
        if self.version >= 17:
            made += f' && printf "{CRON_CONTROL}" >{folder}/pg_cron.control && cat >{folder}/pg_cron--1.sql'
        self.compose("exec", "-T", "--user", "0", "postgres", "sh", "-c", made, input=CRON_SQL)
        for name, script in EVENT_TRIGGERS.items():
            self.make(name, script)
        self.make("hashes", HASHES)
        if self.version >= 17:
            self.make("logins", LOGINS)
            self.make("relying", RELYING)
            self.make("subscribed", SUBSCRIBED)
            self.make("distant", DISTANT)
            self.sql("CREATE TABLESPACE fast LOCATION '/var/lib/postgresql/data/fast'", "postgres")
            self.make("placed", "CREATE TABLE t (x int) TABLESPACE pg_default", "TABLESPACE fast")
            self.make("mixed", "CREATE TABLE t TABLESPACE fast AS SELECT 1 AS x")
            self.sql("ALTER SYSTEM SET cron.database_name = 'crons'", "postgres", check=False)
            self.sql("ALTER DATABASE postgres SET cron.database_name = 'crons'", "postgres")
            self.sql("CREATE DATABASE crons", "postgres")
            self.sql("ALTER DATABASE crons SET cron.database_name = 'crons'", "postgres")
            self.sql("CREATE EXTENSION pg_cron; INSERT INTO cron.job (command) VALUES ('VACUUM')", "crons")

    def make(self, name: str, script: str, how: str = "") -> None:
        """A database with some contents."""
        self.sql(f"CREATE DATABASE {name} {how}", "postgres")
        self.sql(script, name)


@pytest.fixture(scope="module", params=[15, 17])
def stack(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LoadStack]:
    name = f"maxload{request.param}"
    with running(LoadStack(name, tmp_path_factory.mktemp("stack"), request.param, services=("postgres",))) as stack:
        yield stack


@pytest.fixture(scope="module")
def repository(stack: LoadStack, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("repository")
    result = module("backup", stack, folder, folder)()
    assert not result.get("failed"), result
    return folder


def remarks_about(result: dict[str, Any], name: str) -> list[str]:
    return [line for line in result["remarks"] if line.startswith(f"database {name}:")]


def test_rehearsal_of_awkward_databases_passes(stack: LoadStack, repository: Path, tmp_path: Path) -> None:
    if stack.version < 17:
        pytest.skip("the restore below takes the same way with this version")
    rehearse = Module("verify", {"project_name": stack.project, "repository": str(repository)}, tmp_path)
    result = rehearse(level="rehearse")
    assert result["passed"], result
    found = {**findings_of(result, "warning"), **findings_of(result, "notice")}
    assert {subject: (entry["state"], entry["cause"]) for subject, entry in found.items()} == {
        'database "relying"': ("warning", "production"),
        'database "distant"': ("warning", "host"),
        "extension pg_cron of crons": ("warning", "host"),
        'database "mixed"': ("notice", "host"),
        'database "placed"': ("notice", "host"),
        'database "subscribed"': ("notice", "host"),
    }
    seen = {subject: entry["seen"] for subject, entry in found.items()}
    assert "public.f(text) relies on the search_path" in seen['database "relying"']
    assert "materialized view public.far, public.farther could not be filled" in seen['database "distant"']
    assert "was not rehearsed" in seen["extension pg_cron of crons"]


def test_restore_of_awkward_databases(stack: LoadStack, repository: Path, tmp_path: Path) -> None:
    restore = module("restore", stack, repository, tmp_path)
    result = restore(set="latest", volumes=[], databases=DATABASES[stack.version], keep_previous=0)
    assert result["changed"], result
    assert stack.sql("SELECT count(*) FROM h", "hashes") == "300"
    assert stack.sql("SELECT count(*) FROM ddl_audit", "audited") == "0"
    assert stack.sql("SELECT obj_description(oid, 'pg_event_trigger') FROM pg_event_trigger", "audited") == "x"
    assert stack.sql("SELECT count(*) FROM mv", "guarded") == "1"
    with pytest.raises(psycopg2.Error, match="no DDL here"):
        stack.sql("CREATE TABLE more (x int)", "guarded")
    assert stack.kept() == [], "a database with a subscription is dropped, too"
    if stack.version < 17:
        return
    assert stack.sql("SELECT c || s FROM t", "relying") == "Aa"
    assert stack.sql("SELECT count(*) FROM pg_proc WHERE proconfig IS NOT NULL", "relying") == "0"
    assert "public.f(text) relies on the search_path" in remarks_about(result, "relying")[0]
    assert stack.sql("SELECT subname || subenabled FROM pg_subscription", "subscribed") == "sfalse"
    assert 'subscription "s" is restored, but disabled' in remarks_about(result, "subscribed")[0]
    assert stack.sql("SELECT (SELECT n FROM far) || ' ' || (SELECT x FROM near)", "distant") == "500 1"
    assert remarks_about(result, "distant") == []
    used = "SELECT spcname FROM pg_tablespace t JOIN pg_database d ON d.dattablespace = t.oid WHERE datname = 'placed'"
    assert stack.sql(used, "postgres") == "fast"
    assert stack.sql("SELECT tablespace FROM pg_tables WHERE tablename = 't'", "mixed") == "fast"
    assert stack.sql("SELECT command FROM cron.job", "crons") == "VACUUM"
    assert any(
        "extension pg_cron of database crons and its rows are restored after" in line for line in result["remarks"]
    )
    assert result["memory"]["maintenance_work_mem"] >= 64 * 1024 * 1024


LATER = """--
-- Dumped by pg_dump version 17.6
SET statement_timeout = 0;
SET transaction_timeout = 0;

CREATE TABLE public.later (body text);
COPY public.later (body) FROM stdin;
SET transaction_timeout = 0;
\\.

--
-- PostgreSQL database dump complete
--
"""


def test_dump_of_a_later_version_loads_into_an_older_server(stack: LoadStack, repository: Path, tmp_path: Path) -> None:
    path = tmp_path / "hashes_20240101_020000.sql"
    path.write_text(LATER)
    result = module("restore", stack, repository, tmp_path)(file=str(path))
    assert result["changed"], result
    assert stack.sql("SELECT body FROM later", "hashes") == "SET transaction_timeout = 0;"
    said = [f"database hashes: line 4 of {path.name} sets transaction_timeout, which this server does not know"]
    assert remarks_about(result, "hashes") == (said if stack.version < 17 else [])


def test_database_postgres_is_rehearsed_and_restored_under_another_name(
    stack: LoadStack, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    if stack.version < 17:
        pytest.skip("once is enough")
    stack.make("spare", HASHES)
    repository = tmp_path_factory.mktemp("repository")
    made = module("backup", stack, repository, repository)(databases=["spare"], volumes=[])
    folder = Path(made["path"])
    (folder / "databases/spare").rename(folder / "databases/postgres")
    parts = manifest_of(folder)["parts"]
    part_of({"parts": parts}, "spare")["name"] = "postgres"
    reseal(folder, parts=parts)
    rehearse = Module("verify", {"project_name": stack.project, "repository": str(repository)}, tmp_path)
    assert rehearse(level="rehearse")["passed"]
    into = {"postgres": "postgres_restored"}
    result = module("restore", stack, repository, tmp_path)(set="latest", into=into)
    assert result["changed"], result
    assert stack.sql("SELECT count(*) FROM h", "postgres_restored") == "300"
    assert stack.leftovers() == []


TWICE = (
    "CREATE TABLE t (x text); INSERT INTO t VALUES ('a'); CREATE UNIQUE INDEX t_pkey ON t (x);"
    "UPDATE pg_index SET indisready = false, indislive = false, indisvalid = false"
    " WHERE indexrelid = 't_pkey'::regclass"
)
SECRET = "pa55word-of-newcomer"


def test_failed_restore_takes_its_roles_back_and_logs_no_secret(
    stack: LoadStack, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The set is like production: a row is there twice, which its corrupt index hides."""
    if stack.version < 17:
        pytest.skip("once is enough")
    stack.make("twice", TWICE)
    stack.sql("INSERT INTO t VALUES ('a')", "twice")
    stack.sql(
        "UPDATE pg_index SET indisready = true, indislive = true, indisvalid = true WHERE NOT indisvalid", "twice"
    )
    stack.sql(f"CREATE ROLE newcomer LOGIN CREATEROLE PASSWORD '{SECRET}'; CREATE ROLE staff; GRANT staff TO newcomer")
    stack.sql("GRANT newcomer TO maxops; ALTER ROLE newcomer SET my.secret = 'setting-secret'")
    stack.make("settled", "CREATE TABLE t (x int)")
    stack.sql("ALTER DATABASE settled SET my.secret = 'setting-secret'", "postgres")
    folder = tmp_path_factory.mktemp("repository")
    assert not module("backup", stack, folder, folder)(databases=["twice", "settled"], volumes=[]).get("failed")
    stack.sql("DROP ROLE newcomer, staff", "postgres")
    stack.sql("ALTER SYSTEM SET log_statement = 'all'", "postgres")
    stack.sql("SELECT pg_reload_conf()", "postgres")
    since = stack.sql("SELECT now()::timestamptz(0)", "postgres").replace(" ", "T").replace("+00:00", "Z")
    restore = module("restore", stack, folder, tmp_path)
    message = restore(set="latest", databases=["twice"])["msg"]
    assert 'ERROR: could not create unique index "t_pkey"; DETAIL: Key (x)=(a) is duplicated.' in message
    assert "production's table public.t has two rows with the same key" in message
    assert stack.sql("SELECT count(*) FROM pg_roles WHERE rolname IN ('newcomer', 'staff')", "postgres") == "0"
    assert stack.leftovers() == []
    verified = Module("verify", {"project_name": stack.project, "repository": str(folder)}, tmp_path)(level="rehearse")
    finding = findings_of(verified)['database "twice"']
    assert (verified["passed"], finding["cause"]) == (False, "production")
    assert "did not pass, because the running application has the same faults" in verified["msg"]
    assert finding["fix"].startswith("Production is like this too: production's table public.t")
    killed = {"project_name": stack.project, "repository": str(folder), "set": "latest", "databases": ["settled"]}
    assert drive(killed, {"load database settled": "kill"}) == {}
    wait_until(lambda: stack.leftovers() == [], 60, "the guard has recovered")
    assert stack.sql("SELECT count(*) FROM pg_roles WHERE rolname IN ('newcomer', 'staff')", "postgres") == "0"
    result = restore(set="latest", databases=["settled"])
    assert sorted(result["new_roles"]) == ["newcomer", "staff"]
    assert stack.sql("SELECT count(*) FROM pg_auth_members WHERE member = 'newcomer'::regrole", "postgres") == "1"
    assert stack.sql("SELECT current_setting('my.secret')", "settled") == "setting-secret"
    log = run("docker", "logs", "--since", since, f"{stack.project}-postgres-1")
    assert "LOG:  statement: SELECT" in log.stdout + log.stderr, "the log has the statements of other sessions"
    assert "SCRAM-SHA-256" not in log.stdout + log.stderr
    assert "setting-secret" not in log.stdout + log.stderr


def test_rehearsal_server_preloads_the_libraries_that_its_image_has(tmp_path: Path) -> None:
    stack = Stack.connect("maxload-none", required=False)
    image = stack.find_image("maxops-lab/postgres:17")
    assert image
    area = RehearsalArea(str(tmp_path), stack, 1)
    with area.opened(), area.folders("x") as folders:
        libraries = ["nosuch", "auto_explain"]
        server = throwaway_server(
            stack, image, "maxops", folders.data, folders.socket, area.key, Cancellation(), libraries
        )
        with server as throwaway, Session(throwaway.server, "postgres") as session:
            assert throwaway.not_loaded == ["nosuch"]
            assert databases.setting(session, "shared_preload_libraries") == "auto_explain"
