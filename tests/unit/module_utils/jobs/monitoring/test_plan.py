# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When somebody is told, and when not: changes only, reminders at times, no storms, nothing recovered unseen."""

from __future__ import annotations

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.jobs.monitoring.plan import Rules, Watch, plan
from ansible_collections.maxops.ops.tests.unit.looks import finding, look
from ansible_collections.maxops.ops.tests.unit.nights import DOWN, START, Nights

UP = finding("containers", "gitea", "ok")


def test_trouble_is_told_once_and_so_is_its_end() -> None:
    nights = Nights(after=1, recover_after=1)
    raised, recovered = [("raised", "critical")], [("recovered", "ok")]
    assert nights.told(UP, DOWN, DOWN, DOWN, UP, UP) == [[], raised, [], [], recovered, []]
    assert nights.watches == []


def test_trouble_waits_until_it_was_seen_as_often_as_asked() -> None:
    assert Nights(after=3).told(DOWN, DOWN, DOWN, DOWN) == [[], [], [("raised", "critical")], []]


def test_what_flaps_is_never_told_of() -> None:
    assert Nights(after=2).told(*[DOWN, UP] * 10) == [[]] * 20


def test_what_flaps_after_it_was_told_of_is_not_told_of_again() -> None:
    nights = Nights(after=2, recover_after=2)
    assert nights.told(DOWN, DOWN) == [[], [("raised", "critical")]]
    assert nights.told(*[UP, DOWN] * 10) == [[]] * 20
    assert nights.told(UP, UP) == [[], [("recovered", "ok")]]


def test_what_changes_between_bad_states_is_told_although_no_state_lasts() -> None:
    worse = finding("disk", "/", "critical")
    bad = finding("disk", "/", "warning")
    nights = Nights(after=2)
    assert nights.told(bad, worse, bad, worse, bad) == [[], [("raised", "critical")], [], [], []]
    assert nights.told(bad) == [[("changed", "warning")]]


def test_reminder_comes_after_the_time_that_was_asked_for() -> None:
    nights = Nights(after=1, repeat_after=1200)
    kinds = [bool(nights.see(DOWN)) for _ in range(10)]
    assert kinds == [True, False, False, False, True, False, False, False, True, False]
    [event] = Nights(after=1, repeat_after=0).see(DOWN)
    assert event.kind == "raised"


def test_no_reminder_without_the_wish_for_one() -> None:
    nights = Nights(after=1, repeat_after=0)
    assert [len(nights.see(DOWN)) for _ in range(100)] == [1] + [0] * 99


def test_check_that_sees_nothing_lets_nothing_recover() -> None:
    nights = Nights(after=1, recover_after=1)
    nights.see(DOWN)
    blind = finding("containers", "containers", "unknown", "Docker does not answer")
    assert [(event.kind, event.subject) for event in nights.see(blind)] == [("raised", "containers")]
    assert [(event.kind, event.subject) for event in nights.see(UP)] == [
        ("recovered", "containers"),
        ("recovered", "gitea"),
    ]


def test_check_that_did_not_run_says_nothing() -> None:
    nights = Nights(after=1, recover_after=1)
    nights.see(DOWN)
    assert nights.see(finding("disk", "/", "ok"), checks=("disk",)) == []
    assert [watch.subject for watch in nights.watches] == ["gitea"]


def test_what_is_not_there_any_more_has_recovered() -> None:
    nights = Nights(after=1, recover_after=1)
    nights.see(DOWN)
    assert [event.kind for event in nights.see()] == ["recovered"]


def test_look_that_fails_is_told_and_lets_nothing_recover() -> None:
    nights = Nights(after=1, recover_after=1)
    nights.see(DOWN)
    nights.watches, [event] = plan(nights.watches, {"failed": True, "msg": "no docker"}, nights.rules, nights.now)
    assert (event.check, event.state, event.seen) == ("monitoring", "unknown", "no docker")
    assert [(each.kind, each.check) for each in nights.see(DOWN)] == [("recovered", "monitoring")]


@pytest.mark.parametrize(
    ("level", "state", "told"),
    [
        ("warning", "warning", True),
        ("warning", "unknown", True),
        ("unknown", "warning", False),
        ("critical", "unknown", False),
        ("critical", "critical", True),
        ("critical", "never heard of", False),
        ("unknown", "never heard of", True),
    ],
)
def test_only_what_is_bad_enough_is_told(level: str, state: str, told: bool) -> None:
    health = {**look(), "findings": [finding("disk", "/", state)]}
    assert bool(plan([], health, Rules(level=level, after=1), START)[1]) is told


def test_worst_of_several_findings_of_a_subject_counts() -> None:
    [event] = Nights(after=1).see(finding("disk", "/", "warning"), finding("disk", "/", "critical"))
    assert event.state == "critical"


def test_what_is_given_stays_as_it_was() -> None:
    watch = Watch("containers", "gitea", since="2026-11-25T13:00:00Z", state="critical", bad_runs=1, state_runs=1)
    before = watch.to_dict()
    plan([watch], look(DOWN), Rules(), START)
    assert watch.to_dict() == before
