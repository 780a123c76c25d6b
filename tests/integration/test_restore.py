# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a restore restores, what it replaces, and what it does not touch."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg2
import pytest

from ansible_collections.maxops.ops.plugins.module_utils.tools.locks import exclusive_lock, stack_lock_path
from ansible_collections.maxops.ops.tests.integration.restore_support import STATE, AppStack, module, quoted
from ansible_collections.maxops.ops.tests.integration.support import Module, run, running, wait_until
from ansible_collections.maxops.ops.tests.unit.playbook_runs import inventory_in, play_in_terminal

PROJECT = "maxrestore"
LONG = "a_database_with_quite_a_long_name_of_some_fifty_letters"
ODD = 'od"d %s name; --'

BELONGINGS = """
CREATE ROLE editors; CREATE ROLE "odd ""role; %" LOGIN PASSWORD 'pa;ss''word';
COMMENT ON ROLE editors IS 'a; b'; GRANT editors TO "odd ""role; %" WITH ADMIN OPTION;
CREATE EXTENSION pg_trgm;
CREATE SCHEMA drafts AUTHORIZATION editors;
CREATE TABLE drafts.page (id bigserial PRIMARY KEY, body text);
ALTER TABLE drafts.page OWNER TO editors; GRANT SELECT ON drafts.page TO "odd ""role; %";
INSERT INTO drafts.page (body) SELECT 'x' FROM generate_series(1, 20); SELECT nextval('drafts.page_id_seq');
SELECT lo_from_bytea(4711, 'large');
COMMENT ON DATABASE openproject IS '100% ours; it''s';
ALTER DATABASE openproject SET search_path = "$user", public, drafts;
ALTER DATABASE openproject SET statement_timeout = '77s';
ALTER ROLE editors IN DATABASE openproject SET work_mem = '7MB';
REVOKE CONNECT ON DATABASE openproject FROM PUBLIC; GRANT CONNECT ON DATABASE openproject TO editors;
ALTER DATABASE openproject CONNECTION LIMIT 77
"""

# All that belongs to a database, as one text.
IDENTITY = """
SELECT string_agg(line, E'\\n' ORDER BY line) FROM (
  SELECT 'table ' || schemaname || tablename || tableowner FROM pg_tables WHERE schemaname IN ('public', 'drafts')
  UNION ALL SELECT 'grant ' || grantee || privilege_type || table_name FROM information_schema.role_table_grants
    WHERE table_schema = 'drafts'
  UNION ALL SELECT 'extension ' || extname || extversion FROM pg_extension
  UNION ALL SELECT 'sequence ' || schemaname || sequencename || last_value FROM pg_sequences
  UNION ALL SELECT 'large ' || oid || convert_from(lo_get(oid), 'UTF8') FROM pg_largeobject_metadata
  UNION ALL SELECT 'database ' || pg_get_userbyid(datdba) || datcollate || datconnlimit || coalesce((
      SELECT string_agg(grantee::regrole::text || privilege_type, ',' ORDER BY grantee, privilege_type)
      FROM aclexplode(datacl)), '-')
    || shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = current_database()
  UNION ALL SELECT 'setting ' || setrole::regrole::text || setconfig::text FROM pg_db_role_setting s
    JOIN pg_database d ON d.oid = s.setdatabase WHERE datname = current_database()
) t(line)
"""


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AppStack]:
    with running(AppStack(PROJECT, tmp_path_factory.mktemp("stack"), 17)) as stack:
        stack.sql(BELONGINGS)
        yield stack


@pytest.fixture(scope="module")
def repository(stack: AppStack, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Holds a set in which all data has the marker "first"."""
    folder = tmp_path_factory.mktemp("repository")
    os.mkfifo(stack.folder_of("gitea") / "pipe")
    (stack.folder_of("gitea") / "git/repositories/team").mkdir(parents=True)
    (stack.folder_of("gitea") / "git/repositories/team/tool.git").write_text("a repository")
    module("backup", stack, folder, folder)()
    return folder


@pytest.fixture
def restore(stack: AppStack, repository: Path, tmp_path: Path) -> Module:
    """The module on a stack in which all data has the marker "second"."""
    stack.forget_kept()
    stack.write("second")
    return module("restore", stack, repository, tmp_path)


def part(result: dict[str, Any], name: str) -> dict[str, Any]:
    return next(part for part in result["parts"] if part["name"] == name)


def test_everything_comes_back_as_it_was(stack: AppStack, restore: Module) -> None:
    identity = stack.sql(IDENTITY)
    stack.sql('DROP SCHEMA drafts CASCADE; ALTER DATABASE openproject RESET ALL; DROP OWNED BY "odd ""role; %"')
    stack.sql('DROP ROLE "odd ""role; %"', "postgres")
    stack.sql("ALTER ROLE editors PASSWORD 'changed since'", "postgres")
    changed = stack.sql("SELECT rolpassword FROM pg_authid WHERE rolname = 'editors'", "postgres")
    result = restore(set="latest")
    assert result["changed"] is True, result
    assert stack.words() == {"first"}
    assert stack.sql(IDENTITY) == identity
    assert part(result, "openproject")["rows"] == {"drafts.page": 20, "public.attachments": 500}
    assert result["new_roles"] == ['odd "role; %']
    members = "SELECT count(*) FROM pg_auth_members WHERE member::regrole::text ~ 'odd' AND admin_option"
    assert stack.sql(members, "postgres") == "1"
    assert stack.sql("SELECT rolpassword FROM pg_authid WHERE rolname = 'editors'", "postgres") == changed
    analyzed = "SELECT count(*) FROM pg_stat_user_tables WHERE last_analyze IS NULL"
    assert stack.sql(analyzed) == "0"
    assert (stack.folder_of("gitea") / "pipe").is_fifo()
    assert (stack.folder_of("gitea") / "word").stat().st_uid == 1000
    assert stack.leftovers() == []
    assert sorted(result["kept"]) == sorted(stack.kept())
    assert result["services"] == ["gitea", "openproject"]
    assert 0 < result["swap_seconds"] <= result["downtime"]
    stack.wait_up()


def test_only_affected_services_stop(stack: AppStack, restore: Module) -> None:
    before = stack.starts()
    result = restore(set="latest", databases=["gitea"])
    after = stack.starts()
    assert {service for service in before if before[service] != after[service]} == {"gitea"}
    assert result["services"] == ["gitea"]
    assert stack.word_of("gitea") == "first"
    assert stack.word_of("openproject") == "second"
    assert (stack.folder_of("gitea") / "word").read_text() == "second"


def test_a_volume_alone(stack: AppStack, restore: Module) -> None:
    result = restore(set="latest", volumes=[f"{PROJECT}_openproject-assets"])
    assert result["services"] == ["openproject"]
    assert (stack.folder_of("openproject") / "word").read_text() == "first"
    assert stack.word_of("openproject") == "second"


def test_twice_is_the_same_as_once(stack: AppStack, restore: Module) -> None:
    restore(set="latest")
    assert restore(set="latest")["changed"] is True
    assert stack.words() == {"first"}
    assert len(stack.kept()) == 8


def test_previous_swaps_back_and_forth(stack: AppStack, restore: Module) -> None:
    digest = stack.digest()
    restore(set="latest")
    result = restore(state="previous")
    assert stack.digest() == digest, result
    assert "the data that was replaced by the restore of set" in result["source"]
    assert result["expected_downtime"] > 0
    restore(state="previous")
    assert stack.words() == {"first"}
    assert len(stack.kept()) == 4
    stack.wait_up()


def test_check_mode_shows_the_parts_and_changes_nothing(stack: AppStack, restore: Module) -> None:
    digest, starts = stack.digest(), stack.starts()
    result = restore(set="latest", check_mode=True)
    assert (stack.digest(), stack.starts(), stack.leftovers(), stack.kept()) == (digest, starts, [], [])
    assert result["changed"] is True
    assert result["services"] == ["gitea", "openproject"]
    assert part(result, "gitea")["previous"].startswith("gitea__maxops_previous_")
    assert part(result, "gitea")["source_bytes"] > 7_000_000
    assert result["diff"]["before"]["database gitea"] == "as it is"
    assert result["diff"]["after"]["database gitea"] == result["source"]
    assert [space["need"] > 0 and space["free"] > 0 for space in result["space"]] == [True]


def test_missing_databases_and_folders(stack: AppStack, restore: Module) -> None:
    """The case of docs/night.md: only one of two is left, and a volume's folder is lost."""
    stack.compose("stop", "gitea")
    stack.sql("DROP DATABASE gitea WITH (FORCE)", "postgres")
    shutil.rmtree(stack.folder_of("gitea"))
    try:
        result = restore(set="latest")
        assert stack.words() == {"first"}
        assert part(result, "gitea")["previous"] is None
        assert part(result, "openproject")["previous"] is not None
        assert len(stack.kept()) == 2
        assert stack.states()["gitea"] == "exited"
        assert any(f"{PROJECT}-gitea-1 uses the restored data, was exited" in remark for remark in result["remarks"])
    finally:
        stack.compose("start", "gitea")


def test_applications_that_crash_because_their_database_is_gone(stack: AppStack, restore: Module) -> None:
    """Docker starts them again and again; they are stopped, and must become healthy like the others."""
    stack.compose("stop", "gitea")
    stack.sql("DROP DATABASE gitea WITH (FORCE)", "postgres")
    name = f"{PROJECT}-crashing"
    labels = [f"com.docker.compose.project={PROJECT}", "com.docker.compose.service=crashing"]
    command = "until psql -h postgres -U maxops gitea -c 'select 1'; do exit 1; done; sleep infinity"
    argv = ["docker", "run", "--detach", "--name", name, "--restart", "always", "--network", f"{PROJECT}_default"]
    argv += [word for label in labels for word in ("--label", label)]
    argv += ["--env", "PGPASSWORD=secret", "--env", "DATABASE=gitea", "--entrypoint", "sh", "maxops-lab/postgres:17"]
    run(*argv, "-c", command)

    def status() -> str:
        return run("docker", "inspect", "--format", "{{.State.Status}}", name).stdout.strip()

    try:
        wait_until(lambda: status() == "restarting", 20, "it crashes")
        result = restore(set="latest", databases=["gitea"])
        assert "crashing" in result["services"]
        assert status() == "running"
    finally:
        run("docker", "rm", "--force", name)
        stack.compose("start", "gitea")


def test_container_of_another_stack_on_a_volume_is_named(stack: AppStack, restore: Module) -> None:
    name = f"{PROJECT}-stranger"
    run("docker", "run", "--detach", "--name", name, "--volume", f"{PROJECT}_gitea-data:/x", "--entrypoint", "sleep",
        "maxops-lab/postgres:17", "infinity")  # fmt: skip
    try:
        assert f"is also used by {name}, not of stack" in restore(set="latest")["msg"]
    finally:
        run("docker", "rm", "--force", name)


def test_restore_beside_the_running_data(stack: AppStack, restore: Module) -> None:
    starts = stack.starts()
    into = {"gitea": "gitea_copy", "gitea-data": f"{PROJECT}-copy"}
    result = restore(set="latest", databases=["gitea"], volumes=["gitea-data"], into=into)
    try:
        assert stack.word_of("gitea") == "second"
        assert stack.sql("SELECT count(*) FROM repository WHERE body ~ 'first'", "gitea_copy") == "500"
        copy = Path(f"/var/lib/docker/volumes/{PROJECT}-copy/_data")
        assert (copy / "word").read_text() == "first"
        assert stack.starts() == starts
        assert (result["downtime"], result["kept"], stack.kept()) == (0.0, [], [])
        again = restore(set="latest", databases=["gitea"], into={"gitea": "gitea_copy"})
        assert 'database "gitea_copy" exists already' in again["msg"]
        again = restore(set="latest", volumes=["gitea-data"], into={"gitea-data": f"{PROJECT}-copy"})
        assert "exists already" in again["msg"]
    finally:
        stack.sql("DROP DATABASE IF EXISTS gitea_copy", "postgres")
        run("docker", "volume", "rm", f"{PROJECT}-copy", check=False)


def test_single_files_of_a_volume(stack: AppStack, restore: Module, tmp_path: Path) -> None:
    starts = stack.starts()
    found = tmp_path / "found"
    paths = ["git/repositories/team", "/word"]
    result = restore(set="latest", volumes=["gitea-data"], paths=paths, destination=str(found))
    assert result["changed"] is True, result
    there = sorted(str(path.relative_to(found)) for path in found.rglob("*") if path.is_file())
    assert there == ["git/repositories/team/tool.git", "word"]
    # The size of what was unpacked, not of the volume.
    assert result["parts"][0]["source_bytes"] == sum((found / name).stat().st_size for name in there)
    assert stack.starts() == starts
    for arguments, expected in (
        ({"paths": ["word"], "destination": str(found)}, "is not an empty folder"),
        ({"paths": ["nowhere"], "destination": str(tmp_path / "other")}, "correct the option paths"),
        ({"paths": ["../../etc"], "destination": str(tmp_path / "other")}, "leads out of the volume"),
    ):
        assert expected in restore(set="latest", volumes=["gitea-data"], **arguments)["msg"]
    assert not list(tmp_path.glob("*maxops-new*"))


def test_fifty_clients_and_open_transactions(stack: AppStack, restore: Module) -> None:
    """Clients that are connected, hold locks or reconnect at once neither stop the swap nor connect during it."""
    ended = threading.Event()
    answers: list[str] = []

    def client() -> None:
        while not ended.is_set():
            with contextlib.suppress(psycopg2.Error), contextlib.closing(stack.connect("gitea")) as connection:
                while not ended.wait(0.05):
                    with connection.cursor() as cursor:
                        cursor.execute("SELECT DISTINCT regexp_replace(body, '[0-9]+$', '') FROM repository")
                        answers.append(",".join(row[0] for row in cursor.fetchall()))

    clients = [threading.Thread(target=client) for _ in range(50)]
    with contextlib.closing(stack.connect("gitea")) as holder:
        holder.autocommit = False
        holder.cursor().execute("UPDATE repository SET body = body")
        for thread in clients:
            thread.start()
        try:
            result = restore(set="latest", databases=["gitea"])
        finally:
            ended.set()
            for thread in clients:
                thread.join()
    assert result["changed"] is True, result
    assert 0 < result["swap_seconds"] <= result["downtime"]
    assert set(answers) == {"first", "second"}
    changes = sum(1 for one, other in zip(answers, answers[1:]) if (one, other) == ("first", "second"))
    assert changes == 0, "no client saw the old rows after the new ones"


def test_unhealthy_applications_bring_the_old_data_back(stack: AppStack, restore: Module, tmp_path: Path) -> None:
    """The set contains data that makes OpenProject unhealthy."""
    (stack.folder_of("openproject") / "sick").write_text("")
    module("backup", stack, tmp_path / "sick", tmp_path)()
    (stack.folder_of("openproject") / "sick").unlink()
    digest = stack.digest()
    result = restore(repository=str(tmp_path / "sick"), set="latest", health_timeout=3)
    assert f"{PROJECT}-openproject-1 is not healthy after 3 s" in result["msg"]
    assert "Everything was put back" in result["msg"]
    assert stack.digest() == digest
    assert (stack.leftovers(), stack.kept()) == ([], [])
    stack.wait_up()


def test_prepared_transactions_are_refused(stack: AppStack, restore: Module) -> None:
    stack.sql("BEGIN; UPDATE repository SET body = 'x'; PREPARE TRANSACTION 'open'", "gitea")
    try:
        assert "prepared transactions" in restore(set="latest")["msg"]
    finally:
        stack.sql("ROLLBACK PREPARED 'open'", "gitea")


def test_long_and_odd_names(stack: AppStack, restore: Module, tmp_path: Path) -> None:
    for name in (LONG, ODD):
        stack.sql("CREATE DATABASE " + quoted(name), "postgres")
    try:
        for name in (LONG, ODD):
            stack.sql("CREATE TABLE t AS SELECT 1 AS a", name)
        module("backup", stack, tmp_path / "odd", tmp_path)(databases=[LONG, ODD], volumes=[])
        for name in (LONG, ODD):
            stack.sql("UPDATE t SET a = 2", name)
        result = restore(repository=str(tmp_path / "odd"), set="latest")
        assert result["changed"] is True, result
        assert [stack.sql("SELECT a FROM t", name) for name in (LONG, ODD)] == ["1", "1"]
        restore(state="previous")
        assert [stack.sql("SELECT a FROM t", name) for name in (LONG, ODD)] == ["2", "2"]
    finally:
        stack.forget_kept()
        for name in (LONG, ODD):
            stack.sql("DROP DATABASE " + quoted(name), "postgres")


def test_replaced_data_is_removed_after_its_days(stack: AppStack, restore: Module) -> None:
    result = restore(set="latest", databases=["gitea"], keep_previous=0)
    assert stack.kept() == []
    assert result["expired"] == result["kept"]
    assert "no data that a restore replaced is kept" in restore(state="previous")["msg"]


def test_kept_data_is_shown_with_its_size_and_removed_on_request(
    stack: AppStack, restore: Module, repository: Path, tmp_path: Path
) -> None:
    result = restore(set="latest", databases=["gitea"])
    made = re.sub(r"[-:]", "", result["made"])
    assert (made, result["verified"]) == (result["set_id"], None)
    assert 0 <= result["age"] < 3600
    shown = module("backup_info", stack, repository, tmp_path)()["kept"]
    assert len(shown) == 1
    [newest] = shown[0]["parts"]
    assert (newest["name"], newest["kept_as"]) == ("gitea", result["kept"][0])
    assert newest["bytes"] > 7_000_000
    assert shown[0]["replaced_by"].startswith(f"the restore of set {result['set_id']} started at ")
    planned = restore(state="discarded", check_mode=True)
    assert planned["discarded"] == shown
    assert result["kept"][0] in stack.kept()
    done = restore(state="discarded")
    assert (done["expired"], done["remarks"], stack.kept()) == (result["kept"], [], [])
    assert module("backup_info", stack, repository, tmp_path)()["kept"] == []
    stack.wait_up()


def test_under_awx_the_plan_is_shown_and_nothing_is_asked(
    stack: AppStack, restore: Module, repository: Path, tmp_path: Path
) -> None:
    words = json.dumps({"maxops_project_name": PROJECT, "maxops_repository": str(repository), "set": "latest"})
    hosts = ("-i", inventory_in(tmp_path, "[maxops]\nlab"), "-e", words)
    starts = stack.starts()
    code, output = play_in_terminal("restore", *hosts, answers={}, AWX_PRIVATE_DATA_DIR="/runner")
    assert code != 0
    assert "lab: would restore set " in output
    assert " ago, never verified; what was written since then is set aside" in output
    assert "to restore as shown" not in output
    assert "because it was not confirmed: give -e confirm=lab as an extra variable of the job" in output
    assert stack.starts() == starts


def test_backup_removes_replaced_data_and_does_not_back_it_up(stack: AppStack, restore: Module, tmp_path: Path) -> None:
    restore(set="latest", databases=["gitea"])
    [record] = (STATE / PROJECT / "previous").glob("*.json")
    backup = module("backup", stack, tmp_path / "repository", tmp_path)
    assert {part["name"] for part in backup(volumes=[])["parts"]} == {"openproject", "gitea"}
    assert len(stack.kept()) == 1
    record.write_text(record.read_text().replace('"kept_until": "20', '"kept_until": "19'))
    backup(volumes=[])
    assert (stack.kept(), record.exists()) == ([], False)


def test_one_job_at_a_time(stack: AppStack, restore: Module) -> None:
    with exclusive_lock(stack_lock_path(PROJECT), "the stack", "backup of it"):
        for arguments in ({"set": "latest"}, {"state": "previous"}):
            assert "is in use: backup of it by process" in restore(**arguments)["msg"]
    assert (stack.leftovers(), stack.kept()) == ([], [])
