# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a check found, in one form for people, reports and programs. Private to this collection."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

ERROR = "error"
"""What was checked is not what it has to be."""
WARNING = "warning"
"""It does its work, but somebody should look at it."""
NOTICE = "notice"
"""To be expected, and worth knowing."""

SEVERITIES = (ERROR, WARNING, NOTICE)
"""The worst first."""


@dataclass(frozen=True)
class Finding:
    """One result of a check: ``subject`` is the file, table or thing, ``remedy`` what a person should do."""

    severity: str
    check: str
    subject: str
    found: str
    expected: str = ""
    remedy: str = ""

    def sentence(self) -> str:
        """The finding as one line for a message."""
        text = f"{self.subject}: {self.found}"
        return f"{text} (expected {self.expected})" if self.expected else text

    def to_dict(self) -> dict[str, Any]:
        """The finding as data, with all its fields."""
        return asdict(self)


class Findings:
    """Collects findings of checks that run side by side; a flood of one kind is counted, not listed.

    ``limit`` findings of each check and severity are kept word for word.
    """

    def __init__(self, limit: int = 100) -> None:
        self.limit = limit
        self._lock = threading.Lock()
        self._kept: list[Finding] = []
        self._counts: dict[tuple[str, str], int] = {}

    def add(self, finding: Finding) -> None:
        """Keep one more finding."""
        key = (finding.severity, finding.check)
        with self._lock:
            self._counts[key] = self._counts.get(key, 0) + 1
            if self._counts[key] <= self.limit:
                self._kept.append(finding)

    def count(self, severity: str) -> int:
        """How many there were of a severity, listed or not."""
        with self._lock:
            return sum(number for (kind, _check), number in self._counts.items() if kind == severity)

    @property
    def passed(self) -> bool:
        """True while there is no error."""
        return self.count(ERROR) == 0

    def all(self) -> list[Finding]:
        """The findings, the worst first, else in the order of their subjects; what was only counted comes last."""
        with self._lock:
            more = [
                Finding(severity, check, check, f"{number - self.limit} more findings of this kind are not listed")
                for (severity, check), number in self._counts.items()
                if number > self.limit
            ]
            listed = sorted(self._kept, key=lambda each: (SEVERITIES.index(each.severity), each.check, each.subject))
        return sorted([*listed, *more], key=lambda each: SEVERITIES.index(each.severity))


def worst_in_words(findings: Iterable[Finding], limit: int = 3) -> str:
    """The first errors as one text, with what to do about the first and how many more there are."""
    errors = [each for each in findings if each.severity == ERROR]
    text = "; ".join(each.sentence() for each in errors[:limit])
    if len(errors) > limit:
        text += f"; and {len(errors) - limit} more"
    remedy = next((each.remedy for each in errors if each.remedy), "")
    return f"{text}. {remedy}" if remedy else text
