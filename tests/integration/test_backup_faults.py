# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A backup that fails leaves no partial set, no paused service and no helper, and loses no earlier set."""

from __future__ import annotations

import json
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.storage.backup_set import read_manifest
from ansible_collections.maxops.ops.tests.integration.support import (
    MiniStack,
    Module,
    finish,
    helpers,
    kill,
    run,
    wait_until,
)

MOMENTS = 24


@pytest.fixture(scope="module", autouse=True)
def content(stack: MiniStack) -> None:
    """Enough that a backup takes a second or two."""
    stack.fill(rows=300_000, files=300)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    return tmp_path / "repository"


@pytest.fixture
def small_disk(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Path]:
    """A file system of 8 MB, or as large as a test says."""
    folder = tmp_path / "small"
    folder.mkdir()
    run("mount", "-t", "tmpfs", "-o", f"size={getattr(request, 'param', '8m')}", "tmpfs", folder)
    yield folder
    run("umount", folder)


@contextmanager
def locked_table(stack: MiniStack) -> Iterator[None]:
    """Hold a table so that pg_dump has to wait for it."""
    words = ["docker", "compose", "-p", stack.project, "exec", "-T", "postgres", "psql", "-U", "maxops", "openproject"]
    session = subprocess.Popen(words, cwd=stack.folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert session.stdin is not None
    assert session.stdout is not None
    session.stdin.write("BEGIN; LOCK TABLE entry IN ACCESS EXCLUSIVE MODE; SELECT 'held';\n")
    session.stdin.flush()
    while "held" not in session.stdout.readline():
        pass
    try:
        yield
    finally:
        session.kill()
        session.communicate()
        holders = "SELECT pid FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND relation = 'entry'::regclass"
        stack.sql(f"SELECT pg_terminate_backend(pid) FROM ({holders}) AS holder", check=False)


def assert_only_whole_sets(repository: Path) -> list[str]:
    names = sorted(path.name for path in (repository / "sets").glob("*") if path.is_dir())
    for name in names:
        manifest = read_manifest(str(repository / "sets" / name / "manifest.json"))
        for entry in manifest["files"]:
            assert (repository / "sets" / name / entry["path"]).stat().st_size == entry["size"]
    return names


def assert_stack_untouched(stack: MiniStack) -> None:
    assert stack.states() == {"app": "running", "postgres": "running", "redis": "running"}


def test_killed_at_any_moment_it_leaves_only_staging(backup: Module, repository: Path, stack: MiniStack) -> None:
    started = time.monotonic()
    first = backup(quiesce="pause")
    length = time.monotonic() - started
    left_behind = 0
    for moment in range(MOMENTS):
        process = backup.start(quiesce="pause" if moment % 2 else "none")
        time.sleep(length * (moment + 0.5) / MOMENTS)
        kill(process)
        assert first["set_id"] in assert_only_whole_sets(repository)
        left_behind += len(list((repository / "staging").iterdir()))
        wait_until(lambda: not helpers(repository), 10, "helper containers end with the process that started them")
        wait_until(lambda: stack.states()["app"] == "running", 10, "the guard unpauses the application")
        assert run("pgrep", "-f", f"tar --create .*{stack.volume}", check=False).stdout == ""
    after = backup()
    assert after["changed"] is True, after
    assert left_behind > MOMENTS // 4, "the kills hit the work, not only its beginning and end"
    assert list((repository / "staging").iterdir()) == []
    assert_stack_untouched(stack)


@pytest.mark.parametrize("what", [{"databases": []}, {"volumes": []}, {}])
def test_disk_full_says_so_and_leaves_nothing(
    backup: Module, small_disk: Path, stack: MiniStack, what: dict[str, object]
) -> None:
    refused = backup(repository=str(small_disk), **what)
    assert "free and this backup may need" in refused["msg"]
    assert list(small_disk.iterdir()) == []
    failed = backup(repository=str(small_disk), space_check=False, quiesce="pause", **what)
    assert "the disk filled up" in failed["msg"]
    assert "free some space" in failed["msg"]
    assert list((small_disk / "sets").iterdir()) == list((small_disk / "staging").iterdir()) == []
    assert helpers(small_disk) == []
    assert_stack_untouched(stack)


def test_disk_full_keeps_the_earlier_set(backup: Module, small_disk: Path, stack: MiniStack) -> None:
    stack.sql("CREATE DATABASE little")
    earlier = backup(repository=str(small_disk), databases=["little"], volumes=[], space_check=False)
    assert earlier["changed"] is True, earlier
    failed = backup(repository=str(small_disk), space_check=False, retention={"keep_last": 1})
    stack.sql("DROP DATABASE little")
    assert "the disk filled up" in failed["msg"]
    assert assert_only_whole_sets(small_disk) == [earlier["set_id"]]


@pytest.mark.parametrize("small_disk", ["200m"], indirect=True)
def test_leftovers_of_a_killed_backup_do_not_stop_the_next_one(
    backup: Module, small_disk: Path, stack: MiniStack
) -> None:
    stack.sql("CREATE DATABASE little")
    try:
        only = {"repository": str(small_disk), "databases": ["little"], "volumes": []}
        first = backup(**only)
        assert first["changed"] is True, first
        half = small_disk / "staging" / "20260101T000000Z" / "volumes"
        half.mkdir(parents=True)
        (half / "assets.tar.zst").write_bytes(b"x" * 180_000_000)
        assert backup(**only, check_mode=True)["free_bytes"] < first["need_bytes"]
        second = backup(**only)
        assert second["swept"] == ["20260101T000000Z"], second
    finally:
        stack.sql("DROP DATABASE little")


def test_database_restarted_in_the_middle(backup: Module, repository: Path, stack: MiniStack) -> None:
    with locked_table(stack):
        process = backup.start()
        wait_until(lambda: bool(helpers(repository)), 20, "the dump runs")
        stack.compose("restart", "--timeout", "0", "postgres")
        result = finish(process)
    assert result["failed"] is True
    # The error comes from pg_dump, pg_dumpall or a session of the module, whichever was connected at that moment.
    causes = ("lost the server", "connection broke", "shut down", "cannot be reached", "could not start the helper")
    assert any(cause in result["msg"] for cause in causes), result["msg"]
    assert "maxtest17-postgres-1" in result["msg"]
    assert "docker logs" in result["msg"]
    assert list((repository / "sets").iterdir()) == list((repository / "staging").iterdir()) == []
    assert helpers(repository) == []
    stack.compose("up", "--detach", "--wait")
    assert backup()["changed"] is True


def test_failed_dump_stops_the_other_parts(backup: Module, repository: Path, stack: MiniStack) -> None:
    with locked_table(stack):
        process = backup.start(volumes=[])
        wait_until(lambda: bool(helpers(repository)), 20, "the dump runs")
        time.sleep(1)
        begun = time.monotonic()
        run("docker", "kill", *helpers(repository))
        result = finish(process)
        assert time.monotonic() - begun < 20, "rows of the locked table were still to be counted"
    assert 'pg_dump failed on database "openproject"' in result["msg"]


def test_limits_of_applications_do_not_stop_a_backup(backup: Module, stack: MiniStack) -> None:
    limits = ("statement_timeout", "idle_in_transaction_session_timeout")
    for limit in limits:
        stack.sql(f"ALTER DATABASE openproject SET {limit} = '5ms'", "postgres")
    try:
        result = backup(volumes=[])
    finally:
        for limit in limits:
            stack.sql(f"ALTER DATABASE openproject RESET {limit}", "postgres")
    assert result["changed"] is True, result


def test_database_stopped_before(backup: Module, repository: Path, stack: MiniStack) -> None:
    stack.compose("stop", "--timeout", "0", "postgres")
    try:
        result = backup()
        assert "maxtest17-postgres-1" in result["msg"]
        assert "is exited, not running" in result["msg"]
        assert "docker start" in result["msg"]
        assert not repository.exists()
        files = backup(databases=[])
        assert [part["name"] for part in files["parts"]] == ["assets"]
    finally:
        stack.compose("up", "--detach", "--wait")


def test_two_at_once_the_second_fails_at_once_and_names_the_first(
    backup: Module, repository: Path, stack: MiniStack, tmp_path: Path
) -> None:
    with locked_table(stack):
        first = backup.start()
        wait_until(lambda: bool(helpers(repository)), 20, "the first one works")
        begun = time.monotonic()
        second = backup()
        elsewhere = backup(repository=str(tmp_path / "other"))
        assert time.monotonic() - begun < 30
        for refused in (second, elsewhere):
            assert f"backup of {stack.project} by process {first.pid} of" in refused["msg"]
            assert "wait until it has ended" in refused["msg"]
    assert finish(first)["changed"] is True
    assert len(assert_only_whole_sets(repository)) == 1
    assert not (tmp_path / "other" / "sets").exists()


@pytest.mark.parametrize("number", [15, 2, 1])
def test_stopped_by_a_signal_it_cleans_up(backup: Module, repository: Path, stack: MiniStack, number: int) -> None:
    with locked_table(stack):
        process = backup.start(quiesce="pause")
        wait_until(lambda: bool(helpers(repository)), 20, "the dump runs")
        process.send_signal(number)
        result = finish(process)
    assert "stopped by signal" in result["msg"]
    assert list((repository / "sets").iterdir()) == list((repository / "staging").iterdir()) == []
    assert helpers(repository) == []
    assert_stack_untouched(stack)


def test_files_that_vanish_and_grow_are_remarked_and_the_others_are_complete(
    backup: Module, stack: MiniStack, tmp_path: Path
) -> None:
    stack.shell("mkdir -p /assets/busy && cd /assets/busy && for i in $(seq 4000); do echo $i > v$i; done")
    stop = threading.Event()

    def disturb() -> None:
        number = 0
        while not stop.is_set():
            with (stack.volume / "busy" / "growing").open("ab") as stream:
                stream.write(b"x" * 100_000)
            for _ in range(40):
                number += 1
                (stack.volume / "busy" / f"v{number}").unlink(missing_ok=True)

    writer = threading.Thread(target=disturb)
    writer.start()
    try:
        result = backup(databases=[])
    finally:
        stop.set()
        writer.join()
    assert result["changed"] is True, result
    target = tmp_path / "extracted"
    target.mkdir()
    run("tar", "--extract", "--zstd", "-f", Path(result["path"]) / "volumes/assets.tar.zst", "-C", target)
    for number in range(1, 301):
        assert (target / f"file-{number}").read_bytes() == (stack.volume / f"file-{number}").read_bytes()
    assert any("busy" in line for line in result["remarks"]), "tar saw at least one file change"
    stack.shell("rm -r /assets/busy")


def test_volume_that_is_mounted_only_while_its_service_runs_is_not_archived_empty(
    backup: Module, stack: MiniStack, tmp_path: Path
) -> None:
    device = tmp_path / "device"
    device.mkdir()
    (device / "file").write_text("precious")
    name = f"{stack.project}_bound"
    options = [word for pair in ("type=none", "o=bind", f"device={device}") for word in ("--opt", pair)]
    run("docker", "volume", "create", *options, name)
    labels = [f"--label=com.docker.compose.{key}" for key in (f"project={stack.project}", "service=files")]
    container = run("docker", "create", *labels, "-v", f"{name}:/files", "maxops-lab/base:trixie", "sleep", "60")
    try:
        refused = backup(databases=[], volumes=["bound"])
        assert f'volume "bound" is {device}, which Docker mounts only while' in refused["msg"]
        assert "start a service that mounts it (files)" in refused["msg"]
        run("docker", "start", container.stdout.strip())
        result = backup(databases=[], volumes=["bound"])
    finally:
        run("docker", "rm", "--force", container.stdout.strip())
        run("docker", "volume", "rm", name)
    listed = run("tar", "--list", "--zstd", "-f", Path(result["path"]) / "volumes/bound.tar.zst").stdout
    assert "./file\n" in listed


def test_pause_freezes_only_what_ran_and_only_meanwhile(backup: Module, stack: MiniStack) -> None:
    begun = int(time.time())
    assert backup(quiesce="pause")["changed"] is True
    assert events_of(stack, begun) == ["pause", "unpause"]
    stack.compose("pause", "app")
    try:
        begun = int(time.time()) + 1
        time.sleep(1.1)
        assert backup(quiesce="pause")["changed"] is True
        assert events_of(stack, begun) == []
        assert stack.states()["app"] == "paused"
    finally:
        stack.compose("unpause", "app")


def events_of(stack: MiniStack, since: int) -> list[str]:
    words = ["docker", "events", "--since", str(since), "--until", str(int(time.time()) + 1)]
    words += ["--filter", f"container={stack.project}-app-1", "--format", "{{.Action}}"]
    return [line for line in run(*words).stdout.split() if line in {"pause", "unpause"}]


def test_password_that_was_changed_in_the_server_only(backup: Module, stack: MiniStack) -> None:
    stack.sql("ALTER ROLE maxops PASSWORD 'changed-by-hand'")
    try:
        message = backup()["msg"]
    finally:
        stack.sql("ALTER ROLE maxops PASSWORD 's3''cr:et \\\"$x'")
    assert 'refused the password of user "maxops" from POSTGRES_PASSWORD' in message
    assert str(stack.folder / ".env") in message
    assert "ALTER ROLE" in message
    assert "changed-by-hand" not in json.dumps(message)
    assert backup()["changed"] is True
