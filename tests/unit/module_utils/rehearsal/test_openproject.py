# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""OpenProject's attachments and their files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.rehearsal import openproject
from ansible_collections.maxops.ops.tests.unit.restored_copy import Rows, Running, a_copy, found, put

NAMES = ("id", "file", "filesize", "container_type", "content_type", "status")


def attachments(*rows: tuple[Any, ...]) -> Rows:
    return Rows(attachments=[dict(zip(NAMES, (*row[:3], "x", "y", row[3] if len(row) > 3 else 0))) for row in rows])


@pytest.mark.parametrize(
    "place", ["files/attachment/file", "assets/files/attachment/file", "var/openproject/assets/files/attachment/file"]
)
def test_each_row_has_its_file_in_the_place_that_the_set_has(tmp_path: Path, place: str) -> None:
    content = a_copy(tmp_path, ["openproject-assets"], Running(problem="another host"))
    put(content.volumes["openproject-assets"], f"{place}/1/계획.pdf", "abc")
    put(content.volumes["openproject-assets"], f"{place}/2/short.pdf", "ab")
    rows = attachments((1, "계획.pdf", 3), (2, "short.pdf", 3), (3, "lost.pdf", 3), (4, "soon.pdf", 3, 1), (5, None, 0))
    assert openproject.check(content, rows) == {"attachments": 5, "attachment_files": 2}
    assert {finding.subject: finding.seen for finding in content.subject.findings.all()} == {
        "attachment 2 (short.pdf)": f"has a file of 2 bytes (openproject-assets: {place}/2/short.pdf)",
        "attachment 3 (lost.pdf)": f"has no file (openproject-assets: {place}/3/lost.pdf)",
    }


def test_scanned_attachment_is_the_same_row(tmp_path: Path) -> None:
    live = Running({"openproject-assets": str(tmp_path / "live")}, {1: ("lost.pdf", 3), 2: ("lost.pdf", 3)})
    content = a_copy(tmp_path, ["openproject-assets"], live)
    put(content.volumes["openproject-assets"], "files/attachment/file/9/f")
    put(tmp_path, "live/files/attachment/file/1/lost.pdf", "abc")
    openproject.check(content, attachments((1, "lost.pdf", 3, 0), (2, "lost.pdf", 3, 4)))
    assert found(content)[:2] == [
        ("critical", "set", "attachment 1 (lost.pdf)"),
        ("warning", "production", "attachment 2 (lost.pdf)"),
    ]


def test_folder_that_a_deleted_attachment_left_behind_is_no_file(tmp_path: Path) -> None:
    content = a_copy(tmp_path, ["openproject-assets"], quiesce="pause")
    top = content.volumes["openproject-assets"]
    put(top, "files/attachment/file/1/plan.pdf", "abc")
    put(top, "files/attachment/file/7/stray.pdf")
    Path(top, "files/attachment/file/99").mkdir()
    Path(top, "files/attachment/file/98/empty").mkdir(parents=True)
    assert openproject.check(content, attachments((1, "plan.pdf", 3))) == {"attachments": 1, "attachment_files": 2}
    assert found(content) == [("warning", "", "openproject-assets: files/attachment/file/7")]
    assert content.not_compared == [openproject.NOT_COMPARED]


def test_file_without_a_row_in_a_set_without_a_pause_is_a_notice(tmp_path: Path) -> None:
    content = a_copy(tmp_path, ["openproject-assets"], quiesce="none")
    put(content.volumes["openproject-assets"], "files/attachment/file/7/new.pdf")
    openproject.check(content, attachments())
    assert found(content) == [("notice", "changed", "openproject-assets: files/attachment/file/7")]


def test_folder_of_the_host_is_found_by_where_the_service_has_it(tmp_path: Path) -> None:
    mounts = [{"service": "web", "target": "/var/openproject/assets/files"}]
    content = a_copy(tmp_path, ["/srv/files"], parts=[{"kind": "folder", "name": "/srv/files", "mounts": mounts}])
    put(content.volumes["/srv/files"], "attachment/file/1/plan.pdf", "abc")
    assert openproject.check(content, attachments((1, "plan.pdf", 3))) == {"attachments": 1, "attachment_files": 1}
    assert found(content) == []
