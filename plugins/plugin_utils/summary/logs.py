# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Logs, as they are printed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.maxops.ops.plugins.module_utils.tools.words import duration, human_size
from ansible_collections.maxops.ops.plugins.plugin_utils.text import (
    Results,
    aligned,
    count,
    failed_row,
    failures_first,
    reason,
)


def summary(host: str, result: Mapping[str, Any], check_mode: bool) -> list[str]:
    """The logs of one host: the newest lines, the number of lines per service, and the path of the file."""
    if "services" not in result:
        return [f"{host}: no logs: {reason(result)}"]
    lines = [f"  {line}" for line in result["newest"]]
    if len(result["newest"]) < result["lines"]:
        lines.insert(0, f"  … {result['lines'] - len(result['newest']):,} earlier lines are in the file")
    rows = [["SERVICE", "LINES", "ERRORS", "LAST", ""]]
    rows += [
        [log["source"], f"{log['lines']:,}", str(log["errors"] or ""), _clock(log["last"]), log["problem"] or ""]
        for log in result["services"]
    ]
    where = f"{'would be in' if check_mode else 'in'} {result['path']}"
    head = f"{host}: {_counts(result)}, {human_size(result['bytes'])}, {duration(result['duration'])}, {where}"
    lines += [head, *(f"  {line}" for line in aligned(rows, right=(1, 2)))]
    lines += [f"  left out: {message}" for message in result["left_out"]]
    lines += [f"  note: {message}" for message in result.get("remarks", [])]
    return [*lines, f"  follow: {result['follow']}"]


def table(results: Results) -> list[str]:
    """The logs of many hosts, one line per host, failures first, then the hosts with most errors."""
    rows = [["HOST", "LINES", "ERRORS", "SIZE", "LAST", "LEFT OUT", "FILE"]]
    follow = []
    for host, result in failures_first(results, lambda result: -_errors(result)):
        if "services" not in result:
            rows.append(failed_row(host, result, len(rows[0])))
            continue
        problems = [service for service in result["services"] if service["problem"]]
        rows.append(
            [
                host,
                f"{result['lines']:,}",
                str(_errors(result) or ""),
                human_size(result["bytes"]),
                _clock(result["last"]),
                str(len(result["left_out"]) + len(problems) or ""),
                result["path"],
            ]
        )
        follow.append(f"follow {host}: {result['follow']}")
    return [*aligned(rows, right=(1, 2, 3, 5)), *follow]


def _errors(result: Mapping[str, Any]) -> int:
    return sum(service["errors"] for service in result["services"])


def _counts(result: Mapping[str, Any]) -> str:
    text = f"{count(result['lines'], 'line')} of {count(len(result['services']), 'service')}"
    return f"{text}, secrets masked in {result['masked']:,}" if result["masked"] else text


def _clock(time: str | None) -> str:
    return f"{time[:10]} {time[11:19]}" if time else ""
