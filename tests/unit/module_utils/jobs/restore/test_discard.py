# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kept data is removed on request, all of it, and only then."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.jobs.restore.discard import discard
from ansible_collections.maxops.ops.plugins.module_utils.jobs.restore.options import RestoreOptions
from ansible_collections.maxops.ops.plugins.module_utils.swap.journal import DatabaseSwap, Journal, Journals, VolumeSwap
from ansible_collections.maxops.ops.plugins.module_utils.swap.removal import Removal
from ansible_collections.maxops.ops.plugins.module_utils.systems.access import Access
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError


def options(**more: Any) -> RestoreOptions:
    return RestoreOptions(Access(project_name="shop"), "/nosuch", discard=True, **more)


@pytest.fixture
def journals(tmp_path: Path) -> Journals:
    """Two restores that each replaced a folder of 100 bytes."""
    journals = Journals("shop", str(tmp_path / "state"))
    for number in (1, 2):
        folder = tmp_path / f"data.{number}"
        folder.mkdir()
        (folder / "file").write_bytes(b"x" * 100)
        journal = Journal(f"2026112{number}T100000Z", "shop", f"set {number}", kept_until="2099-01-01T00:00:00Z")
        journal.volumes = [VolumeSwap("shop_data", "/data", "/data.new", str(folder))]
        journals.write(journal)
        journals.keep(journal)
    return journals


def test_check_mode_shows_what_would_be_removed(journals: Journals, tmp_path: Path) -> None:
    result = discard(options(), journals, check_mode=True)
    assert [entry["bytes"] for entry in result["discarded"]] == [100, 100]
    assert result["changed"] is True
    assert len(journals.records()) == 2
    assert (tmp_path / "data.1" / "file").exists()


def test_all_of_it_is_removed(journals: Journals, tmp_path: Path) -> None:
    result = discard(options(), journals, check_mode=False)
    folders = [str(tmp_path / "data.1"), str(tmp_path / "data.2")]
    assert sorted(result["expired"]) == folders
    assert result["warnings"] == []
    assert [Path(folder).exists() for folder in folders] == [False, False]
    assert journals.records() == []
    with pytest.raises(MaxopsError, match=r"is kept for .*; there is nothing to remove"):
        discard(options(), journals, check_mode=False)


def test_only_what_was_removed_is_said_to_be(
    journals: Journals, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database server is down: the folders are gone, the database is a remark."""
    record = journals.records()[0]
    record.databases = [DatabaseSwap("gitea", "new", "gitea_kept")]
    record.sizes = {"gitea_kept": 5000}
    journals.write_record(record)

    def refuse(*_names: object) -> None:
        raise MaxopsError("the server is down")

    monkeypatch.setattr(Removal, "_drop", refuse)
    result = discard(options(), journals, check_mode=False)
    assert [part["kept_as"] for entry in result["discarded"] for part in entry["parts"]] == [
        str(tmp_path / "data.2"),
        str(tmp_path / "data.1"),
    ]
    assert sum(entry["bytes"] for entry in result["discarded"]) == 200
    (warning,) = result["warnings"]
    assert warning.startswith('database "gitea_kept" could not be removed: the server is down')
    (record,) = journals.records()
    record.volumes = []
    journals.write_record(record)
    with pytest.raises(MaxopsError, match='nothing was removed: database "gitea_kept" could not be removed'):
        discard(options(), journals, check_mode=False)


@pytest.mark.parametrize(
    "given", [{"set": "latest"}, {"before": "2h"}, {"databases": ["gitea"]}, {"volumes": []}, {"into": {"a": "b"}}]
)
def test_a_part_of_it_cannot_be_chosen(journals: Journals, given: dict[str, Any]) -> None:
    with pytest.raises(MaxopsError, match="state discarded removes all data that restores replaced; it takes no set"):
        discard(options(**given), journals, check_mode=False)
    assert len(journals.records()) == 2
