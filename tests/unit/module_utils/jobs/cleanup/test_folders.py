# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which folders of killed jobs are removed."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.jobs.cleanup.folders import plan_folders
from ansible_collections.maxops.ops.plugins.module_utils.jobs.cleanup.plan import (
    CleanupOptions,
    Plan,
)
from ansible_collections.maxops.ops.plugins.module_utils.systems.access import Access
from ansible_collections.maxops.ops.plugins.module_utils.tools.locks import exclusive_lock

DAY = 86400.0


@pytest.fixture
def folders(tmp_path, monkeypatch):
    """A repository and a folder for temporary files, with leftovers of two days ago."""
    temporary = tmp_path / "tmp"
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    old = time.time() - 2 * DAY
    for path in ("tmp/maxops-abcd1234", "tmp/maxops-list-abcd1234", "tmp/maxops-demo", "tmp/other", "r/staging/set"):
        (tmp_path / path).mkdir(parents=True)
        (tmp_path / path / "0").write_text("x" * 5000)
        for folder in (tmp_path / path / "0", tmp_path / path):
            os.utime(folder, (old, old))
    (tmp_path / "tmp" / "maxops-link5678").symlink_to(tmp_path / "tmp" / "other")
    return tmp_path


def planned_folders(folders):
    plan = Plan()
    plan_folders(plan, CleanupOptions(Access("lab"), str(folders / "r")), time.time())
    return {os.path.relpath(item.target, folders): item for item in plan.items}, plan.kept


def test_only_folders_of_killed_jobs_are_removed(folders):
    going, kept = planned_folders(folders)
    assert set(going) == {"tmp/maxops-abcd1234", "tmp/maxops-list-abcd1234", "r/staging/set"}
    assert going["r/staging/set"].bytes >= 5000
    assert kept == []


def test_recently_changed_folder_is_kept(folders):
    os.utime(folders / "tmp" / "maxops-abcd1234" / "0")
    assert "tmp/maxops-abcd1234" not in planned_folders(folders)[0]


def test_folder_in_use_by_a_running_process_is_kept(folders):
    path = folders / "tmp" / "maxops-abcd1234" / "0"
    script = "import sys; open(sys.argv[1]); f = open(sys.argv[1]); print(flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", script, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        process.stdout.readline()
        going, kept = planned_folders(folders)
        process.communicate()
    assert "tmp/maxops-abcd1234" not in going
    assert kept[0]["reason"] == "a running process uses it"


def test_unfinished_set_of_a_running_backup_is_kept(folders):
    with exclusive_lock(str(folders / "r" / "lock"), "repository", "backup of lab"):
        going, kept = planned_folders(folders)
    assert "r/staging/set" not in going
    assert "backup of lab" in kept[0]["reason"]


def test_missing_repository_is_not_an_error(tmp_path):
    plan = Plan()
    plan_folders(plan, CleanupOptions(Access("lab"), str(tmp_path / "none")), time.time())
    assert [item for item in plan.items if item.kind == "staging"] == []
