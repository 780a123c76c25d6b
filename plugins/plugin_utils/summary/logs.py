# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Logs, as operators read them."""

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
    """The logs of one host: its newest lines, what each service has to do with them, and where all of it is."""
    if "services" not in result:
        return [f"{host}: no logs: {reason(result)}"]
    lines = [f"  {line}" for line in result["newest"]]
    if len(result["newest"]) < result["lines"]:
        lines.insert(0, f"  … {result['lines'] - len(result['newest']):,} lines before these are in the file")
    rows = [["SERVICE", "LINES", "ERRORS", "LAST", ""]]
    rows += [
        [each["source"], f"{each['lines']:,}", str(each["errors"] or ""), _clock(each["last"]), each["problem"] or ""]
        for each in result["services"]
    ]
    where = f"{'would be in' if check_mode else 'in'} {result['path']}"
    head = f"{host}: {_counts(result)}, {human_size(result['bytes'])}, {duration(result['duration'])}, {where}"
    lines += [head, *(f"  {line}" for line in aligned(rows, right=(1, 2)))]
    lines += [f"  left out: {words}" for words in result["left_out"]]
    return [*lines, f"  follow: {result['follow']}"]


def table(results: Results) -> list[str]:
    """The logs of many hosts, a line each, failures first, then those with most errors."""
    rows = [["HOST", "LINES", "ERRORS", "SIZE", "LAST", "LEFT OUT", "FILE"]]
    follow = []
    for host, result in failures_first(results, lambda each: -_errors(each)):
        if "services" not in result:
            rows.append(failed_row(host, result, len(rows[0])))
            continue
        problems = [f"{each['source']}: {each['problem']}" for each in result["services"] if each["problem"]]
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
    return sum(each["errors"] for each in result["services"])


def _counts(result: Mapping[str, Any]) -> str:
    text = f"{count(result['lines'], 'line')} of {count(len(result['services']), 'service')}"
    return f"{text}, secrets masked in {result['masked']:,}" if result["masked"] else text


def _clock(time: str | None) -> str:
    return f"{time[:10]} {time[11:19]}" if time else ""
