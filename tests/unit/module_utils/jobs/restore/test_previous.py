# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The replaced data that a restore goes back to, and what is said when the newest is not there."""

from __future__ import annotations

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.jobs.restore.previous import bring_back, newest_whole
from ansible_collections.maxops.ops.plugins.module_utils.swap.journal import DatabaseSwap, Journal
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError


def record(number: int, expiring: bool = False) -> Journal:
    swaps = [DatabaseSwap(name, f"{name}_new{number}", f"{name}_{number}") for name in ("gitea", "openproject")]
    return Journal(f"2026010{number}T000000Z", "shop", f"set {number}", databases=swaps, expiring=expiring)


def chosen(*present: str, expiring: bool = False) -> tuple[str, list[str]]:
    remarks: list[str] = []
    records = [record(1), record(2, expiring), Journal("20260103T000000Z", "shop", "set 3")]
    return newest_whole(records, present.__contains__, "project shop", remarks).source, remarks


OLD, NEW = ("gitea_1", "openproject_1"), ("gitea_2", "openproject_2")


def test_the_newest_is_taken() -> None:
    assert chosen(*OLD, *NEW) == ("set 2", [])
    assert chosen(*NEW) == ("set 2", [])


def test_an_older_one_is_never_taken_in_silence() -> None:
    source, [remark] = chosen(*OLD)
    assert source == "set 1"
    assert remark == (
        "the data that was replaced by the restore of set 2 started at 20260102T000000Z is newer and cannot be brought "
        "back (missing: gitea_2, openproject_2), so older data is taken"
    )
    source, [remark] = chosen(*OLD, *NEW, expiring=True)
    assert source == "set 1"
    assert "(its removal has begun)" in remark


def test_a_part_of_the_newest_is_refused() -> None:
    with pytest.raises(MaxopsError, match=r"is not whole \(missing: openproject_2\); restore a set instead") as it:
        chosen(*OLD, "gitea_2")
    assert "remove what is left of it (gitea_2)" in str(it.value)


def test_no_data_is_kept() -> None:
    with pytest.raises(MaxopsError, match="no data that a restore replaced is kept for project shop; restore a set"):
        chosen()


def test_swapping_back_and_forth_always_names_the_set_and_its_restore() -> None:
    loaded = Journal("20261130T125443Z", "shop", "set 20261130T124727Z")
    before = "the data that was replaced by the restore of set 20261130T124727Z started at 20261130T125443Z"
    record, sources = loaded, []
    for minute in range(4):
        journal = Journal(f"20261130T13{minute:02d}00Z", "shop", "the data that was replaced last")
        bring_back(journal, record)
        sources.append(journal.source)
        record = journal
    assert sources == [
        before,
        "the data of set 20261130T124727Z, restored at 20261130T125443Z and in use until 20261130T130000Z",
        before,
        "the data of set 20261130T124727Z, restored at 20261130T125443Z and in use until 20261130T130200Z",
    ]
    assert record.describe() == "the swap of kept data started at 20261130T130300Z"
    assert loaded.describe() == "the restore of set 20261130T124727Z started at 20261130T125443Z"
