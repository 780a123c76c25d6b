# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lines of logs: joined from pieces, safe to show, in order, and limited in number and size."""

from __future__ import annotations

import base64
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.maxops.ops.plugins.module_utils.jobs.logs.lines import (
    LONGEST_READ,
    Line,
    Newest,
    fit,
    fit_to_show,
    in_order,
    pack,
    read_lines,
    render,
    shorten,
    unpack,
)

ONE, TWO, THREE = (f"2026-11-25T02:00:0{second}.123456789Z" for second in (1, 2, 3))


def stamped(*lines: tuple[str, str]) -> bytes:
    return b"".join(f"{time} {text}\n".encode() for time, text in lines)


# -- reading --------------------------------------------------------------------------------------------------------


def test_every_line_has_its_time() -> None:
    chunks = [stamped((ONE, "first")), stamped((TWO, "second  one"), (THREE, ""))]
    assert list(read_lines(chunks)) == [(ONE, "first"), (TWO, "second  one"), (THREE, "")]


def test_long_line_that_docker_cut_is_joined_again() -> None:
    pieces = [
        f"{ONE} {'a' * 9}".encode(),
        f"{TWO} {'b' * 9}".encode(),
        f"{THREE} end\n".encode(),
        stamped((THREE, "x")),
    ]
    assert list(read_lines(pieces)) == [(ONE, "a" * 9 + "b" * 9 + "end"), (THREE, "x")]


@given(st.lists(st.integers(min_value=0, max_value=130), max_size=6))
def test_log_of_a_terminal_may_be_cut_anywhere(cuts: list[int]) -> None:
    whole = stamped((ONE, "first line"), (TWO, "zwölf ✓"), (THREE, "third"))
    ends = [0, *sorted(min(cut, len(whole)) for cut in cuts), len(whole)]
    chunks = [whole[start:end] for start, end in zip(ends, ends[1:])]
    # A piece that starts with a timestamp right after an unfinished line was cut by Docker: a terminal never does that.
    assert list(read_lines(chunks)) == [(ONE, "first line"), (TWO, "zwölf ✓"), (THREE, "third")]


def test_last_line_without_a_line_end_is_read() -> None:
    assert list(read_lines([f"{ONE} unfinished".encode()])) == [(ONE, "unfinished")]


def test_endless_line_takes_limited_memory() -> None:
    chunks = (f"{ONE} {'x' * 16_000}".encode() for _ in range(200))
    [(time, text)] = read_lines(chunks)
    assert time == ONE
    assert len(text) <= LONGEST_READ


def test_text_without_a_timestamp_is_ignored() -> None:
    assert list(read_lines([b"error from daemon\n", stamped((ONE, "line"))])) == [(ONE, "line")]


def test_bytes_that_are_not_utf8_are_replaced() -> None:
    assert list(read_lines([f"{ONE} ".encode() + b"caf\xe9\n"])) == [(ONE, "caf\ufffd")]


# -- showing --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31;1mred\x1b[0m", "red"),
        ("\x1b]0;title\x07text", "text"),
        ("\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("bell\x07 and\rback", "bell\\x07 and\\x0dback"),
        ("tab\tstays", "tab\tstays"),
        ("end\r", "end"),
        ("c1 \x9b31m", "c1 \\x9b31m"),
        ("한국어 ✓", "한국어 ✓"),
    ],
)
def test_line_has_no_escape_sequences(text: str, shown: str) -> None:
    assert fit_to_show(text) == shown


@given(st.text())
def test_shown_line_is_one_line_without_control_characters(text: str) -> None:
    shown = fit_to_show(text)
    assert len(shown.splitlines()) <= 1
    assert not any(ord(letter) < 32 and letter != "\t" for letter in shown)


def test_long_line_is_cut_with_a_note() -> None:
    assert shorten("x" * 20_000) == "x" * 16_000 + " … (cut after 16,000 characters)"
    assert shorten("short") == "short"


# -- order and size -------------------------------------------------------------------------------------------------


def test_lines_of_all_services_are_ordered_by_time_and_equal_times_keep_their_order() -> None:
    gitea = [Line(ONE, "gitea", "a"), Line(THREE, "gitea", "c"), Line(THREE, "gitea", "d")]
    nginx = [Line(TWO, "nginx", "b"), Line(THREE, "nginx", "e")]
    assert [line.text for line in in_order([gitea, nginx])] == ["a", "b", "c", "d", "e"]
    assert render(gitea[:1] + nginx[:1]) == f"{ONE}  gitea  a\n{TWO}  nginx  b\n"


def test_newest_lines_are_kept_and_the_others_are_counted() -> None:
    newest = Newest(2, 1000)
    for number in range(5):
        newest.add(Line(ONE, "s", str(number)))
    assert [line.text for line in newest.kept] == ["3", "4"]
    assert newest.dropped == 3


def test_oldest_lines_are_dropped_if_all_are_too_large() -> None:
    newest = Newest(None, 25)
    for letter in "abcd":
        newest.add(Line(ONE, "s", letter * 10))
    assert [line.text[0] for line in newest.kept] == ["c", "d"]
    assert newest.dropped == 2


@given(st.lists(st.text(alphabet="aä✓", max_size=30), max_size=20), st.integers(min_value=0, max_value=2000))
def test_text_never_exceeds_its_limit_and_has_the_newest_lines(texts: list[str], limit: int) -> None:
    lines = [Line(ONE, "s", text) for text in texts]
    kept, text = fit(lines, limit)
    assert len(text.encode()) <= limit
    assert kept == lines[len(lines) - len(kept) :]
    if len(kept) < len(lines):
        more = render(lines[len(lines) - len(kept) - 1 :])
        assert len(more.encode()) > limit - 8, "one more line would have fitted"


def test_lines_without_text_do_not_count_for_more_than_they_take() -> None:
    lines = [Line(ONE, "s", "")] * 8
    size = len(render(lines).encode())
    assert fit(lines, size)[0] == lines
    assert fit(lines, size - 1)[0] == lines[1:]


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])))
def test_packed_text_is_unpacked_unchanged(text: str) -> None:
    assert unpack(pack(text), 1_000_000) == text


def test_unpacked_text_is_limited_in_size() -> None:
    bomb = base64.b64encode(zlib.compress(b"x" * 10_000_000)).decode()
    assert len(bomb) < 20_000
    assert len(unpack(bomb, 1000)) == 1000
