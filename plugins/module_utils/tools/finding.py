# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a check of health says. Private to this collection."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

OK = "ok"
WARNING = "warning"
UNKNOWN = "unknown"
CRITICAL = "critical"

STATES = (OK, WARNING, UNKNOWN, CRITICAL)
"""The better first. What could not be seen is worse than what was seen to need a look: it may be anything."""


@dataclass(frozen=True)
class Finding:
    """One result: ``seen`` against ``limit``, the ``evidence`` it rests on, and the command that mends it."""

    check: str
    subject: str
    state: str
    seen: str
    limit: str = ""
    evidence: str = ""
    remedy: str = ""

    def to_dict(self) -> dict[str, Any]:
        """The finding as data."""
        return dict(self.__dict__)


def from_error(check: str, subject: str, state: str, error: Exception, limit: str = "", evidence: str = "") -> Finding:
    """The finding of a failure: its sentence says what is the matter, and after the first semicolon what to do."""
    seen, _semicolon, remedy = str(error).partition("; ")
    return Finding(check, subject, state, seen, limit, evidence, remedy)


def worst(states: Iterable[str]) -> str:
    """The worst of some states; ``ok`` where there are none."""
    return max(states, key=STATES.index, default=OK)


def worst_first(findings: Iterable[Finding]) -> list[Finding]:
    """The worst first, else in the order in which they were found."""
    return sorted(findings, key=lambda each: -STATES.index(each.state))


def judged(value: float, warning: float, critical: float) -> str:
    """How bad a value is that should stay low; a limit of 0 is no limit."""
    if critical and value >= critical:
        return CRITICAL
    return WARNING if warning and value >= warning else OK


def judged_low(value: float, warning: float, critical: float) -> str:
    """How bad a value is that should stay high; a limit of 0 is no limit."""
    if critical and value <= critical:
        return CRITICAL
    return WARNING if warning and value <= warning else OK
