# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every job has its summary, also of hosts that failed or were unreachable."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml

from ansible_collections.maxops.ops.plugins.action.summary import JOBS, ActionModule, renderers
from ansible_collections.maxops.ops.plugins.modules.summary import DOCUMENTATION
from ansible_collections.maxops.ops.plugins.plugin_utils.actions.controller import registered, reported
from ansible_collections.maxops.ops.tests.unit.checkout import ROOT
from ansible_collections.maxops.ops.tests.unit.registered import AWAY, FAILED, SKIPPED, play


def test_jobs_are_the_files_with_summaries_and_the_choices_of_the_module() -> None:
    files = (ROOT / "plugins" / "plugin_utils" / "summary").glob("*.py")
    assert sorted(path.stem for path in files) == list(JOBS)
    assert yaml.safe_load(DOCUMENTATION)["options"]["job"]["choices"] == list(JOBS)


# The result of "users" is composed of the results of two modules by its role.
@pytest.mark.parametrize("job", sorted(set(JOBS) - {"users"}))
def test_every_job_shows_hosts_that_were_unreachable_or_failed(job: str) -> None:
    one, many = renderers(job)
    results = reported(registered("result", play("result", away=AWAY, here=FAILED, skipped=SKIPPED)))
    alone = "\n".join(one("away", results["away"], False))
    assert "away" in alone
    assert "Failed to connect" in alone
    table = "\n".join(many(results))
    for words in ("away", "Failed to connect", "here", "no such project"):
        assert words in table
    assert "skipped" not in table


def run(job: str, variables: dict[str, Any], check_mode: bool = False) -> list[str]:
    action = ActionModule.__new__(ActionModule)
    action._task = SimpleNamespace(args={}, check_mode=check_mode)
    lines: list[str] = action._execute({"job": job, "variable": "result", "fail_on": "never"}, variables)["lines"]
    return lines


def test_reasons_that_a_table_cuts_are_below_it() -> None:
    long = {"failed": True, "msg": "Task failed: the disk is full " + "x" * 200}
    lines = run("backup", play("result", a=FAILED, b=long, c=AWAY))
    assert lines[2].endswith("x…")
    assert lines[3].split()[:2] == ["c", "UNREACHABLE"]
    assert lines[3].endswith("  Failed to connect to the host via ssh: refused")
    assert lines[4:] == ["b: the disk is full " + "x" * 200]


def test_summary_writes_the_files_of_jobs_with_several_tasks(tmp_path: Path) -> None:
    users = {
        "count": 1,
        "report_only": False,
        "gitea": {"msg": "refused", "failed": False, "job_state": "failed", "tokens": {"a": "secret"}, "exception": 1},
        "openproject": {},
    }
    variables = play("result", lab=users)
    variables["hostvars"]["lab"]["maxops_results_dir"] = str(tmp_path)
    run("users", variables)
    assert json.loads((tmp_path / "users-lab.json").read_text()) == {
        "host": "lab",
        "failed": False,
        "check_mode": False,
        "count": 1,
        "report_only": False,
        "gitea": {"msg": "refused", "failed": True},
        "openproject": {},
    }
    users["report_only"] = True
    run("users", variables)
    assert json.loads((tmp_path / "users-lab.check.json").read_text())["check_mode"] is True
    run("backup", play("result", lab=FAILED))
    assert len(list(tmp_path.iterdir())) == 2
