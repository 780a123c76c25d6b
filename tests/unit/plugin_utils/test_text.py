# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Columns, counts and progress lines for operators."""

from __future__ import annotations

from typing import Any
from unicodedata import normalize

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.maxops.ops.plugins.plugin_utils import text


@pytest.mark.parametrize(
    ("words", "columns"), [("", 0), ("abc", 3), ("한글", 4), ("한글abc", 7), ("→", 1), ("ｆｕｌｌ", 8)]
)
def test_korean_letters_take_two_columns(words: str, columns: int) -> None:
    assert text.width(words) == columns


def test_composed_letters_have_the_width_of_one() -> None:
    assert text.width(normalize("NFD", "한글")) == 4
    assert text.width(normalize("NFD", "é")) == 1


def test_table_is_aligned_by_terminal_columns() -> None:
    rows = [["이름", "12", "x"], ["a", "3", "한글"], ["abcdef", "456", ""]]
    assert text.aligned(rows, right=(1,)) == ["이름     12  x", "a         3  한글", "abcdef  456"]


def test_empty_table_has_no_lines() -> None:
    assert text.aligned([]) == []


cells = st.text(st.sampled_from("ab 한글中é-→"), max_size=6)


@given(st.lists(st.tuples(cells, cells, cells), min_size=1, max_size=6), st.sets(st.integers(0, 2)))
def test_columns_begin_or_end_at_the_same_place_in_every_row(rows: list[tuple[str, ...]], right: set[int]) -> None:
    rows = [(*row, "|") for row in rows]
    lines = text.aligned(rows, right=sorted(right))
    assert len({text.width(line) for line in lines}) == 1
    assert all(line.endswith("  |") for line in lines)
    for row, line in zip(rows, lines):
        assert [cell for cell in row if cell.strip()] == [cell for cell in row if cell in line and cell.strip()]


def part(state: str, name: str = "volume data", **more: Any) -> dict[str, Any]:
    return {"name": name, "state": state, "done": 14_200_000, "total": 100_000_000, "rate": 7_100_000, **more}


def test_progress_shows_running_parts_and_their_progress() -> None:
    parts = [part("done"), part("running"), part("running", "database 상점"), part("waiting")]
    assert text.progress_line("lab", {"parts": parts}) == (
        "  lab: 1 of 4 parts done; volume data 14.2 MB of 100.0 MB (7.1 MB/s), "
        "database 상점 14.2 MB of 100.0 MB (7.1 MB/s)"
    )


def test_progress_in_other_units_than_bytes() -> None:
    line = text.progress_line(
        "lab", {"parts": [part("running", "users", unit="users", done=1200, total=5000, rate=80)]}
    )
    assert line == "  lab: 0 of 1 parts done; users 1,200 of 5,000 users (80/s)"


def test_progress_without_running_parts_is_before_or_after_the_work() -> None:
    assert text.progress_line("lab", {"parts": [part("waiting")] * 2}) == "  lab: 0 of 2 parts done; getting ready"
    assert text.progress_line("lab", {}) == "  lab: 0 of 0 parts done; getting ready"
    assert text.progress_line("lab", {"parts": [part("done")] * 2}) == "  lab: 2 of 2 parts done; finishing"


@pytest.mark.parametrize(
    ("error", "shown"),
    [
        ("Task failed: Failed to connect to the host via ssh", "Failed to connect to the host via ssh"),
        ("Task failed: Module failed: no such project", "no such project"),
        ("Action failed: x", "x"),
        ("Task failed: No success.\n>>> Standard Error\nsudo: not found\n", "No success: sudo: not found"),
        ("the task failed: Task failed: x", "the task failed: Task failed: x"),
        (None, "None"),
    ],
)
def test_error_comes_without_the_words_of_ansible(error: Any, shown: str) -> None:
    assert text.message(error) == shown


def test_failed_row_is_one_line_with_an_ellipsis_where_it_is_cut() -> None:
    row = text.failed_row("web1", {"unreachable": True, "msg": "Task failed: no\nroute " + "x" * 200}, 5)
    assert row == ["web1", "UNREACHABLE", "", "", "no route " + "x" * 90 + "…"]
    assert text.failed_row("web1", {"failed": True}, 3) == ["web1", "FAILED", ""]


def test_reason_names_an_unreachable_host_as_such() -> None:
    assert text.reason({"msg": "no room"}) == "no room"
    assert text.reason({"unreachable": True, "msg": "Task failed: refused"}) == "unreachable: refused"
    assert text.reason({}) == "see the error above"
