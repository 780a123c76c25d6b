# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Retention: which backup sets may be removed, and why the others are kept."""

from __future__ import annotations

import datetime
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Callable

from .coverage import Key, label


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
    """A complete set, as retention needs it.

    ``parts`` are the parts with content; ``emptied`` those that are empty, or much smaller than they were.
    """

    set_id: str
    moment: datetime.datetime
    verified: bool = False
    parts: frozenset[Key] = frozenset()
    emptied: frozenset[Key] = frozenset()


_PERIODS: tuple[tuple[str, Callable[[datetime.datetime], object]], ...] = (
    ("daily", lambda moment: moment.date()),
    ("weekly", lambda moment: tuple(moment.isocalendar())[:2]),
    ("monthly", lambda moment: (moment.year, moment.month)),
)


def reasons_to_keep(
    candidates: Iterable[Candidate], policy: Policy, retired: Collection[Key] = ()
) -> dict[str, list[str]]:
    """The reasons to keep every set, newest first; a set without any may be removed.

    The newest and the newest verified set stay, and so do, for each part, the newest and the newest verified set that
    has it. The rules are counted for each set among those that hold all its parts: sets of some parts never use up
    the numbers of sets that have more. ``retired`` are parts that the stack has no more; their last copies stay, but
    no rule waits for a set that has them. A period without a set does not use up a rule's number.
    """
    newest_first = sorted(candidates, key=lambda candidate: candidate.moment, reverse=True)
    reasons: dict[str, list[str]] = {candidate.set_id: [] for candidate in newest_first}
    if policy.keeps_everything:
        return {set_id: ["no retention rule"] for set_id in reasons}
    verified = [candidate for candidate in newest_first if candidate.verified]
    for candidate in newest_first[:1]:
        reasons[candidate.set_id].append("newest")
    for candidate in verified[:1]:
        reasons[candidate.set_id].append("newest verified")
    _add_last_copies(newest_first, verified, reasons)
    for index, candidate in enumerate(newest_first):
        needed = candidate.parts.difference(retired)
        newer = [other for other in newest_first[:index] if needed <= other.parts]
        if len(newer) < policy.keep_last:
            reasons[candidate.set_id].append("keep_last")
        for rule, period_of in _PERIODS:
            periods = {period_of(other.moment) for other in newer}
            if len(periods) < getattr(policy, rule) and period_of(candidate.moment) not in periods:
                reasons[candidate.set_id].append(rule)
    return reasons


def _add_last_copies(
    newest_first: Sequence[Candidate], verified: Sequence[Candidate], reasons: dict[str, list[str]]
) -> None:
    """Keep the newest and the newest verified copy of each part; an empty one only where there is no other."""
    for part in sorted({part for candidate in newest_first for part in candidate.parts | candidate.emptied}):
        holders = _holders(newest_first, part)
        last, name = holders[0], label(part)
        if last is not newest_first[0]:
            reasons[last.set_id].append(f"{'only set' if len(holders) == 1 else 'newest'} with {name}")
        for candidate in _holders(verified, part)[:1]:
            if candidate is not verified[0] and (len(holders) > 1 or candidate is not last):
                reasons[candidate.set_id].append(f"newest verified with {name}")


def _holders(some: Sequence[Candidate], part: Key) -> list[Candidate]:
    filled = [candidate for candidate in some if part in candidate.parts]
    return filled or [candidate for candidate in some if part in candidate.emptied]
