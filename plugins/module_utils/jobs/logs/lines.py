# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lines of logs: read from Docker's stream, made safe to show, merged by time."""

from __future__ import annotations

import base64
import re
import zlib
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

LONGEST_READ = 64_000
"""Bytes of one line that are read: more than are kept, so that no secret is cut before it is masked."""

LONGEST = 16_000
"""Characters of one line that are kept."""

_STAMP = re.compile(rb"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z) ")
# Escape sequences for terminals: colours, and those that set the title or query the terminal.
_TERMINAL = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)?|\x1b[ -/]*[0-~]")
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029]")


class Line(NamedTuple):
    """One line: ``time`` is Docker's timestamp, which sorts as text in the order of time."""

    time: str
    source: str
    text: str


def read_lines(chunks: Iterable[bytes]) -> Iterator[tuple[str, str]]:
    """Time and text of every line of a log that Docker sends with timestamps.

    Docker sends a long line in pieces, each with its own timestamp; they are joined again.
    """
    pending = b""
    for chunk in chunks:
        rest = chunk
        if pending:
            # A line that Docker cut at 16 kB continues after a timestamp; the log of a terminal continues without one.
            stamp = _STAMP.match(chunk)
            head, ended, rest = chunk[stamp.end() if stamp else 0 :].partition(b"\n")
            pending += head[: max(0, LONGEST_READ - len(pending))]
            if not ended:
                continue
            yield from _read_line(pending)
        *lines, pending = rest.split(b"\n")
        for line in lines:
            yield from _read_line(line)
    if pending:
        yield from _read_line(pending)


def _read_line(line: bytes) -> Iterator[tuple[str, str]]:
    stamp = _STAMP.match(line)
    if stamp:
        yield stamp.group(1).decode("ascii"), line[stamp.end() :].decode("utf-8", "replace")


def fit_to_show(text: str) -> str:
    """A line without escape sequences; other control characters are written as ``\\x00``."""
    plain = _TERMINAL.sub("", text.rstrip("\r\n"))
    return _CONTROL.sub(lambda match: f"\\x{ord(match.group()):02x}", plain)


def shorten(text: str, longest: int = LONGEST) -> str:
    """A line, cut to the maximum length."""
    return text if len(text) <= longest else f"{text[:longest]} … (cut after {longest:,} characters)"


class Newest:
    """The newest lines of one source, up to a number of lines and a size in bytes; counts the lines it dropped."""

    def __init__(self, lines: int | None, size: int) -> None:
        self.dropped = 0
        self.kept: deque[Line] = deque()
        self._lines = lines
        self._size = size
        self._size_kept = 0

    def add(self, line: Line) -> None:
        """Add a line; drops the oldest lines if there are too many."""
        self.kept.append(line)
        self._size_kept += len(line.text)
        while len(self.kept) > 1 and (self._size_kept > self._size or (self._lines and len(self.kept) > self._lines)):
            self._size_kept -= len(self.kept.popleft().text)
            self.dropped += 1


def in_order(sources: Iterable[Iterable[Line]]) -> list[Line]:
    """Lines of several sources by time; lines of one source with the same time keep their order."""
    return sorted((line for source in sources for line in source), key=lambda line: line.time)


def render(lines: Sequence[Line]) -> str:
    """Lines as text of a file: time, source, text."""
    width = max((len(line.source) for line in lines), default=0)
    return "".join(_row(line, width) for line in lines)


def _row(line: Line, width: int) -> str:
    return f"{line.time}  {line.source:<{width}}  {line.text}".rstrip() + "\n"


def fit(lines: list[Line], limit: int) -> tuple[list[Line], str]:
    """The newest lines whose text is at most ``limit`` bytes, and that text."""
    size = 0
    width = max((len(line.source) for line in lines), default=0)
    first = len(lines)
    for line in reversed(lines):
        size += len(_row(line, width).encode("utf-8", "replace"))
        if size > limit:
            break
        first -= 1
    kept = lines[first:]
    return kept, render(kept)


def pack(text: str) -> str:
    """A text, compressed for the transfer to the controller."""
    return base64.b64encode(zlib.compress(text.encode("utf-8", "replace"), 6)).decode("ascii")


def unpack(packed: str, limit: int) -> str:
    """The text of packed data, at most ``limit`` bytes of it, whatever the host sent."""
    return zlib.decompressobj().decompress(base64.b64decode(packed), limit).decode("utf-8", "replace")
