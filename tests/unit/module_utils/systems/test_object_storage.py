# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Object storage is read from every source that the applications take it from."""

from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.systems.object_storage import GITEA_KINDS, object_storage
from ansible_collections.maxops.ops.tests.unit.stacks import bind, container


def found(service: str, **environment: str) -> list[tuple[str, str, str, str]]:
    entries = object_storage(container(service, environment=environment))
    return [(entry.application, entry.what, entry.type, entry.source) for entry in entries]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("OPENPROJECT_ATTACHMENTS__STORAGE", "fog"),
        ("OPENPROJECT_ATTACHMENTS__STORAGE", '"fog"'),
        ("OPENPROJECT_ATTACHMENTS__STORAGE", ":fog"),
        ("OPENPROJECT_ATTACHMENTS_STORAGE", "Fog"),
    ],
)
def test_attachments_of_openproject(name: str, value: str) -> None:
    assert found("web", **{name: value}) == [("OpenProject", "attachments", "fog", f"{name}=fog")]


@pytest.mark.parametrize("value", ["", "file", '"file"', "FILE"])
def test_attachments_of_openproject_in_files(value: str) -> None:
    assert found("web", OPENPROJECT_ATTACHMENTS__STORAGE=value) == []


@pytest.mark.parametrize(
    "name", ["GITEA__storage__STORAGE_TYPE", "GITEA__STORAGE__STORAGE_TYPE", "FORGEJO__storage__STORAGE_TYPE"]
)
def test_common_storage_of_gitea_is_that_of_every_kind(name: str) -> None:
    assert found("server", **{name: "minio"}) == [("Gitea", what, "minio", f"{name}=minio") for what in GITEA_KINDS]


def test_own_section_wins_over_the_common_one() -> None:
    entries = found("gitea", GITEA__storage__STORAGE_TYPE="minio", GITEA__attachment__STORAGE_TYPE="local")
    assert {what for _application, what, _type, _source in entries} == set(GITEA_KINDS) - {"attachment"}


@pytest.mark.parametrize(
    ("environment", "what", "kind"),
    [
        ({"GITEA__attachment__STORAGE_TYPE": "minio"}, "attachment", "minio"),
        ({"GITEA__lfs__STORAGE_TYPE": "azureblob"}, "lfs", "azureblob"),
        ({"GITEA__storage_0X2E_packages__STORAGE_TYPE": "minio"}, "packages", "minio"),
        ({"GITEA__storage_0x2e_packages__STORAGE_TYPE": "minio"}, "packages", "minio"),
        ({"GITEA__picture__AVATAR_STORAGE_TYPE": "minio"}, "avatar", "minio"),
        ({"GITEA__storage_0X2E_actions_0X5F_log__STORAGE_TYPE": "minio"}, "actions_log", "minio"),
        (
            {"GITEA__lfs__STORAGE_TYPE": "my_minio", "GITEA__storage_0X2E_my_minio__STORAGE_TYPE": "minio"},
            "lfs",
            "minio",
        ),
    ],
)
def test_one_kind_of_gitea(environment: dict[str, str], what: str, kind: str) -> None:
    [(application, seen, type_, source)] = found("server", **environment)
    assert (application, seen, type_) == ("Gitea", what, kind)
    assert source == "=".join(next(iter(environment.items())))


def test_named_storage_that_is_local_keeps_files_here() -> None:
    environment = {"GITEA__lfs__STORAGE_TYPE": "disk2", "GITEA__storage_0X2E_disk2__STORAGE_TYPE": "local"}
    assert found("gitea", **environment) == []
    assert found("gitea", GITEA__storage__MINIO_ENDPOINT="unused:9000") == []
    assert found("other", STORAGE_TYPE="minio") == []


def test_entries_of_app_ini_count_unless_a_variable_replaces_them(tmp_path: Path) -> None:
    (tmp_path / "gitea/conf").mkdir(parents=True)
    (tmp_path / "gitea/conf/app.ini").write_text(
        "[storage]\nSTORAGE_TYPE = local\n[lfs]\nSTORAGE_TYPE = minio\nMINIO_SECRET_ACCESS_KEY = secret\n"
    )
    mount = bind(str(tmp_path), "/data", writable=True)
    [entry] = object_storage(container("gitea", mount))
    assert entry.to_dict() == {
        "application": "Gitea",
        "what": "lfs",
        "type": "minio",
        "source": "[lfs] STORAGE_TYPE = minio of /data/gitea/conf/app.ini",
    }
    assert entry.in_words() == "LFS objects"
    assert object_storage(container("gitea", mount, environment={"GITEA__lfs__STORAGE_TYPE": "local"})) == []
