# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When alerts are sent: only for changes, with reminders, no alert storms, and no recovery of unknown states."""

from __future__ import annotations

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.jobs.monitoring.plan import Rules, Watch, plan
from ansible_collections.maxops.ops.plugins.module_utils.tools.moments import timestamp
from ansible_collections.maxops.ops.tests.unit.alert_runs import DOWN, START, AlertRuns
from ansible_collections.maxops.ops.tests.unit.health_results import finding, health_result

UP = finding("containers", "gitea", "ok")


def test_problem_and_recovery_are_reported_once() -> None:
    runs = AlertRuns(after=1, recover_after=1)
    raised, recovered = [("raised", "critical")], [("recovered", "ok")]
    assert runs.events_of(UP, DOWN, DOWN, DOWN, UP, UP) == [[], raised, [], [], recovered, []]
    assert runs.watches == []


def test_problem_is_reported_after_the_required_number_of_runs() -> None:
    assert AlertRuns(after=3).events_of(DOWN, DOWN, DOWN, DOWN) == [[], [], [("raised", "critical")], []]


def test_flapping_state_is_not_reported() -> None:
    assert AlertRuns(after=2).events_of(*[DOWN, UP] * 10) == [[]] * 20


def test_flapping_after_an_alert_is_not_reported_again() -> None:
    runs = AlertRuns(after=2, recover_after=2)
    assert runs.events_of(DOWN, DOWN) == [[], [("raised", "critical")]]
    assert runs.events_of(*[UP, DOWN] * 10) == [[]] * 20
    assert runs.events_of(UP, UP) == [[], [("recovered", "ok")]]


def test_change_between_bad_states_is_reported_although_no_state_lasts() -> None:
    worse = finding("disk", "/", "critical")
    bad = finding("disk", "/", "warning")
    runs = AlertRuns(after=2)
    assert runs.events_of(bad, worse, bad, worse, bad) == [[], [("raised", "critical")], [], [], []]
    assert runs.events_of(bad) == [[("changed", "warning")]]


def test_reminder_is_sent_after_the_configured_time() -> None:
    runs = AlertRuns(after=1, repeat_after=1200)
    kinds = [bool(runs.run(DOWN)) for _ in range(10)]
    assert kinds == [True, False, False, False, True, False, False, False, True, False]
    [event] = AlertRuns(after=1, repeat_after=0).run(DOWN)
    assert event.kind == "raised"


def test_no_reminder_if_turned_off() -> None:
    runs = AlertRuns(after=1, repeat_after=0)
    assert [len(runs.run(DOWN)) for _ in range(100)] == [1] + [0] * 99


def test_unknown_check_does_not_count_as_recovered() -> None:
    runs = AlertRuns(after=1, recover_after=1)
    runs.run(DOWN)
    unknown = finding("containers", "containers", "unknown", "Docker does not answer")
    assert [(event.kind, event.subject) for event in runs.run(unknown)] == [("raised", "containers")]
    assert [(event.kind, event.subject) for event in runs.run(UP)] == [
        ("recovered", "containers"),
        ("recovered", "gitea"),
    ]


def test_check_that_did_not_run_changes_nothing() -> None:
    runs = AlertRuns(after=1, recover_after=1)
    runs.run(DOWN)
    assert runs.run(finding("disk", "/", "ok"), checks=("disk",)) == []
    assert [watch.subject for watch in runs.watches] == ["gitea"]


def test_subject_that_disappeared_has_recovered() -> None:
    runs = AlertRuns(after=1, recover_after=1)
    runs.run(DOWN)
    assert [event.kind for event in runs.run()] == ["recovered"]


def test_finding_that_follows_from_another_has_not_recovered() -> None:
    answer = finding("http", "gitea", "critical")
    at = timestamp(START)
    told = [Watch("http", "gitea", at, state="critical", told="critical", told_at=at, bad_runs=2)]
    result = health_result(DOWN, consequences=[{**answer, "follows": {"check": "containers", "subject": "gitea"}}])
    watches, events = plan(told, result, Rules(after=1, recover_after=1), START)
    assert [(event.kind, event.check) for event in events] == [("raised", "containers")]
    assert [watch.check for watch in watches] == ["containers", "http"]
    _watches, events = plan(watches, health_result(UP), Rules(after=1, recover_after=1), START)
    assert [(event.kind, event.check) for event in events] == [("recovered", "containers"), ("recovered", "http")]


def test_failed_health_check_is_reported_and_does_not_count_as_recovered() -> None:
    runs = AlertRuns(after=1, recover_after=1)
    runs.run(DOWN)
    runs.watches, [event] = plan(runs.watches, {"failed": True, "msg": "no docker"}, runs.rules, runs.now)
    assert (event.check, event.state, event.seen) == ("monitoring", "unknown", "no docker")
    assert [(event.kind, event.check) for event in runs.run(DOWN)] == [("recovered", "monitoring")]


@pytest.mark.parametrize(
    ("level", "state", "reported"),
    [
        ("warning", "warning", True),
        ("warning", "unknown", True),
        ("unknown", "warning", False),
        ("critical", "unknown", False),
        ("critical", "critical", True),
        ("critical", "unexpected", False),
        ("unknown", "unexpected", True),
    ],
)
def test_only_states_from_the_level_on_are_reported(level: str, state: str, reported: bool) -> None:
    health = {**health_result(), "findings": [finding("disk", "/", state)]}
    assert bool(plan([], health, Rules(level=level, after=1), START)[1]) is reported


def test_worst_of_several_findings_of_a_subject_counts() -> None:
    [event] = AlertRuns(after=1).run(finding("disk", "/", "warning"), finding("disk", "/", "critical"))
    assert event.state == "critical"


def test_given_watches_are_not_changed() -> None:
    watch = Watch("containers", "gitea", since="2026-11-25T13:00:00Z", state="critical", bad_runs=1, state_runs=1)
    before = watch.to_dict()
    plan([watch], health_result(DOWN), Rules(), START)
    assert watch.to_dict() == before
