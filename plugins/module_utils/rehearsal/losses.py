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
        few = is_few(self.number, total)
        for loss in self.kept:
            row = None
            if rows is not None:
                there = rows.get(loss.identity)
                row = GONE if there is None else SAME if _texts(there) == _texts(loss.row) else DIFFERENT
            same = same_fault(content, self.location, loss.path, loss.found, self.observe)
            state, cause = judged(content.paused, few, row, same)
            self._report(loss, self.state if state == CRITICAL else state, cause, self._evidence(cause, row))

    def _evidence(self, cause: str, row: str | None) -> str:
        if cause == CHANGED:
            return "its row is gone from the running database" if row == GONE else "its row has changed there since"
        if cause == PRODUCTION:
            return f"the running application has the same fault ({self.number} of this kind)"
        if cause == SET:
            return "the running application has it"
        if row in (GONE, DIFFERENT):
            return "its row was deleted or changed in the running database since, although the backup had paused it"
        return f"the running application could not be asked: {self.content.live.problem or 'it has no such folder'}"

    def _report(self, loss: Loss, state: str, cause: str, evidence: str) -> None:
        fix = advice(cause, self.fix)
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
    None means unknown. ``few`` is true while only few objects have a fault.
    """
    if row in (GONE, DIFFERENT):
        return (CRITICAL, UNCLEAR) if paused else (WARNING, CHANGED)
    if row is None or same is None:
        return CRITICAL, UNCLEAR
    if same:
        return (WARNING if few else CRITICAL), PRODUCTION
    return CRITICAL, SET


def is_few(number: int, total: int) -> bool:
    """Whether so many faulty objects are exceptions (10, or a tenth), and not the loss of a whole folder or disk."""
    return number <= max(FEW, total / 10)


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
