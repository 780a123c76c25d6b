"""The recorded exchanges: parsed, and compared with answers as far as complete (some bodies are truncated)."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

LINE = re.compile(
    r"(?P<request>[A-Z]+ \S+) (?P<body>\{.*?\})?\s*(?:\| basic (?P<basic>\S+))? -> (?P<status>\d+) ?"
    r"(?P<answer>.*) (?P<headers>\{.*\})"
)
# A pair of a name and a complete value, or the opening of an object or list.
PAIR = re.compile(r'"(\w+)":("(?:[^"\\]|\\.)*"(?=[,}\]])|true|false|null|-?\d+(?=[,}\]])|[{\[])')
UNKNOWABLE = {"created", "created_at", "sha1", "token_last_eight"}
WORDS_OF_ANONYMOUS = ("token is required", "Visit Project")


@dataclass(frozen=True)
class Exchange:
    request: str
    body: Any
    basic: str | None
    status: int
    answer: str
    headers: dict[str, str]

    @property
    def who(self) -> str:
        """The recording does not contain the user; the answer shows it."""
        if self.basic:
            return self.basic
        if any(words in self.answer for words in WORDS_OF_ANONYMOUS):
            return "anonymous"
        return "bad" if self.status == 401 and "name: , keyid" in self.answer else "admin"

    @property
    def cut(self) -> bool:
        try:
            json.loads(self.answer or "null")
        except ValueError:
            return True
        return False


def read(path: Path) -> list[Exchange]:
    exchanges = []
    for line in path.read_text(encoding="utf-8").splitlines():
        found = LINE.fullmatch(line)
        assert found, line
        exchanges.append(
            Exchange(
                found["request"],
                json.loads(found["body"]) if found["body"] else None,
                found["basic"],
                int(found["status"]),
                found["answer"],
                json.loads(found["headers"].replace('"', '\\"').replace("'", '"')),
            )
        )
    return exchanges


def pairs(text: str) -> list[tuple[str, str]]:
    """Names and values in their order, without those that differ in every run."""
    found = []
    for name, value in PAIR.findall(text):
        shown = "…" if name in UNKNOWABLE else re.sub(r"http://[^/]*/", "http://host/", value)
        found.append((name, shown))
    return found
