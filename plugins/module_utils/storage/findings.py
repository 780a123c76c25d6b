# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The findings about one backup set, collected from threads."""

from __future__ import annotations

import threading
from collections.abc import Iterable

from ansible_collections.maxops.ops.plugins.module_utils.tools.finding import (
    CRITICAL,
    STATES,
    Finding,
    rank,
    worst_first,
)


class Findings:
    """Collects findings of checks that run side by side; many of one kind are counted, not listed.

    ``limit`` findings of each check and state are kept in full.
    """

    def __init__(self, limit: int = 100) -> None:
        self.limit = limit
        self._lock = threading.Lock()
        self._kept: list[Finding] = []
        self._counts: dict[tuple[str, str], int] = {}

    def add(self, finding: Finding) -> None:
        """Keep one more finding."""
        key = (finding.state, finding.check)
        with self._lock:
            self._counts[key] = self._counts.get(key, 0) + 1
            if self._counts[key] <= self.limit:
                self._kept.append(finding)

    def count(self, state: str) -> int:
        """The number of findings of a state, listed or not."""
        with self._lock:
            return sum(number for (kind, _check), number in self._counts.items() if kind == state)

    def counts(self) -> dict[str, int]:
        """The number of findings of each state, listed or not."""
        return {state: self.count(state) for state in STATES}

    @property
    def passed(self) -> bool:
        """True while there is no critical finding."""
        return self.count(CRITICAL) == 0

    def all(self) -> list[Finding]:
        """The findings, the worst first, then by check and subject; the number of those not listed comes last."""
        with self._lock:
            more = [
                Finding(check, check, state, f"{number - self.limit} more findings of this kind are not listed")
                for (state, check), number in self._counts.items()
                if number > self.limit
            ]
            listed = sorted(self._kept, key=lambda finding: (-rank(finding.state), finding.check, finding.subject))
        return worst_first([*listed, *more])


def worst_in_words(findings: Iterable[Finding], limit: int = 3) -> str:
    """The first critical findings as one text, with the first fix and the number of further ones."""
    critical = [finding for finding in findings if finding.state == CRITICAL]
    text = "; ".join(finding.sentence() for finding in critical[:limit])
    if len(critical) > limit:
        text += f"; and {len(critical) - limit} more"
    fix = next((finding.fix for finding in critical if finding.fix), "")
    return f"{text}. {fix}" if fix else text
