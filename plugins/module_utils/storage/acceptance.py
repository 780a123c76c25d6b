# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Known findings that an operator has accepted, each with a reason and an end date."""

from __future__ import annotations

import datetime
import fnmatch
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError
from ansible_collections.maxops.ops.plugins.module_utils.tools.finding import CRITICAL, Finding
from ansible_collections.maxops.ops.plugins.module_utils.tools.moments import utc_now

NEVER = ("checksum", "decode")
"""Checks whose findings cannot be accepted: a damaged file of a set is no known fault of the application."""

RESTORE = "restore"
"""Check whose critical findings cannot be accepted: a part that cannot be restored would count as verified."""

SET_ITSELF = "databases"
"""The same for the check of rows, roles, extensions and sequences: it compares a set with its own manifest."""

CAUSES = ("production", "changed", "unclear", "host", "coverage", "")
"""Causes (storage/findings.py) of critical findings that can be accepted: never the set's own loss."""

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


@dataclass(frozen=True)
class Acceptance:
    """Findings whose subject and check match these patterns are accepted until the end of a day, in UTC."""

    finding: str
    check: str
    reason: str
    until: datetime.date
    ended: bool = False

    def matches(self, finding: Finding) -> bool:
        """Whether this is one of the accepted findings."""
        return self.names(finding) and can_be_accepted(finding)

    def names(self, finding: Finding) -> bool:
        """Whether the patterns fit, also for a finding that cannot be accepted."""
        return (
            finding.subject == self.finding or fnmatch.fnmatchcase(finding.subject, self.finding)
        ) and fnmatch.fnmatchcase(finding.check, self.check)


def can_be_accepted(finding: Finding) -> bool:
    """False for what the set itself has lost or damaged: accepted, it would count as a verified copy of its data."""
    if finding.check in NEVER:
        return False
    return finding.state != CRITICAL or (finding.check not in (RESTORE, SET_ITSELF) and finding.cause in CAUSES)


def acceptances(entries: Sequence[Mapping[str, Any]], today: datetime.date | None = None) -> list[Acceptance]:
    """The acceptances of the option ``accept``. Raises MaxopsError for an entry that is not complete or not valid."""
    day = today or utc_now().date()
    return [_acceptance(number, entry, day) for number, entry in enumerate(entries, start=1)]


def _acceptance(number: int, entry: Mapping[str, Any], today: datetime.date) -> Acceptance:
    name = f"entry {number} of accept"
    unknown = sorted(set(entry) - {"finding", "check", "reason", "until"})
    if unknown:
        raise MaxopsError(f"{name} has unknown keys ({', '.join(unknown)}); give finding, check, reason and until")
    texts = {key: str(entry.get(key) or "").strip() for key in ("finding", "reason", "until")}
    missing = [key for key, text in texts.items() if not text]
    if missing:
        raise MaxopsError(f"{name} has no {' and no '.join(missing)}; every accepted finding needs one")
    check = str(entry.get("check") or "*").strip()
    if not texts["finding"].strip("*?"):
        raise MaxopsError(
            f'{name} accepts every finding ("{texts["finding"]}"); give the subject of the finding, or a part of it'
        )
    if check in NEVER:
        raise MaxopsError(
            f"{name} is for the check {check}, whose findings are damaged files of one set; take another set instead"
        )
    try:
        if not _DATE.fullmatch(texts["until"]):
            raise ValueError(texts["until"])
        until = datetime.date.fromisoformat(texts["until"])
    except ValueError:
        raise MaxopsError(f'until is "{texts["until"]}" in {name}; write the last day as in 2027-01-31') from None
    return Acceptance(texts["finding"], check, texts["reason"], until, ended=until < today)
