# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Mount tables of processes, as the kernel writes them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.swap.mounts import mounts_any, users_of

FOLDER = "/var/lib/docker/volumes/shop_data/_data.maxops-previous-20261130T120000Z"


def process(proc: Path, pid: int, root: str, namespace: str = "") -> None:
    folder = proc / str(pid)
    (folder / "ns").mkdir(parents=True)
    os.symlink(namespace or f"mnt:[{pid}]", folder / "ns" / "mnt")
    (folder / "comm").write_text("sleep\n")
    lines = ["21 1 8:1 / / rw,relatime - ext4 /dev/sda1 rw", f"99 21 8:1 {root} /data rw,relatime - ext4 /dev/sda1 rw"]
    (folder / "mountinfo").write_text("\n".join(lines) + "\n")


@pytest.mark.parametrize(
    ("root", "expected"),
    [
        (FOLDER, True),
        ("/volumes/shop_data/_data.maxops-previous-20261130T120000Z", True),  # Docker's folder is a disk of its own
        (FOLDER + "/git", True),
        ("/_data.maxops-previous-20261130T120000Z", True),
        ("/var/lib/docker/volumes/shop_data/_data", False),
        ("/var/lib/docker/volumes/shop_other/_data.maxops-previous-20261130T120000Z", False),
        ("/", False),
    ],
)
def test_the_mount_of_a_folder_is_found_under_any_file_system(tmp_path: Path, root: str, expected: bool) -> None:
    process(tmp_path, 7, root)
    assert mounts_any(7, [FOLDER], str(tmp_path)) is expected


def test_names_with_spaces_are_read(tmp_path: Path) -> None:
    process(tmp_path, 7, r"/srv/my\040data.maxops-new-X")
    assert mounts_any(7, ["/srv/my data.maxops-new-X"], str(tmp_path))


def test_an_unknown_process_mounts_nothing(tmp_path: Path) -> None:
    assert not mounts_any(7, [FOLDER], str(tmp_path))


def test_each_mount_namespace_is_named_once(tmp_path: Path) -> None:
    process(tmp_path, 10, FOLDER, "mnt:[1]")
    process(tmp_path, 9, FOLDER, "mnt:[1]")
    process(tmp_path, 11, "/elsewhere")
    assert users_of(FOLDER, str(tmp_path)) == ["process 9 (sleep)"]
