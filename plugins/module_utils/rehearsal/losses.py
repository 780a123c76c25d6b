# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows of a set whose file is missing or wrong: whose fault that is, and the finding for each.

The running application decides, where it can be asked: a row that is gone there was deleted during a backup without a
pause; a file that has the same fault there is a fault of production, of which the set is a faithful copy.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Callable

from ansible_collections.maxops.ops.plugins.module_utils.storage.findings import CHANGED, PRODUCTION, SET, UNCLEAR
from ansible_collections.maxops.ops.plugins.module_utils.tools.finding import CRITICAL, WARNING, Finding

from .content import CHECK, Content, Location
from .live import FEW, LIMIT

SAME, GONE, DIFFERENT = "same", "gone", "different"
"""What has become of a row in the running database."""

TOO_MANY = (
    "Find out when they were deleted or changed. If it was after the backup, this set lacks what the application had "
    "then: take another set, and back up again. If it was during the backup, accept them for a time (option accept)."
)
"""The next step for many objects that the set lacks, and whose rows have changed since."""


@dataclass(frozen=True)
class Loss:
    """One row without its right file.

    ``identity`` is the row's id and ``row`` its other values, ``path`` the file below its folder, ``found`` what the
    set holds there, as :attr:`Losses.observe` returns it (None: nothing).
    """

    subject: str
    identity: Any
    row: tuple[Any, ...]
    path: str
    seen: str
    limit: str
    found: Any = None


@dataclass
class Losses:
    """The losses of one table.

    ``observe`` looks at a file or folder of the running application, ``columns`` are those of the losses' rows. The
    worst state of a finding is ``state``.
    """

    content: Content
    database: str
    table: str
    columns: Sequence[str]
    location: Location
    observe: Callable[[str], Any]
    fix: str
    state: str = CRITICAL
    kept: list[Loss] = field(default_factory=list)
    number: int = 0

    def add(self, loss: Loss) -> None:
        """Note one more; those beyond what is looked at are reported at once."""
        self.number += 1
        if self.number <= LIMIT:
            self.kept.append(loss)
        else:
            self._report(loss, self.state, UNCLEAR, f"only the first {LIMIT} were looked up in the running application")

    def report(self, total: int) -> None:
        """Make the findings; ``total`` is the number of rows in the table."""
        if not self.kept:
            return
        content = self.content
        identities = [loss.identity for loss in self.kept]
        rows = content.live.rows(self.database, self.table, self.columns, identities, total, content.cancellation)
        looks = []
        for loss in self.kept:
            row = None
            if rows is not None:
                there = rows.get(loss.identity)
                row = GONE if there is None else SAME if _texts(there) == _texts(loss.row) else DIFFERENT
            looks.append((loss, row, same_fault(content, self.location, loss.path, loss.found, self.observe)))
        faulty = sum(row == SAME and bool(same) for _loss, row, same in looks)
        # Both kinds together are what the set lacks although it may pass.
        excused = faulty + sum(row in (GONE, DIFFERENT) for _loss, row, _same in looks)
        for loss, row, same in looks:
            few = is_few(excused, total) if row == SAME else one_or_few(excused, total)
            state, cause = judged(content.paused, few, row, same)
            evidence = self._evidence(cause, row, faulty if row == SAME else excused)
            fix = TOO_MANY if cause == UNCLEAR and row in (GONE, DIFFERENT) and not content.paused else ""
            self._report(loss, self.state if state == CRITICAL else state, cause, evidence, fix)

    def _evidence(self, cause: str, row: str | None, number: int) -> str:
        if cause == CHANGED:
            return "its row is gone from the running database" if row == GONE else "its row has changed there since"
        if cause == PRODUCTION:
            return f"the running application has the same fault ({number} of this kind)"
        if cause == SET:
            return "the running application has it"
        if row in (GONE, DIFFERENT):
            deleted = "its row was deleted or changed in the running database since"
            return f"{deleted}, {why_not_changed(self.content.paused, number)}"
        problem = self.content.live.reason(self.database, self.table) or "it has no such folder"
        return f"the running application could not be asked: {problem}"

    def _report(self, loss: Loss, state: str, cause: str, evidence: str, fix: str = "") -> None:
        fix = fix or advice(cause, self.fix)
        finding = Finding(CHECK, loss.subject, state, loss.seen, loss.limit, (evidence,), fix, cause)
        self.content.subject.findings.add(finding)


def same_fault(
    content: Content, location: Location, path: str, found: Any, observe: Callable[[str], Any]
) -> bool | None:
    """Whether the running application has the same fault; None when that cannot be known."""
    live = content.live_path(location, path)
    if live is None:
        return None
    try:
        # Without the folder itself nothing is known about one object in it: its disk may not be mounted.
        if not os.path.isdir(content.live_path(location, "") or ""):
            return None
        return bool(observe(live) == found)
    except OSError:
        return None


def judged(paused: bool, few: bool, row: str | None, same: bool | None) -> tuple[str, str]:
    """State and cause of a loss.

    ``row`` is what has become of the row in the running database, ``same`` whether the file has the same fault there;
    None means unknown. ``few`` is true while only few objects have this fault: a large loss in production
    never passes, and rows that were deleted after the backup do not excuse a set that lacks many files.
    """
    if row in (GONE, DIFFERENT):
        return (CRITICAL, UNCLEAR) if paused or not few else (WARNING, CHANGED)
    if row is None or same is None:
        return CRITICAL, UNCLEAR
    if same:
        return (WARNING if few else CRITICAL), PRODUCTION
    return CRITICAL, SET


def is_few(number: int, total: int) -> bool:
    """Whether so many faulty objects (10, at most half of all) are exceptions, not the loss of a folder or disk."""
    return number <= min(FEW, total // 2)


def one_or_few(number: int, total: int) -> bool:
    """The same where a single object may be the only one: its row was deleted, or its file is there, but damaged."""
    return number <= 1 or is_few(number, total)


def why_not_changed(paused: bool, number: int) -> str:
    """Why rows that have changed in the running database since do not explain what a set lacks."""
    if paused:
        return "although the backup had paused it"
    return f"but {number} objects of this kind are too many to have changed during the backup"


def advice(cause: str, production: str) -> str:
    """The next step for a finding; ``production`` says how to fix the running application."""
    if cause == CHANGED:
        return "Nothing is lost that the application still has. A backup with quiesce pause has no such rows."
    if cause == PRODUCTION:
        return f"The set is a faithful copy. {production} Or accept it for a time (option accept)."
    if cause == SET:
        return "Take another set, and back up again."
    return (
        "Look in the running application: if the row is gone there, it was deleted during the backup; if the file is "
        f"missing there, too, the set is a faithful copy. {production} Then accept it for a time (option accept)."
    )


def _texts(values: Sequence[Any]) -> list[str]:
    return [str(value) for value in values]
