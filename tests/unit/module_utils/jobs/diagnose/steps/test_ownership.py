# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a service cannot use inside its volume: not what belongs to root on purpose, beside its own folders."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.jobs.diagnose.steps.identities import Identity
from ansible_collections.maxops.ops.plugins.module_utils.jobs.diagnose.steps.ownership import has_own, look_below

WORKER = Identity(54321, frozenset({54321}))

as_root = pytest.mark.skipif(os.getuid() != 0, reason="only root may give files to other users")


def owned(path: Path, user: int, mode: int = 0o755) -> Path:
    """A folder of a user."""
    path.mkdir()
    os.chown(path, user, user)
    path.chmod(mode)
    return path


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Gitea's volume as its image makes it: /data and /data/ssh belong to root, the rest to the service's user."""
    root = owned(tmp_path / "data", 0)
    owned(root / "ssh", 0, 0o700)
    owned(root / "lost+found", 0, 0o700)
    for folder in ("git", "git/repositories", "git/repositories/acme", "gitea", "gitea/conf"):
        owned(root / folder, WORKER.user)
    for name in ("app.git", "web.git"):
        owned(root / "git/repositories/acme" / name, WORKER.user)
        owned(root / "git/repositories/acme" / name / "objects", WORKER.user)
    return root


def found(root: Path) -> dict[str, tuple[bool, bool]]:
    """Paths below the root, each with whether it may be read, and whether it is in a repository."""
    look = look_below(str(root), [WORKER], time.monotonic() + 10)
    assert look.complete
    return {os.path.relpath(one.path, root): (one.readable, one.in_repository) for one in look.foreign}


@as_root
def test_volume_of_the_official_image_is_right(data: Path) -> None:
    assert has_own(str(data), [WORKER])
    assert found(data) == {}


@as_root
def test_repository_of_another_user_is_found(data: Path) -> None:
    repository = data / "git/repositories/acme/app.git"
    for path in (repository, repository / "objects"):
        os.chown(path, 0, 0)
    assert found(data) == {"git/repositories/acme/app.git": (True, True)}


@as_root
def test_part_of_a_repository_is_found(data: Path) -> None:
    os.chown(data / "git/repositories/acme/app.git/objects", 0, 0)
    assert found(data) == {"git/repositories/acme/app.git/objects": (True, True)}


@as_root
def test_folder_that_cannot_be_read_and_file_that_cannot_be_read_are_found(data: Path) -> None:
    owned(data / "gitea" / "attachments", 0, 0o700)
    for name, mode in (("app.ini", 0o600), ("readable.ini", 0o644)):
        (data / "gitea/conf" / name).touch()
        (data / "gitea/conf" / name).chmod(mode)
    assert found(data) == {"gitea/attachments": (False, False), "gitea/conf/app.ini": (False, False)}


@as_root
def test_link_to_a_folder_of_root_does_not_count(data: Path) -> None:
    (data / "gitea" / "link").symlink_to("/root")
    assert found(data) == {}


@as_root
def test_volume_without_own_folders(tmp_path: Path) -> None:
    root = owned(tmp_path / "data", 0)
    owned(root / "of-root", 0)
    assert not has_own(str(root), [WORKER])
    assert not has_own(str(root / "gone"), [WORKER])
    assert found(root) == {}


def test_look_ends_at_its_time(tmp_path: Path) -> None:
    look = look_below(str(tmp_path), [WORKER], time.monotonic() - 1)
    assert (look.complete, look.folders) == (False, 0)
