# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A backup set of a real stack holds all data of the stack, and its manifest is correct."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.storage.repository.local import Repository
from ansible_collections.maxops.ops.plugins.module_utils.storage.verdict import LevelResult, Verdict
from ansible_collections.maxops.ops.tests.integration.support import CHECKOUT, MiniStack, Module, helpers, run

ODD_NAME = """we'ird "; DROP DATABASE=openproject -- Ü"""


@pytest.fixture(scope="module", autouse=True)
def content(stack: MiniStack) -> Iterator[None]:
    """Rows and files with unusual names, types and attributes."""
    stack.fill(rows=5000)
    quoted = '"' + ODD_NAME.replace('"', '""') + '"'
    stack.sql(f"CREATE DATABASE {quoted}")
    stack.sql('CREATE SCHEMA "S"; CREATE TABLE "S"."T x" (a int); INSERT INTO "S"."T x" VALUES (1), (2)', ODD_NAME)
    stack.sql(
        "CREATE TABLE parent (id int, at date) PARTITION BY RANGE (at);"
        "CREATE TABLE child PARTITION OF parent FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');"
        "INSERT INTO parent SELECT g, '2026-05-05' FROM generate_series(1, 7) g;"
        "CREATE TABLE base (id int); CREATE TABLE derived () INHERITS (base);"
        "INSERT INTO base VALUES (1); INSERT INTO derived VALUES (2), (3);"
        "CREATE ROLE reporter LOGIN PASSWORD 'x'; ALTER DATABASE openproject SET work_mem = '8MB'"
    )
    stack.shell(
        "cd /assets; printf n > \"$(printf 'new\\nline \\377')\"; echo dash > ./-rf; echo one > first; ln first hard;"
        "ln -s first soft; ln -s /etc/passwd outside; truncate -s 500M sparse; mkdir -p .hidden/deep; mkfifo pipe;"
        "chown 1234:4321 first; chmod 4751 first"
    )
    os.setxattr(stack.volume / "first", "user.maxops", b"kept")
    (stack.folder / "gateway" / os.fsdecode(b"caf\xe9 \xff.conf")).write_text("no UTF-8\n")
    yield
    stack.sql(f"DROP DATABASE {quoted}")


def manifest_of(result: dict[str, object]) -> dict[str, object]:
    return json.loads((Path(str(result["path"])) / "manifest.json").read_text())


def test_set_is_complete_and_every_digest_is_right(backup: Module) -> None:
    result = backup()
    assert result["changed"] is True, result
    top = Path(result["path"])
    manifest = manifest_of(result)
    assert result["manifest"]["sha256"] == manifest["sha256"]
    listed = {entry["path"]: entry for entry in manifest["files"]}
    there = {str(path.relative_to(top)) for path in top.rglob("*") if path.is_file() or path.is_symlink()}
    assert there - {"manifest.json"} == set(listed)
    for name, entry in listed.items():
        content = (top / name).read_bytes()
        assert (len(content), hashlib.sha256(content).hexdigest()) == (entry["size"], entry["sha256"])
    assert oct(top.parents[1].stat().st_mode & 0o777) == "0o700"
    assert not [path for path in top.rglob("*") if "config/gateway" not in str(path) and path.stat().st_mode & 0o077]
    assert {"config/.env", "config/docker-compose.yml", "config/gateway/gateway.conf", "globals.sql"} <= set(listed)
    assert list((top.parents[1] / "staging").iterdir()) == []
    assert helpers(top.parents[1]) == []


def test_rows_are_counted_exactly_in_every_kind_of_table(backup: Module) -> None:
    parts = {part["name"]: part for part in backup()["parts"]}
    assert parts["openproject"]["rows"] == {
        "public.base": 1,
        "public.child": 7,
        "public.derived": 2,
        "public.entry": 5000,
    }
    assert parts[ODD_NAME]["rows"] == {"S.T x": 2}


def test_databases_restore_with_the_servers_own_programs(backup: Module, stack: MiniStack) -> None:
    top = Path(backup()["path"])
    run("docker", "cp", top / "databases", f"{stack.project}-postgres-1:/tmp/restored")
    for folder in (top / "databases").iterdir():
        listing = stack.compose("exec", "-T", "postgres", "pg_restore", "--list", f"/tmp/restored/{folder.name}")
        assert "TABLE DATA" in listing
    stack.sql("DROP DATABASE IF EXISTS again; CREATE DATABASE again".replace("; ", ";\n"))
    restore = ["pg_restore", "-U", "maxops", "-d", "again", "-j", "2", "--exit-on-error", "/tmp/restored/openproject"]
    stack.compose("exec", "-T", "postgres", *restore)
    checksum = "SELECT md5(string_agg(entry::text, ',' ORDER BY id)) FROM entry"
    assert stack.sql(checksum, "again") == stack.sql(checksum)
    stack.sql("DROP DATABASE again")
    stack.compose("exec", "-T", "postgres", "rm", "-r", "/tmp/restored")
    assert "CREATE ROLE reporter" in (top / "globals.sql").read_text()


def test_volume_keeps_names_owners_links_holes_and_attributes(backup: Module, stack: MiniStack, tmp_path: Path) -> None:
    top = Path(backup()["path"])
    target = tmp_path / "extracted"
    target.mkdir()
    run(
        "tar",
        "--extract",
        "--zstd",
        "--xattrs",
        "--xattrs-include=*",
        "-f",
        top / "volumes/assets.tar.zst",
        "-C",
        target,
    )
    original = stack.volume
    assert sorted(os.listdir(os.fsencode(target))) == sorted(os.listdir(os.fsencode(original)))
    assert b"new\nline \xff" in os.listdir(os.fsencode(target))
    first = (target / "first").stat()
    assert (first.st_uid, first.st_gid, oct(first.st_mode)) == (1234, 4321, "0o104751")
    assert first.st_ino == (target / "hard").stat().st_ino
    assert os.readlink(target / "outside") == "/etc/passwd"
    assert os.getxattr(target / "first", "user.maxops") == b"kept"
    assert (target / "sparse").stat().st_size == 500 * 1024 * 1024
    assert (target / "sparse").stat().st_blocks * 512 < 1024 * 1024
    assert (target / "file-7").read_bytes() == (original / "file-7").read_bytes()


def test_check_mode_shows_the_parts_and_changes_nothing(backup: Module, tmp_path: Path) -> None:
    result = backup(check_mode=True)
    assert {part["name"] for part in result["parts"]} == {"openproject", ODD_NAME, "assets"}
    assert 0 < result["need_bytes"] < result["free_bytes"]
    assert {part["name"]: part["kind"] for part in result["left_out"]} == {
        "postgres-data": "volume",
        "redis-data": "volume",
    }
    assert not (tmp_path / "repository").exists()
    real = backup()
    assert {part["name"] for part in real["parts"]} == {part["name"] for part in result["parts"]}


def test_parts_can_be_chosen_and_excluded(backup: Module) -> None:
    only = backup(databases=["openproject"], volumes=[])
    assert [part["name"] for part in only["parts"]] == ["openproject"]
    rest = backup(exclude=["openproj*"], volumes=["assets"])
    assert {part["name"] for part in rest["parts"]} == {ODD_NAME, "assets"}
    files_only = backup(databases=[])
    assert [part["name"] for part in files_only["parts"]] == ["assets"]
    assert not (Path(files_only["path"]) / "globals.sql").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"databases": ["nowhere"]}, ['no database "nowhere"', '"openproject"', "correct the option databases"]),
        ({"volumes": ["nowhere"]}, ['no volume "nowhere"', '"assets"', "correct the option volumes"]),
        ({"project_name": "no-such"}, ['no Compose project "no-such"', "maxtest17", "maxops.ops.deploy"]),
        ({"database_service": "db"}, ['no service "db"', "postgres", "database_service"]),
        ({"database_service": "app"}, ["app", "database_password"]),
        ({"exclude": ["*"]}, ["no part of project", "exclude"]),
        (
            {"database_password": "wrong"},
            ["refused the password", "the option database_password", "maxtest17-postgres-1"],
        ),
        (
            {"docker_host": "unix:///nowhere.sock"},
            ["cannot reach the Docker daemon", "unix:///nowhere.sock", "docker_host"],
        ),
        ({"docker_host": "tcp://127.0.0.1:1"}, ["not a local socket"]),
        ({"jobs": 0}, ["jobs is 0"]),
        ({"retention": {"daily": -1}}, ["retention.daily is -1"]),
        ({"repository": "/dev/null/x"}, ["repository", "not a folder"]),
    ],
)
def test_bad_input_is_refused_with_a_message(
    backup: Module, tmp_path: Path, arguments: dict[str, object], words: list[str]
) -> None:
    result = backup(**arguments)
    assert result["failed"] is True
    for word in words:
        assert word in result["msg"]
    assert not (tmp_path / "repository" / "sets").exists()


def test_repository_inside_a_volume_is_refused(backup: Module, stack: MiniStack) -> None:
    result = backup(repository=str(stack.volume / "backups"))
    assert "lies inside volume" in result["msg"]
    assert not (stack.volume / "backups").exists()


def test_no_secret_reaches_the_result_or_the_manifest(backup: Module) -> None:
    result = backup(database_password="""s3'cr:et \\"$x""")
    assert result.get("failed") is None, result
    secrets = ["s3'cr:et", "in-compose"]
    assert not [secret for secret in secrets if secret in json.dumps(result)]
    assert not [secret for secret in secrets if secret in (Path(result["path"]) / "manifest.json").read_text()]


def test_container_whose_image_was_removed_does_not_stop_a_backup(backup: Module, stack: MiniStack) -> None:
    image = f"{stack.project}-gone:1"
    run("docker", "commit", f"{stack.project}-app-1", image)
    labels = [f"com.docker.compose.{key}" for key in (f"project={stack.project}", "service=gone", "oneoff=False")]
    words = [word for label in labels for word in ("--label", label)]
    left = run("docker", "create", *words, image, "true").stdout.strip()
    run("docker", "image", "rm", "--force", image)
    try:
        result = backup(databases=[])
    finally:
        run("docker", "rm", left)
    assert result.get("changed") is True, result
    gone = result["manifest"]["services"]["gone"]
    assert (gone["image"], gone["tags"], gone["id"].startswith("sha256:")) == (image, [], True)


def test_old_postgresql_without_zstd_is_dumped_with_gzip(old_stack: MiniStack, tmp_path: Path) -> None:
    old_stack.fill(rows=200, files=1)
    module = Module("backup", {"project_name": old_stack.project, "repository": str(tmp_path / "repository")}, tmp_path)
    result = module()
    assert result["compression"] == {"databases": "1", "volumes": "zstd"}
    assert manifest_of(result)["versions"]["postgresql"].startswith("15.")
    [data] = (Path(result["path"]) / "databases/openproject").glob("*.dat.gz")
    assert run("gzip", "--test", data).returncode == 0
    refused = module(compression="zstd")
    assert "has no zstd" in refused["msg"]


def test_retention_removes_the_right_sets_and_never_the_newest(backup: Module) -> None:
    made = [backup(databases=[])["set_id"] for _ in range(3)]
    would = backup(databases=[], retention={"keep_last": 2}, check_mode=True)
    assert would["retention"]["removed"] == [made[1], made[0]]
    done = backup(databases=[], retention={"keep_last": 2})
    sets = Path(done["path"]).parent
    assert sorted(path.name for path in sets.iterdir()) == [made[2], done["set_id"]]
    repository = Repository(str(sets.parent))
    digest = str(json.loads((sets / made[2] / "manifest.json").read_text())["sha256"])
    passed = LevelResult(True, "2026-11-23T02:00:00Z", 1.0)
    repository.record(Verdict(made[2], digest, {"checksum": passed}))
    last = backup(databases=[], retention={"keep_last": 1})
    assert sorted(path.name for path in sets.iterdir() if path.is_dir()) == [made[2], last["set_id"]]
    assert "newest verified" in last["retention"]["kept"][made[2]]


def test_playbook_runs_from_the_checkout_and_keeps_its_result(stack: MiniStack, tmp_path: Path) -> None:
    inventory = tmp_path / "hosts.yml"
    host = {
        "ansible_connection": "local",
        "ansible_python_interpreter": "{{ ansible_playbook_python }}",
        "maxops_project_name": stack.project,
        "maxops_repository": str(tmp_path / "repository"),
    }
    other = {**host, "maxops_project_name": "no-such"}
    inventory.write_text(json.dumps({"maxops": {"hosts": {"here": host, "there": other}}}))
    command = ["ansible-playbook", "-i", inventory, "playbooks/backup.yml", "-e", f"maxops_results_dir={tmp_path}/out"]
    done = run(*command, check=False, cwd=CHECKOUT)
    assert done.returncode == 2
    assert "FAILED" in done.stdout
    assert 'no Compose project "no-such"' in done.stdout
    good = json.loads((tmp_path / "out/backup-here.json").read_text())
    bad = json.loads((tmp_path / "out/backup-there.json").read_text())
    assert (good["failed"], bad["failed"]) == (False, True)
    assert Path(good["path"], "manifest.json").is_file()
    check = run(*command, "--check", "--diff", "--limit", "here", cwd=CHECKOUT)
    assert "would make backup set" in check.stdout
    assert re.search(r", about [\d.]+ \w?B; needs [\d.]+ \w?B, [\d.]+ \w?B free", check.stdout)
    assert len(list((tmp_path / "repository/sets").iterdir())) == 1
    planned = json.loads((tmp_path / "out/backup-here.check.json").read_text())
    assert (planned["check_mode"], planned["bytes"]) == (True, sum(part["bytes"] for part in planned["parts"]))
    assert json.loads((tmp_path / "out/backup-here.json").read_text()) == good
    # The only host fails: its summary and one sentence, not its whole result.
    alone = run(*command, "--limit", "there", check=False, cwd=CHECKOUT)
    assert alone.returncode == 2
    assert alone.stdout.count("no Compose project") == 1
    assert "there: no backup set was made: there is no Compose project" in alone.stdout
    assert "failed=1" in alone.stdout[alone.stdout.index("PLAY RECAP") :]


def test_configuration_of_a_set_starts_the_stack_elsewhere(backup: Module, stack: MiniStack, tmp_path: Path) -> None:
    compose = stack.folder / "docker-compose.yml"
    before = compose.read_text()
    key = tmp_path / "key"
    files = {
        "app/compose.yml": "services: {extra: {image: maxops-lab/redis:8, env_file: ../env/op.env}}",
        "app/.env": "WHERE=app",
        "env/op.env": "TOKEN=s3cret-of-env",
        "base/base.yml": "services: {common: {image: maxops-lab/redis:8, env_file: base.env}}",
        "base/base.env": "BASE=1",
    }
    for name, text in files.items():
        (stack.folder / name).parent.mkdir(exist_ok=True)
        (stack.folder / name).write_text(text)
    key.write_text("s3cret-of-file")
    drawn = (
        f"include: [{{path: app/compose.yml, env_file: app/.env}}]\nsecrets: {{key: {{file: {key}}}}}\nservices:\n"
        "  late: {profiles: [late], secrets: [key], extends: {file: base/base.yml, service: common}}\n"
    )
    try:
        compose.write_text(before.replace("services:\n", drawn, 1))
        result = backup(databases=[], volumes=["assets"])
        assert result["changed"] is True, result
    finally:
        compose.write_text(before)
    config = Path(result["path"]) / "config"
    assert {name: (config / name).read_text() for name in files} == files
    assert {(config / name).stat().st_mode & 0o777 for name in (*files, "effective.json", "containers.json")} == {0o600}
    assert "s3cret-of-env" in (config / "effective.json").read_text()
    assert not [word for word in ("s3cret-of-env", "s3cret-of-file") if word in json.dumps(result)]
    # As on a new host: the project's files in a new folder, the others where they were.
    shutil.copytree(config, tmp_path / "elsewhere", symlinks=True)
    key.unlink()
    shutil.copy(config / "outside" / str(key).lstrip("/"), key)
    assert key.read_text() == "s3cret-of-file"
    there = ["--project-directory", tmp_path / "elsewhere", "--file", tmp_path / "elsewhere/docker-compose.yml"]
    run("docker", "compose", *there, "--profile", "*", "config", "--quiet")
    run("docker", "compose", "--file", config / "effective.json", "config", "--quiet")


def test_stack_whose_compose_files_are_gone_is_incomplete(backup: Module, stack: MiniStack, tmp_path: Path) -> None:
    names = ("docker-compose.yml", ".env")
    for name in names:
        (stack.folder / name).rename(tmp_path / name)
    try:
        result = backup(databases=[], volumes=["assets"])
        accepted = backup(databases=[], volumes=["assets"], exclude=["Compose files"])
    finally:
        for name in names:
            (tmp_path / name).rename(stack.folder / name)
    assert result["failed"] is True
    assert "no Compose file and no .env of this stack was found on this host" in result["msg"]
    assert f"(labels name {stack.folder}/docker-compose.yml)" in result["msg"]
    config = Path(result["path"]) / "config"
    assert "POSTGRES_PASSWORD" in (config / "containers.json").read_text()
    assert accepted["changed"] is True, accepted


def test_folder_of_the_host_is_taken_and_a_closed_database_reported(
    backup: Module, stack: MiniStack, tmp_path: Path
) -> None:
    stack.sql("CREATE DATABASE closed")
    stack.sql("ALTER DATABASE closed ALLOW_CONNECTIONS false")
    (stack.folder / "uploads").mkdir()
    override = {"services": {"app": {"volumes": [f"{stack.folder}/uploads:/uploads"]}}}
    (stack.folder / "docker-compose.override.yml").write_text(json.dumps(override))
    stack.compose("up", "--detach", "--wait", "app")
    try:
        result = backup(check_mode=True)
        left_out = {part["name"]: part["reason"] for part in result["left_out"]}
        assert left_out["closed"] == "accepts no connections (ALLOW_CONNECTIONS false)"
        assert ("folder", f"{stack.folder}/uploads") in [(part["kind"], part["name"]) for part in result["parts"]]
        remarks = " ".join(result["remarks"])
        assert 'database "closed" is not in the set' in result["msg"]
        assert "uploads" not in remarks
        without = backup(check_mode=True, exclude=["closed", "*/uploads"])
        assert without["remarks"] == []
        assert {"kind": "folder", "name": f"{stack.folder}/uploads", "reason": "excluded"} in without["left_out"]
    finally:
        (stack.folder / "docker-compose.override.yml").unlink()
        stack.compose("up", "--detach", "--wait", "app")
        stack.sql("ALTER DATABASE closed ALLOW_CONNECTIONS true")
        stack.sql("DROP DATABASE closed")
