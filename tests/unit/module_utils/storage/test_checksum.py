# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The level checksum finds whatever is not to the bit what was written, and names it."""

from __future__ import annotations

import datetime
import json
import os
from pathlib import Path
from typing import Callable

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.storage import backup_set
from ansible_collections.maxops.ops.plugins.module_utils.storage.checksum import check_set
from ansible_collections.maxops.ops.plugins.module_utils.storage.repository.local import Repository
from ansible_collections.maxops.ops.plugins.module_utils.tools.finding import CRITICAL, Finding
from ansible_collections.maxops.ops.plugins.module_utils.tools.process import Cancellation
from ansible_collections.maxops.ops.tests.unit.sets import CONTENT, make_set, reseal

MOMENT = datetime.datetime(2026, 11, 23, 2, tzinfo=datetime.timezone.utc)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A good set."""
    return make_set(Repository(str(tmp_path / "repository")), MOMENT, CONTENT)


def findings_of(folder: Path, jobs: int = 2) -> list[Finding]:
    return check_set(str(folder), jobs, Cancellation()).all()


def only(folder: Path) -> Finding:
    (finding,) = findings_of(folder)
    assert finding.state == CRITICAL
    assert finding.fix or finding.subject == "manifest.json"
    return finding


@pytest.mark.parametrize("jobs", [1, 2, 16])
def test_good_set_has_no_findings(folder: Path, jobs: int) -> None:
    assert findings_of(folder, jobs) == []


def test_missing_file(folder: Path) -> None:
    (folder / "globals.sql").unlink()
    assert (only(folder).subject, only(folder).seen) == ("globals.sql", "is missing")


def test_file_that_does_not_belong(folder: Path) -> None:
    (folder / "config" / "notes.txt").write_text("hello")
    assert (only(folder).subject, only(folder).seen) == ("config/notes.txt", "is not in the manifest")


def test_truncated_file_shows_both_sizes(folder: Path) -> None:
    path = folder / "volumes/assets.tar.zst"
    path.write_bytes(path.read_bytes()[:-1])
    assert (only(folder).seen, only(folder).limit) == ("15003 bytes", "15004 bytes")


def test_changed_bit_shows_both_digests(folder: Path) -> None:
    path = folder / "databases/shop/3001.dat.zst"
    data = bytearray(path.read_bytes())
    data[1000] ^= 1
    path.write_bytes(data)
    finding = only(folder)
    assert finding.subject == "databases/shop/3001.dat.zst"
    assert finding.seen.startswith("SHA-256 ")
    assert finding.limit.startswith("SHA-256 ")
    assert finding.seen != finding.limit


def to_link(path: Path) -> None:
    path.unlink()
    path.symlink_to("/etc/passwd")


def to_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def to_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize(("change", "kind"), [(to_link, "is a link"), (to_pipe, "is a pipe")])
def test_other_kind_of_file(folder: Path, change: Callable[[Path], None], kind: str) -> None:
    change(folder / "globals.sql")
    assert only(folder).seen == kind


def test_file_that_became_a_folder_is_missing(folder: Path) -> None:
    to_folder(folder / "globals.sql")
    assert only(folder).seen == "is missing"


def test_folder_that_became_a_link_is_not_followed(folder: Path, tmp_path: Path) -> None:
    (folder / "volumes").rename(tmp_path / "elsewhere")
    (folder / "volumes").symlink_to(tmp_path / "elsewhere")
    assert [(finding.subject, finding.seen) for finding in findings_of(folder)] == [
        ("volumes", "is not in the manifest"),
        ("volumes/assets.tar.zst", "is missing"),
    ]


def test_link_with_another_target(folder: Path) -> None:
    link = folder / "config/gateway/current.conf"
    link.unlink()
    link.symlink_to("other.conf")
    assert (only(folder).seen, only(folder).limit) == ("is a link to other.conf", "a link to nginx.conf")


def test_link_that_became_a_file(folder: Path) -> None:
    link = folder / "config/gateway/current.conf"
    link.unlink()
    link.write_text("server {}\n")
    assert (only(folder).seen, only(folder).limit) == ("is a file", "a link")


@pytest.mark.parametrize(
    ("change", "seen"),
    [
        (lambda path: path.unlink(), "is missing"),
        (lambda path: path.write_text(""), "cannot be read"),
        (lambda path: path.write_bytes(b"\xff\xfe"), "cannot be read"),
        (lambda path: path.write_text(path.read_text()[:-1]), "text was changed"),
        (lambda path: path.write_text(path.read_text() + "\n"), "text was changed"),
        (lambda path: path.write_text(path.read_text()[:-200]), "cannot be read"),
        (lambda path: path.write_text(path.read_text().replace("9000", "9001")), "was changed"),
        (lambda path: path.write_text("[]"), "not a manifest"),
        (to_link, "is a link"),
        (to_pipe, "is a pipe"),
        (to_folder, "is a folder"),
    ],
)
def test_bad_manifest(folder: Path, change: Callable[[Path], None], seen: str) -> None:
    change(folder / "manifest.json")
    assert only(folder).subject == "manifest.json"
    assert seen in only(folder).seen


def test_manifest_of_another_set(folder: Path, tmp_path: Path) -> None:
    twin = make_set(Repository(str(tmp_path / "repository")), MOMENT, CONTENT)
    (twin / "manifest.json").replace(folder / "manifest.json")
    assert "of set 20261123T020001Z, not of 20261123T020000Z" in only(folder).seen


@pytest.mark.parametrize(
    ("files", "seen"),
    [
        ([{"path": "../../../etc/passwd", "size": 1, "sha256": "0" * 64}], "list of files"),
        ([{"path": "/etc/passwd", "size": 1, "sha256": "0" * 64}], "list of files"),
        ([{"path": "config//.env", "size": 1, "sha256": "0" * 64}], "list of files"),
        ([{"path": "globals.sql", "size": -1, "sha256": "0" * 64}], "list of files"),
        ([{"path": "globals.sql", "size": True, "sha256": "0" * 64}], "list of files"),
        ([{"path": "globals.sql", "size": 1, "sha256": "0" * 63}], "list of files"),
        ([{"path": "globals.sql", "size": 1}], "list of files"),
        (["globals.sql"], "list of files"),
        (None, "list of files"),
        ([{"path": "globals.sql", "size": 1, "sha256": "0" * 64}] * 2, "same file twice"),
        ([{"path": "globals.sql", "size": 1, "sha256": "0" * 64}], 'no file of database "shop"'),
    ],
)
def test_manifest_whose_digest_is_right_but_not_its_list(folder: Path, files: object, seen: str) -> None:
    manifest = json.loads((folder / "manifest.json").read_text())
    backup_set.write_manifest(str(folder / "manifest.json"), backup_set.seal({**manifest, "files": files}))
    assert seen in only(folder).seen


def test_manifest_with_nonsense_in_it(folder: Path) -> None:
    reseal(folder, parts=[1])
    assert "does not have the form that maxops.ops writes" in only(folder).seen


def test_every_fault_is_reported(folder: Path) -> None:
    (folder / "globals.sql").unlink()
    (folder / "config/.env").write_text("PASSWORD=y\n")
    (folder / "databases/stray").write_text("")
    assert [finding.subject for finding in findings_of(folder)] == ["config/.env", "databases/stray", "globals.sql"]
