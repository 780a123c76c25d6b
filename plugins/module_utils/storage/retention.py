# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Retention: which backup sets may be removed, and why the others are kept."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Callable


@dataclass(frozen=True)
class Policy:
    """How many sets to keep: the newest ones, and the newest of each of the last days, weeks and months (UTC)."""

    keep_last: int = 0
    daily: int = 0
    weekly: int = 0
    monthly: int = 0

    @property
    def keeps_everything(self) -> bool:
        """True when there is no rule: no set is ever removed."""
        return not (self.keep_last or self.daily or self.weekly or self.monthly)


@dataclass(frozen=True)
class Candidate:
    """A complete set, as retention needs it."""

    set_id: str
    moment: datetime.datetime
    verified: bool = False


_PERIODS: tuple[tuple[str, Callable[[datetime.datetime], object]], ...] = (
    ("daily", lambda moment: moment.date()),
    ("weekly", lambda moment: tuple(moment.isocalendar())[:2]),
    ("monthly", lambda moment: (moment.year, moment.month)),
)


def reasons_to_keep(candidates: Iterable[Candidate], policy: Policy) -> dict[str, list[str]]:
    """The reasons to keep every set, newest first; a set without any may be removed.

    The newest set and the newest verified set are always kept. A period without a set does not use up a rule's count.
    """
    newest_first = sorted(candidates, key=lambda candidate: candidate.moment, reverse=True)
    reasons: dict[str, list[str]] = {candidate.set_id: [] for candidate in newest_first}
    if policy.keeps_everything:
        return {set_id: ["no retention rule"] for set_id in reasons}
    for candidate in newest_first[:1]:
        reasons[candidate.set_id].append("newest")
    for candidate in [candidate for candidate in newest_first if candidate.verified][:1]:
        reasons[candidate.set_id].append("newest verified")
    for candidate in newest_first[: policy.keep_last]:
        reasons[candidate.set_id].append("keep_last")
    for rule, period_of in _PERIODS:
        periods: set[object] = set()
        for candidate in newest_first:
            period = period_of(candidate.moment)
            if len(periods) < getattr(policy, rule) and period not in periods:
                periods.add(period)
                reasons[candidate.set_id].append(rule)
    return reasons
