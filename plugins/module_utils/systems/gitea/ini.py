# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Gitea's INI files, read as Gitea reads them (go-ini without continued lines).

Python's own reader knows neither values in backquotes or three double quotes, which may have several lines, nor
comments without a space before them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

DEFAULT = "DEFAULT"
"""Gitea's name of the section before the first section name; here it has no name."""

_COMMENT = "#;"
_DELIMITERS = "=:"
_LONG_QUOTE = '"""'


class IniError(ValueError):
    """A file that Gitea cannot read: ``line`` is the number of the wrong line, from 1; its content is not shown."""

    def __init__(self, line: int, problem: str) -> None:
        super().__init__(f"line {line}: {problem}")
        self.line = line
        self.problem = problem


def parse_ini(text: str) -> Mapping[str, Mapping[str, str]]:
    """Keys and values by section; keys before the first section are in ``""``. Raises IniError.

    Of a key that occurs twice, the last value counts.
    """
    sections: dict[str, dict[str, str]] = {"": {}}
    section = sections[""]
    lines = enumerate(text.lstrip("\ufeff").split("\n"), 1)
    for number, raw in lines:
        line = raw.strip()
        if not line or line[0] in _COMMENT:
            continue
        if line[0] == "[":
            end = line.rfind("]")
            if end < 0:
                raise IniError(number, "the name of a section has no closing bracket")
            name = line[1:end].strip()
            section = sections.setdefault("" if name == DEFAULT else name, {})
            continue
        key, rest = _key(number, line)
        section[key] = _value(number, rest, lines)
    return sections


def _key(number: int, line: str) -> tuple[str, str]:
    """The key of a line, and what follows the delimiter."""
    long = line.startswith(_LONG_QUOTE) and len(line) > 2 * len(_LONG_QUOTE)
    quote = _LONG_QUOTE if long else line[0] if line[0] in '"`' else ""
    start = len(quote)
    end = line.find(quote, start) if quote else 0
    if end < 0:
        raise IniError(number, "the quote around a key is not closed")
    places = [place for place in (line.find(delimiter, end) for delimiter in _DELIMITERS) if place >= 0]
    if not places:
        raise IniError(number, "no = between a key and its value")
    place = min(places)
    key = line[start : end if quote else place].strip()
    if not key:
        raise IniError(number, "no key before the =")
    return key, line[place + 1 :]


def _value(number: int, rest: str, following: Iterator[tuple[int, str]]) -> str:
    """The value without its quotes and its comment; one in quotes may go on in the following lines."""
    value = rest.strip()
    quote = next((quote for quote in (_LONG_QUOTE, "`") if value.startswith(quote)), "")
    if quote:
        start = len(quote)
        end = value.rfind(quote, start)
        return value[start:end] if end >= 0 else _lines(number, rest.lstrip()[start:], quote, following)
    value = _without_comment(value)
    for quote in "'\"":
        if len(value) >= 2 and value.find(quote, 1) == len(value) - 1 and value[0] == quote:
            return value[1:-1]
    return value


def _lines(number: int, first: str, quote: str, following: Iterator[tuple[int, str]]) -> str:
    value = [first]
    for _number, line in following:
        end = line.rfind(quote)
        if end >= 0:
            return "\n".join([*value, line[:end]])
        value.append(line)
    raise IniError(number, "the quote around a value is not closed")


def _without_comment(value: str) -> str:
    return next((value[:place].rstrip() for place, letter in enumerate(value) if letter in _COMMENT), value)
