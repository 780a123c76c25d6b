# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What app.ini of a set says about Gitea's files."""

from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.rehearsal.gitea_settings import GiteaSettings, read_settings
from ansible_collections.maxops.ops.tests.unit.restored_copy import a_copy, put


def settings(**entries: str) -> GiteaSettings:
    """Entries as section__KEY, a dot as two dashes."""
    pairs = (name.split("__") for name in entries)
    return GiteaSettings({(section.replace("_9_", "."), key): entries[f"{section}__{key}"] for section, key in pairs})


@pytest.mark.parametrize(
    ("found", "kind", "expected"),
    [
        (settings(), "lfs", ""),
        (settings(storage__STORAGE_TYPE="local"), "lfs", ""),
        (settings(storage__STORAGE_TYPE="minio"), "lfs", "minio ([storage] STORAGE_TYPE of app.ini)"),
        (settings(storage__STORAGE_TYPE="minio", lfs__STORAGE_TYPE="local"), "lfs", ""),
        (settings(lfs__STORAGE_TYPE="minio"), "attachment", ""),
        (
            settings(attachment__STORAGE_TYPE="azureblob"),
            "attachment",
            "azureblob ([attachment] STORAGE_TYPE of app.ini)",
        ),
        (
            settings(storage_9_packages__STORAGE_TYPE="minio"),
            "packages",
            "minio ([storage.packages] STORAGE_TYPE of app.ini)",
        ),
        (settings(lfs__STORAGE_TYPE="disk", storage_9_disk__STORAGE_TYPE="local"), "lfs", ""),
        (
            settings(lfs__STORAGE_TYPE="far", storage_9_far__STORAGE_TYPE="minio"),
            "lfs",
            "minio ([lfs] STORAGE_TYPE of app.ini)",
        ),
        (settings(picture__AVATAR_STORAGE_TYPE="minio"), "avatar", "minio ([picture] AVATAR_STORAGE_TYPE of app.ini)"),
    ],
)
def test_object_storage_of_a_kind(found: GiteaSettings, kind: str, expected: str) -> None:
    stored = {entry["what"]: f"{entry['type']} ({entry['source']})" for entry in found.object_storage()}
    assert stored.get(kind, "") == expected


def test_configured_folder_comes_first() -> None:
    places = settings(lfs__PATH="/data/big/lfs").places("lfs", ("git/lfs", "lfs"))
    assert places[:2] == ("/data/big/lfs", "big/lfs")
    assert {"/data/git/lfs", "/var/lib/gitea/git/lfs", "git/lfs", "lfs"} <= set(places)
    assert settings(repository__ROOT="relative").folder("repositories") == ""


@pytest.mark.parametrize("path", ["gitea/conf/app.ini", "custom/conf/app.ini", "app.ini"])
def test_settings_are_read_from_the_set(tmp_path: Path, path: str) -> None:
    content = a_copy(tmp_path, ["gitea-data"])
    assert read_settings(content) == GiteaSettings()
    put(content.volumes["gitea-data"], path, "APP_NAME = x\n[Storage]\nSTORAGE_TYPE = minio\n")
    stored = {entry["what"]: (entry["type"], entry["source"]) for entry in read_settings(content).object_storage()}
    assert stored["lfs"] == ("minio", "[storage] STORAGE_TYPE of app.ini")


def test_link_that_leads_out_of_the_set_is_not_read(tmp_path: Path) -> None:
    content = a_copy(tmp_path, ["gitea-data"])
    put(tmp_path, "outside/app.ini", "[storage]\nSTORAGE_TYPE = minio\n")
    Path(content.volumes["gitea-data"], "app.ini").symlink_to(tmp_path / "outside/app.ini")
    Path(content.volumes["gitea-data"], "git").symlink_to(tmp_path / "outside")
    assert read_settings(content) == GiteaSettings()
    assert content.find_folder("git") is None
