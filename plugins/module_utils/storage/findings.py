# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The findings about one backup set, collected from threads."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from dataclasses import replace

from ansible_collections.maxops.ops.plugins.module_utils.tools.finding import (
    CRITICAL,
    NOTICE,
    STATES,
    WARNING,
    Finding,
    rank,
    worst_first,
)

from .acceptance import Acceptance, can_be_accepted

SET = "set"
"""The set itself is at fault: it is damaged, or lacks what it should hold."""
PRODUCTION = "production"
"""The running application has the same fault: the set is a faithful copy of it."""
CHANGED = "changed"
"""The data changed while the backup ran without a pause."""
HOST = "host"
"""This host lacks something that the verification needs."""
UNCLEAR = "unclear"
"""The running application could not be asked, so the set or the application is at fault."""
COVERAGE = "coverage"
"""The operator left these data out of the set, or they are kept elsewhere: nothing is said about them."""
ACCEPTED = "accepted"
"""An operator has accepted the finding, with a reason and an end date."""

CAUSES = (SET, PRODUCTION, CHANGED, HOST, UNCLEAR, COVERAGE, ACCEPTED)
"""Where a finding about a set comes from."""


class Findings:
    """Collects findings of checks that run side by side; many of one kind are counted, not listed.

    ``limit`` findings of each check, state and cause are kept in full. A critical finding or a warning that an operator
    has accepted becomes a notice with the cause ACCEPTED.
    """

    def __init__(self, limit: int = 100, accepted: Sequence[Acceptance] = ()) -> None:
        self.limit = limit
        self.accepted = list(accepted)
        self.seen: set[Acceptance] = set()
        """The acceptances that a finding matched, also those that have ended or cannot apply to it."""
        self._lock = threading.Lock()
        self._kept: list[Finding] = []
        self._counts: dict[tuple[str, str, str], int] = {}

    def add(self, finding: Finding) -> None:
        """Keep one more finding."""
        with self._lock:
            finding = self._judged(finding)
            key = (finding.state, finding.check, finding.cause)
            self._counts[key] = self._counts.get(key, 0) + 1
            if self._counts[key] <= self.limit:
                self._kept.append(finding)

    def _judged(self, finding: Finding) -> Finding:
        if finding.state not in (CRITICAL, WARNING):
            return finding
        matching = [acceptance for acceptance in self.accepted if acceptance.names(finding)]
        self.seen.update(matching)
        if matching and not can_be_accepted(finding):
            refused = "the option accept names it, but what the set itself has lost cannot be accepted"
            return replace(finding, evidence=(*finding.evidence, refused))
        valid = next((acceptance for acceptance in matching if not acceptance.ended), None)
        if valid:
            evidence = (*finding.evidence, f"{finding.state}, accepted until {valid.until}: {valid.reason}")
            return replace(finding, state=NOTICE, cause=ACCEPTED, evidence=evidence)
        if not matching:
            return finding
        evidence = (*finding.evidence, f"it was accepted until {matching[0].until}: {matching[0].reason}")
        fix = f"It was accepted until {matching[0].until}, and this has ended. {finding.fix}".strip()
        return replace(finding, evidence=evidence, fix=fix)

    def count(self, state: str, cause: str | None = None) -> int:
        """The number of findings of a state, listed or not; with a cause, only those."""
        with self._lock:
            return sum(
                number for (kind, _check, of), number in self._counts.items() if kind == state and cause in (None, of)
            )

    def counts(self) -> dict[str, int]:
        """The number of findings of each state, listed or not."""
        return {state: self.count(state) for state in STATES}

    def causes(self) -> dict[str, int]:
        """The number of critical findings, warnings and accepted findings of each cause, without zeros."""
        numbers = {cause: sum(self.count(state, cause) for state in (CRITICAL, WARNING)) for cause in CAUSES}
        numbers[ACCEPTED] = self.count(NOTICE, ACCEPTED)
        return {cause: number for cause, number in numbers.items() if number}

    @property
    def passed(self) -> bool:
        """True while there is no critical finding."""
        return self.count(CRITICAL) == 0

    def all(self) -> list[Finding]:
        """The findings, the worst first, then by check and subject; the number of those not listed comes last."""
        with self._lock:
            more = [
                Finding(
                    check, check, state, f"{number - self.limit} more findings of this kind are not listed", cause=of
                )
                for (state, check, of), number in self._counts.items()
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
