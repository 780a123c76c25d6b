# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which sets stay: what the rules say, and never less than the newest and the newest verified one of each part."""

from __future__ import annotations

import datetime
from dataclasses import replace
from typing import Any

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


A, B, C = PARTS = (("database", "a"), ("database", "b"), ("volume", "c"))


@st.composite
def sets_of_parts(draw: st.DrawFn) -> list[Candidate]:
    """Sets of any parts, some of these empty, some sets verified."""
    some = []
    for candidate in draw(candidates):
        filled = draw(st.frozensets(st.sampled_from(PARTS)))
        emptied = draw(st.frozensets(st.sampled_from(PARTS))) - filled
        some.append(replace(candidate, parts=filled, emptied=emptied))
    return some


def of(*parts: tuple[str, str], emptied: tuple[tuple[str, str], ...] = ()) -> dict[str, Any]:
    return {"parts": frozenset(parts), "emptied": frozenset(emptied)}


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


@given(sets_of_parts(), policies, st.frozensets(st.sampled_from(PARTS)))
def test_last_and_last_verified_copy_of_every_part_always_stay(
    some: list[Candidate], policy: Policy, retired: frozenset[tuple[str, str]]
) -> None:
    reasons = reasons_to_keep(some, policy, retired)
    newest_first = sorted(some, key=lambda candidate: candidate.set_id, reverse=True)
    for part in PARTS:
        for group in (newest_first, [candidate for candidate in newest_first if candidate.verified]):
            holders = [candidate.set_id for candidate in group if part in candidate.parts]
            holders = holders or [candidate.set_id for candidate in group if part in candidate.emptied]
            assert all(reasons[set_id] for set_id in holders[:1])


@given(st.lists(st.tuples(st.sets(st.sampled_from(PARTS)), st.integers(0, 40), st.booleans()), max_size=25), policies)
def test_no_sequence_of_backups_loses_the_last_copy_of_a_part(
    runs: list[tuple[set[tuple[str, str]], int, bool]], policy: Policy
) -> None:
    """As backups happen: one set after the other, and after each what has no reason is removed."""
    repository: list[Candidate] = []
    made: list[Candidate] = []
    moment = datetime.datetime(2026, 1, 1, tzinfo=UTC)
    for parts, hours, verified in runs:
        moment += datetime.timedelta(hours=hours, seconds=1)
        candidate = Candidate(new_id(moment), moment, verified, frozenset(parts))
        made.append(candidate)
        kept = kept_of([*repository, candidate], policy)
        repository = [candidate for candidate in [*repository, candidate] if candidate.set_id in kept]
        for part in PARTS:
            assert last_of(made, part) == last_of(repository, part)


def last_of(some: list[Candidate], part: tuple[str, str]) -> tuple[list[str], list[str]]:
    """The newest and the newest verified set that has a part; the oldest set comes first."""
    holders = [candidate for candidate in some if part in candidate.parts]
    verified = [candidate.set_id for candidate in holders if candidate.verified]
    return [candidate.set_id for candidate in holders][-1:], verified[-1:]


@given(sets_of_parts(), policies)
def test_sets_of_some_parts_take_no_place_of_sets_with_more(some: list[Candidate], policy: Policy) -> None:
    full = [replace(candidate, parts=frozenset(PARTS)) for candidate in some[::2]]
    partial = [candidate for candidate in some[1::2] if candidate.parts != frozenset(PARTS)]
    assert kept_of(full, policy) <= kept_of(full + partial, policy) | _only_newest(full, policy)


def _only_newest(some: list[Candidate], policy: Policy) -> set[str]:
    """Sets that stay only for being the newest, or the newest verified one, of all sets."""
    only = ({"newest"}, {"newest verified"}, {"newest", "newest verified"})
    return {set_id for set_id, why in reasons_to_keep(some, policy).items() if set(why) in only}


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


def test_reasons_name_the_parts() -> None:
    three, two, one, zero = at("2026-11-23 02:00", "2026-11-22 02:00", "2026-11-21 02:00", "2026-11-20 02:00")
    some = [
        replace(three, **of(A)),
        replace(two, **of(A, B), verified=True),
        replace(one, **of(A, B)),
        replace(zero, **of(A, B, C), verified=True),
    ]
    assert reasons_to_keep(some, Policy(keep_last=1)) == {
        "2026-11-23 02:00": ["newest", "keep_last"],
        "2026-11-22 02:00": ["newest verified", "newest with database b", "keep_last"],
        "2026-11-21 02:00": [],
        "2026-11-20 02:00": ["only set with volume c", "keep_last"],
    }


def test_verified_set_of_one_part_does_not_replace_the_verified_set_of_all() -> None:
    some = at("2026-11-23 02:00", "2026-11-22 02:00", "2026-11-21 02:00")
    some = [
        replace(some[0], **of(A, B)),
        replace(some[1], **of(A), verified=True),
        replace(some[2], **of(A, B), verified=True),
    ]
    assert reasons_to_keep(some, Policy(keep_last=1)) == {
        "2026-11-23 02:00": ["newest", "keep_last"],
        "2026-11-22 02:00": ["newest verified"],
        "2026-11-21 02:00": ["newest verified with database b"],
    }


def test_partial_sets_use_up_no_day_of_full_ones() -> None:
    full = [replace(some, **of(A, B)) for some in at("2026-11-22 02:00", "2026-11-15 02:00", "2026-11-08 02:00")]
    days = [f"2026-11-{number:02} 12:00" for number in range(23, 8, -1)]
    partial = [replace(some, **of(A)) for some in at(*days)]
    assert kept_of(full + partial, Policy(daily=2)) == {
        "2026-11-23 12:00",
        "2026-11-22 12:00",
        "2026-11-22 02:00",
        "2026-11-15 02:00",
    }
    assert kept_of(full + partial, Policy(weekly=3)) == {
        "2026-11-23 12:00",
        "2026-11-22 02:00",
        "2026-11-22 12:00",
        "2026-11-15 02:00",
        "2026-11-15 12:00",
        "2026-11-08 02:00",
    }


def test_retired_part_waits_for_no_new_set_and_keeps_its_last_copies() -> None:
    gone = [replace(some, **of(A, C)) for some in at("2026-11-21 02:00", "2026-11-20 02:00", "2026-11-19 02:00")]
    gone[2] = replace(gone[2], verified=True)
    new = [replace(some, **of(A)) for some in at("2026-11-23 02:00", "2026-11-22 02:00")]
    new[0] = replace(new[0], verified=True)
    policy = Policy(keep_last=2)
    assert kept_of(new + gone, policy) == {some.set_id for some in new + gone}
    assert {set_id: why for set_id, why in reasons_to_keep(new + gone, policy, {C}).items() if why} == {
        "2026-11-23 02:00": ["newest", "newest verified", "keep_last"],
        "2026-11-22 02:00": ["keep_last"],
        "2026-11-21 02:00": ["newest with volume c"],
        "2026-11-19 02:00": ["newest verified with volume c"],
    }


def test_empty_copy_does_not_replace_one_with_content() -> None:
    some = at("2026-11-23 02:00", "2026-11-22 02:00", "2026-11-21 02:00")
    some = [
        replace(some[0], **of(A, emptied=(B,)), verified=True),
        replace(some[1], **of(A, emptied=(B,))),
        replace(some[2], **of(A, B), verified=True),
    ]
    assert reasons_to_keep(some, Policy(keep_last=1), {B}) == {
        "2026-11-23 02:00": ["newest", "newest verified", "keep_last"],
        "2026-11-22 02:00": [],
        "2026-11-21 02:00": ["only set with database b"],
    }


def test_verified_empty_copy_stays_beside_the_only_set_with_content() -> None:
    moment = moment_of("20240101T000000Z")
    some = [
        Candidate(
            "20240101T000002Z", moment + datetime.timedelta(seconds=2), verified=True, emptied=frozenset(PARTS[:1])
        ),
        Candidate(
            "20240101T000001Z", moment + datetime.timedelta(seconds=1), verified=True, emptied=frozenset(PARTS[:2])
        ),
        Candidate("20240101T000000Z", moment, parts=frozenset(PARTS[1:2])),
    ]
    assert reasons_to_keep(some, Policy(monthly=1))["20240101T000001Z"]


def test_part_that_was_always_empty_keeps_nothing_more() -> None:
    some = [replace(candidate, **of(A, emptied=(B,))) for candidate in at("2026-11-23 02:00", "2026-11-22 02:00")]
    assert kept_of(some, Policy(keep_last=1)) == {"2026-11-23 02:00"}


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
