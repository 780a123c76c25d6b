# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A restore that fails or is killed at any step leaves the stack as it was, or restored: never in between."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.module.options import access_of
from ansible_collections.maxops.ops.plugins.module_utils.swap.recovery import recover
from ansible_collections.maxops.ops.tests.integration.restore_support import STATE, AppStack, drive, module
from ansible_collections.maxops.ops.tests.integration.support import EVERYTHING, SEED, running, wait_until

PROJECT = "maxrestorefaults"
GITEA, ASSETS = f"{PROJECT}_gitea-data", f"{PROJECT}_openproject-assets"

BEFORE_THE_SWAP = [
    "write the journal",
    "load database openproject",
    "database gitea loaded",
    "load volume gitea-data",
    "all is loaded",
    "stop services",
    "services stopped",
    "lock databases",
]
WITHIN_THE_SWAP = [
    f"move volume {GITEA}",
    f"volume {GITEA} half moved",
    f"move volume {ASSETS}",
    "rename databases",
    "database openproject renamed",
]
AFTER_THE_SWAP = [
    "names changed",
    "unlock databases",
    "clear sessions",
    "sessions cleared",
    "start services",
    "services started",
    "healthy",
    "write keys again",
    "keep the replaced data",
]


QUICK = {"services stopped", f"volume {GITEA} half moved", "names changed", "rename databases back"}
"""The steps of each run. Of the others a run takes a third, always the same ones; ``make kill`` takes all."""


def at(*cases: Any) -> list[Any]:
    """Parameters with a step, alone or with further values: those of this run."""
    lists = [case if isinstance(case, tuple) else (case,) for case in cases]
    chosen = random.Random(f"{SEED} {lists[0]}")
    picked = [(case, chosen.random() < 1 / 3) for case in lists]
    return [pytest.param(*case) for case, taken in picked if EVERYTHING or taken or case[0] in QUICK]


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AppStack]:
    with running(AppStack(PROJECT, tmp_path_factory.mktemp("stack"), 17)) as stack:
        yield stack


@pytest.fixture(scope="module")
def repository(stack: AppStack, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Holds one set, in which all data has the marker "first"."""
    folder = tmp_path_factory.mktemp("repository")
    result = module("backup", stack, folder, folder)()
    assert result["changed"] is True, result
    return folder


@pytest.fixture(scope="module")
def options(stack: AppStack, repository: Path) -> dict[str, Any]:
    return {"project_name": stack.project, "repository": str(repository), "set": "latest", "jobs": 2}


@pytest.fixture
def before(stack: AppStack) -> str:
    """Gives all running data the marker "second"; returns its digest."""
    stack.forget_kept()
    stack.write("second")
    return stack.digest()


def assert_settled(stack: AppStack, word: str) -> None:
    assert stack.words() == {word}
    assert stack.leftovers() == []
    stack.wait_up()
    assert len(stack.kept()) == (4 if word == "first" else 0)


@pytest.mark.parametrize("step", at(*BEFORE_THE_SWAP, *WITHIN_THE_SWAP))
def test_after_a_power_cut_the_next_run_goes_back(
    stack: AppStack, options: dict[str, Any], before: str, step: str
) -> None:
    assert drive(options, {step: "power cut"}) == {}
    assert not stack.is_in_between()
    recover(access_of(options))
    assert stack.digest() == before
    assert_settled(stack, "second")


@pytest.mark.parametrize("step", at(*AFTER_THE_SWAP))
def test_after_a_power_cut_the_next_run_completes_the_swap(
    stack: AppStack, options: dict[str, Any], before: str, step: str
) -> None:
    """Applications may have worked on the restored data since."""
    assert drive(options, {step: "power cut"}) == {}
    assert not stack.is_in_between()
    done = recover(access_of(options))
    assert "completed" in str(done)
    assert_settled(stack, "first")


@pytest.mark.parametrize(
    ("step", "word"),
    at(
        ("database gitea loaded", "second"),
        ("services stopped", "second"),
        (f"volume {GITEA} half moved", "second"),
        ("database openproject renamed", "second"),
        ("names changed", "first"),
        ("services started", "first"),
    ),
)
def test_a_killed_restore_is_recovered_at_once(
    stack: AppStack, options: dict[str, Any], before: str, step: str, word: str
) -> None:
    assert drive(options, {step: "kill"}) == {}
    wait_until(lambda: stack.leftovers() == [], 20, "the guard has put everything right")
    assert_settled(stack, word)


@pytest.mark.parametrize(
    "step",
    at(
        "load volume gitea-data",
        "all is loaded",
        "services stopped",
        f"volume {GITEA} half moved",
        "database openproject renamed",
        "names changed",
        "clear sessions",
        "sessions cleared",
        "services started",
        "healthy",
        "write keys again",
    ),
)
def test_a_failing_restore_puts_everything_back(
    stack: AppStack, options: dict[str, Any], before: str, step: str
) -> None:
    error = drive(options, {step: "fail"})["error"]
    assert "the test made this step fail" in error
    assert ("The running data was not touched" if step in BEFORE_THE_SWAP[:5] else "Everything was put back") in error
    assert stack.digest() == before
    assert_settled(stack, "second")


@pytest.mark.parametrize(
    ("step", "words"),
    [("database openproject loaded", "The running data was not touched"), ("names changed", "Everything was put back")],
)
def test_a_crash_of_the_server_puts_everything_back(
    stack: AppStack, options: dict[str, Any], before: str, step: str, words: str
) -> None:
    assert words in drive(options, {step: "crash"})["error"]
    assert stack.digest() == before
    assert_settled(stack, "second")


@pytest.mark.parametrize("step", ["services started"])
def test_a_stopped_restore_puts_everything_back(
    stack: AppStack, options: dict[str, Any], before: str, step: str
) -> None:
    assert "stopped by a signal" in drive(options, {step: "stop"})["error"]
    assert stack.digest() == before
    assert_settled(stack, "second")


@pytest.mark.parametrize(
    "step",
    at(
        "go back",
        f"move volume {ASSETS} back",
        "rename databases back",
        "database openproject renamed",
        "start services again",
        "remove the loaded data",
        "drop the journal",
    ),
)
def test_going_back_can_be_interrupted(stack: AppStack, options: dict[str, Any], before: str, step: str) -> None:
    """Going back is interrupted, then the next run as well; the run after that finishes."""
    if step == "database openproject renamed":
        drive(options, {"healthy": "fail", "rename databases back": "power cut"})
    else:
        drive(options, {"healthy": "fail", step: "power cut"})
    assert not stack.is_in_between()
    drive(options, {step: "power cut"})
    assert not stack.is_in_between()
    recover(access_of(options))
    assert stack.digest() == before
    assert_settled(stack, "second")


@pytest.mark.parametrize(
    ("step", "word"),
    at(
        ("services stopped", "first"),
        (f"volume {GITEA} half moved", "first"),
        ("database gitea renamed", "first"),
        ("names changed", "second"),
        ("keep the replaced data", "second"),
    ),
)
def test_swapping_back_can_be_interrupted(
    stack: AppStack, options: dict[str, Any], before: str, step: str, word: str
) -> None:
    """The data that is swapped back is the operator's: it is never removed as a leftover."""
    assert "error" not in drive(options)
    back = {"project_name": stack.project, "repository": options["repository"], "previous": True}
    assert drive(back, {step: "power cut"}) == {}
    assert not stack.is_in_between()
    recover(access_of(back))
    assert stack.words() == {word}
    assert stack.leftovers() == []
    assert len(stack.kept()) == 4
    stack.wait_up()
    assert "error" not in drive(back)
    assert stack.words() == {"second" if word == "first" else "first"}


def test_the_next_restore_recovers_first(stack: AppStack, options: dict[str, Any], before: str) -> None:
    assert drive(options, {"services stopped": "power cut"}) == {}
    assert stack.states()["gitea"] == "exited"
    recovered = drive(options)["recovered"]
    assert "everything was put back as it was before" in recovered
    assert_settled(stack, "first")


def test_the_next_backup_recovers_first(stack: AppStack, options: dict[str, Any], before: str, tmp_path: Path) -> None:
    assert drive(options, {"rename databases": "power cut"}) == {}
    result = module("backup", stack, tmp_path / "other", tmp_path)()
    assert any("everything was put back as it was before" in remark for remark in result["remarks"])
    assert {part["name"] for part in result["parts"] if part["kind"] == "database"} == {"openproject", "gitea"}
    assert stack.digest() == before
    assert_settled(stack, "second")


def test_check_mode_is_refused_before_the_recovery(stack: AppStack, options: dict[str, Any], before: str) -> None:
    assert drive(options, {"services stopped": "power cut"}) == {}
    restore = module("restore", stack, Path(options["repository"]), stack.folder)
    result = restore(set="latest", check_mode=True)
    assert "was interrupted, and the next run recovers from it first" in result["msg"]
    recover(access_of(options))


def test_services_that_were_stopped_before_stay_stopped(stack: AppStack, options: dict[str, Any], before: str) -> None:
    stack.compose("stop", "gitea")
    try:
        assert "error" in drive(options, {"names changed": "fail"})
        assert stack.states()["gitea"] == "exited"
        assert stack.states()["openproject"] == "running"
        assert drive(options, {"names changed": "power cut"}) == {}
        recover(access_of(options))
        assert stack.states()["gitea"] == "exited"
    finally:
        stack.compose("start", "gitea")


def test_a_journal_that_cannot_be_read_is_reported(stack: AppStack, options: dict[str, Any], before: str) -> None:
    journal = STATE / stack.project / "restore.json"
    journal.parent.mkdir(parents=True, exist_ok=True)
    journal.write_text('{"format": 1, "id": ')
    try:
        assert "cannot be read" in drive(options)["error"]
        assert stack.digest() == before
    finally:
        journal.unlink()
