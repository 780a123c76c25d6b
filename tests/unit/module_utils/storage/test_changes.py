# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A part that has vanished, become empty or much smaller is noticed, for as long as no operator accepts it."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.storage.changes import (
    Change,
    change_of,
    check_names,
    is_accepted,
    open_changes_of,
    review,
)
from ansible_collections.maxops.ops.plugins.module_utils.storage.coverage import retired
from ansible_collections.maxops.ops.plugins.module_utils.storage.repository.interface import KeptSet
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError
from ansible_collections.maxops.ops.tests.unit.kept_sets import database, day, kept, manifest, old, only, volume

FULL = (database("gitea", rows=10_902), volume("data", 35_400_000))


def made(
    sets: list[KeptSet], set_id: str, *parts: dict[str, Any], accept: tuple[str, ...] = (), **more: Any
) -> list[str]:
    """Make a set after others, as a backup does; returns its unaccepted changes as sentences."""
    changes = review(sets, manifest(set_id, *parts, **more), accept)
    sets.append(kept(set_id, *parts, **{**more, "shrunk": [change.to_dict() for change in changes]}))
    return [change.sentence() for change in changes if not change.accepted]


@pytest.mark.parametrize(
    ("before", "now", "sentence"),
    [
        (database(rows=10_902), database(rows=0), 'database "gitea": 10,902 rows in 20261101T020000Z, now 0'),
        (database(rows=10_902), database(rows=1_090), 'database "gitea": 10,902 rows in 20261101T020000Z, now 1,090'),
        (database(rows=10_902), database(rows=1_091), None),
        (database(rows=100), {**database(), "rows": {}}, 'database "gitea": 100 rows in 20261101T020000Z, now 0'),
        (database(rows=0), {**database(), "rows": {}}, 'database "gitea": 1 table in 20261101T020000Z, now 0'),
        (database(rows=0), database(rows=0), None),
        (database(size=10**9), database(size=10**7), None),
        (database(stored=10**9), database(stored=10**7), None),
        (
            database(size=10**9, stored=10**9),
            database(size=10**7, stored=10**7),
            'database "gitea": 1.0 GB in 20261101T020000Z, now 10.0 MB',
        ),
        (volume(size=9000), volume(size=900), None),
        (volume(size=9000), volume(size=899), 'volume "data": 9.0 kB in 20261101T020000Z, now 899 B'),
        (volume(size=9000), volume(size=4096, empty=True), 'volume "data": 9.0 kB in 20261101T020000Z, now empty'),
        (volume(size=4096, empty=True), volume(size=0, empty=True), None),
        (volume(), database(), 'volume "data": 9.0 kB in 20261101T020000Z, now missing'),
        (database(rows=100), volume(), 'database "gitea": 100 rows in 20261101T020000Z, now missing'),
    ],
)
def test_one_part_against_one_earlier_set(before: dict[str, Any], now: dict[str, Any], sentence: str | None) -> None:
    expected = [] if sentence is None else [sentence]
    assert made([kept(day(1), before)], day(2), now) == expected
    assert made([old(day(1), before)], day(2), now) == expected


def test_first_set_and_new_parts_are_no_change() -> None:
    assert made([], day(1), *FULL) == []
    assert made([kept(day(1), FULL[0])], day(2), *FULL) == []


def test_three_backups_after_the_loss_still_name_the_last_good_set() -> None:
    sets = [kept(day(1), *FULL)]
    for number in (2, 3, 4):
        assert made(sets, day(number), database("gitea", rows=0), FULL[1]) == [
            'database "gitea": 10,902 rows in 20261101T020000Z, now 0'
        ]
    assert [change.set_id for change in open_changes_of(sets)] == [day(1)]


def test_sets_of_earlier_versions_do_not_hide_a_loss() -> None:
    sets = [old(day(1), *FULL), old(day(2), database("gitea", rows=0)), old(day(3), database("gitea", rows=0))]
    assert [change.sentence() for change in open_changes_of(sets)] == [
        'database "gitea": 10,902 rows in 20261101T020000Z, now 0'
    ]
    assert made(sets, day(4), database("gitea", rows=0)) == [
        'database "gitea": 10,902 rows in 20261101T020000Z, now 0',
        'volume "data": 35.4 MB in 20261101T020000Z, now missing',
    ]


def test_part_that_was_given_up_long_ago_by_an_earlier_version_is_no_change() -> None:
    assert made([old(day(1), *FULL), old(day(60), FULL[0])], day(61), FULL[0]) == []


def test_slow_decline_is_no_change() -> None:
    sets = [kept(day(1), database(rows=1000))]
    for number, rows in enumerate((500, 200, 60, 9, 1), start=2):
        assert made(sets, day(number), database(rows=rows)) == []


def test_part_that_came_back_ends_the_change() -> None:
    sets = [kept(day(1), *FULL)]
    assert len(made(sets, day(2), FULL[0])) == 1
    assert made(sets, day(3), *FULL) == []
    assert open_changes_of(sets) == []


def test_accepted_change_stays_accepted_and_the_next_one_is_noticed() -> None:
    sets = [kept(day(1), *FULL)]
    assert len(made(sets, day(2), database("gitea", rows=0), FULL[1])) == 1
    assert made(sets, day(3), database("gitea", rows=0), FULL[1], accept=("database gitea",)) == []
    assert (sets[-1].manifest or {})["shrunk"][0]["accepted"] is True
    assert retired(sets) == {("database", "gitea")}
    assert made(sets, day(4), database("gitea", rows=0), FULL[1]) == []
    # Also when retention has removed the set in which it was accepted.
    del sets[1:3]
    assert made(sets, day(5), database("gitea", rows=0), FULL[1]) == []
    assert made(sets, day(6), database("gitea", rows=50), FULL[1]) == []
    assert made(sets, day(7), database("gitea", rows=0), FULL[1]) == [f'database "gitea": 50 rows in {day(6)}, now 0']


def test_accepted_removal_stays_accepted() -> None:
    sets = [kept(day(1), *FULL)]
    assert made(sets, day(2), FULL[0], accept=("volume data",)) == []
    assert made(sets, day(3), FULL[0]) == []
    assert open_changes_of(sets) == []


def test_only_the_accepted_part_is_accepted() -> None:
    sets = [kept(day(1), *FULL)]
    assert made(sets, day(2), database("gitea", rows=0), accept=("volume data", "database wiki")) == [
        'database "gitea": 10,902 rows in 20261101T020000Z, now 0'
    ]


@pytest.mark.parametrize("scope", [only(databases=["gitea"], volumes=[]), only(exclude=["dat?"])])
def test_part_that_was_left_out_on_purpose_is_not_missing(scope: dict[str, Any]) -> None:
    sets = [kept(day(1), *FULL)]
    assert made(sets, day(2), FULL[0], scope=scope) == []
    assert made(sets, day(3), *FULL) == []


def test_open_change_stays_through_sets_of_other_parts_and_can_be_accepted_there() -> None:
    sets = [
        kept(day(1), *FULL),
    ]
    made(sets, day(2), FULL[0])
    partial = only(databases=["gitea"], volumes=[])
    missing = ['volume "data": 35.4 MB in 20261101T020000Z, now missing']
    assert made(sets, day(3), FULL[0], scope=partial) == missing
    assert made(sets, day(4), FULL[0]) == missing
    assert made(sets, day(5), FULL[0], scope=partial, accept=("volume data",)) == []
    assert made(sets, day(6), FULL[0]) == []


def test_partial_set_is_compared_as_well() -> None:
    sets = [kept(day(1), *FULL)]
    scope = only(databases=["gitea"], volumes=[])
    assert len(made(sets, day(2), database("gitea", rows=3), scope=scope)) == 1


def test_part_that_could_not_be_taken_is_reported_as_that_only() -> None:
    sets = [kept(day(1), *FULL)]
    lack = [{"kind": "volume", "name": "data", "reason": "x", "fix": "y"}]
    assert made(sets, day(2), FULL[0], incomplete=lack) == []
    assert len(made(sets, day(3), FULL[0])) == 1


@pytest.mark.parametrize(
    ("before", "now"), [(database(rows=500), database(rows=0)), (volume(size=10**6), volume(size=10**3))]
)
def test_change_is_known_without_the_last_good_set(before: dict[str, Any], now: dict[str, Any]) -> None:
    sets = [kept(day(1), before)]
    assert len(made(sets, day(2), now)) == 1
    del sets[0]
    assert len(made(sets, day(3), now)) == 1
    assert made(sets, day(4), before) == []


def test_change_is_data_and_back() -> None:
    change = Change("volume", "data", "smaller", day(1), "bytes", 9000, 10)
    data = change.to_dict()
    assert data["message"] == 'volume "data": 9.0 kB in 20261101T020000Z, now 10 B'
    assert change_of(data) == change


@pytest.mark.parametrize("name", ["gitea", "database", "database ", "table gitea", ""])
def test_name_without_a_kind_is_refused(name: str) -> None:
    with pytest.raises(MaxopsError, match=r'accept_changes names ".*"; write the kind'):
        check_names(["volume data", name])
    check_names(["database gitea", "volume my data", "folder /srv/data"])


@pytest.mark.parametrize("scope", [only(databases=["gitea"], volumes=[]), only(exclude=["data"])])
def test_part_that_was_left_out_for_long_and_then_lost_is_missing(scope: dict[str, Any]) -> None:
    sets = [kept(day(1), *FULL), *(kept(day(number), FULL[0], scope=scope) for number in (20, 40, 60))]
    assert made(sets, day(61), FULL[0]) == ['volume "data": 35.4 MB in 20261101T020000Z, now missing']


@pytest.mark.parametrize(
    ("entry", "accepted"),
    [
        ("database ci_*", True),
        ("database *", True),
        ("database ci_12", False),
        ("volume ci_*", False),
        ("folder *ci*", False),
    ],
)
def test_changes_are_accepted_by_a_pattern(entry: str, accepted: bool) -> None:
    sets = [kept(day(1), database("ci_1"), database("ci_2"))]
    check_names([entry])
    assert [change.accepted for change in review(sets, manifest(day(2)), [entry])] == [accepted, accepted]


def test_pattern_for_names_accepts_no_path() -> None:
    assert not is_accepted(("folder", "/opt/greatest/gitea"), "folder *test*")
    assert is_accepted(("folder", "/opt/greatest/gitea"), "folder /opt/greatest/*")
    assert is_accepted(("database", "odd[1]"), "database odd[1]")
