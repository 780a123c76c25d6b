# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Containers around a restore: none stays down or on the old folder, and a crash loop does not count as healthy."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.maxops.ops.tests.integration.restore_support import AppStack, drive, module
from ansible_collections.maxops.ops.tests.integration.support import run, running, wait_until

PROJECT = "maxrestorerunning"
GITEA = f"{PROJECT}_gitea-data"
CONTAINER = f"{PROJECT}-gitea-1"

# The containers ignore SIGTERM, so that each stop takes its whole grace period. "late" crashes until "seeder" has run.
OVERRIDE = """
services:
  openproject: {stop_grace_period: 1s}
  gitea: {stop_grace_period: 2s}
  late:
    image: maxops-lab/postgres:17
    restart: unless-stopped
    stop_grace_period: 0s
    environment: {PGPASSWORD: secret, PGDATABASE: openproject, PGUSER: maxops, PGHOST: postgres}
    entrypoint: [sh, -c, 'psql -v ON_ERROR_STOP=1 -c "TABLE marker" && exec sleep infinity']
    depends_on: {seeder: {condition: service_completed_successfully}}
  seeder:
    image: maxops-lab/postgres:17
    restart: "no"
    environment: {PGPASSWORD: secret, PGDATABASE: openproject, PGUSER: maxops, PGHOST: postgres}
    entrypoint: [psql, -v, ON_ERROR_STOP=1, -c, "CREATE TABLE IF NOT EXISTS marker()"]
  autoheal:
    image: maxops-lab/base:trixie
    command: [sleep, infinity]
    stop_grace_period: 0s
    volumes: ["/var/run/docker.sock:/var/run/docker.sock"]
"""


class RunningStack(AppStack):
    """The stack with a slow stop, a one-time service, and a service that may use Docker's socket."""

    def up(self) -> None:
        """Start it; the one-time service and its dependent are made, but started only by the tests that need them."""
        super().up()
        (self.folder / "docker-compose.override.yml").write_text(OVERRIDE)
        self.compose("up", "--detach", "openproject", "gitea", "autoheal")

    def down(self) -> None:
        """Remove it; Compose refuses to while a service exists without the one that it depends on."""
        run("docker", "rm", "--force", f"{self.project}-late-1", check=False)
        super().down()

    def wait_up(self) -> None:
        """All services run, but for the one-time service."""
        states = self.states()
        assert {name for name, state in states.items() if state != "running"} <= {"seeder"}, states


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    with running(RunningStack(PROJECT, tmp_path_factory.mktemp("stack"), 17)) as stack:
        yield stack


@pytest.fixture(scope="module")
def repository(stack: RunningStack, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Holds one set, in which all data has the marker "first"."""
    folder = tmp_path_factory.mktemp("repository")
    result = module("backup", stack, folder, folder)()
    assert result["changed"] is True, result
    return folder


@pytest.fixture
def options(stack: RunningStack, repository: Path) -> dict[str, Any]:
    """A restore of Gitea, after its data has changed."""
    stack.forget_kept()
    stack.write("second")
    parts = {"databases": ["gitea"], "volumes": ["gitea-data"]}
    return {"project_name": stack.project, "repository": str(repository), "set": "latest", "jobs": 2, **parts}


def inode_inside(container: str) -> int:
    return int(run("docker", "exec", container, "stat", "-c", "%i", "/data").stdout)


def assert_on_the_present_folder(stack: RunningStack) -> None:
    assert inode_inside(CONTAINER) == stack.folder_of("gitea").stat().st_ino
    run("docker", "exec", CONTAINER, "touch", "/data/written")
    assert (stack.folder_of("gitea") / "written").exists()


def test_services_run_again_when_a_restore_is_killed_while_it_stops_them(
    stack: RunningStack, options: dict[str, Any]
) -> None:
    """The daemon goes on stopping them when the restore is dead, and they look as if they ran."""
    assert drive(options, {"stop services": "killed after 1.2"}) == {}
    wait_until(lambda: stack.leftovers() == [], 30, "the guard has put everything right")
    time.sleep(2)
    stack.wait_up()
    assert (stack.folder_of("gitea") / "word").read_text() == "second"


def test_a_container_that_something_starts_meanwhile_is_not_left_on_the_old_folder(
    stack: RunningStack, options: dict[str, Any]
) -> None:
    """Before the last look, and between that look and the rename. Watchers stop before and start after the others."""
    start = f"run docker start {CONTAINER}"
    result = drive({**options, "keep_previous": 0}, {"services stopped": start, f"move volume {GITEA}": start})
    assert "error" not in result, result
    assert_on_the_present_folder(stack)
    assert stack.kept() == []
    assert stack.word_of("gitea") == "first"
    stack.wait_up()
    started = stack.starts()
    assert started["autoheal"] > started["gitea"]
    assert any("autoheal-1 starts and stops other containers" in text for text in result["warnings"])


def test_a_folder_that_is_still_used_is_kept(stack: RunningStack, options: dict[str, Any]) -> None:
    """By a container of another project, that was started between the look and the rename."""
    other = (
        f"run docker run --detach --rm --name {PROJECT}-other --volume {GITEA}:/data maxops-lab/base:trixie sleep 999"
    )
    try:
        result = drive({**options, "keep_previous": 0}, {f"move volume {GITEA}": other})
        [remark] = [text for text in result["warnings"] if "is still used by process" in text]
        [kept] = [path for path in stack.kept() if path.startswith("/")]
        assert kept in remark
        assert (Path(kept) / "word").read_text() == "second"
        assert_on_the_present_folder(stack)
    finally:
        run("docker", "rm", "--force", f"{PROJECT}-other", check=False)
    backup = module("backup", stack, stack.folder / "other", stack.folder)()
    assert "failed" not in backup, backup
    assert stack.kept() == []


def test_half_removed_data_is_reported_and_never_swapped_in(stack: RunningStack, options: dict[str, Any]) -> None:
    folder = stack.folder_of("gitea")
    for number in range(20):
        (folder / f"f{number}").write_text("x")
    run("chattr", "+i", folder / "f15")
    left = ""
    try:
        result = drive({**options, "keep_previous": 0})
        assert any("f15: Operation not permitted" in text for text in result["warnings"]), result
        [left] = stack.kept()
        back = {"project_name": stack.project, "repository": options["repository"], "previous": True}
        assert "no data that a restore replaced is kept" in drive(back)["error"]
    finally:
        run("chattr", "-i", f"{left or folder}/f15", check=False)
    assert left in drive(options)["expired"]


def test_a_health_check_that_cannot_run_does_not_undo_a_restore(stack: RunningStack, options: dict[str, Any]) -> None:
    path = stack.folder / "docker-compose.override.yml"
    path.write_text(OVERRIDE.replace("gitea: {", 'gitea: {healthcheck: {test: ["CMD", "nosuchprogram"]}, '))
    stack.compose("up", "--detach", "gitea")
    try:
        result = drive({**options, "health_timeout": 20})
        assert "error" not in result, result
        assert any("the health check of" in text and "nosuchprogram" in text for text in result["warnings"]), result
        assert stack.word_of("gitea") == "first"
    finally:
        path.write_text(OVERRIDE)
        stack.compose("up", "--detach", "gitea")


def test_one_shots_run_first_and_a_crash_loop_is_not_healthy(stack: RunningStack, options: dict[str, Any]) -> None:
    stack.compose("up", "--detach", "seeder", "late")
    chosen = {**options, "databases": ["openproject"], "volumes": [], "health_timeout": 20}
    try:
        result = drive(chosen)
        assert "error" not in result, result
        assert any("seeder-1 runs to its end" in text for text in result["warnings"]), result
        assert stack.sql("SELECT count(*) FROM pg_class WHERE relname = 'marker'") == "1"
        stack.wait_up()
        # Without the one-time service, "late" cannot run on the restored data.
        stack.write("third")
        stack.compose("rm", "--force", "--stop", "seeder")
        error = drive(chosen)["error"]
        assert "late-1 restarts in a loop (exit code" in error, error
        assert 'relation "marker" does not exist' in error, error
        assert "Everything was put back" in error
        assert stack.word_of("openproject") == "third"
    finally:
        run("docker", "rm", "--force", f"{PROJECT}-late-1", f"{PROJECT}-seeder-1", check=False)


def test_a_database_that_cannot_be_dropped_stops_no_later_job(
    stack: RunningStack, options: dict[str, Any], tmp_path: Path
) -> None:
    """As with a subscription: here, because it is marked as a template."""
    look = "SELECT datname FROM pg_database WHERE datname ~ '__maxops_new_'"
    update = "UPDATE pg_database SET datistemplate = true WHERE datname ~ '__maxops_new_'"
    mark = f'run docker exec {PROJECT}-postgres-1 psql -U maxops -d postgres -c "{update}"'
    error = drive(options, {"all is loaded": mark, "stop services": "fail"})["error"]
    left = stack.sql(look, "postgres")
    assert left
    assert f'database "{left}" could not be removed' in error
    try:
        backup = module("backup", stack, tmp_path / "other", tmp_path)()
        assert "failed" not in backup, backup
        assert any(left in text for text in backup["remarks"] + backup.get("warnings", [])), backup
        again = drive(options)
        assert "error" not in again, again
        assert any(left in text for text in again["warnings"])
    finally:
        stack.sql(f'ALTER DATABASE "{left}" IS_TEMPLATE false', "postgres")
    assert not any(left in text for text in drive(options)["warnings"])
    assert stack.sql(look, "postgres") == ""
