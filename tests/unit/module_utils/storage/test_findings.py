# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Findings are kept, counted and told, the worst first."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from ansible_collections.maxops.ops.plugins.module_utils.storage.findings import (
    ERROR,
    NOTICE,
    WARNING,
    Finding,
    Findings,
    worst_in_words,
)


def test_worst_come_first_and_decide() -> None:
    findings = Findings()
    assert findings.passed
    for severity, subject in ((NOTICE, "n"), (WARNING, "w")):
        findings.add(Finding(severity, "c", subject, "x"))
    assert findings.passed
    for subject in ("b", "a"):
        findings.add(Finding(ERROR, "c", subject, "x"))
    assert not findings.passed
    assert [each.subject for each in findings.all()] == ["a", "b", "w", "n"]
    assert [findings.count(each) for each in (ERROR, WARNING, NOTICE)] == [2, 1, 1]


def test_flood_is_counted_from_many_threads() -> None:
    findings = Findings(limit=10)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: findings.add(Finding(ERROR, "c", f"{n:04}", "x")), range(1000)))
    assert findings.count(ERROR) == 1000
    told = findings.all()
    assert len(told) == 11
    assert told[-1].found == "990 more findings of this kind are not listed"


def test_words_name_the_worst_and_the_first_remedy() -> None:
    found = [
        Finding(ERROR, "c", "a", "is missing", "3 rows"),
        Finding(ERROR, "c", "b", "is odd", remedy="Mend it."),
        Finding(WARNING, "c", "w", "whatever", remedy="Look."),
        *(Finding(ERROR, "c", str(number), "x") for number in range(3)),
    ]
    assert worst_in_words(found) == "a: is missing (expected 3 rows); b: is odd; 0: x; and 2 more. Mend it."
    assert worst_in_words(found[:1]) == "a: is missing (expected 3 rows)"
