# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Building blocks of text for operators: aligned columns, counts, failures first, progress lines."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from unicodedata import combining, east_asian_width, normalize

from ansible_collections.maxops.ops.plugins.module_utils.tools.words import human_size

SHOWN = 10
"""Lines of each kind that a summary shows; all of them are in the result."""

MESSAGE_WIDTH = 100
"""Characters of an error that a row of a table shows."""

_ANSIBLE = re.compile(r"\A\s*((Task|Module|Action) failed: )+")
_OUTPUT = re.compile(r"[.:]?\s*>>> Standard (?:Error|Output)\s*")

Results = Mapping[str, Mapping[str, Any]]
"""The registered result of each host; see ``actions/controller.py``."""


def width(text: str) -> int:
    """Columns of a text in a terminal; Korean letters take two."""
    letters = [letter for letter in normalize("NFC", text) if not combining(letter)]
    return sum(2 if east_asian_width(letter) in "WF" else 1 for letter in letters)


def aligned(rows: Sequence[Sequence[str]], right: Sequence[int] = ()) -> list[str]:
    """Lines of aligned columns, two spaces apart; ``right`` are the indexes of columns to align right."""
    if not rows:
        return []
    widths = [max(width(row[index]) for row in rows) for index in range(len(rows[0]))]
    lines = []
    for row in rows:
        cells = []
        for index, cell in enumerate(row):
            padding = " " * (widths[index] - width(cell))
            cells.append(padding + cell if index in right else cell + padding)
        lines.append("  ".join(cells).rstrip())
    return lines


def count(number: int, word: str, words: str = "") -> str:
    """A number with its noun: ``1 set``, ``1,200 keys``; ``words`` is the plural where it does not just end in s."""
    return f"{number:,} {word if number == 1 else words or word + 's'}"


def shortened(text: str, limit: int) -> str:
    """The text in at most ``limit`` characters."""
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def some(lines: Sequence[str], what: str, shown: int = SHOWN) -> list[str]:
    """The first lines, indented, and the number of those left out."""
    more = [f"… and {len(lines) - shown} more {what}"] if len(lines) > shown else []
    return [f"  {line}" for line in [*lines[:shown], *more]]


def remarks(result: Mapping[str, Any], shown: int | None = None) -> list[str]:
    """The remarks of a result, one per line: all, or the first ``shown`` and the number of those left out."""
    lines = [f"remark: {line}" for line in result.get("remarks", [])]
    return some(lines, "remarks", len(lines) if shown is None else shown)


def message(text: Any) -> str:
    """An error without Ansible's own words in it, such as ``Task failed: Module failed: …``.

    What sudo or a shell printed comes after them, on lines of its own.
    """
    return _OUTPUT.sub(": ", _ANSIBLE.sub("", str(text))).strip()


def kept_line(entry: Mapping[str, Any]) -> str:
    """What one restore replaced and is still kept, with sizes and times."""
    parts = [
        f"{part['kind']} {part['name']} {human_size(part['bytes']) if part['bytes'] is not None else '(unknown size)'}"
        for part in entry["parts"]
    ]
    until = f", kept until {entry['kept_until'][:10]}" if entry["kept_until"] else ""
    return (
        f"replaced {entry['replaced'][:16].replace('T', ' ')} UTC by {entry['replaced_by']}{until}: {', '.join(parts)}"
    )


def reason(result: Mapping[str, Any]) -> str:
    """Why a job failed."""
    text = message(result.get("msg") or "see the error above")
    return f"unreachable: {text}" if result.get("unreachable") else text


def failed_row(host: str, result: Mapping[str, Any], columns: int) -> list[str]:
    """The row of a host whose job failed; the error is in the last column."""
    word = "UNREACHABLE" if result.get("unreachable") else "FAILED"
    return [host, word, *[""] * (columns - 3), one_line(result.get("msg") or "")]


def one_line(text: Any) -> str:
    """An error as a row of a table shows it: one line, with an ellipsis where it is cut."""
    return shortened(" ".join(message(text).split()), MESSAGE_WIDTH)


def failures_first(
    results: Results, rank: Callable[[Mapping[str, Any]], Any] = lambda _result: 0
) -> list[tuple[str, Mapping[str, Any]]]:
    """Hosts with their results: those whose job failed, then the others by rank, the lowest first, and by name."""

    def key(item: tuple[str, Mapping[str, Any]]) -> tuple[bool, Any, str]:
        host, result = item
        failed = bool(result.get("failed"))
        return not failed, None if failed else rank(result), host

    return sorted(results.items(), key=key)


def progress_line(host: str, progress: Mapping[str, Any]) -> str:
    """One line for a running job: the parts done, and progress and speed of all running ones."""
    parts: list[Mapping[str, Any]] = progress.get("parts", [])
    running = [_running(part) for part in parts if part["state"] == "running"]
    done = sum(part["state"] == "done" for part in parts)
    idle = "finishing" if parts and done == len(parts) else "getting ready"
    return f"  {host}: {done} of {len(parts)} parts done; " + (", ".join(running) or idle)


def _running(part: Mapping[str, Any]) -> str:
    unit = part.get("unit", "bytes")
    done, total, rate = (
        human_size(part[key]) if unit == "bytes" else f"{part[key]:,}" for key in ("done", "total", "rate")
    )
    return f"{part['name']} {done} of {total}{'' if unit == 'bytes' else ' ' + unit} ({rate}/s)"
