# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks the addresses of alerts before they are needed, and sends a test message to each on request."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ansible_collections.maxops.ops.plugins.module_utils.systems.channels import Channel, deliver


def check_addresses(urls: Sequence[str], name: str, send: bool, timeout: float) -> dict[str, Any]:
    """Whether apprise can use each address, which it knows without a network; with ``send``, also a test message.

    An address that cannot be used is a problem, and so is one that did not accept the message. All are tried.
    """
    channels = [Channel(number, url) for number, url in enumerate(urls, 1)]
    refused = [channel.refusal() for channel in channels]
    usable = [channel for channel, reason in zip(channels, refused) if not reason]
    title = f"[MaxOps] {name}: test message"
    body = f"This is a test of the alerts of {name}. Nothing is wrong, and there is nothing to do."
    reasons = deliver([(channel, title, body, "success") for channel in usable], timeout) if send and usable else []
    outcomes = {channel.name: reason or "delivered" for channel, reason in zip(usable, reasons)}
    deliveries = [
        {
            "channel": channel.name,
            "outcome": reason or outcomes.get(channel.name, "not sent"),
            "changes": 0,
            "title": title,
        }
        for channel, reason in zip(channels, refused)
    ]
    problems = [f"{channel.name}: {reason}" for channel, reason in zip(channels, refused) if reason]
    problems += [
        f"the test message did not reach {channel.name}: {reason}" for channel, reason in zip(usable, reasons) if reason
    ]
    return {"deliveries": deliveries, "problems": problems}
