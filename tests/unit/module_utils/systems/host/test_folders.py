# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Folders of the system are told apart from those of applications."""

from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.systems.host import folders
from ansible_collections.maxops.ops.plugins.module_utils.systems.host.folders import is_inside, system_kind


@pytest.mark.parametrize(
    ("kind", "paths"),
    [
        (folders.RUNTIME, "/proc /sys/fs/cgroup /dev /dev/shm /run /var/run /run/docker /var/run/docker.sock"),
        (folders.ENGINE, "/var/lib/docker /var/lib/docker/volumes /var/lib/containerd/x /data/docker/volumes"),
        (folders.SYSTEM, "/ /etc /var /var/lib /var/log /usr/share/zoneinfo /lib/modules /boot /tmp /etc/ssl"),
        (folders.SHARED, "/home /opt /srv /root /mnt /media"),
        ("", "/opt/shop /srv/gitea /var/lib/gitea /etc/letsencrypt /home/anna/data /var/openproject /usr/local/gitea"),
        ("", "/var/lib/dockerdata /processes /development /running /tmp/data /mnt/disk/assets"),
    ],
)
def test_kinds_of_folders(kind: str, paths: str) -> None:
    assert {path: system_kind(path, "/data/docker") for path in paths.split()} == dict.fromkeys(paths.split(), kind)


def test_link_to_a_folder_of_the_system_is_one(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("/proc")
    assert system_kind(str(tmp_path / "link")) == folders.RUNTIME
    assert system_kind("/opt/shop/../../etc") == folders.SYSTEM


@pytest.mark.parametrize(
    ("path", "folder", "inside"),
    [
        ("/a/b", "/a", True),
        ("/a", "/a", True),
        ("/a", "/a/", True),
        ("/ab", "/a", False),
        ("/a", "/a/b", False),
        ("/a", "/", True),
        ("/", "/", True),
    ],
)
def test_inside(path: str, folder: str, inside: bool) -> None:
    assert is_inside(path, folder) is inside


def test_mount_points_below_a_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    points = ["/", "/srv", "/srv/data", "/srv/data/big disk", "/srv/data/big disk/more", "/srv/database"]
    monkeypatch.setattr(folders, "mount_points", lambda: points)
    assert folders.mount_points_below("/srv/data") == ["/srv/data/big disk", "/srv/data/big disk/more"]


def test_mount_points_of_this_host() -> None:
    points = list(folders.mount_points())
    assert "/proc" in points
    assert not [point for point in points if "\\040" in point]
