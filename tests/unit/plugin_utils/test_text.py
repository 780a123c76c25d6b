# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Summaries and tables as an operator reads them."""

from __future__ import annotations

from typing import Any
from unicodedata import normalize

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.maxops.ops.plugins.plugin_utils import text

RESULT: dict[str, Any] = {
    "set_id": "20261123T020000Z",
    "bytes": 45_800_000,
    "duration": 2.34,
    "path": "/var/backups/maxops/sets/20261123T020000Z",
    "parts": [
        {
            "kind": "database",
            "name": "openproject",
            "source_bytes": 120_000_000,
            "bytes": 30_000_000,
            "duration": 1.94,
            "rows": {"public.users": 1200, "public.journals": 34_000},
        },
        {"kind": "volume", "name": "한글-자료", "source_bytes": 9_000_000, "bytes": 900, "duration": 65.2},
    ],
    "retention": {"kept": {"20261123T020000Z": ["newest"]}, "removed": []},
    "remarks": [],
}


# -- tables ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "columns"), [("", 0), ("abc", 3), ("한글", 4), ("한글abc", 7), ("→", 1), ("ｆｕｌｌ", 8)]
)
def test_korean_letters_take_two_columns(words: str, columns: int) -> None:
    assert text.width(words) == columns


def test_letters_that_are_put_together_take_the_room_of_one() -> None:
    assert text.width(normalize("NFD", "한글")) == 4
    assert text.width(normalize("NFD", "é")) == 1


def test_table_is_aligned_by_what_a_terminal_shows() -> None:
    rows = [["이름", "12", "x"], ["a", "3", "한글"], ["abcdef", "456", ""]]
    assert text.table(rows, right=(1,)) == ["이름     12  x", "a         3  한글", "abcdef  456"]


def test_table_of_nothing_has_no_lines() -> None:
    assert text.table([]) == []


cells = st.text(st.sampled_from("ab 한글中é-→"), max_size=6)


@given(st.lists(st.tuples(cells, cells, cells), min_size=1, max_size=6), st.sets(st.integers(0, 2)))
def test_columns_begin_or_end_at_the_same_place_in_every_row(rows: list[tuple[str, ...]], right: set[int]) -> None:
    rows = [(*row, "|") for row in rows]
    lines = text.table(rows, right=sorted(right))
    assert len({text.width(line) for line in lines}) == 1
    assert all(line.endswith("  |") for line in lines)
    for row, line in zip(rows, lines):
        assert [each for each in row if each.strip()] == [each for each in row if each in line and each.strip()]


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (0, "0.0 s"),
        (0.94, "0.9 s"),
        (9.94, "9.9 s"),
        (9.96, "10 s"),
        (42, "42 s"),
        (119.4, "119 s"),
        (119.6, "2 min 00 s"),
        (185, "3 min 05 s"),
        (3599.7, "60 min 00 s"),
        (7322, "122 min 02 s"),
    ],
)
def test_lengths_of_time_as_people_say_them(value: float, words: str) -> None:
    assert text.seconds(value) == words


# -- progress -------------------------------------------------------------------------------------------------------


def part(state: str, name: str = "volume data", **more: Any) -> dict[str, Any]:
    return {"name": name, "state": state, "done": 14_200_000, "total": 100_000_000, "rate": 7_100_000, **more}


def test_progress_tells_what_runs_and_how_far_it_is() -> None:
    parts = [part("done"), part("running"), part("running", "database 상점"), part("waiting")]
    assert text.progress_line("lab", {"parts": parts}) == (
        "  lab: 1 of 4 parts done; volume data 14.2 MB of 100.0 MB (7.1 MB/s), "
        "database 상점 14.2 MB of 100.0 MB (7.1 MB/s)"
    )


def test_progress_of_other_things_than_bytes_is_counted_in_them() -> None:
    line = text.progress_line(
        "lab", {"parts": [part("running", "users", unit="users", done=1200, total=5000, rate=80)]}
    )
    assert line == "  lab: 0 of 1 parts done; users 1,200 of 5,000 users (80/s)"


def test_progress_where_nothing_runs_is_before_or_after_the_work() -> None:
    assert text.progress_line("lab", {"parts": [part("waiting")] * 2}) == "  lab: 0 of 2 parts done; getting ready"
    assert text.progress_line("lab", {}) == "  lab: 0 of 0 parts done; getting ready"
    assert text.progress_line("lab", {"parts": [part("done")] * 2}) == "  lab: 2 of 2 parts done; finishing"


# -- backups --------------------------------------------------------------------------------------------------------


def test_backup_of_one_host_is_read_in_five_seconds() -> None:
    assert text.backup_summary("lab", RESULT, check_mode=False) == [
        "lab: backup set 20261123T020000Z, 45.8 MB, 2.3 s",
        "  database  openproject  120.0 MB  →  30.0 MB  1.9 s  35,200 rows in 2 tables",
        "  volume    한글-자료      9.0 MB  →    900 B   65 s",
        "  keeps 1 set",
        "  /var/backups/maxops/sets/20261123T020000Z",
    ]


def test_backup_tells_what_it_removed_and_its_first_remarks() -> None:
    retention = {"kept": {"b": ["newest"], "c": ["daily"]}, "removed": ["20261120T020000Z", "20261119T020000Z"]}
    lines = text.backup_summary(
        "lab", {**RESULT, "retention": retention, "remarks": [str(number) for number in range(7)]}, check_mode=False
    )
    assert "  keeps 2 sets, removed 20261120T020000Z, 20261119T020000Z" in lines
    assert [line for line in lines if "remark" in line] == [
        *(f"  remark: {number}" for number in range(5)),
        "  and 2 more remarks",
    ]


def test_check_mode_tells_what_would_be() -> None:
    estimate = {key: value for key, value in RESULT.items() if key != "duration"}
    estimate["parts"] = [{"kind": "volume", "name": "data", "source_bytes": 2000, "bytes": 1000}]
    estimate["retention"] = {"kept": {"x": ["newest"]}, "removed": ["y"]}
    assert text.backup_summary("lab", estimate, check_mode=True) == [
        "lab: would make backup set 20261123T020000Z, about 45.8 MB",
        "  volume  data  2.0 kB  →  about 1.0 kB",
        "  keeps 1 set, would remove y",
        "  /var/backups/maxops/sets/20261123T020000Z",
    ]


def test_backup_that_failed_tells_why() -> None:
    failed = {"failed": True, "msg": "no such project"}
    assert text.backup_summary("lab", failed, check_mode=False) == ["lab: no backup set was made: no such project"]
    assert text.backup_summary("lab", {"failed": True}, check_mode=False) == [
        "lab: no backup set was made: see the error above"
    ]


def test_backups_of_many_hosts_are_a_line_each_and_failures_come_first() -> None:
    planned = {key: value for key, value in RESULT.items() if key != "duration"}
    results = {
        "b": {**RESULT, "remarks": ["x", "y"]},
        "a": planned,
        "z-서버": {"failed": True, "msg": "no such project" + "." * 200},
    }
    lines = text.backup_table(results)
    assert lines[0].split() == ["HOST", "SET", "SIZE", "TIME", "PARTS", "REMARKS"]
    assert [line.split()[0] for line in lines[1:]] == ["z-서버", "a", "b"]
    assert lines[1].startswith("z-서버  FAILED")
    assert lines[1].endswith("no such project" + "." * 85)
    assert lines[2].split() == ["a", "20261123T020000Z", "45.8", "MB", "check", "mode", "2"]
    assert lines[3].split() == ["b", "20261123T020000Z", "45.8", "MB", "2.3", "s", "2", "2"]
