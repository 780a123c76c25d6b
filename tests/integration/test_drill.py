# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The commands that an operator types: the quarterly drill, a verification and the list, on several hosts at once."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ansible_collections.maxops.ops.tests.integration.support import CHECKOUT
from ansible_collections.maxops.ops.tests.integration.verify_support import ContentStack, copy_set


@pytest.fixture
def inventory(content_stack: ContentStack, good_set: Path, tmp_path: Path) -> Path:
    """Three hosts: one is healthy, one has a damaged backup, and one cannot be reached."""
    copy_set(good_set, tmp_path / "well")
    (copy_set(good_set, tmp_path / "damaged") / "globals.sql").write_text("nothing")
    local = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
    hosts = {
        "well": {**local, "maxops_repository": str(tmp_path / "well")},
        "damaged": {**local, "maxops_repository": str(tmp_path / "damaged")},
        "gone": {"ansible_host": "127.0.0.1", "ansible_port": 1},
    }
    path = tmp_path / "inventory.json"
    shared = {"maxops_project_name": content_stack.project, "maxops_quiet": True}
    path.write_text(json.dumps({"maxops": {"hosts": hosts, "vars": shared}}))
    return path


def play(name: str, inventory: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a playbook of the checkout."""
    argv = [str(Path(sys.executable).parent / "ansible-playbook"), f"playbooks/{name}.yml", "-i", str(inventory)]
    environment = dict(os.environ, ANSIBLE_NOCOLOR="1", ANSIBLE_SSH_RETRIES="0")
    return subprocess.run(
        [*argv, *words], cwd=CHECKOUT, env=environment, capture_output=True, text=True, timeout=300, check=False
    )


def test_drill_reports_on_all_hosts_and_fails_for_hosts_that_did_not_pass(inventory: Path, tmp_path: Path) -> None:
    folder = tmp_path / "results"
    done = play("drill", inventory, "-e", f"maxops_results_dir={folder}")
    assert done.returncode != 0, done.stdout
    [path] = folder.glob("drill-*.json")
    report = json.loads(path.read_text())
    assert report["passed"] is False
    assert {host: result["state"] for host, result in report["hosts"].items()} == {
        "well": "passed",
        "damaged": "failed",
        "gone": "not reached",
    }
    assert report["hosts"]["well"]["sets"][0]["recovery_seconds"] > 0
    assert report["hosts"]["well"]["sets"][0]["rows"] == {"openproject": 3043, "gitea": 10}
    assert report["hosts"]["damaged"]["findings"][0]["subject"] == "globals.sql"
    text = path.with_suffix(".md").read_text()
    assert "1 of 3 hosts passed" in text
    assert "OpenProject: 41 attachments, 40 attachment files." in text
    assert f"report: {path.with_suffix('.md')}" in done.stdout
    recap = done.stdout[done.stdout.index("PLAY RECAP") :]
    [well] = [line for line in recap.splitlines() if line.startswith("well")]
    assert "failed=0" in well
    # The exit code is for CI, and a look beforehand rehearses nothing.
    look = play("drill", inventory, "-e", f"maxops_results_dir={tmp_path / 'none'}", "--limit", "well", "--check")
    assert look.returncode == 0, look.stdout
    assert "would be rehearsed in image" in look.stdout
    assert not list(tmp_path.glob("none/drill-*"))


def test_verification_writes_its_result_for_ci(inventory: Path, tmp_path: Path) -> None:
    done = play("verify", inventory, "--limit", "well,damaged", "-e", f"maxops_results_dir={tmp_path / 'results'}")
    assert done.returncode != 0
    assert "globals.sql: 7 bytes" in done.stdout
    results = {path.name: json.loads(path.read_text()) for path in (tmp_path / "results").iterdir()}
    assert {name: (result["failed"], result["passed"]) for name, result in results.items()} == {
        "verify-well.json": (False, True),
        "verify-damaged.json": (True, False),
    }


def test_list_shows_every_hosts_sets(inventory: Path, good_set: Path) -> None:
    play("verify", inventory, "--limit", "well,damaged")
    done = play("backups", inventory, "--limit", "well,damaged", "-e", "backups_max_age_hours=0.0000001")
    assert done.returncode == 0, done.stdout + done.stderr
    lines = [line.split() for line in done.stdout.splitlines() if good_set.name in line]
    assert [(line[0], line[1]) for line in lines] == [("damaged", good_set.name), ("well", good_set.name)]
    assert "checksum FAILED" in done.stdout
    assert "remark: well: the newest backup is 0 hours old" in done.stdout
    assert play("backups", inventory, "--limit", "well", "--check").returncode == 0
