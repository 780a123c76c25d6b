# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Verifications and drills, as operators read them. Private to this collection."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.maxops.ops.plugins.module_utils.tools.words import human_size
from ansible_collections.maxops.ops.plugins.plugin_utils.text import seconds, table

SHOWN = 10
"""Findings that a summary shows; all of them are in the result."""


def sentence(finding: Mapping[str, Any]) -> str:
    """A finding as one line."""
    text = f"{finding['state']}: {finding['subject']}: {finding['seen']}"
    return f"{text} (expected {finding['limit']})" if finding["limit"] else text


def verify_summary(host: str, result: Mapping[str, Any], _check_mode: bool) -> list[str]:
    """A verification on one host: a line for each set, then what was found."""
    if "sets" not in result:
        return [f"{host}: nothing was verified: {result.get('msg', 'see the error above')}"]
    rows = []
    for each in result["sets"]:
        told = f"{each['files']} files, {human_size(each['bytes'])}"
        if each["recovery_seconds"]:
            told += f", came back in {seconds(each['recovery_seconds'])}, {sum(each['rows'].values()):,} rows"
        rows.append([f"  {each['set_id']}", each["state"], each["level"] or "", told])
    lines = [f"{host}: {_verdict(result)} ({result['level']}), {seconds(result['duration'])}", *table(rows)]
    lines += [f"  {sentence(finding)}" for finding in result["findings"][:SHOWN]]
    if len(result["findings"]) > SHOWN:
        lines.append(f"  … and {len(result['findings']) - SHOWN} more findings")
    lines += [f"  {each['set_id']}: {each['problem']}" for each in result["sets"] if each["problem"]]
    return [*lines, *(f"  remark: {line}" for line in result["remarks"])]


def _verdict(result: Mapping[str, Any]) -> str:
    sets = result["sets"]
    passed = sum(each["state"] == "passed" for each in sets)
    if passed == len(sets):
        return "the set passed" if passed == 1 else f"all {passed} sets passed"
    return f"{len(sets) - passed} of {len(sets)} set{'' if len(sets) == 1 else 's'} did not pass"


def verify_table(results: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Verifications of many hosts, a line each, failures first."""
    rows = [["HOST", "RESULT", "SETS", "LEVEL", "TIME", "RECOVERY", "FINDINGS"]]
    for host, result in sorted(results.items(), key=lambda item: (not item[1].get("failed"), item[0])):
        if "sets" not in result:
            rows.append([host, "FAILED", "", "", "", "", str(result.get("msg", ""))[:100]])
            continue
        slowest = max((each["recovery_seconds"] or 0 for each in result["sets"]), default=0)
        rows.append(
            [
                host,
                "passed" if result["passed"] else "FAILED",
                str(len(result["sets"])),
                result["level"],
                seconds(result["duration"]),
                seconds(slowest) if slowest else "",
                str(result.get("msg", ""))[:100] if not result["passed"] else str(len(result["findings"]) or ""),
            ]
        )
    return table(rows, right=(2, 4, 5))
