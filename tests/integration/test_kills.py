# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""kill -9 of backups and restores at many moments: data whole, applications up, and the next run clean.

``make kill`` runs all moments; otherwise a chosen few run.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.swap.journal import Journals
from ansible_collections.maxops.ops.tests.integration.restore_support import AppStack, drive, module, timed
from ansible_collections.maxops.ops.tests.integration.support import (
    EVERYTHING,
    SEED,
    Module,
    finish,
    helpers,
    kill,
    running,
    wait_until,
)

PROJECT = "maxkills"
GITEA, ASSETS = f"{PROJECT}_gitea-data", f"{PROJECT}_openproject-assets"

# sleep ignores SIGTERM, so that each stop takes its whole grace period.
OVERRIDE = """
services:
  openproject: {stop_grace_period: 1s}
  gitea: {stop_grace_period: 2s}
"""

STEPS = [
    "write the journal",
    "load database openproject",
    "database openproject loaded",
    "load database gitea",
    "database gitea loaded",
    "load volume gitea-data",
    "volume gitea-data loaded",
    "load volume openproject-assets",
    "volume openproject-assets loaded",
    "all is loaded",
    "stop services",
    "services stopped",
    "lock databases",
    f"move volume {GITEA}",
    f"volume {GITEA} half moved",
    f"move volume {ASSETS}",
    f"volume {ASSETS} half moved",
    "rename databases",
    "database openproject renamed",
    "database gitea renamed",
    "names changed",
    "unlock databases",
    "start services",
    "services started",
    "healthy",
    "keep the replaced data",
]
"""Kill exactly there: every phase of the journal is among them."""
LATER = [("stop services", seconds) for seconds in (0.05, 0.3, 0.6, 0.95, 1.1, 1.5, 1.9, 2.1)] + [
    ("start services", seconds) for seconds in (0.02, 0.1, 0.3, 0.6)
]
"""Kill so many seconds after a step: while the daemon stops or starts containers."""
QUICK_STEPS = {"services stopped", f"volume {GITEA} half moved", "services started"}

STATES = ["locked", "staging", "helper", "paused", "dump", "archive", "manifest"]
"""Kill a backup as soon as this can be seen."""


def fractions(count: int, salt: int) -> list[float]:
    """Moments between the start and the end of a run, always the same ones."""
    chosen = random.Random(SEED + salt)
    return sorted(round(chosen.random(), 3) for _number in range(count))


def restore_moments() -> list[Any]:
    """Steps, delays after steps and timed moments; the others only for everything."""
    steps = [step for step in STEPS if EVERYTHING or step in QUICK_STEPS]
    later = [f"{step} + {seconds}" for step, seconds in LATER if EVERYTHING or seconds == 0.3]
    return [*steps, *later, *(fractions(14, 1) if EVERYTHING else [])]


def backup_moments() -> list[Any]:
    """States that can be seen, and timed moments."""
    return [*STATES, *fractions(45, 2)] if EVERYTHING else ["paused", "manifest"]


class KillStack(AppStack):
    """The stack, with stops that take a while."""

    def up(self) -> None:
        """Start it."""
        super().up()
        (self.folder / "docker-compose.override.yml").write_text(OVERRIDE)
        self.compose("up", "--detach")


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KillStack]:
    with running(KillStack(PROJECT, tmp_path_factory.mktemp("stack"), 17)) as stack:
        yield stack


@pytest.fixture(scope="module")
def repository(stack: KillStack, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Holds one set, in which all data has the marker "first"."""
    folder = tmp_path_factory.mktemp("repository")
    result = module("backup", stack, folder, folder)()
    assert result["changed"] is True, result
    return folder


@pytest.fixture(scope="module")
def options(stack: KillStack, repository: Path) -> dict[str, Any]:
    return {"project_name": stack.project, "repository": str(repository), "set": "latest", "jobs": 2}


@pytest.fixture(scope="module")
def restore_seconds(stack: KillStack, options: dict[str, Any]) -> float:
    """How long a whole restore takes here."""
    seconds, result = timed(drive, options)
    assert "error" not in result, result
    return float(seconds)


@pytest.fixture
def backup(stack: KillStack, repository: Path, tmp_path: Path) -> Module:
    return Module(
        "backup",
        {
            "project_name": stack.project,
            "repository": str(repository),
            "quiesce": "pause",
            "retention": {"keep_last": 500},
        },
        tmp_path,
    )


@pytest.fixture(scope="module")
def backup_seconds(stack: KillStack, repository: Path, tmp_path_factory: pytest.TempPathFactory) -> float:
    """How long a whole backup takes here."""
    folder = tmp_path_factory.mktemp("measured")
    seconds, result = timed(module("backup", stack, folder, folder), quiesce="pause")
    assert result["changed"] is True, result
    return float(seconds)


def assert_up(stack: KillStack) -> None:
    """All services run, now and after the longest grace period that a dead job may have begun."""
    wait_until(lambda: set(stack.states().values()) == {"running"}, 15, f"all run again: {stack.states()}")
    time.sleep(2.5)
    stack.wait_up()


@pytest.mark.parametrize("moment", restore_moments())
def test_restore_killed(
    stack: KillStack, options: dict[str, Any], request: pytest.FixtureRequest, moment: str | float
) -> None:
    stack.forget_kept()
    stack.write("second")
    before = stack.digest()
    if isinstance(moment, float):
        seconds = moment * request.getfixturevalue("restore_seconds")
        faults = {"": f"killed after {seconds}"}
    else:
        step, _plus, delay = moment.partition(" + ")
        faults = {step: f"killed after {delay}" if delay else "kill"}
    result = drive(options, faults)
    assert "error" not in result, result
    wait_until(lambda: stack.leftovers() == [], 60, "the guard has recovered the stack")
    assert_up(stack)
    [word] = stack.words()
    assert word == "first" or stack.digest() == before, "all old or all new"
    assert len(stack.kept()) == (4 if word == "first" else 0)
    assert not Journals(PROJECT).leftovers()
    again = drive(options)
    assert "error" not in again, again
    assert again["recovered"] is None
    assert stack.words() == {"first"}
    stack.wait_up()


def is_seen(state: str, stack: KillStack, repository: Path) -> bool:
    """Whether a backup has reached a state."""
    files = {
        "locked": "lock",
        "staging": "staging/*",
        "dump": "staging/*/databases/*/toc.dat",
        "archive": "staging/*/volumes/*",
        "manifest": "staging/*/manifest.json*",
    }
    if state in files:
        return next(repository.glob(files[state]), None) is not None
    return bool(helpers(repository)) if state == "helper" else "paused" in stack.states().values()


@pytest.mark.parametrize("moment", backup_moments())
def test_backup_killed(
    stack: KillStack,
    repository: Path,
    backup: Module,
    request: pytest.FixtureRequest,
    moment: str | float,
) -> None:
    sets = repository / "sets"
    before = {path.name for path in sets.iterdir() if (path / "manifest.json").exists()}
    digest = stack.digest()
    seconds = moment * request.getfixturevalue("backup_seconds") if isinstance(moment, float) else 0.0
    process = backup.start()
    if isinstance(moment, float):
        time.sleep(seconds)
    else:
        deadline = time.monotonic() + 60
        while process.poll() is None and not is_seen(moment, stack, repository) and time.monotonic() < deadline:
            time.sleep(0.002)
    if process.poll() is None:
        kill(process)
    else:
        assert "failed" not in finish(process)
    wait_until(lambda: helpers(repository) == [], 20, "no helper container is left")
    assert_up(stack)
    assert stack.digest() == digest
    after = {path.name for path in sets.iterdir() if path.is_dir()}
    assert before <= after, "no earlier set is lost"
    assert all((sets / name / "manifest.json").exists() for name in after), "a set is whole or not there"
    result = backup()
    assert "failed" not in result, result
    assert result["changed"] is True
    assert not any((repository / "staging").iterdir()), "the next run removes what the killed one has left"
    stack.wait_up()
