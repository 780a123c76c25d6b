# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When a job is watched, which progress is shown, and which result is kept for CI."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ansible.errors import AnsibleActionFail, AnsibleConnectionFailure, AnsibleError
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, trust_as_template

from ansible_collections.maxops.ops.plugins.plugin_utils.actions import watched
from ansible_collections.maxops.ops.plugins.plugin_utils.actions.watched import WatchedAction

JOB = {"ansible_job_id": "j77.4242", "results_file": "/root/.ansible_async/j77.4242", "started": 1, "finished": 0}
RUNNING = {"parts": [{"name": "volume data", "state": "running", "done": 1, "total": 2, "rate": 1}], "finished": False}
FINISHED = {**RUNNING, "finished": True}
DONE = {"finished": 1, "started": 1, "changed": True, "set_id": "x", **dict.fromkeys(["stdout", "stderr"], "")}


class Watched(WatchedAction):
    """A watched action on a host that gives the answers of a test."""

    def __init__(self, answers: list[Any], statuses: list[Any], alive: bool = True) -> None:
        self._task = SimpleNamespace(async_val=0, check_mode=False, args={"jobs": 2}, resolved_action="m.o.backup")
        shell = SimpleNamespace(tmpdir="/tmp/x", join_path=lambda *parts: "/".join(parts), quote=repr)
        self._connection = SimpleNamespace(_shell=shell)
        self._templar = Templar(loader=DataLoader(), variables={"quietly": True, "folder": "/x"})
        self.answers = answers
        self.statuses = statuses
        self.alive = alive
        self.calls: list[tuple[str, str | None, bool | int]] = []

    def _make_tmp_path(self, remote_user: str | None = None) -> str:
        return "/tmp/x"

    def _execute_module(self, module_name: str, **options: Any) -> dict[str, Any]:
        mode = (options.get("module_args") or {}).get("mode")
        self.calls.append((module_name, mode, options.get("wrap_async", False)))
        if mode is None:
            self.arguments = options.get("module_args")
            return dict(JOB) if options["wrap_async"] is True else {"changed": True, "set_id": "x"}
        return dict(self._next(self.statuses))

    def _low_level_execute_command(self, command: str) -> dict[str, Any]:
        if command.startswith("pgrep"):
            assert command == "pgrep -f '[j]77'"
            return {"rc": 0 if self.alive else 1}
        if command.startswith("rm"):
            self.removed = command
            return {"rc": 0}
        answer = self._next(self.answers)
        return {"rc": 0, "stdout": answer if isinstance(answer, str) else json.dumps(answer)}

    @staticmethod
    def _next(script: list[Any]) -> Any:
        answer = script.pop(0) if len(script) > 1 else script[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.fixture(autouse=True)
def shown(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The displayed lines; waiting takes no time."""
    lines: list[str] = []
    clock = SimpleNamespace(now=1000.0)

    def sleep(seconds: float) -> None:
        clock.now += seconds

    monkeypatch.setattr(watched, "time", SimpleNamespace(sleep=sleep, monotonic=lambda: clock.now))
    monkeypatch.setattr(watched, "display", SimpleNamespace(display=lines.append))
    for name in ("AWX_HOST", "TOWER_HOST", "AWX_ISOLATED_DATA_DIR", "MAXOPS_QUIET"):
        monkeypatch.delenv(name, raising=False)
    return lines


# -- quiet or not ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "environment", "quiet"),
    [
        (None, {}, False),
        (True, {}, True),
        ("yes", {}, True),
        ("no", {}, False),
        ("", {}, False),
        (None, {"MAXOPS_QUIET": "1"}, True),
        (None, {"MAXOPS_QUIET": "0"}, False),
        (False, {"MAXOPS_QUIET": "1"}, False),
        (None, {"AWX_HOST": "https://awx"}, True),
        (None, {"TOWER_HOST": "https://tower"}, True),
        (False, {"AWX_ISOLATED_DATA_DIR": "/runner"}, True),
    ],
)
def test_quiet_on_request_and_under_awx(
    monkeypatch: pytest.MonkeyPatch, asked: Any, environment: dict[str, str], quiet: bool
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert watched._is_quiet(asked) is quiet


@pytest.mark.parametrize(
    ("asked", "terminal", "seconds"),
    [(None, True, 2.0), (None, False, 15.0), (0, False, 15.0), ("", True, 2.0), (-1, True, 2.0), ("7.5", True, 7.5)],
)
def test_terminal_gets_more_lines_than_a_log(
    monkeypatch: pytest.MonkeyPatch, asked: Any, terminal: bool, seconds: float
) -> None:
    monkeypatch.setattr(sys, "stdout", SimpleNamespace(isatty=lambda: terminal))
    assert watched._display_seconds(asked) == seconds


@pytest.mark.parametrize("variables", [{"maxops_quiet": True}, {"maxops_quiet": trust_as_template("{{ quietly }}")}])
def test_quiet_job_runs_in_the_foreground(variables: dict[str, Any], shown: list[str]) -> None:
    action = Watched([], [])
    assert action.run(None, variables) == {"changed": True, "set_id": "x"}
    assert (action.calls, action.arguments, shown) == ([("m.o.backup", None, 0)], None, [])


def test_check_mode_and_async_tasks_are_not_watched() -> None:
    for name, value in (("check_mode", True), ("async_val", 300)):
        action = Watched([], [])
        setattr(action._task, name, value)
        action.run(None, {})
        assert action.calls == [("m.o.backup", None, action._task.async_val)]


def test_invalid_number_is_refused_before_the_job_starts() -> None:
    action = Watched([RUNNING], [DONE])
    with pytest.raises(AnsibleActionFail, match=r"maxops_progress_seconds is 'often'; give the number"):
        action.run(None, {"maxops_progress_seconds": "often"})
    assert action.calls == []


# -- watching -------------------------------------------------------------------------------------------------------


def test_watched_job_shows_its_progress_and_returns_its_result(shown: list[str]) -> None:
    action = Watched(["", *[RUNNING] * 9, FINISHED], [{"finished": 0}, DONE])
    result = action.run(
        None, {"inventory_hostname": "lab", "maxops_progress_seconds": trust_as_template("{{ 1 + 1 }}")}
    )
    assert result == {"changed": True, "set_id": "x"}
    assert action.arguments == {"jobs": 2, "progress_file": "/tmp/x/maxops-progress.json"}
    assert shown == ["  lab: 0 of 1 parts done; volume data 1 B of 2 B (1 B/s)"] * 2
    assert action.removed == "rm -f '/root/.ansible_async/j77.4242'", "the result file was left on the host"
    assert action._task.async_val == 0, "Ansible would wait for the job a second time"


def test_job_without_progress_is_asked_rarely_and_as_soon_as_it_ends() -> None:
    action = Watched([*[JOB] * 10, {"failed": True, "msg": "no such project"}], [DONE])
    action.run(None, {})
    assert [mode for _name, mode, _wrapped in action.calls] == [None, "status"]


def test_failed_start_is_the_result() -> None:
    action = Watched([], [])
    action._execute_module = lambda **_options: {"failed": True, "msg": "no python"}  # type: ignore[method-assign]
    assert action.run(None, {}) == {"failed": True, "msg": "no python"}


def test_repeatedly_lost_connection_does_not_end_the_job() -> None:
    lost = AnsibleConnectionFailure("no route")
    action = Watched([RUNNING, *[lost] * 110, RUNNING, *[lost] * 110, FINISHED], [DONE])
    assert action.run(None, {}) == {"changed": True, "set_id": "x"}


def test_host_that_stays_unreachable_is_reported_with_its_result_file(tmp_path: Path) -> None:
    action = Watched([RUNNING, AnsibleConnectionFailure("no route")], [DONE])
    with pytest.raises(AnsibleActionFail) as failure:
        action.run(None, {"inventory_hostname": "lab", "maxops_results_dir": str(tmp_path)})
    words = str(failure.value)
    assert "lab has been unreachable for 10 minutes (no route); its job j77.4242 may still be running there" in words
    assert JOB["results_file"] in words
    kept = json.loads((tmp_path / "backup-lab.json").read_text())
    assert (kept["failed"], kept["unreachable"]) == (True, False)


def test_job_whose_process_ended_without_a_result_is_reported() -> None:
    action = Watched([RUNNING], [{"finished": 0}], alive=False)
    with pytest.raises(AnsibleActionFail, match=r"job j77.4242 on lab ended without a result: it was killed, or the"):
        action.run(None, {"inventory_hostname": "lab"})
    assert len(action.calls) == 3


def test_result_that_arrives_after_the_end_of_the_process_is_used() -> None:
    action = Watched([RUNNING], [{"finished": 0}, DONE], alive=False)
    assert action.run(None, {}) == {"changed": True, "set_id": "x"}


# -- results --------------------------------------------------------------------------------------------------------


def test_result_is_kept_under_the_name_of_the_command(tmp_path: Path) -> None:
    variables = {"maxops_results_dir": trust_as_template("{{ folder }}"), "inventory_hostname": "lab"}
    action = Watched([], [])
    action._templar = Templar(loader=DataLoader(), variables={"folder": str(tmp_path)})
    action._task.resolved_action = "maxops.ops.health_check"
    action._keep_result("maxops.ops.health_check", {"changed": True}, variables)
    action._task.check_mode = True
    action._keep_result("maxops.ops.verify", {}, {**variables, "__maxops_command": "drill"})
    action._keep_result("maxops.ops.gitea_user", {}, {**variables, "__maxops_command": ""})
    assert sorted(path.name for path in tmp_path.iterdir()) == ["drill-lab.check.json", "health-lab.json"]
    assert json.loads((tmp_path / "health-lab.json").read_text())["changed"] is True


def test_without_a_folder_nothing_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for variables in ({}, {"maxops_results_dir": ""}):
        Watched([], [])._keep_result("maxops.ops.backup", {}, {"inventory_hostname": "lab", **variables})
    assert list(tmp_path.iterdir()) == []


# -- failures -------------------------------------------------------------------------------------------------------

FOLLOWS = {"__maxops_summary_follows": True, "inventory_hostname": "lab"}


def test_failure_is_shown_later_where_a_summary_follows(shown: list[str]) -> None:
    action = Watched([], [])
    failed = {"failed": True, "msg": "no room", "rc": 1, "sets": [1], "exception": "traceback"}
    action._execute_module = lambda **_options: dict(failed)  # type: ignore[method-assign]
    later = {"changed": False, "failed": False, "job_state": "failed", "msg": "no room", "rc": 1, "sets": [1]}
    assert action.run(None, dict(FOLLOWS)) == later
    assert shown == ["  lab: FAILED; the summary below has the reason"]
    assert action.run(None, {}) == failed


def test_unreachable_host_stays_in_the_play_where_a_summary_follows(tmp_path: Path, shown: list[str]) -> None:
    def execute(**_options: Any) -> dict[str, Any]:
        raise AnsibleConnectionFailure("no route")

    action = Watched([], [])
    action._execute_module = execute  # type: ignore[method-assign]
    later = {"changed": False, "failed": False, "job_state": "unreachable", "msg": "no route"}
    assert action.run(None, {**FOLLOWS, "maxops_results_dir": str(tmp_path)}) == later
    assert shown == ["  lab: UNREACHABLE; the summary below has the reason"]
    kept = json.loads((tmp_path / "backup-lab.json").read_text())
    assert (kept["failed"], kept["unreachable"], kept["check_mode"]) == (True, True, False)
    with pytest.raises(AnsibleConnectionFailure, match="no route"):
        action.run(None, {})


def test_error_of_sudo_is_shown_by_the_summary_and_kept(tmp_path: Path) -> None:
    def execute(**_options: Any) -> dict[str, Any]:
        raise AnsibleError("Missing sudo password")

    action = Watched([], [])
    action._execute_module = execute  # type: ignore[method-assign]
    advice = "give it with --ask-become-pass (-K), or as ansible_become_password in a vault"
    text = f"Missing sudo password; {advice}"
    later = {"changed": False, "failed": False, "job_state": "failed", "msg": text}
    assert action.run(None, {**FOLLOWS, "maxops_results_dir": str(tmp_path)}) == later
    kept = json.loads((tmp_path / "backup-lab.json").read_text())
    assert (kept["failed"], kept["msg"]) == (True, text)
    with pytest.raises(AnsibleError, match="Missing sudo password"):
        action.run(None, {})
