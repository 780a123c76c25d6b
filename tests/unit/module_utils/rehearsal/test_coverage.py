# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an operator left out of a set, and what is lost without a word."""

from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.rehearsal import openproject
from ansible_collections.maxops.ops.plugins.module_utils.rehearsal.coverage import left_out, object_storage
from ansible_collections.maxops.ops.tests.unit.restored_copy import Rows, Running, a_copy, found, put

ATTACHMENT = {"id": 1, "file": "plan.pdf", "filesize": 3, "container_type": "x", "content_type": "y", "status": 0}
BIND = "a folder of the host that service openproject has at /var/openproject/assets"


def rows(number: int = 1) -> Rows:
    return Rows(attachments=[{**ATTACHMENT, "id": identity} for identity in range(1, number + 1)])


def test_set_without_any_volume_does_not_pass_while_it_has_rows_with_files(tmp_path: Path) -> None:
    content = a_copy(tmp_path, left_out=[{"kind": "folder", "name": "/opt/data", "reason": BIND}])
    assert openproject.check(content, rows(72)) == {"attachments": 72, "attachment_files": 0}
    [finding] = content.subject.findings.all()
    assert (finding.state, finding.cause, finding.subject) == ("critical", "set", "OpenProject")
    assert finding.seen == (
        f"its data is in no volume or folder of this set, left out: /opt/data ({BIND}) (72 attachments without files)"
    )
    nothing = a_copy(tmp_path)
    assert openproject.check(nothing, Rows(attachments=[])) == {"attachments": 0, "attachment_files": 0}
    assert found(nothing) == []


def test_files_that_an_operator_left_out_are_not_covered(tmp_path: Path) -> None:
    entries = [
        {"kind": "volume", "name": "postgres-data", "reason": "belongs to the database server, whose …"},
        {"kind": "volume", "name": "openproject-assets", "reason": "excluded"},
        {"kind": "folder", "name": "/srv/other", "reason": "a folder of the host that service x has at /y"},
    ]
    content = a_copy(tmp_path, ["gitea-data"], left_out=entries)
    openproject.check(content, rows(2))
    assert found(content) == [("warning", "coverage", "OpenProject")]
    assert content.not_covered == ["OpenProject: 2 attachments: openproject-assets (excluded)"]
    assert content.subject.findings.passed


@pytest.mark.parametrize(
    ("reasons", "deliberate"),
    [
        ([], False),
        (["excluded"], True),
        (["not asked for"], True),
        (["excluded", "cannot be read"], False),
        (["belongs to the cache"], False),
    ],
)
def test_left_out_on_purpose_only_when_all_of_it_was(reasons: list[str], deliberate: bool) -> None:
    entries = [{"kind": "volume", "name": f"v{number}", "reason": why} for number, why in enumerate(reasons)]
    assert left_out({"left_out": entries}, ["gitea"]).deliberate is deliberate


def test_backup_of_named_parts_leaves_the_others_out_on_purpose() -> None:
    asked = {"databases": None, "volumes": ["openproject-assets"], "folders": None}
    assert left_out({"scope": asked}, ["gitea"]).deliberate
    assert left_out({"scope": asked}, ["gitea"]).words == "only these were asked for: volumes openproject-assets"
    assert left_out({"scope": {"volumes": [], "folders": []}}, ["gitea"]).deliberate
    assert not left_out({"scope": {"databases": ["gitea"], "volumes": None, "folders": None}}, ["gitea"]).deliberate
    # What could not be taken was not left out on purpose.
    entry = {"kind": "folder", "name": "/opt/gitea", "reason": "it cannot be read"}
    assert not left_out({"scope": asked, "left_out": [entry]}, ["gitea"]).deliberate
    assert left_out({"scope": {**asked, "exclude": ["/opt/g*"]}, "left_out": [entry]}, ["gitea"]).deliberate


@pytest.mark.parametrize(
    ("live", "number", "expected"),
    [
        (None, 3, ("critical", "unclear")),
        ("files/attachment/file/1", 3, ("critical", "set")),
        ("files", 3, ("critical", "production")),
        ("files", 30, ("critical", "production")),
    ],
)
def test_missing_folder_is_one_finding(
    tmp_path: Path, live: str | None, number: int, expected: tuple[str, str]
) -> None:
    folders = {}
    if live:
        put(tmp_path, f"live/{live}/f")
        folders = {"openproject-assets": str(tmp_path / "live")}
    content = a_copy(tmp_path, ["openproject-assets"], Running(folders))
    openproject.check(content, rows(number))
    assert found(content) == [(*expected, "OpenProject: attachments")]
    [finding] = content.subject.findings.all()
    assert (
        finding.seen == f"{number} rows have no files, because openproject-assets has no folder files/attachment/file"
    )


def test_object_storage_is_said_once(tmp_path: Path) -> None:
    source = "OPENPROJECT_ATTACHMENTS__STORAGE"
    entry = {"application": "openproject", "what": "attachments", "type": "fog", "source": source}
    content = a_copy(tmp_path, object_storage=[entry])
    assert openproject.check(content, rows(9)) == {"attachments": 9}
    assert found(content) == [("warning", "coverage", "OpenProject")]
    assert content.not_covered == [f"OpenProject: attachments in fog ({source})"]


def test_object_storage_of_another_application_or_kind_does_not_count() -> None:
    entries = [{"application": "Gitea", "what": "repo-avatar", "type": "minio", "source": "app.ini"}]
    assert object_storage(entries, "gitea", ["repo-avatar"]) == "minio (app.ini)"
    assert object_storage(entries, "Gitea", ["avatar", "avatars"]) == ""
    assert object_storage(entries, "OpenProject", ["repo-avatar"]) == ""
    entries[0]["what"] = "all"
    assert object_storage(entries, "Gitea", ["packages"]) == "minio (app.ini)"


def test_data_is_in_what_the_applications_services_mount(tmp_path: Path) -> None:
    """The names of folders are the operator's own."""
    content = a_copy(tmp_path, ["/srv/x/small", "/srv/x/store", "/srv/x/other"])
    mounts = {"small": "web", "store": "worker", "other": "server"}
    parts = [
        {
            "kind": "folder",
            "name": f"/srv/x/{name}",
            "source_bytes": len(name) if name != "store" else 1000,
            "mounts": [{"service": service, "target": "/data"}],
        }
        for name, service in mounts.items()
    ]
    recognised = {"applications": {"openproject": ["web", "worker"], "gitea": ["server"]}}
    content.subject.manifest = {**content.manifest, "parts": parts, "recognised": recognised}
    openproject.check(content, rows(3))
    [finding] = content.subject.findings.all()
    assert "because /srv/x/store has no folder files/attachment/file" in finding.seen
