# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The result of a check: one type and one scale of states for health, diagnose, verify and what is built on them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

OK = "ok"
"""It was checked, and it is as it should be."""
NOTICE = "notice"
"""It is expected, and worth knowing: no alert, and no grade."""
WARNING = "warning"
"""It works, and a person should check it."""
UNKNOWN = "unknown"
"""It could not be checked."""
CRITICAL = "critical"
"""It does not work, or it is not as required."""

STATES = (OK, NOTICE, WARNING, UNKNOWN, CRITICAL)
"""The scale, from good to bad.

``unknown`` is worse than ``warning``: an unchecked thing may be in any state. A check that checked nothing is never
``ok``.
"""


@dataclass(frozen=True)
class Finding:
    """One result of a check.

    ``check`` names the check (in a diagnosis, the kind of cause), ``subject`` the checked service, file, table or
    other thing, ``state`` is one of STATES. ``seen`` says what was observed and ``limit`` what it should be;
    ``evidence`` holds the observations behind it, ``fix`` the next step, a command where there is one. ``limit``,
    ``evidence`` and ``fix`` may be empty. ``cause`` says where a fault of a backup set comes from (storage/findings.py
    lists the values); other checks leave it empty.
    """

    check: str
    subject: str
    state: str
    seen: str
    limit: str = ""
    evidence: tuple[str, ...] = ()
    fix: str = ""
    cause: str = ""

    def sentence(self) -> str:
        """The finding as one line for a message."""
        text = f"{self.subject}: {self.seen}"
        return f"{text} (expected {self.limit})" if self.limit else text

    def to_dict(self) -> dict[str, Any]:
        """The finding as data for a module's result: all its fields, ``cause`` only where it has one."""
        fields = {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()}
        if not self.cause:
            del fields["cause"]
        return fields


def from_error(
    check: str, subject: str, state: str, error: Exception, limit: str = "", evidence: tuple[str, ...] = ()
) -> Finding:
    """The finding for an error: the text before its first semicolon is the problem, the text after it the fix."""
    seen, _semicolon, fix = str(error).partition("; ")
    return Finding(check, subject, state, seen, limit, evidence, fix)


def rank(state: str) -> int:
    """How bad a state is, 0 for ok; a state that is not on the scale counts as unknown."""
    return STATES.index(state) if state in STATES else STATES.index(UNKNOWN)


def worst(states: Iterable[str]) -> str:
    """The worst of some states; ``ok`` for none."""
    return max(states, key=STATES.index, default=OK)


def worst_first(findings: Iterable[Finding]) -> list[Finding]:
    """The findings from worst to best; equal states keep their order."""
    return sorted(findings, key=lambda finding: -STATES.index(finding.state))


def judged(value: float, warning: float, critical: float) -> str:
    """The state of a value that should stay low; a limit of 0 means no limit."""
    if critical and value >= critical:
        return CRITICAL
    return WARNING if warning and value >= warning else OK


def judged_low(value: float, warning: float, critical: float) -> str:
    """The state of a value that should stay high; a limit of 0 means no limit."""
    if critical and value <= critical:
        return CRITICAL
    return WARNING if warning and value <= warning else OK
