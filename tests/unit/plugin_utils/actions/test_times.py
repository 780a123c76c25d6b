# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Times are understood on the controller: in its own zone, in the past, and under AWX only with a zone."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleActionFail

from ansible_collections.maxops.ops.plugins.plugin_utils.actions.attended import AUTOMATION, is_unattended
from ansible_collections.maxops.ops.plugins.plugin_utils.actions.times import in_utc, past_in_utc

pytestmark = pytest.mark.usefixtures("in_seoul")


@pytest.fixture(autouse=True)
def _a_person(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in AUTOMATION:
        monkeypatch.delenv(name, raising=False)


def test_time_without_a_zone_is_the_controllers() -> None:
    assert past_in_utc("2025-11-30 22:00", "restore_before") == "2025-11-30T13:00:00Z"
    assert past_in_utc("2025-11-30T22:00Z", "restore_before") == "2025-11-30T22:00:00Z"
    assert in_utc("2025-11-30 22:00", "logs_since") == "2025-11-30T13:00:00Z"


@pytest.mark.parametrize("text", ["10m", "2025-11-30T22:00:00+09:00", "1764085200", "soon"])
def test_other_times_of_logs_are_left_to_the_host(text: str) -> None:
    assert in_utc(text, "logs_since") == text


@pytest.mark.parametrize("name", AUTOMATION)
def test_time_without_a_zone_is_refused_under_awx(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "1")
    assert is_unattended()
    with pytest.raises(
        AnsibleActionFail, match='restore_before is "2025-11-30 22:00", which has no time zone'
    ) as refused:
        past_in_utc("2025-11-30 22:00", "restore_before")
    assert str(refused.value).endswith(
        "write 2025-11-30T22:00:00Z if it is in UTC, or the zone, as in 2025-11-30T22:00:00+09:00"
    )
    assert past_in_utc("2025-11-30 22:00+09:00", "restore_before") == "2025-11-30T13:00:00Z"


@pytest.mark.parametrize("text", ["2099-01-01", "2099-01-01T00:00:00Z"])
def test_a_moment_in_the_future_is_refused(text: str) -> None:
    with pytest.raises(
        AnsibleActionFail, match=f'restore_before is "{text}", which is 2099-01-01 0.* and in the future'
    ):
        past_in_utc(text, "restore_before")


def test_text_that_is_no_time_is_refused() -> None:
    with pytest.raises(AnsibleActionFail, match='restore_before is "soon", which is not a time'):
        past_in_utc("soon", "restore_before")
