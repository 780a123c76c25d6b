# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which hosts are monitored, as it is printed."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any

from ansible_collections.maxops.ops.plugins.module_utils.tools.moments import utc_now
from ansible_collections.maxops.ops.plugins.module_utils.tools.words import age
from ansible_collections.maxops.ops.plugins.plugin_utils.text import (
    Results,
    aligned,
    count,
    failed_row,
    failures_first,
    reason,
)


def summary(host: str, result: Mapping[str, Any], check_mode: bool) -> list[str]:
    """The monitoring of one host in a few lines."""
    if result.get("failed"):
        return [f"{host}: not monitored: {reason(result)}"]
    if result.get("state") == "absent":
        return [f"{host}: {'would not be' if check_mode else 'not'} monitored any more"]
    minutes, channels = result["minutes"], result["channels"]
    intervals = f"all checks every {minutes['health']} min, disks every {minutes['disk']} min"
    lines = [f"{host}: {_schedule(result, check_mode)}, {intervals}"]
    if not result["running"]:
        lines.append("  systemd is not running on the host now; the timers start with it")
    addresses = count(channels, "address", "addresses") if channels else "no address (set monitoring_alert_urls)"
    lines.append(f"  alerts to {addresses}; last run {_last(result)}")
    if result.get("tested"):
        lines.append(f"  test message delivered to {count(result['tested'], 'address', 'addresses')}")
    changes = ", ".join(result["changes"])
    lines.append(f"  {'would change' if check_mode else 'changed'}: {changes}" if changes else "  nothing to change")
    return lines


def table(results: Results) -> list[str]:
    """The monitoring of many hosts, one line per host, failures first."""
    rows = [["HOST", "SCHEDULE", "ADDRESSES", "LAST RUN", "CHANGES"]]
    for host, result in failures_first(results):
        if result.get("failed"):
            rows.append(failed_row(host, result, len(rows[0])))
        elif result.get("state") == "absent":
            rows.append([host, "none", "", "", ", ".join(result["changes"])])
        else:
            changes = ", ".join(result["changes"])
            rows.append([host, result["schedule"], _channels(result), _last(result), changes])
    return aligned(rows, right=(2,))


def _channels(result: Mapping[str, Any]) -> str:
    return f"{result['channels']}{' (tested)' if result.get('tested') else ''}"


def _schedule(result: Mapping[str, Any], check_mode: bool) -> str:
    return f"{'would be ' if check_mode and result['changes'] else ''}monitored by {result['schedule']}"


def _last(result: Mapping[str, Any]) -> str:
    last = result.get("last")
    if not last:
        return "not yet"
    moment = datetime.datetime.fromisoformat(last["at"].replace("Z", "+00:00"))
    return f"{age((utc_now() - moment).total_seconds())} ago: {last['state']}"
