# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Losses in the stack, partial backups and parts that cannot be taken never push a good set out."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.systems.host.machine import machine_id
from ansible_collections.maxops.ops.tests.integration.support import CHECKOUT, MiniStack, Module, run
from ansible_collections.maxops.ops.tests.unit.sets import reseal

KEEP_ONE = {"keep_last": 1}


@pytest.fixture(scope="module", autouse=True)
def content(stack: MiniStack) -> Iterator[None]:
    """A second database, whose loss a test may cause."""
    # Other tests share this stack and count its rows.
    if not stack.sql("SELECT to_regclass('entry')"):
        stack.fill(rows=200, files=5)
    stack.sql("CREATE DATABASE wiki")
    yield
    stack.sql("DROP DATABASE IF EXISTS wiki")


@pytest.fixture
def wiki(stack: MiniStack) -> str:
    stack.sql("DROP TABLE IF EXISTS page; CREATE TABLE page AS SELECT generate_series(1, 300) AS id", "wiki")
    return "wiki"


def sets_of(repository: Path) -> list[str]:
    return sorted(path.name for path in (repository / "sets").iterdir() if path.is_dir())


def other(name: str, backup: Module) -> Module:
    """Another module with the same stack and repository."""
    return Module(name, backup.defaults, backup.folder)


def test_emptied_database_is_the_warning_of_every_run_until_it_is_accepted(
    backup: Module, wiki: str, stack: MiniStack, tmp_path: Path
) -> None:
    first = backup(retention=KEEP_ONE)
    stack.sql("DROP SCHEMA public CASCADE; CREATE SCHEMA public", wiki)
    sentence = f'database "wiki": 300 rows in {first["set_id"]}, now 0'
    result = backup(retention=KEEP_ONE)
    assert not result.get("failed"), result
    assert sentence in str(result["warnings"])
    assert [(change["change"], change["before"], change["now"]) for change in result["shrunk"]] == [("empty", 300, 0)]
    assert (result["retention"]["removed"], result["retention"]["held"]) == ([], [sentence])
    health = other("health_check", backup)(checks=["backup"])
    assert {finding["subject"]: finding["state"] for finding in health["findings"]}["database wiki"] == "warning"
    failed = backup(retention=KEEP_ONE, on_change="fail")
    assert failed["failed"] is True
    assert failed["msg"].startswith(sentence)
    assert failed["set_id"] in failed["msg"]
    assert failed["set_id"] in sets_of(tmp_path / "repository")
    would = backup(retention=KEEP_ONE, accept_changes=["database wiki"], check_mode=True)
    accepted = backup(retention=KEEP_ONE, accept_changes=["database wiki"])
    assert accepted["retention"]["held"] == []
    # The last copy with rows stays.
    assert sets_of(tmp_path / "repository") == [first["set_id"], accepted["set_id"]]
    assert would["retention"]["removed"] == accepted["retention"]["removed"] == [failed["set_id"], result["set_id"]]


def test_database_that_is_gone_is_known_before_the_backup(backup: Module, wiki: str, stack: MiniStack) -> None:
    first = backup()
    stack.sql("DROP DATABASE wiki")
    try:
        dry = backup(check_mode=True, retention=KEEP_ONE)
        real = backup(retention=KEEP_ONE)
    finally:
        stack.sql("CREATE DATABASE wiki")
    for result in (dry, real):
        assert result["retention"]["held"] == [f'database "wiki": 300 rows in {first["set_id"]}, now missing']
        assert result["retention"]["removed"] == []


def test_partial_backups_keep_the_full_set_which_stays_the_latest(backup: Module, wiki: str, tmp_path: Path) -> None:
    full = backup(retention=KEEP_ONE)["set_id"]
    for _run in range(2):
        partial = backup(databases=[wiki], volumes=[], folders=[], retention=KEEP_ONE)
        assert partial["retention"]["held"] == []
    assert sets_of(tmp_path / "repository") == [full, partial["set_id"]]
    restore = other("restore", backup)
    plan = restore(set="latest", check_mode=True)
    assert plan["source"] == f"set {full}"
    assert any(f"{partial['set_id']} is newer" in remark for remark in plan["remarks"]), plan["remarks"]
    assert restore(set="latest", databases=[wiki], check_mode=True)["source"] == f"set {partial['set_id']}"
    listing = other("backup_info", backup)()
    assert [[part["name"] for part in kept["missing"]] for kept in listing["sets"]] == [["openproject", "assets"], []]


def test_two_hosts_in_one_repository(backup: Module, wiki: str, tmp_path: Path) -> None:
    first = backup()
    assert first["manifest"]["machine_id"] == machine_id()
    sets = tmp_path / "repository" / "sets"
    for set_id in ("20260101T000000Z", "20990101T000000Z"):
        shutil.copytree(sets / first["set_id"], sets / set_id)
        reseal(sets / set_id, set_id=set_id, host="othernas-host")
    plan = other("restore", backup)(set="latest", check_mode=True)
    assert plan["source"] == f"set {first['set_id']}"
    second = backup(retention=KEEP_ONE)
    assert second["retention"]["removed"] == [first["set_id"]]
    assert sets_of(tmp_path / "repository") == ["20260101T000000Z", second["set_id"], "20990101T000000Z"]
    assert other("backup_info", backup)()["other_hosts"] == ["othernas-host"]
    shutil.rmtree(sets / second["set_id"])
    for set_id in ("20260101T000000Z", "20990101T000000Z"):
        reseal(sets / set_id, machine_id="b" * 32)
    plan = other("restore", backup)(set="latest", check_mode=True)
    assert plan["source"] == "set 20990101T000000Z"
    assert any("was made on another host, othernas-host" in remark for remark in plan["remarks"]), plan["remarks"]
    health = other("health_check", backup)(checks=["backup"])
    [newest] = [finding for finding in health["findings"] if finding["subject"] == "newest set"]
    assert (newest["state"], "only sets of othernas-host" in newest["seen"]) == ("critical", True)


def test_part_that_cannot_be_taken_fails_the_run_after_a_set_of_everything_else(
    backup: Module, wiki: str, stack: MiniStack, tmp_path: Path
) -> None:
    uploads = stack.folder / "kept-uploads"
    uploads.mkdir()
    (uploads / "file").write_text("kept")
    override: dict[str, Any] = {"services": {"app": {"volumes": [f"{uploads}:/uploads"]}}}
    (stack.folder / "docker-compose.override.yml").write_text(json.dumps(override))
    stack.compose("up", "--detach", "--wait", "app")
    try:
        first = backup()
        shutil.rmtree(uploads)
        failed = backup(retention=KEEP_ONE)
        excluded = backup(exclude=[str(uploads)])
    finally:
        (stack.folder / "docker-compose.override.yml").unlink()
        stack.compose("up", "--detach", "--wait", "app")
    assert failed["failed"] is True
    assert failed["msg"].startswith(f'folder "{uploads}" is not in the set: ')
    assert f"Set {failed['set_id']} was made of everything else ({failed['path']})" in failed["msg"]
    assert f'name it in exclude ("{uploads}")' in failed["msg"]
    assert {part["name"] for part in failed["parts"]} == {"openproject", "wiki", "assets"}
    assert [part["name"] for part in failed["incomplete"]] == [str(uploads)]
    assert failed["retention"]["removed"] == []
    assert not excluded.get("failed"), excluded
    assert sets_of(tmp_path / "repository") == [first["set_id"], failed["set_id"], excluded["set_id"]]
    verified = other("verify", backup)(set=[failed["set_id"]])
    assert not verified.get("failed"), verified
    assert [kept["state"] for kept in verified["sets"]] == ["passed"]
    assert any(f'folder "{uploads}" is not in set {failed["set_id"]}' in remark for remark in verified["remarks"])
    plan = other("restore", backup)(set=failed["set_id"], check_mode=True)
    assert any(f'folder "{uploads}" is not in set {failed["set_id"]}' in remark for remark in plan["remarks"])


def test_playbook_says_first_what_has_shrunk(backup: Module, wiki: str, stack: MiniStack, tmp_path: Path) -> None:
    first = backup()
    stack.sql("DELETE FROM page WHERE id > 29", wiki)
    host = {
        "ansible_connection": "local",
        "ansible_python_interpreter": "{{ ansible_playbook_python }}",
        "maxops_project_name": stack.project,
        "maxops_repository": str(tmp_path / "repository"),
    }
    inventory = tmp_path / "hosts.yml"
    inventory.write_text(json.dumps({"maxops": {"hosts": {"here": host}}}))
    command = ["ansible-playbook", "-i", inventory, "playbooks/backup.yml"]
    done = run(*command, cwd=CHECKOUT)
    lines = [line for line in done.stdout.splitlines() if line.startswith("here: ")]
    assert lines[0].startswith(f'here: WARNING: database "wiki": 300 rows in {first["set_id"]}, now 29; retention')
    assert lines[1].startswith("here: backup set ")
