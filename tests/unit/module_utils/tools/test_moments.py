# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Times as operators write them: every spelling, and an error that says how to write one."""

from __future__ import annotations

import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.maxops.ops.plugins.module_utils.tools import moments
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError
from ansible_collections.maxops.ops.plugins.module_utils.tools.moments import (
    UTC,
    check_order,
    check_past,
    depends_on_zone,
    docker_text,
    local_and_utc,
    parse_docker,
    parse_moment,
)

NOW = datetime.datetime(2026, 11, 25, 16, 40, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("45s", "2026-11-25T16:39:15"),
        ("10m", "2026-11-25T16:30:00"),
        ("2h30m", "2026-11-25T14:10:00"),
        ("1w 2d", "2026-11-16T16:40:00"),
        ("2026-11-25", "2026-11-25T00:00:00"),
        ("2024-01-01T00:00:00", "2024-01-01T00:00:00"),
        ("2026-11-25 02:00:01+09:00", "2026-11-24T17:00:01"),
        ("2026-11-25T02:00-0330", "2026-11-25T05:30:00"),
        ("2026-11-25t02:00z", "2026-11-25T02:00:00"),
        ("02:00", "2026-11-25T02:00:00"),
        ("23:00", "2026-11-24T23:00:00"),
        ("today", "2026-11-25T00:00:00"),
        ("Yesterday", "2026-11-24T00:00:00"),
        ("1764085200", "2025-11-25T15:40:00"),
    ],
)
def test_time_is_what_the_operator_means(text: str, meant: str) -> None:
    assert parse_moment(text, NOW, "since") == datetime.datetime.fromisoformat(meant).replace(tzinfo=UTC)


@pytest.mark.parametrize("text", ["", "10", "soon", "2026-13-01", "2026-11-25T25:00", "25:00", "-1h", "10m ago", "1y"])
def test_text_that_is_not_a_time_is_refused_with_the_accepted_formats(text: str) -> None:
    with pytest.raises(MaxopsError, match=r'^until is ".*", which is not a time.*; write how long ago \(45s, 10m'):
        parse_moment(text, NOW, "until")


def test_time_before_the_first_year_is_refused() -> None:
    with pytest.raises(MaxopsError, match="before the first year"):
        parse_moment("999999w", NOW, "since")


def test_empty_period_and_period_in_the_future_are_refused() -> None:
    hour = datetime.timedelta(hours=1)
    with pytest.raises(
        MaxopsError, match=r"since is 2026-11-25T17:40:00Z, which is in the future \(now is 2026-11-25T16:"
    ):
        check_order(NOW + hour, None, NOW)
    with pytest.raises(MaxopsError, match=r"until \(2026-11-25T15:40:00Z\) is not after since"):
        check_order(NOW, NOW - hour, NOW)
    check_order(NOW - hour, NOW + hour, NOW)
    check_order(None, None, NOW)


@given(st.datetimes(min_value=datetime.datetime(1970, 1, 2)), st.datetimes(min_value=datetime.datetime(1970, 1, 2)))
def test_docker_texts_compare_like_their_times(one: datetime.datetime, other: datetime.datetime) -> None:
    first, second = one.replace(tzinfo=UTC), other.replace(tzinfo=UTC)
    assert (docker_text(first) < docker_text(second)) is (first < second)
    assert parse_docker(docker_text(first)) == first


def test_event_that_has_not_happened_has_no_time() -> None:
    assert parse_docker("0001-01-01T00:00:00Z") is None
    assert parse_docker(None) is None
    assert parse_docker("2026-11-25T16:44:47.123456789Z") == datetime.datetime(2026, 11, 25, 16, 44, 47, 123456, UTC)


def test_timestamps_are_in_utc() -> None:
    seoul = datetime.timezone(datetime.timedelta(hours=9))
    assert moments.timestamp(datetime.datetime(2026, 11, 23, 8, 30, tzinfo=seoul)) == "2026-11-22T23:30:00Z"
    assert moments.utc_now().utcoffset() == datetime.timedelta(0)


# -- time zones -----------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("in_seoul")
@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("2026-11-25 22:00", "2026-11-25T13:00:00"),
        ("2026-11-25", "2026-11-24T15:00:00"),
        ("02:00", "2026-11-24T17:00:00"),  # now is 01:40 on the 26th in Seoul, so it is the night before
        ("01:00", "2026-11-25T16:00:00"),
        ("today", "2026-11-25T15:00:00"),
        ("yesterday", "2026-11-24T15:00:00"),
        ("2026-11-25T12:00:00Z", "2026-11-25T12:00:00"),
        ("2026-11-25T12:00+02:00", "2026-11-25T10:00:00"),
        ("2h", "2026-11-25T14:40:00"),
        ("20261125T120000Z", "2026-11-25T12:00:00"),
    ],
)
def test_time_without_a_zone_is_local_time_where_that_is_wanted(text: str, meant: str) -> None:
    assert parse_moment(text, NOW, "before", zone=None) == datetime.datetime.fromisoformat(meant).replace(tzinfo=UTC)


@pytest.mark.parametrize("text", ["2026-11-25 22:00", "2026-11-25", "02:00", "Today", " yesterday "])
def test_times_that_are_another_moment_in_another_zone(text: str) -> None:
    assert depends_on_zone(text)


@pytest.mark.parametrize(
    "text", ["2026-11-25T22:00Z", "2026-11-25 22:00+09:00", "2h", "now", "20261125T120000Z", "1764085200", "soon"]
)
def test_times_that_are_the_same_moment_everywhere(text: str) -> None:
    assert not depends_on_zone(text)


@pytest.mark.usefixtures("in_seoul")
def test_a_moment_in_the_future_is_refused_with_both_times() -> None:
    with pytest.raises(MaxopsError) as refused:
        check_past(NOW + datetime.timedelta(hours=1), NOW, "02:40", "restore_before")
    assert str(refused.value) == (
        'restore_before is "02:40", which is 2026-11-26 02:40:00 KST (2026-11-25T17:40:00Z) and in the future (now is '
        "2026-11-26 01:40:00 KST (2026-11-25T16:40:00Z)); give an earlier time, and its time zone (+09:00, or Z for "
        "UTC)"
    )
    check_past(NOW, NOW, "now", "restore_before")


@pytest.mark.usefixtures("in_seoul")
def test_a_time_is_shown_here_and_in_utc() -> None:
    assert local_and_utc(NOW) == "2026-11-26 01:40:00 KST (2026-11-25T16:40:00Z)"
