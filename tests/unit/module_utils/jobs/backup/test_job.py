# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the parts of a backup end together, and what it does once its set is in its place."""

from __future__ import annotations

import datetime
import os
import signal
import threading
import time
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.jobs.backup import job as backup_job
from ansible_collections.maxops.ops.plugins.module_utils.jobs.backup.options import BackupOptions
from ansible_collections.maxops.ops.plugins.module_utils.jobs.backup.values import BackupPlan, DatabasePart
from ansible_collections.maxops.ops.plugins.module_utils.jobs.backup.volumes import VolumeGroup
from ansible_collections.maxops.ops.plugins.module_utils.storage.backup_set import Layout
from ansible_collections.maxops.ops.plugins.module_utils.storage.repository.local import Repository
from ansible_collections.maxops.ops.plugins.module_utils.storage.retention import Policy
from ansible_collections.maxops.ops.plugins.module_utils.systems.access import Access
from ansible_collections.maxops.ops.plugins.module_utils.systems.postgresql.session import DatabaseFacts
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import Cancelled, MaxopsError
from ansible_collections.maxops.ops.tests.unit.stacks import stack_of

MOMENT = datetime.datetime(2026, 11, 23, 2, tzinfo=datetime.timezone.utc)


def options(repository: Repository) -> BackupOptions:
    return BackupOptions(Access("shop"), repository.path, retention=Policy(keep_last=1))


def test_unfinished_set_goes_although_the_daemon_has_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = BackupPlan(stack_of(), Repository(str(tmp_path / "repository")))
    asked: list[str] = []

    def fail(key: str) -> list[str]:
        asked.append(key)
        raise MaxopsError("the daemon is gone")

    monkeypatch.setattr(plan.stack, "remove_helpers", fail)
    with plan.repository.locked("test"):
        _set_id, layout = plan.repository.begin(MOMENT)
        backup_job._undo(plan, layout)
        assert os.listdir(plan.repository.staging_path) == []
        backup_job._undo(plan, layout)
    assert asked == [plan.repository.path] * 2


@pytest.fixture
def backup(tmp_path: Path) -> backup_job.Backup:
    """A backup of a set without parts."""
    repository = Repository(str(tmp_path / "repository"))
    layout = Layout(str(tmp_path / "set"))
    return backup_job.Backup(options(repository), BackupPlan(stack_of(), repository), "20261123T020000Z", layout)


def test_parts_are_given_in_the_order_of_their_tasks(backup: backup_job.Backup) -> None:
    later = threading.Event()

    def first() -> list[dict[str, Any]]:
        assert later.wait(10)
        return [{"name": "first"}]

    def second() -> list[dict[str, Any]]:
        later.set()
        return [{"name": "second"}, {"name": "third"}]

    assert backup._run_all([first, second]) == [[{"name": "first"}], [{"name": "second"}, {"name": "third"}]]


def test_first_failure_is_raised_and_not_its_consequences(backup: backup_job.Backup) -> None:
    waiting: Future[Any] = Future()
    backup.dumps._snapshots["shop"] = waiting
    stopped = threading.Event()

    def breaks() -> list[dict[str, Any]]:
        backup.cancellation.cancel("one of my own threads failed")
        assert stopped.wait(10)
        time.sleep(0.05)
        raise MaxopsError("the cause")

    def stops() -> list[dict[str, Any]]:
        try:
            while True:
                backup.cancellation.check()
        finally:
            stopped.set()

    def waits() -> list[dict[str, Any]]:
        return [{"snapshot": waiting.result()}]

    with pytest.raises(MaxopsError, match=r"^the cause$"):
        backup._run_all([stops, waits, breaks])


def test_stop_by_a_signal_is_raised_as_cancelled(backup: backup_job.Backup) -> None:
    def stopped_by_signal(_number: int, _frame: object) -> None:
        raise Cancelled("stopped by signal SIGTERM")

    def breaks() -> list[dict[str, Any]]:
        os.kill(os.getpid(), signal.SIGUSR1)
        with suppress(Cancelled):
            while True:
                backup.cancellation.check()
        raise MaxopsError("a consequence")

    before = signal.signal(signal.SIGUSR1, stopped_by_signal)
    try:
        with pytest.raises(Cancelled, match=r"^stopped by signal SIGTERM$"):
            backup._run_all([breaks])
    finally:
        signal.signal(signal.SIGUSR1, before)


def test_a_database_that_failed_is_not_saved_again_with_its_application(backup: backup_job.Backup) -> None:
    names = ("shop", "gitea", "other")
    backup.plan.databases = [DatabasePart(DatabaseFacts(name, 1, "u", "UTF8", "C", "C"), 1) for name in names]
    group = VolumeGroup([], databases=["shop", "gitea"])
    backup.groups = [group]
    backup.dumps.failed = {"shop": MaxopsError("broken")}
    databases, groups = backup._to_save_again({"gitea"})
    assert ([part.name for part in databases], groups) == (["gitea"], [group])
