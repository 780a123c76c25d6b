# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Summary and table of the job restart."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.maxops.ops.plugins.module_utils.tools.words import duration
from ansible_collections.maxops.ops.plugins.plugin_utils.text import (
    Results,
    aligned,
    failures_first,
    one_line,
    reason,
    remarks,
)


def summary(host: str, result: Mapping[str, Any], check_mode: bool) -> list[str]:
    """The restart of one host: a line for each service, in the order of their start."""
    if "services" not in result:
        return [f"{host}: nothing was restarted: {reason(result)}"]
    verb = _verb(result, check_mode)
    if not result["services"]:
        nothing = (
            "no service is down: nothing to start" if result.get("only_stopped") else "no running service to restart"
        )
        lines = [f"{host}: {nothing}"]
    else:
        order = ", then ".join(", ".join(level) for level in result["order"])
        time = f" in {duration(result['duration'])}" if "duration" in result else ""
        lines = [f"{host}: {verb} {order}{time}"]
    rows = [
        [f"  {service['service']}", service["container"], _outcome(service, check_mode)]
        for service in result["services"]
    ]
    lines += aligned(rows)
    lines += [
        f"  {container['container']} is {container['state']} and was left as it is" for container in result["left"]
    ]
    lines += remarks(result)
    return [*lines, f"  FAILED: {result['msg']}"] if result.get("failed") else lines


def table(results: Results) -> list[str]:
    """The restarts of many hosts, one line per host, failures first."""
    rows = [["HOST", "RESULT", "SERVICES", "LONGEST DOWN", "TIME", ""]]
    for host, result in failures_first(results):
        downtimes = [service["downtime_seconds"] or 0 for service in result.get("services", [])]
        failure = "UNREACHABLE" if result.get("unreachable") else "FAILED" if result.get("failed") else ""
        rows.append(
            [
                host,
                failure or _verb(result, "duration" not in result),
                str(len(downtimes)) if "services" in result else "",
                duration(max(downtimes)) if any(downtimes) else "",
                duration(result["duration"]) if "duration" in result else "",
                one_line(result.get("msg") or "") if failure else "",
            ]
        )
    lines = aligned(rows, right=(2, 3, 4))
    away = [host for host, result in results.items() if result.get("unreachable")]
    if away:
        advice = f"fix that, then run this again with --limit {','.join(away)}"
        lines.append(f"unreachable and not restarted: {', '.join(away)}; {advice}")
    return lines


def _verb(result: Mapping[str, Any], check_mode: bool) -> str:
    verb = "start" if result.get("only_stopped") else "restart"
    return f"would {verb}" if check_mode else f"{verb}ed"


def _outcome(service: Mapping[str, Any], check_mode: bool) -> str:
    if service["problem"]:
        return "NOT HEALTHY"
    if service["downtime_seconds"] is not None:
        return f"down {duration(service['downtime_seconds'])}"
    if check_mode:
        return f"is {service['state']}"
    return f"started (was {service['state']})"
