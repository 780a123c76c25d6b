# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an operator types: misspelt options, booleans as text, questions, and times."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.storage.repository.local import Repository
from ansible_collections.maxops.ops.tests.unit.listings import made
from ansible_collections.maxops.ops.tests.unit.playbook_runs import (
    end_with_workers,
    inventory_in,
    play,
    play_in_terminal,
)

QUESTION = "latest or latest_verified):"


def hosts(folder: Path, *more: str) -> tuple[str, ...]:
    """Words that name one host without Docker, and an empty repository."""
    inventory = inventory_in(folder, "\n".join(["[maxops]", "lab", *more]))
    (folder / "repository").mkdir()
    return "-i", inventory, "-e", f"maxops_repository={folder}/repository", "-e", "maxops_docker_host=unix:///no.sock"


@pytest.mark.parametrize(
    ("playbook", "typed", "meant"),
    [
        ("backup", "backup_databses=gitea", "backup_databses is no option of backup; did you mean backup_databases?"),
        ("health", "health_check=disk", "health_check is no option of health; did you mean health_checks?"),
    ],
)
def test_a_misspelt_option_ends_the_run(tmp_path: Path, playbook: str, typed: str, meant: str) -> None:
    done = play(playbook, *hosts(tmp_path), "--check", "-e", typed)
    assert done.returncode != 0
    assert meant in done.stdout + done.stderr


def test_options_are_checked_in_a_playbook_of_the_operators_own(tmp_path: Path) -> None:
    own = tmp_path / "own.yml"
    own.write_text(
        "- hosts: maxops\n  gather_facts: false\n  tasks:\n"
        "    - ansible.builtin.include_role:\n        name: maxops.ops.status\n"
        "      vars:\n        status_szes: false\n",
        encoding="utf-8",
    )
    # The words of an own playbook are its own business.
    done = play(own, *hosts(tmp_path), "-e", "sizes=x")
    output = done.stdout + done.stderr
    assert "status_szes is no option of status; did you mean status_sizes?" in output
    assert " sizes is no option" not in output


def test_variables_of_the_inventory_for_other_roles_and_of_the_operators_own_are_allowed(tmp_path: Path) -> None:
    words = hosts(
        tmp_path, "[maxops:vars]", "stack_dir=/srv", "backup_window=3", "backups_max_age_hours=3", "backup_jobs=2"
    )
    done = play("backup", *words, "--check")
    # Such an inventory must not stop with an upgrade.
    assert done.stderr.count("backup_window is no option of backup") == 1
    assert "maxops_own_variables" in done.stderr
    assert "no.sock" in done.stdout
    done = play("backup", *words, "--check", "-e", '{"maxops_own_variables": ["backup_window"]}')
    assert "is no option" not in done.stdout + done.stderr
    assert "no.sock" in done.stdout + done.stderr
    refused = play("backup", *words, "--check", "-e", "backup_window=4")
    assert "backup_window is no option of backup" in refused.stdout
    assert "no.sock" not in refused.stdout


def test_labs_that_are_none_are_asked_for_a_confirmation(tmp_path: Path) -> None:
    words = hosts(tmp_path, *(f"lab{number} maxops_lab={value}" for number, value in enumerate(("false", "no", "0"))))
    done = play("restore", *words, "-e", "set=latest", "-e", "confirm=other")
    assert done.returncode != 0
    for host in ("lab", "lab0", "lab1", "lab2"):
        assert f"nothing was touched on {host}, because it was not confirmed: give -e confirm={host}" in done.stdout
    done = play("restore", *words, "-e", "set=latest", "-e", "confirm=other", "-e", "maxops_lab=false")
    assert done.stdout.count("because it was not confirmed") >= 4


def test_a_lab_is_not_asked(tmp_path: Path) -> None:
    done = play("restore", *hosts(tmp_path), "-e", "maxops_lab=true", "-e", "set=latest", "-e", "confirm=other")
    assert "Fail without a confirmation" not in done.stdout
    assert "Restore the stack" in done.stdout


def test_a_wrong_set_is_asked_again_and_then_the_run_ends(tmp_path: Path) -> None:
    words = hosts(tmp_path)
    other = made(Repository(f"{tmp_path}/repository"), 1)
    answers = {QUESTION: ["nope", other, "nope again"]}
    code, output = play_in_terminal("restore", *words, "--check", answers=answers)
    assert code != 0
    # A set of another stack is neither offered nor taken.
    assert "1 more of the repository cannot be chosen here: they are not whole, or of another stack" in output
    assert f"lab has no set {other} that can be restored; it has none" in output
    assert output.count(QUESTION) == 3
    assert "lab has no set nope that can be restored; it has none" in output
    assert "there is no set nope again to restore on lab: give -e set=ID (or latest, latest_verified)" in output


def test_the_second_answer_is_used(tmp_path: Path) -> None:
    code, output = play_in_terminal("restore", *hosts(tmp_path), "--check", answers={QUESTION: ["nope", "latest"]})
    assert code != 0
    assert output.count(QUESTION) == 2
    assert "no complete set of stack" in output or "no.sock" in output


def test_no_question_is_asked_under_awx(tmp_path: Path) -> None:
    words = hosts(tmp_path)
    code, output = play_in_terminal("restore", *words, answers={}, JOB_ID="1")
    assert code != 0
    assert QUESTION not in output
    assert "no set was named for lab: give -e set=ID" in output
    assert "-e restore_state=previous as an extra variable of the job" in output


def test_time_without_a_zone_is_refused_under_awx_and_the_future_always(tmp_path: Path) -> None:
    words = (*hosts(tmp_path), "--check", "-e", "restore_before=2025-11-30 22:00")
    code, output = play_in_terminal(
        "restore", *words[:-1], '{"restore_before": "2025-11-30 22:00"}', answers={}, TOWER_HOST="1"
    )
    assert code != 0
    assert 'restore_before is "2025-11-30 22:00", which has no time zone' in output
    done = play("restore", *words[:-1], '{"restore_before": "2099-01-01"}')
    assert done.returncode != 0
    assert 'restore_before is "2099-01-01", which is 2099-01-01' in done.stdout + done.stderr


def test_the_end_of_a_run_ends_its_workers_too() -> None:
    # As in Ansible: the worker has a session of its own, and the process that it asks does not answer.
    program = (
        "import os, time\n"
        "worker = os.fork()\n"
        "if worker: print(worker, flush=True)\n"
        "else: os.setsid()\n"
        "time.sleep(600)\n"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        worker = int(process.stdout.readline())
        end_with_workers(process.pid)
        # Its end of the pipe is closed, too.
        assert process.stdout.read() == ""
    assert worker != process.pid
