# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which sets stay: what the rules say, and never less than the newest and the newest verified one."""

from __future__ import annotations

import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.maxops.ops.plugins.module_utils.storage.backup_set import moment_of, new_id
from ansible_collections.maxops.ops.plugins.module_utils.storage.retention import Candidate, Policy, reasons_to_keep

UTC = datetime.timezone.utc
RULES = ("keep_last", "daily", "weekly", "monthly")

moments = st.datetimes(datetime.datetime(2024, 1, 1), datetime.datetime(2028, 1, 1), timezones=st.just(UTC))
candidates = st.lists(
    st.builds(lambda at, good: Candidate(new_id(at), moment_of(new_id(at)), good), moments, st.booleans()),
    unique_by=lambda candidate: candidate.set_id,
    max_size=30,
)
policies = st.builds(Policy, **{rule: st.integers(0, 8) for rule in RULES})


def kept_of(some: list[Candidate], policy: Policy) -> set[str]:
    return {set_id for set_id, reasons in reasons_to_keep(some, policy).items() if reasons}


def at(*texts: str) -> list[Candidate]:
    """Candidates of moments such as ``2026-11-23 02:00``."""
    moments = [datetime.datetime.strptime(text, "%Y-%m-%d %H:%M").replace(tzinfo=UTC) for text in texts]
    return [Candidate(text, moment) for text, moment in zip(texts, moments)]


# -- whatever the sets and the rules --------------------------------------------------------------------------------


@given(candidates, policies)
def test_newest_and_newest_verified_always_stay(some: list[Candidate], policy: Policy) -> None:
    kept = kept_of(some, policy)
    newest_first = sorted(some, key=lambda candidate: candidate.moment, reverse=True)
    assert {candidate.set_id for candidate in newest_first[:1]} <= kept
    assert {
        candidate.set_id for candidate in [candidate for candidate in newest_first if candidate.verified][:1]
    } <= kept


@given(candidates)
def test_no_rule_keeps_all(some: list[Candidate]) -> None:
    assert reasons_to_keep(some, Policy()) == {candidate.set_id: ["no retention rule"] for candidate in some}


@given(candidates, policies)
def test_kept_sets_are_kept_again(some: list[Candidate], policy: Policy) -> None:
    kept = kept_of(some, policy)
    assert kept_of([candidate for candidate in some if candidate.set_id in kept], policy) == kept


@given(candidates, policies, st.sampled_from(RULES))
def test_more_generous_rules_never_remove_more(some: list[Candidate], policy: Policy, rule: str) -> None:
    if policy.keeps_everything:
        return
    generous = Policy(**{name: getattr(policy, name) + (name == rule) for name in RULES})
    assert kept_of(some, policy) <= kept_of(some, generous)


@given(candidates, policies)
def test_every_set_is_listed_newest_first_and_a_rule_keeps_no_more_than_its_number(
    some: list[Candidate], policy: Policy
) -> None:
    reasons = reasons_to_keep(some, policy)
    assert list(reasons) == sorted((candidate.set_id for candidate in some), reverse=True)
    for rule in RULES:
        assert sum(rule in why for why in reasons.values()) <= getattr(policy, rule)


@given(candidates, policies)
def test_order_of_the_candidates_does_not_matter(some: list[Candidate], policy: Policy) -> None:
    assert reasons_to_keep(some, policy) == reasons_to_keep(list(reversed(some)), policy)


@given(candidates, st.integers(1, 8))
def test_keep_last_counts_sets(some: list[Candidate], count: int) -> None:
    reasons = reasons_to_keep(some, Policy(keep_last=count))
    assert sum("keep_last" in why for why in reasons.values()) == min(count, len(some))


@given(candidates, st.integers(1, 8))
def test_daily_counts_days_that_have_a_set(some: list[Candidate], count: int) -> None:
    reasons = reasons_to_keep(some, Policy(daily=count))
    newest_of_each_day = {
        candidate.moment.date(): candidate.set_id for candidate in sorted(some, key=lambda candidate: candidate.moment)
    }
    expected = [newest_of_each_day[day] for day in sorted(newest_of_each_day, reverse=True)][:count]
    assert [set_id for set_id, why in reasons.items() if "daily" in why] == expected


# -- by hand --------------------------------------------------------------------------------------------------------


def test_rules_work_together_and_say_why() -> None:
    some = at("2026-11-23 02:00", "2026-11-23 01:00", "2026-11-22 02:00", "2026-11-16 02:00", "2026-10-31 02:00")
    assert reasons_to_keep(some, Policy(keep_last=1, daily=2, weekly=2, monthly=2)) == {
        "2026-11-23 02:00": ["newest", "keep_last", "daily", "weekly", "monthly"],
        "2026-11-23 01:00": [],
        "2026-11-22 02:00": ["daily", "weekly"],
        "2026-11-16 02:00": [],
        "2026-10-31 02:00": ["monthly"],
    }


def test_day_without_a_set_uses_up_no_count() -> None:
    some = at("2026-11-23 02:00", "2026-11-20 02:00", "2026-11-01 02:00", "2026-10-01 02:00")
    assert kept_of(some, Policy(daily=3)) == {"2026-11-23 02:00", "2026-11-20 02:00", "2026-11-01 02:00"}


def test_week_ends_on_sunday_also_over_new_year() -> None:
    some = at("2027-01-04 02:00", "2027-01-03 02:00", "2026-12-28 02:00", "2026-12-27 02:00")
    assert kept_of(some, Policy(weekly=3)) == {"2027-01-04 02:00", "2027-01-03 02:00", "2026-12-27 02:00"}


@pytest.mark.parametrize("zone", ["Asia/Seoul", "America/New_York", "UTC"])
def test_days_are_those_of_utc_wherever_the_host_is(monkeypatch: pytest.MonkeyPatch, zone: str) -> None:
    import time

    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        ids = ["20261123T003000Z", "20261122T233000Z", "20261122T000000Z", "20261121T235959Z"]
        some = [Candidate(set_id, moment_of(set_id)) for set_id in ids]
        assert kept_of(some, Policy(daily=2)) == {"20261123T003000Z", "20261122T233000Z"}
        assert kept_of(some, Policy(daily=3)) == {"20261123T003000Z", "20261122T233000Z", "20261121T235959Z"}
    finally:
        monkeypatch.undo()
        time.tzset()
