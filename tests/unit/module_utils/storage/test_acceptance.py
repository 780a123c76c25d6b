# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Findings that an operator has accepted: patterns, reasons and end dates."""

from __future__ import annotations

import datetime
from typing import Any

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.storage.acceptance import CAUSES, acceptances
from ansible_collections.maxops.ops.plugins.module_utils.storage.findings import (
    CHANGED,
    COVERAGE,
    HOST,
    PRODUCTION,
    SET,
    UNCLEAR,
    Findings,
)
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError
from ansible_collections.maxops.ops.plugins.module_utils.tools.finding import CRITICAL, NOTICE, WARNING, Finding

TODAY = datetime.date(2026, 12, 1)
ENTRY = {"finding": "gitea-data: git/repositories/platform/*", "reason": "old pull requests", "until": "2026-12-31"}
SUBJECT = "gitea-data: git/repositories/platform/presence-capacity-0.git"


def findings(*entries: dict[str, Any]) -> Findings:
    return Findings(accepted=acceptances(entries, TODAY))


def test_accepted_finding_does_not_fail_the_set_and_keeps_its_reason() -> None:
    collected = findings(ENTRY)
    collected.add(Finding("content", SUBJECT, CRITICAL, "git fsck reports", cause="unclear"))
    assert collected.passed
    [finding] = collected.all()
    assert (finding.state, finding.cause) == (NOTICE, "accepted")
    assert finding.evidence == ("critical, accepted until 2026-12-31: old pull requests",)
    assert collected.causes() == {"accepted": 1}
    collected.add(Finding("content", "attachment 7 (plan.pdf)", CRITICAL, "has no file", cause="set"))
    assert not collected.passed


def test_accepted_findings_do_not_crowd_out_others() -> None:
    collected = Findings(1, acceptances([ENTRY], TODAY))
    for number in range(3):
        collected.add(Finding("content", f"{SUBJECT}{number}", WARNING, "x"))
        collected.add(Finding("content", f"orphan {number}", NOTICE, "x"))
    assert [(finding.subject, finding.seen) for finding in collected.all()] == [
        (f"{SUBJECT}0", "x"),
        ("orphan 0", "x"),
        ("content", "2 more findings of this kind are not listed"),
        ("content", "2 more findings of this kind are not listed"),
    ]


@pytest.mark.parametrize(("until", "passed"), [("2026-12-01", True), ("2026-11-30", False)])
def test_end_date_is_the_last_day(until: str, passed: bool) -> None:
    collected = findings({**ENTRY, "until": until})
    collected.add(Finding("content", SUBJECT, CRITICAL, "git fsck reports", fix="Run git fsck."))
    assert collected.passed is passed
    if not passed:
        [finding] = collected.all()
        assert finding.fix == "It was accepted until 2026-11-30, and this has ended. Run git fsck."
        assert finding.evidence == ("it was accepted until 2026-11-30: old pull requests",)


def test_subject_with_brackets_is_accepted_as_it_is() -> None:
    collected = findings({**ENTRY, "finding": "attachment 7 (plan [1].pdf)"})
    collected.add(Finding("content", "attachment 7 (plan [1].pdf)", CRITICAL, "has no file"))
    assert collected.passed


@pytest.mark.parametrize("check", ["checksum", "decode"])
def test_damaged_file_is_never_accepted(check: str) -> None:
    collected = findings({**ENTRY, "finding": "volumes/*"})
    collected.add(Finding(check, "volumes/gitea-data.tar.zst", CRITICAL, "1 byte", "2 bytes"))
    assert not collected.passed


def test_part_that_cannot_be_restored_is_never_accepted() -> None:
    collected = findings({**ENTRY, "finding": "database *"})
    collected.add(Finding("restore", 'database "shop"', CRITICAL, "could not be loaded"))
    assert not collected.passed
    collected.add(Finding("restore", 'database "shop"', WARNING, "a tablespace is missing"))
    assert collected.causes() == {"accepted": 1}


@pytest.mark.parametrize(
    ("check", "subject", "cause"),
    [
        ("content", "attachment 7 (plan.pdf) of gitea", SET),
        ("databases", "table public.issue of gitea", SET),
        ("databases", "table public.issue of gitea", UNCLEAR),
    ],
)
def test_what_the_set_itself_has_lost_is_never_accepted(check: str, subject: str, cause: str) -> None:
    collected = findings({**ENTRY, "finding": "*gitea*"})
    collected.add(Finding(check, subject, CRITICAL, "is missing", cause=cause))
    assert not collected.passed
    [finding] = collected.all()
    assert (finding.cause, finding.state) == (cause, CRITICAL)
    assert finding.evidence == ("the option accept names it, but what the set itself has lost cannot be accepted",)


@pytest.mark.parametrize("cause", [PRODUCTION, UNCLEAR, CHANGED, HOST, COVERAGE])
def test_what_the_set_did_not_lose_can_be_accepted(cause: str) -> None:
    collected = findings({**ENTRY, "finding": "attachment *"})
    collected.add(Finding("content", "attachment 7 (plan.pdf)", CRITICAL, "has no file", cause=cause))
    assert collected.passed
    assert collected.causes() == {"accepted": 1}
    assert set(CAUSES) == {PRODUCTION, UNCLEAR, CHANGED, HOST, COVERAGE, ""}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"reason": " "}, "entry 1 of accept has no reason"),
        ({"finding": "", "until": None}, "has no finding and no until"),
        ({"finding": "**"}, "accepts every finding"),
        ({"until": "31.12.2026"}, 'until is "31.12.2026"'),
        ({"until": "2026-02-30"}, "write the last day as in 2027-01-31"),
        ({"untill": "2026-12-31"}, "unknown keys \\(untill\\)"),
        ({"check": "checksum"}, "damaged files of one set"),
    ],
)
def test_incomplete_entry_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(MaxopsError, match=message):
        acceptances([{**ENTRY, **changes}], TODAY)
