# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""SQLite databases in a set: whole, damaged, Gitea's rows and files, and what is not looked at."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.rehearsal import gitea, sqlite_files
from ansible_collections.maxops.ops.plugins.module_utils.rehearsal.content import Content
from ansible_collections.maxops.ops.tests.unit.restored_copy import a_copy, found, put

UUID = "0f8fad5b-d9cb-469f-a165-70867728950e"
FOLDER = "/srv/gitea/gitea"
DATABASE = "gitea/gitea.db"
ROWS = f"""
CREATE TABLE repository (id integer PRIMARY KEY, owner_name text, lower_name text, default_branch text,
                         is_mirror boolean, status integer DEFAULT 0);
CREATE TABLE lfs_meta_object (id integer PRIMARY KEY, oid text, size bigint);
CREATE TABLE attachment (id integer PRIMARY KEY, uuid uuid, size bigint);
INSERT INTO attachment (uuid, size) VALUES ('{UUID}', 3);
"""


def copy_of(tmp_path: Path, *texts: str, rows: str = ROWS) -> Content:
    """A set of one folder with a database and its attachment."""
    part = {"kind": "folder", "name": FOLDER, "live_databases": list(texts)}
    content = a_copy(tmp_path, [FOLDER], parts=[part])
    content.server = None
    top = content.volumes[FOLDER]
    put(top, f"gitea/attachments/{UUID[0]}/{UUID[1]}/{UUID}", "abc")
    with closing(sqlite3.connect(Path(top) / DATABASE)) as connection:
        connection.executescript(rows)
    return content


@pytest.fixture
def content(tmp_path: Path) -> Content:
    return copy_of(tmp_path, f"SQLite ({DATABASE})")


def test_rows_of_gitea_are_compared_with_its_files(content: Content) -> None:
    counted = sqlite_files.check_sqlite(content)
    assert counted[gitea.NAME]["attachment_files"] == counted[gitea.NAME]["attachment_rows"] == 1
    assert found(content) == []
    assert content.not_compared == [gitea.NOT_COMPARED]


def test_database_of_a_service_that_was_stopped_is_compared_too(content: Content) -> None:
    (part,) = content.manifest["parts"]
    part["resting_databases"] = part.pop("live_databases")
    assert sqlite_files.check_sqlite(content)[gitea.NAME]["attachment_rows"] == 1


def test_lost_file_is_critical_and_a_stray_one_is_a_leftover(content: Content) -> None:
    """Both are of one moment, so nothing was deleted between them."""
    top = content.volumes[FOLDER]
    content.live.problem = ""
    (Path(top) / f"gitea/attachments/{UUID[0]}/{UUID[1]}/{UUID}").unlink()
    put(top, "gitea/attachments/1/2/12345678-stray")
    sqlite_files.check_sqlite(content)
    states = {finding.subject: (finding.state, finding.evidence) for finding in content.subject.findings.all()}
    asked = "the running application could not be asked: its SQLite database is not read while it runs"
    assert states[f"attachment 1 ({UUID})"] == ("critical", (asked,))
    assert states[f"{FOLDER}: gitea/attachments/1/2/12345678-stray"][0] == "warning"


def test_damaged_database_is_critical(content: Content) -> None:
    path = Path(content.volumes[FOLDER]) / DATABASE
    path.write_bytes(path.read_bytes()[:5000])
    assert sqlite_files.check_sqlite(content) == {}
    [finding] = content.subject.findings.all()
    assert (finding.state, finding.subject) == ("critical", f"{FOLDER}: {DATABASE}")
    assert "malformed" in finding.seen


def test_database_of_another_program_is_checked_and_named_as_not_compared(tmp_path: Path) -> None:
    content = copy_of(tmp_path, f"SQLite ({DATABASE})", rows="CREATE TABLE entry (id integer PRIMARY KEY)")
    assert sqlite_files.check_sqlite(content) == {}
    assert found(content) == []
    assert content.not_compared == [f"the rows of the SQLite database {FOLDER}: {DATABASE} with files"]


def test_other_servers_and_links_out_of_the_set_are_not_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def opened(*_arguments: Any) -> None:
        raise AssertionError("nothing is opened")

    content = copy_of(tmp_path, "PostgreSQL 17 (pgdata)", "MySQL or MariaDB", "SQLite (link.db)", "SQLite (../x.db)")
    (tmp_path / "outside.db").write_bytes(b"")
    (Path(content.volumes[FOLDER]) / "link.db").symlink_to(tmp_path / "outside.db")
    monkeypatch.setattr(sqlite_files, "SqliteSession", opened)
    assert sqlite_files.check_sqlite(content) == {}
