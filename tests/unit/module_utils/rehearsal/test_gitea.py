# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Gitea's LFS objects, attachments, packages and avatars, and their files."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.rehearsal import gitea
from ansible_collections.maxops.ops.tests.unit.restored_copy import Rows, Running, a_copy, found, put

UUID = "0f8fad5b-d9cb-469f-a165-70867728950e"
OID = hashlib.sha256(b"123456789").hexdigest()
BLOB = hashlib.sha256(b"package").hexdigest()
LFS_FILE = f"{OID[:2]}/{OID[2:4]}/{OID[4:]}"
PACKAGE_FILE = f"{BLOB[:2]}/{BLOB[2:4]}/{BLOB}"
ATTACHMENT_FILE = f"{UUID[0]}/{UUID[1]}/{UUID}"


def rows(**tables: list[dict[str, Any]]) -> Rows:
    """One row of each kind, and no repository."""
    return Rows(
        **{
            "repository": [],
            "lfs_meta_object": [{"id": 1, "oid": OID, "size": 9}],
            "attachment": [{"id": 1, "uuid": UUID, "size": 3}],
            "package_blob": [{"id": 1, "hash_sha256": BLOB, "size": 7}],
            "user": [{"id": 2, "avatar": "a1b2", "use_custom_avatar": True}],
            **tables,
        }
    )


def fill(top: str, standard: bool = True) -> None:
    """The files of :func:`rows` as the standard image keeps them, or the rootless one."""
    lfs, rest = ("git/lfs", "gitea") if standard else ("data/lfs", "data")
    put(top, f"{lfs}/{LFS_FILE}", "123456789")
    put(top, f"{rest}/attachments/{ATTACHMENT_FILE}", "abc")
    put(top, f"{rest}/packages/{PACKAGE_FILE}", "package")
    put(top, f"{rest}/avatars/a1b2")


@pytest.mark.parametrize("standard", [True, False])
def test_good_copy_has_no_finding(tmp_path: Path, standard: bool) -> None:
    content = a_copy(tmp_path, ["gitea-data"])
    fill(content.volumes["gitea-data"], standard)
    assert gitea.check(content, rows()) == {
        "repositories": 0,
        "git_repositories": 0,
        "lfs_meta_object_rows": 1,
        "lfs_meta_object_files": 1,
        "attachment_rows": 1,
        "attachment_files": 1,
        "package_blob_rows": 1,
        "package_blob_files": 1,
        "avatars_rows": 1,
        "avatars_files": 1,
    }
    assert found(content) == []
    assert content.not_compared == [gitea.NOT_COMPARED]


@pytest.mark.parametrize(("standard", "top"), [(True, "gitea"), (False, "data")])
def test_lost_and_truncated_files_are_found_where_the_set_has_them(tmp_path: Path, standard: bool, top: str) -> None:
    content = a_copy(tmp_path, ["gitea-data"])
    volume = Path(content.volumes["gitea-data"])
    fill(str(volume), standard)
    (volume / top / "packages" / PACKAGE_FILE).write_text("pack")
    (volume / top / "attachments" / ATTACHMENT_FILE).unlink()
    (volume / top / "avatars/a1b2").unlink()
    gitea.check(content, rows())
    assert {(finding.state, finding.subject): finding.seen for finding in content.subject.findings.all()} == {
        ("critical", f"attachment 1 ({UUID})"): f"has no file (gitea-data: {top}/attachments/{ATTACHMENT_FILE})",
        ("critical", f"package_blob 1 ({BLOB})"): f"has a file of 4 bytes (gitea-data: {top}/packages/{PACKAGE_FILE})",
        ("warning", "user 2 (a1b2)"): f"has no file (gitea-data: {top}/avatars/a1b2)",
    }


def test_right_size_with_wrong_bytes_is_found(tmp_path: Path) -> None:
    content = a_copy(tmp_path, ["gitea-data"])
    fill(content.volumes["gitea-data"])
    put(content.volumes["gitea-data"], f"git/lfs/{LFS_FILE}", "12345678X")
    put(content.volumes["gitea-data"], f"gitea/packages/{PACKAGE_FILE}", "pAckage")
    gitea.check(content, rows())
    assert found(content) == [
        ("critical", "unclear", f"lfs_meta_object {OID}"),
        ("critical", "unclear", f"package_blob {BLOB}"),
    ]


def test_unfinished_uploads_and_avatars_without_a_row_are_no_orphans(tmp_path: Path) -> None:
    content = a_copy(tmp_path, ["gitea-data"], quiesce="pause")
    top = content.volumes["gitea-data"]
    fill(top)
    for folder in ("git/lfs", "gitea/attachments", "gitea/packages"):
        put(top, f"{folder}/tmp/upload-1234")
    put(top, "gitea/avatars/old")
    put(top, "gitea/attachments/1/2/12345678-stray")
    gitea.check(content, rows())
    assert found(content) == [("warning", "", "gitea-data: gitea/attachments/1/2/12345678-stray")]


def test_folder_of_such_a_name_in_another_volume_is_not_taken_for_its_own(tmp_path: Path) -> None:
    content = a_copy(tmp_path, ["npm", "gitea-data"], quiesce="pause")
    put(content.volumes["npm"], "packages/left-pad.tgz")
    fill(content.volumes["gitea-data"])
    gitea.check(content, rows())
    assert found(content) == []
    other = a_copy(tmp_path / "other", ["npm"], quiesce="pause")
    put(other.volumes["npm"], "packages/left-pad.tgz")
    gitea.check(other, rows(package_blob=[], attachment=[], lfs_meta_object=[]))
    assert found(other) == []


def test_set_without_any_part_of_it_is_one_error(tmp_path: Path) -> None:
    reason = "a folder of the host that service gitea has at /data"
    content = a_copy(
        tmp_path, ["openproject-assets"], left_out=[{"kind": "folder", "name": "/srv/g", "reason": reason}]
    )
    many = [{"id": number, "uuid": str(number), "size": 3} for number in range(72)]
    gitea.check(content, rows(attachment=many, repository=[]))
    [finding] = content.subject.findings.all()
    assert (finding.state, finding.cause, finding.subject) == ("critical", "set", "Gitea")
    assert finding.seen == (
        f"its data is in no volume or folder of this set, left out: /srv/g ({reason}) "
        "(1 LFS object, 72 attachments, 1 package file without files)"
    )


def test_excluded_data_are_not_covered(tmp_path: Path) -> None:
    content = a_copy(tmp_path, left_out=[{"kind": "volume", "name": "gitea-data", "reason": "excluded"}])
    gitea.check(content, rows())
    assert found(content) == [("warning", "coverage", "Gitea")]
    assert content.subject.findings.passed


def test_missing_folder_beside_others_is_one_error(tmp_path: Path) -> None:
    content = a_copy(tmp_path, ["gitea-data"], Running(problem="another host"))
    put(content.volumes["gitea-data"], f"git/lfs/{LFS_FILE}", "123456789")
    gitea.check(content, rows())
    assert found(content) == [
        ("critical", "unclear", "Gitea: attachments"),
        ("critical", "unclear", "Gitea: package files"),
    ]


def test_object_storage_in_app_ini_is_said_once_and_not_compared(tmp_path: Path) -> None:
    content = a_copy(tmp_path, ["gitea-data"])
    put(
        content.volumes["gitea-data"],
        "gitea/conf/app.ini",
        "[storage]\nSTORAGE_TYPE = minio\n[lfs]\nSTORAGE_TYPE = local\n",
    )
    put(content.volumes["gitea-data"], f"git/lfs/{LFS_FILE}", "123456789")
    gitea.check(content, rows())
    [finding] = content.subject.findings.all()
    assert (finding.state, finding.cause, finding.subject) == ("warning", "coverage", "Gitea")
    minio = "minio ([storage] STORAGE_TYPE of app.ini)"
    assert content.not_covered == [
        f"Gitea: attachments in {minio}, package files in {minio}, avatars of people in {minio}"
    ]


def test_one_kind_in_object_storage_by_the_manifest(tmp_path: Path) -> None:
    entry = {"application": "gitea", "what": "packages", "type": "minio", "source": "GITEA__packages__STORAGE_TYPE"}
    content = a_copy(tmp_path, ["gitea-data"], object_storage=[entry])
    fill(content.volumes["gitea-data"])
    (Path(content.volumes["gitea-data"]) / "gitea/packages" / PACKAGE_FILE).unlink()
    gitea.check(content, rows())
    assert found(content) == [("warning", "coverage", "Gitea")]
