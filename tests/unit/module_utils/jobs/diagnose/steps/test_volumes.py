# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which volumes keep a service from working, and how sure that is."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.jobs.diagnose.cause import (
    CERTAIN,
    LIKELY,
    POSSIBLE,
    Cause,
    confirmed,
)
from ansible_collections.maxops.ops.plugins.module_utils.jobs.diagnose.steps.volumes import check_volumes
from ansible_collections.maxops.ops.tests.unit.diagnoses import inspection, view_of
from ansible_collections.maxops.ops.tests.unit.stacks import volume_mount

WORKER = 54321
HEALTHY = {"health": "healthy", "user": str(WORKER)}
CRASHING = {"state": "restarting", "user": str(WORKER)}
STOPPED = {"state": "exited", "exit_code": 0, "policy": "unless-stopped", "user": str(WORKER)}

pytestmark = pytest.mark.skipif(os.getuid() != 0, reason="only root may give files to other users")


def owned(path: Path, user: int, mode: int = 0o755) -> Path:
    """A folder of a user."""
    path.mkdir(parents=True)
    os.chown(path, user, user)
    path.chmod(mode)
    return path


def causes(folder: Path, **facts: Any) -> list[Cause]:
    """The causes for one service with this volume, as sure as a diagnosis shows them."""
    service = inspection("gitea", volume_mount("gitea-data", str(folder)), **facts)
    view = view_of(service)
    return [confirmed(cause, ["gitea"] if service.healthy else []) for cause in check_volumes(view).causes]


def likelihoods(folder: Path, **facts: Any) -> list[str]:
    """How sure they are."""
    found = causes(folder, **facts)
    assert {(cause.check, cause.subject) for cause in found} <= {("volume_permissions", "volume gitea-data")}
    return [cause.likelihood for cause in found]


@pytest.mark.parametrize("facts", [HEALTHY, CRASHING, STOPPED])
def test_root_of_root_with_folders_of_the_service_is_right(tmp_path: Path, facts: dict[str, Any]) -> None:
    data = owned(tmp_path / "data", 0)
    owned(data / "git", WORKER)
    owned(data / "gitea", WORKER)
    owned(data / "ssh", 0, 0o700)
    assert likelihoods(data, **facts) == []
    # Without a user in its image, the service works as the user of most folders.
    assert likelihoods(data, **{**facts, "user": ""}) == []


@pytest.mark.parametrize(("facts", "likelihood"), [(HEALTHY, LIKELY), (CRASHING, CERTAIN), (STOPPED, LIKELY)])
def test_root_that_cannot_be_read_is_certain_only_for_a_service_that_fails(
    tmp_path: Path, facts: dict[str, Any], likelihood: str
) -> None:
    data = owned(tmp_path / "data", 0, 0o700)
    owned(data / "git", WORKER)
    assert likelihoods(data, **facts) == [likelihood]
    [cause] = causes(data, **facts)
    assert cause.fix.startswith(f"chown {WORKER}:{WORKER} {data} && chmod u+rwx {data}")


@pytest.mark.parametrize(("facts", "likelihood"), [(HEALTHY, POSSIBLE), (CRASHING, LIKELY)])
def test_root_that_can_only_be_read(tmp_path: Path, facts: dict[str, Any], likelihood: str) -> None:
    data = owned(tmp_path / "data", 0)
    assert likelihoods(data, **facts) == [likelihood]
    assert "may read it, but not write there" in causes(data, **facts)[0].seen


def test_repository_of_root_is_found_and_given_back(tmp_path: Path) -> None:
    data = owned(tmp_path / "my data", 0)
    acme = owned(owned(owned(data / "git", WORKER) / "repositories", WORKER) / "acme", WORKER)
    owned(acme / "web.git", WORKER)
    path = owned(acme / "app.git", 0)
    [cause] = causes(data, **HEALTHY)
    assert cause.likelihood == LIKELY
    assert cause.seen == (f"{path} belongs to 0:0 with mode 0755: gitea runs as user {WORKER}, and cannot write there")
    assert cause.fix == f"chown -R {WORKER}:{WORKER} '{path}' && chmod -R u+rwX '{path}'"
    assert "each push" in cause.evidence[1]


def test_many_are_one_cause_with_some_of_the_paths(tmp_path: Path) -> None:
    acme = owned(tmp_path / "acme", WORKER)
    for number in range(7):
        owned(acme / f"{number}.git", 0)
    [cause] = causes(acme, **HEALTHY)
    assert ", and 6 more: " in cause.seen
    assert cause.fix.count(".git") == 2 * 5
    assert "2 more are not in the command" in cause.evidence[-1]


def test_folder_that_a_healthy_service_may_not_need_is_possible(tmp_path: Path) -> None:
    data = owned(tmp_path / "data", WORKER)
    owned(data / "backup-of-an-administrator", 0, 0o700)
    assert likelihoods(data, **HEALTHY) == [POSSIBLE]
    assert likelihoods(data, **CRASHING) == [LIKELY]


def test_missing_folder_is_certain_only_where_the_service_fails(tmp_path: Path) -> None:
    for facts, likelihood in ((HEALTHY, LIKELY), (CRASHING, CERTAIN), (STOPPED, CERTAIN)):
        [cause] = causes(tmp_path / "gone", **facts)
        assert (cause.check, cause.likelihood) == ("volume_missing", likelihood)
