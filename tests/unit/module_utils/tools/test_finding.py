# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One type of finding and one scale of states, for every check."""

from __future__ import annotations

import json

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.jobs.diagnose.cause import CERTAIN, LIKELY, POSSIBLE, Cause
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError
from ansible_collections.maxops.ops.plugins.module_utils.tools.finding import (
    STATES,
    Finding,
    from_error,
    rank,
    worst,
    worst_first,
)


def test_scale_goes_from_good_to_bad() -> None:
    assert STATES == ("ok", "notice", "warning", "unknown", "critical")
    assert [rank(state) for state in STATES] == [0, 1, 2, 3, 4]
    assert rank("sunny") == rank("unknown")


@pytest.mark.parametrize(
    ("states", "expected"),
    [([], "ok"), (["ok", "notice"], "notice"), (["unknown", "warning"], "unknown"), (["critical", "ok"], "critical")],
)
def test_worst_of_several_states(states: list[str], expected: str) -> None:
    assert worst(states) == expected


def test_worst_come_first_and_equals_keep_their_order() -> None:
    found = [
        Finding("c", name, state, "") for name, state in zip("abcde", ["ok", "warning", "notice", "warning", "ok"])
    ]
    assert "".join(finding.subject for finding in worst_first(found)) == "bdcae"


def test_finding_as_data_has_all_keys_and_only_what_json_knows() -> None:
    finding = Finding("disk", "/", "warning", "84 % used", "80 %", ("it holds /srv",), "clean up")
    actual = finding.to_dict()
    assert actual == {
        "check": "disk",
        "subject": "/",
        "state": "warning",
        "seen": "84 % used",
        "limit": "80 %",
        "evidence": ["it holds /srv"],
        "fix": "clean up",
    }
    assert json.loads(json.dumps(actual)) == actual


def test_cause_of_a_diagnosis_is_a_finding_with_the_same_keys_and_two_more() -> None:
    cause = Cause.of("disk_full", "/", CERTAIN, "full", "df", ("on it: /srv",), ("gitea",))
    assert cause.to_dict() == {
        "check": "disk_full",
        "subject": "/",
        "state": "critical",
        "seen": "full",
        "limit": "",
        "evidence": ["on it: /srv"],
        "fix": "df",
        "likelihood": "certain",
        "services": ["gitea"],
    }
    assert Cause.of("disk_full", "/", LIKELY, "", "").state == "warning"
    less = cause.as_possible("it follows from another")
    assert (less.likelihood, less.state, less.evidence) == (
        POSSIBLE,
        "notice",
        ("on it: /srv", "it follows from another"),
    )


def test_error_becomes_what_is_the_matter_and_its_fix() -> None:
    finding = from_error("redis", "server", "critical", MaxopsError("no answer; start it; then look"), "an answer")
    assert (finding.seen, finding.fix, finding.limit, finding.evidence) == (
        "no answer",
        "start it; then look",
        "an answer",
        (),
    )


def test_finding_as_a_sentence() -> None:
    assert Finding("c", "a", "critical", "is missing", "3 rows").sentence() == "a: is missing (expected 3 rows)"
    assert Finding("c", "a", "critical", "is missing").sentence() == "a: is missing"
