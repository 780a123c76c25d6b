# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Mistyped addresses are found before an alert depends on them, and no message shows one."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.jobs.monitoring import addresses
from ansible_collections.maxops.ops.plugins.module_utils.jobs.monitoring.addresses import check_addresses

# apprise loads a module that Python is about to drop.
pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")

GOOD = ["jsons://hook.example.com/s3cr3t", "mailtos://ops:s3cr3t@example.com?to=ops@example.com"]


@pytest.mark.parametrize(
    ("url", "name", "reason"),
    [
        ("nosuch://s3cr3t", "nosuch (address 2)", "apprise does not support this address"),
        ("slak://T1/B1/s3cr3t", "slak (address 2)", "apprise does not support this address"),
        ("slack://s3cr3t", "slack (address 2)", "apprise does not support this address"),
        ("s3cr3t@example.com", "no scheme (address 2)", "apprise does not support this address"),
        (" ", "no scheme (address 2)", "the address is empty"),
    ],
)
def test_mistyped_address_is_named_by_its_number(url: str, name: str, reason: str) -> None:
    result = check_addresses([GOOD[0], url], "web1", send=False, timeout=1)
    [problem] = result["problems"]
    assert problem.startswith(f"{name}: {reason}")
    assert [delivery["outcome"] for delivery in result["deliveries"]] == ["not sent", problem.partition(": ")[2]]
    assert "s3cr3t" not in str(result)


def test_good_addresses_are_no_problem_and_get_nothing() -> None:
    result = check_addresses(GOOD, "web1", send=False, timeout=1)
    assert result["problems"] == []
    assert [(entry["channel"], entry["outcome"]) for entry in result["deliveries"]] == [
        ("jsons (address 1)", "not sent"),
        ("mailtos (address 2)", "not sent"),
    ]
    assert check_addresses([], "web1", send=True, timeout=1) == {"deliveries": [], "problems": []}


def test_test_message_goes_to_every_usable_address(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[tuple[Any, ...]] = []

    def deliver(messages: list[tuple[Any, ...]], seconds: float) -> list[str]:
        sent.extend((channel.name, title, kind, seconds) for channel, title, _body, kind in messages)
        return ["", "error code 403"]

    monkeypatch.setattr(addresses, "deliver", deliver)
    result = check_addresses([GOOD[0], "nosuch://x", GOOD[1]], "web1", send=True, timeout=7)
    assert sent == [
        ("jsons (address 1)", "[MaxOps] web1: test message", "success", 7),
        ("mailtos (address 3)", "[MaxOps] web1: test message", "success", 7),
    ]
    assert [entry["outcome"].split(" this")[0] for entry in result["deliveries"]] == [
        "delivered",
        "apprise does not support",
        "error code 403",
    ]
    assert result["problems"][1:] == ["the test message did not reach mailtos (address 3): error code 403"]
