# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Loss and return of the stacks of OpenProject's and Gitea's own Compose files, without an option of their layout."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any, Union

import pytest

from ansible_collections.maxops.ops.tests.integration.official_support import (
    OfficialGitea,
    OfficialOpenProject,
)
from ansible_collections.maxops.ops.tests.integration.support import Module, wait_until

NEWEST = "version = '20250129094520'"
"""The newest migration of OpenProject 15."""

Official = Union[OfficialOpenProject, OfficialGitea]


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The repository of this file, for all its stacks."""
    return tmp_path_factory.mktemp("repository")


@pytest.fixture(scope="module")
def openproject(official_openproject: OfficialOpenProject) -> OfficialOpenProject:
    return official_openproject


def module(name: str, stack: Official, repository: Path, folder: Path, **options: Any) -> Module:
    return stack.module(name, repository / stack.project, folder, **options)


def back_up(stack: Official, repository: Path, folder: Path) -> None:
    """Make a set."""
    made = module("backup", stack, repository, folder)()
    assert made.get("changed"), made


def back_up_and_rehearse(stack: Official, repository: Path, folder: Path) -> dict[str, Any]:
    """Make a set that passes the highest level; returns the rehearsal's content."""
    back_up(stack, repository, folder)
    result = module("verify", stack, repository, folder)(level="rehearse")
    assert result.get("passed"), result
    assert [finding for finding in result["findings"] if finding["state"] == "critical"] == []
    content: dict[str, Any] = result["sets"][0]["rehearsal"]["content"]
    return content


def restore(stack: Official, repository: Path, folder: Path) -> dict[str, Any]:
    """Restore the newest set."""
    result = module("restore", stack, repository, folder)(set="latest")
    assert result.get("changed"), result
    return result


# -- a healthy stack ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["official_openproject", "official_gitea", "official_gitea_server"])
def test_diagnosis_of_a_healthy_stack_finds_nothing(name: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    stack = request.getfixturevalue(name)
    greetings = ssh_greetings(stack)
    diagnose = Module("diagnose", {"project_name": stack.project}, tmp_path)
    found: list[dict[str, Any]] = []

    def settled() -> bool:
        """Services that start before the seeder has ended end a few times at first."""
        found.append(diagnose())
        return all(cause["likelihood"] == "possible" for cause in found[-1]["causes"])

    wait_until(settled, 120, f"no certain or likely cause in {stack.project}")
    diagnosis = found[-1]
    assert ssh_greetings(stack) == greetings, "it must not send anything else than SSH to an SSH server"
    # For 90 s, such a service may have recovered.
    assert {cause["check"] for cause in diagnosis["causes"]} <= {"service_crashing", "migrations_pending"}, diagnosis
    assert "seeder" not in {cause["subject"] for cause in diagnosis["causes"]}, "it has done its work"
    assert [step for step in diagnosis["steps"] if step["state"] not in ("ok", "notice")] == []
    if isinstance(stack, OfficialOpenProject):
        seen = {step["step"]: step["seen"] for step in diagnosis["steps"]}
        assert "memcached answers" in seen["cache"]


def ssh_greetings(stack: Official) -> int:
    """How often something that is no SSH client was reported."""
    return stack.compose("logs", "--no-log-prefix").count("banner exchange")


# -- the loss of everything -----------------------------------------------------------------------------------------


def test_openproject_comes_back_after_the_loss_of_everything(
    openproject: OfficialOpenProject, repository: Path, tmp_path: Path
) -> None:
    content = back_up_and_rehearse(openproject, repository, tmp_path)
    assert content["OpenProject"] == {"attachments": 12, "attachment_files": 12}
    before = openproject.digest()
    openproject.destroy()
    assert not openproject.assets.exists()
    openproject.start()
    assert "<dt>projects</dt><dd>0</dd>" in openproject.page().text, "the new one is empty, and memcached knows that"
    restore(openproject, repository, tmp_path)
    assert openproject.digest() == before
    assert openproject.answers()
    assert "<dt>projects</dt><dd>200</dd>" in openproject.page().text


def test_gitea_with_sqlite_comes_back_after_the_loss_of_everything(
    official_gitea: OfficialGitea, repository: Path, tmp_path: Path
) -> None:
    stack = official_gitea
    content = back_up_and_rehearse(stack, repository, tmp_path)
    assert content["Gitea"]["git_repositories"] == 1
    before = stack.digest()
    assert "refs/heads/main" in before["refs"]
    stack.destroy()
    stack.start()
    restore(stack, repository, tmp_path)
    assert stack.digest() == before
    assert stack.answers()


def test_gitea_with_postgresql_comes_back_after_the_loss_of_everything(
    official_gitea_server: OfficialGitea, repository: Path, tmp_path: Path
) -> None:
    stack = official_gitea_server
    back_up(stack, repository, tmp_path)
    before = stack.digest()
    stack.destroy()
    stack.start()
    restore(stack, repository, tmp_path)
    assert stack.digest() == before


def test_set_of_an_older_openproject_is_migrated_by_the_seeder(
    openproject: OfficialOpenProject, tmp_path: Path
) -> None:
    """web ends itself on the older tables until the seeder has run, which is a service that had ended."""
    count = openproject.sql("SELECT count(*) FROM projects")
    openproject.sql(f"ALTER TABLE journals DROP COLUMN restricted; DELETE FROM schema_migrations WHERE {NEWEST}")
    back_up(openproject, tmp_path, tmp_path)
    openproject.compose("up", "--no-build", "seeder")
    openproject.sql("DELETE FROM projects")
    restore(openproject, tmp_path, tmp_path)
    assert openproject.answers()
    assert openproject.sql(f"SELECT count(*) FROM schema_migrations WHERE {NEWEST}") == "1"
    assert openproject.sql("SELECT count(*) FROM projects") == count


def test_sqlite_database_that_is_written_all_the_time_comes_back_whole(
    official_gitea: OfficialGitea, repository: Path, tmp_path: Path
) -> None:
    """Each transaction changes two tables: a copy of a moment in between would have only one of the changes."""
    stack = official_gitea
    stack.execute("CREATE TABLE IF NOT EXISTS first AS SELECT 0 AS changed")
    stack.execute("CREATE TABLE IF NOT EXISTS second AS SELECT 0 AS changed")
    code = (
        "import sqlite3; c = sqlite3.connect('/data/gitea/gitea.db', timeout=20, isolation_level=None)\n"
        "while True:\n"
        " c.execute('BEGIN IMMEDIATE'); c.execute('UPDATE first SET changed = changed + 1')\n"
        " c.execute('UPDATE second SET changed = changed + 1'); c.execute('COMMIT')"
    )
    stack.compose("exec", "--detach", "--user", "git", "server", "python3", "-c", code)

    def begun() -> bool:
        with closing(sqlite3.connect(stack.data / "gitea/gitea.db", timeout=20)) as connection:
            return connection.execute("SELECT changed > 0 FROM first").fetchone() == (1,)

    wait_until(begun, 60, "the first transaction")
    back_up(stack, repository, tmp_path)
    restore(stack, repository, tmp_path)
    with closing(sqlite3.connect(stack.data / "gitea/gitea.db")) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert connection.execute("SELECT changed > 0 FROM first").fetchone() == (1,)
        assert connection.execute("SELECT (SELECT changed FROM first) - (SELECT changed FROM second)").fetchone() == (
            0,
        )


# -- the other operations --------------------------------------------------------------------------------------------


@pytest.fixture(params=["official_openproject", "official_gitea"])
def stack(request: pytest.FixtureRequest) -> Official:
    """Each of the two layouts."""
    found: Official = request.getfixturevalue(request.param)
    return found


def test_each_operation_ends_without_a_fault_that_is_none(stack: Official, repository: Path, tmp_path: Path) -> None:
    if not (repository / stack.project).exists():
        back_up(stack, repository, tmp_path)
    # web and worker of OpenProject end themselves until the seeder has run: that is no fault a moment later.
    status = Module("status", {"project_name": stack.project}, tmp_path)
    wait_until(lambda: bool(status()["well"]), 120, "every service runs steadily")
    here = {"repository": str(repository / stack.project)}
    results: dict[str, dict[str, Any]] = {}
    for verb, options in {
        "backup_info": here,
        "optimize": {},
        "cache": {},
        "diagnose": {},
        "cleanup": {**here, "check_mode": True},
        "logs": {"dest": str(tmp_path / "logs")},
        "restart": {},
    }.items():
        results[verb] = Module(verb, {"project_name": stack.project}, tmp_path)(**options)
    assert {verb: result["msg"] for verb, result in results.items() if result.get("failed")} == {}
    assert results["backup_info"]["remarks"] == []
    assert results["diagnose"]["causes"] == []
    assert results["diagnose"]["healthy"]
    wait_until(stack.answers, 60, "people can use it after the restart")


# -- the services are found -----------------------------------------------------------------------------------------


def test_memcached_is_reported_and_flushed_and_the_database_is_optimized(
    openproject: OfficialOpenProject, repository: Path, tmp_path: Path
) -> None:
    cache = Module("cache", {"project_name": openproject.project}, tmp_path)
    seen = cache()
    assert (seen.get("kind"), seen.get("changed")) == ("memcached", False), seen
    assert seen["version"]
    assert seen["memory"]["limit"] > 0
    assert openproject.page().ok
    assert "not confirmed" in cache(flush=True).get("msg", "")
    flushed = cache(flush=True, confirm=openproject.project)
    assert flushed.get("flushed", {}).get("databases") == [0], flushed
    optimized = Module("optimize", {"project_name": openproject.project}, tmp_path)()
    assert [entry["name"] for entry in optimized.get("databases", [])] == ["openproject"], optimized
    made = module("backup", openproject, tmp_path, tmp_path)(databases=[], volumes=[])
    assert made.get("manifest", {}).get("recognised", {}).get("database") == "db", made
    applications = made["manifest"]["recognised"]["applications"]
    assert applications["openproject"][0] == "web"
    assert applications["openproject"][-1] == "seeder"


def test_stack_without_postgresql_and_cache_is_no_failure(official_gitea: OfficialGitea, tmp_path: Path) -> None:
    options = {"project_name": official_gitea.project}
    optimized = Module("optimize", options, tmp_path)()
    assert (optimized.get("changed"), optimized.get("databases")) == (False, []), optimized
    assert "has no PostgreSQL server" in optimized["remarks"][0]
    cache = Module("cache", options, tmp_path)()
    assert (cache.get("kind"), cache.get("changed")) == ("", False), cache
