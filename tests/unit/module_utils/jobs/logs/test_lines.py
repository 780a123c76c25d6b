# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lines of logs: read whole from whatever pieces they come in, harmless to show, in order, and not too many."""

from __future__ import annotations

import base64
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.maxops.ops.plugins.module_utils.jobs.logs import lines as log_text
from ansible_collections.maxops.ops.plugins.module_utils.jobs.logs.lines import Line, Newest

ONE, TWO, THREE = (f"2026-11-25T02:00:0{second}.123456789Z" for second in (1, 2, 3))


def stamped(*lines: tuple[str, str]) -> bytes:
    return b"".join(f"{time} {text}\n".encode() for time, text in lines)


# -- reading --------------------------------------------------------------------------------------------------------


def test_each_line_has_its_time() -> None:
    chunks = [stamped((ONE, "first")), stamped((TWO, "second  one"), (THREE, ""))]
    assert list(log_text.read_lines(chunks)) == [(ONE, "first"), (TWO, "second  one"), (THREE, "")]


def test_long_line_that_docker_cut_is_one_line_again() -> None:
    pieces = [
        f"{ONE} {'a' * 9}".encode(),
        f"{TWO} {'b' * 9}".encode(),
        f"{THREE} end\n".encode(),
        stamped((THREE, "x")),
    ]
    assert list(log_text.read_lines(pieces)) == [(ONE, "a" * 9 + "b" * 9 + "end"), (THREE, "x")]


@given(st.lists(st.integers(min_value=0, max_value=130), max_size=6))
def test_log_of_a_terminal_may_be_cut_anywhere(cuts: list[int]) -> None:
    whole = stamped((ONE, "first line"), (TWO, "zwölf ✓"), (THREE, "third"))
    places = [0, *sorted(min(cut, len(whole)) for cut in cuts), len(whole)]
    chunks = [whole[start:end] for start, end in zip(places, places[1:])]
    # A piece that begins with a stamp right after an unfinished line is Docker's own cut: no terminal makes it.
    assert list(log_text.read_lines(chunks)) == [(ONE, "first line"), (TWO, "zwölf ✓"), (THREE, "third")]


def test_last_line_without_its_end_is_read_too() -> None:
    assert list(log_text.read_lines([f"{ONE} unfinished".encode()])) == [(ONE, "unfinished")]


def test_endless_line_takes_no_endless_memory() -> None:
    chunks = (f"{ONE} {'x' * 16_000}".encode() for _ in range(200))
    [(time, text)] = log_text.read_lines(chunks)
    assert time == ONE
    assert len(text) <= log_text.LONGEST_READ


def test_what_has_no_stamp_is_no_line() -> None:
    assert list(log_text.read_lines([b"error from daemon\n", stamped((ONE, "line"))])) == [(ONE, "line")]


def test_bytes_that_are_no_text_do_not_stop_the_reading() -> None:
    assert list(log_text.read_lines([f"{ONE} ".encode() + b"caf\xe9\n"])) == [(ONE, "caf\ufffd")]


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
def test_line_gives_no_orders_to_a_terminal(text: str, shown: str) -> None:
    assert log_text.fit_to_show(text) == shown


@given(st.text())
def test_line_that_is_shown_is_one_line_without_control_characters(text: str) -> None:
    shown = log_text.fit_to_show(text)
    assert len(shown.splitlines()) <= 1
    assert not any(ord(letter) < 32 and letter != "\t" for letter in shown)


def test_long_line_is_cut_and_says_so() -> None:
    assert log_text.shorten("x" * 20_000) == "x" * 16_000 + " … (cut after 16,000 characters)"
    assert log_text.shorten("short") == "short"


@pytest.mark.parametrize(
    "text", ["ERROR: no", "nginx: [emerg] bind()", "level=fatal msg=x", "Connection failed", "E Traceback (m"]
)
def test_error_is_seen(text: str) -> None:
    assert log_text.looks_bad(text)


@pytest.mark.parametrize("text", ["GET /errors/1 200", "terror", "unfailing", "0 warnings"])
def test_what_only_looks_like_an_error_is_none(text: str) -> None:
    assert not log_text.looks_bad(text)


# -- order and size -------------------------------------------------------------------------------------------------


def test_lines_of_all_services_are_ordered_by_time_and_those_of_one_keep_theirs() -> None:
    gitea = [Line(ONE, "gitea", "a"), Line(THREE, "gitea", "c"), Line(THREE, "gitea", "d")]
    nginx = [Line(TWO, "nginx", "b"), Line(THREE, "nginx", "e")]
    assert [line.text for line in log_text.in_order([gitea, nginx])] == ["a", "b", "c", "d", "e"]
    assert log_text.render(gitea[:1] + nginx[:1]) == f"{ONE}  gitea  a\n{TWO}  nginx  b\n"


def test_newest_lines_are_kept_and_the_others_counted() -> None:
    newest = Newest(2, 1000)
    for number in range(5):
        newest.add(Line(ONE, "s", str(number)))
    assert [line.text for line in newest.kept] == ["3", "4"]
    assert newest.dropped == 3


def test_lines_that_are_too_large_together_lose_the_oldest() -> None:
    newest = Newest(None, 25)
    for letter in "abcd":
        newest.add(Line(ONE, "s", letter * 10))
    assert [line.text[0] for line in newest.kept] == ["c", "d"]
    assert newest.dropped == 2


@given(st.lists(st.text(alphabet="aä✓", max_size=30), max_size=20), st.integers(min_value=0, max_value=2000))
def test_text_never_exceeds_its_limit_and_has_the_newest_lines(texts: list[str], limit: int) -> None:
    lines = [Line(ONE, "s", text) for text in texts]
    kept, text = log_text.fit(lines, limit)
    assert len(text.encode()) <= limit
    assert kept == lines[len(lines) - len(kept) :]
    if len(kept) < len(lines):
        more = log_text.render(lines[len(lines) - len(kept) - 1 :])
        assert len(more.encode()) > limit - 8, "one more line would have fitted"


def test_lines_without_text_do_not_count_for_more_than_they_take() -> None:
    lines = [Line(ONE, "s", "")] * 8
    size = len(log_text.render(lines).encode())
    assert log_text.fit(lines, size)[0] == lines
    assert log_text.fit(lines, size - 1)[0] == lines[1:]


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])))
def test_packed_text_comes_out_as_it_was(text: str) -> None:
    assert log_text.unpack(log_text.pack(text), 1_000_000) == text


def test_packed_text_that_would_fill_the_controller_does_not() -> None:
    bomb = base64.b64encode(zlib.compress(b"x" * 10_000_000)).decode()
    assert len(bomb) < 20_000
    assert len(log_text.unpack(bomb, 1000)) == 1000
