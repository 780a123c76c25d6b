# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Findings are kept, counted and sorted, the worst first."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from ansible_collections.maxops.ops.plugins.module_utils.storage.findings import Findings, worst_in_words
from ansible_collections.maxops.ops.plugins.module_utils.tools.finding import CRITICAL, NOTICE, WARNING, Finding


def test_worst_come_first_and_decide() -> None:
    findings = Findings()
    assert findings.passed
    for state, subject in ((NOTICE, "n"), (WARNING, "w")):
        findings.add(Finding("c", subject, state, "x"))
    assert findings.passed
    for subject in ("b", "a"):
        findings.add(Finding("c", subject, CRITICAL, "x"))
    assert not findings.passed
    assert [finding.subject for finding in findings.all()] == ["a", "b", "w", "n"]
    assert findings.counts() == {"ok": 0, "notice": 1, "warning": 1, "unknown": 0, "critical": 2}


def test_flood_is_counted_from_many_threads() -> None:
    findings = Findings(limit=10)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: findings.add(Finding("c", f"{n:04}", CRITICAL, "x")), range(1000)))
    assert findings.count(CRITICAL) == 1000
    listed = findings.all()
    assert len(listed) == 11
    assert listed[-1].seen == "990 more findings of this kind are not listed"


def test_words_name_the_worst_and_the_first_fix() -> None:
    critical = [
        Finding("c", "a", CRITICAL, "is missing", "3 rows"),
        Finding("c", "b", CRITICAL, "is odd", fix="Fix it."),
        Finding("c", "w", WARNING, "whatever", fix="Look."),
        *(Finding("c", str(number), CRITICAL, "x") for number in range(3)),
    ]
    assert worst_in_words(critical) == "a: is missing (expected 3 rows); b: is odd; 0: x; and 2 more. Fix it."
    assert worst_in_words(critical[:1]) == "a: is missing (expected 3 rows)"
