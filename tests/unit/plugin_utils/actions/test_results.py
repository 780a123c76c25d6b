# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files with the results of commands: their names, valid JSON, and no objects of Python in it."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
from ansible.errors import AnsibleError

from ansible_collections.maxops.ops.plugins.plugin_utils.actions.results import (
    command_of,
    ended,
    one_sentence,
    plain,
    shown_later,
    with_output,
    write_result,
)

GIVE = "give it with --ask-become-pass (-K), or as ansible_become_password in a vault"


def written(folder: Path, result: dict[str, Any], host: str = "lab", check_mode: bool = False) -> dict[str, Any]:
    """The content of the only file in the folder."""
    write_result(str(folder), "backup", host, result, check_mode)
    [path] = folder.rglob("*.json*")
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content


def test_files_are_named_after_commands() -> None:
    commands = {
        "maxops.ops.backup": "backup",
        "maxops.ops.backup_info": "backups",
        "maxops.ops.health_check": "health",
        "optimize": "optimize",
    }
    assert {module: command_of(module, {}) for module in commands} == commands
    assert command_of("maxops.ops.verify", {"__maxops_command": "drill"}) == "drill"
    assert command_of("maxops.ops.gitea_user", {"__maxops_command": ""}) == ""


def test_result_is_kept_without_the_keys_of_ansible(tmp_path: Path) -> None:
    result = {
        "changed": True,
        "name": "백업",
        "invocation": {"module_args": {"password": "x"}},
        "exception": object(),
        "failed_when_suppressed_exception": object(),
        "_ansible_no_log": False,
    }
    expected = {"host": "lab", "failed": False, "check_mode": False, "changed": True, "name": "백업"}
    assert written(tmp_path / "new" / "deep", result) == expected
    assert "백업" in (tmp_path / "new" / "deep" / "backup-lab.json").read_text(encoding="utf-8")
    assert written(tmp_path / "new" / "deep", {"failed": True}) == {"host": "lab", "failed": True, "check_mode": False}


def test_check_mode_does_not_replace_the_result_of_a_real_run(tmp_path: Path) -> None:
    write_result(str(tmp_path), "backup", "lab", {"set_id": "real"}, check_mode=False)
    write_result(str(tmp_path), "backup", "lab", {"set_id": "planned"}, check_mode=True)
    contents = {path.name: json.loads(path.read_text()) for path in tmp_path.iterdir()}
    assert {name: (content["set_id"], content["check_mode"]) for name, content in contents.items()} == {
        "backup-lab.json": ("real", False),
        "backup-lab.check.json": ("planned", True),
    }


@pytest.mark.parametrize(
    "result",
    [{"failed": True, "unreachable": True}, {"failed": False, "job_state": "unreachable"}, {"unreachable": True}],
)
def test_unreachable_host_has_failed_in_its_file(tmp_path: Path, result: dict[str, Any]) -> None:
    expected = {"host": "lab", "failed": True, "unreachable": True, "check_mode": False}
    assert written(tmp_path, result) == expected


def test_unusual_host_and_file_names_stay_in_the_folder(tmp_path: Path) -> None:
    content = written(tmp_path / "out", {"path": "config/\udcff"}, host="../docker://x")
    [path] = tmp_path.rglob("*.json")
    assert path.parent == tmp_path / "out"
    assert content["path"] == "config/\udcff"


def test_folder_may_be_in_a_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    write_result("~/results", "backup", "lab", {}, check_mode=False)
    assert (tmp_path / "results" / "backup-lab.json").is_file()


def test_error_for_an_unwritable_folder_says_how_the_job_ended(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for result, went in (
        ({"changed": True}, "succeeded"),
        ({"job_state": "failed"}, "failed"),
        ({"failed": True, "msg": "no space"}, "failed: no space"),
    ):
        with pytest.raises(AnsibleError, match=rf"\(maxops_results_dir\): .*; the job itself {went}$") as failure:
            write_result(str(tmp_path / "file"), "backup", "lab", result, check_mode=False)
        # Ansible would print the cause after the message.
        assert failure.value.__cause__ is None


@pytest.mark.parametrize(
    ("printed", "reason"),
    [
        ({"module_stderr": "pyenv: python3.13: command not found\n\n"}, "pyenv: python3.13: command not found"),
        ({"module_stderr": "Traceback (most recent call last):\n  x\nImportError: no y\n"}, "ImportError: no y"),
        ({"module_stdout": 'Sorry, no shell.\r\n{"tokens": 1}\r\n'}, "Sorry, no shell."),
        ({"module_stderr": "1\n2\n3\n4"}, "1; 2; 3"),
    ],
)
def test_module_without_a_result_fails_with_what_it_printed(printed: dict[str, str], reason: str) -> None:
    result = {"failed": True, "module_stdout": "", "msg": "No start of json char\nfound.", "exception": "x", **printed}
    kept = with_output(result)
    assert kept["msg"] == f"No start of json char found: {reason}"
    assert "exception" not in kept


@pytest.mark.parametrize(
    ("error", "shown"),
    [
        (
            "Premature end of stream waiting for become success.\n>>> Standard Error\n/bin/sh: 1: sudo: not found\n",
            "Premature end of stream waiting for become success: /bin/sh: 1: sudo: not found",
        ),
        (
            "Missing sudo password",
            f"Missing sudo password; {GIVE}",
        ),
        (
            "Premature end of stream waiting for become success.\n>>> Standard Error\nsudo: a password is required",
            f"Premature end of stream waiting for become success: sudo: a password is required; {GIVE}",
        ),
        ("no route", "no route"),
    ],
)
def test_error_of_ansible_is_one_sentence(error: str, shown: str) -> None:
    assert one_sentence(AnsibleError(error)) == shown


def test_result_of_a_module_is_not_changed() -> None:
    for result in (
        {"failed": True, "msg": "x"},
        {"changed": True, "module_stdout": "y"},
        {"failed": True, "module_stdout": ""},
    ):
        assert with_output(dict(result)) == result


def test_only_types_of_json_are_kept() -> None:
    class Text(str):
        """A string as Ansible makes them, with a tag."""

    value = {
        1: [Text("a"), object(), None, 1.5, float("nan")],
        "set": {2, 1},
        "path": PurePosixPath("/srv"),
        "day": date(2026, 12, 1),
        "left out": object(),
        "yes": True,
    }
    assert plain(value) == {
        "1": ["a", None, 1.5, None],
        "set": [1, 2],
        "path": "/srv",
        "day": "2026-12-01",
        "yes": True,
    }


def test_failure_is_shown_later_only_where_a_summary_follows() -> None:
    follows = {"__maxops_summary_follows": True}
    failed = {"failed": True, "msg": "x", "exception": "traceback"}
    assert shown_later(failed, {}) == failed
    assert shown_later(failed, follows) == {"changed": False, "failed": False, "job_state": "failed", "msg": "x"}
    assert shown_later({"changed": True}, follows) == {"changed": True}
    assert ended(shown_later({**failed, "unreachable": True}, follows)) == {"failed": True, "unreachable": True}
    assert ended({"changed": True}) == {}
