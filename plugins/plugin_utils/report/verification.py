# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The results of verifications and drills as text for operators."""

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
    one_line,
    reason,
    remarks,
    some,
)

CAUSES = {
    "set": "the set is at fault",
    "production": "the running application has it, too",
    "changed": "changed during the backup",
    "host": "this host lacks something",
    "unclear": "set or running application",
    "coverage": "not covered",
    "accepted": "accepted",
}
"""The causes of findings in words."""


def sentence(finding: Mapping[str, Any]) -> str:
    """A finding as one line; an accepted one with its reason."""
    text = f"{finding['state']}: {finding['subject']}: {finding['seen']}"
    if finding["limit"]:
        text += f" (expected {finding['limit']})"
    cause = finding.get("cause", "")
    if cause == "accepted":
        return f"{text} [{finding['evidence'][-1]}]"
    return f"{text} [{CAUSES[cause]}]" if cause in CAUSES and cause != "set" else text


def causes(backup_set: Mapping[str, Any]) -> str:
    """How many findings of a set have each cause: "1: the set is at fault; 2: accepted"; empty for none."""
    numbers = backup_set.get("causes") or {}
    return "; ".join(f"{numbers[cause]}: {words}" for cause, words in CAUSES.items() if numbers.get(cause))


def limits(backup_set: Mapping[str, Any]) -> list[str]:
    """What the verdict says nothing about."""
    covered = [f"not covered: {entry}" for entry in backup_set.get("not_covered") or []]
    return covered + [f"not compared: {entry}" for entry in backup_set.get("not_compared") or []]


def summary(host: str, result: Mapping[str, Any], check_mode: bool) -> list[str]:
    """A verification on one host: a line for each set, then the findings."""
    if "sets" not in result:
        return [f"{host}: nothing was verified: {reason(result)}"]
    rows = []
    for backup_set in result["sets"]:
        details = f"{backup_set['files']} files, {human_size(backup_set['bytes'])}"
        if backup_set["recovery_seconds"]:
            details += f", restored in {duration(backup_set['recovery_seconds'])}"
            details += f", {sum(backup_set['rows'].values()):,} rows"
        rows.append([f"  {backup_set['set_id']}", backup_set["state"], backup_set["level"] or "", details])
    level = result["level"]
    if check_mode:
        reached = sorted({backup_set["level"] for backup_set in result["sets"] if backup_set["level"]} - {level})
        level = f"check mode: only {', '.join(reached)} was checked, not {level}" if reached else level
    lines = [f"{host}: {_verdict(result)} ({level}), {duration(result['duration'])}", *aligned(rows)]
    for backup_set in result["sets"]:
        name = f"{backup_set['set_id']}: " if len(result["sets"]) > 1 else ""
        lines += [f"  {name}findings by cause: {words}" for words in [causes(backup_set)] if words]
        lines += [f"  {name}{line}" for line in limits(backup_set)]
    lines += some([sentence(finding) for finding in result["findings"]], "findings")
    lines += [f"  {entry['set_id']}: {entry['problem']}" for entry in result["sets"] if entry["problem"]]
    return [*lines, *remarks(result)]


def _verdict(result: Mapping[str, Any]) -> str:
    sets = result["sets"]
    passed = sum(entry["state"] == "passed" for entry in sets)
    if passed == len(sets):
        return "the set passed" if passed == 1 else f"all {passed} sets passed"
    return f"{len(sets) - passed} of {count(len(sets), 'set')} did not pass"


def table(results: Results) -> list[str]:
    """Verifications of many hosts, one line per host, failures first."""
    rows = [["HOST", "RESULT", "SETS", "LEVEL", "TIME", "RECOVERY", "FINDINGS"]]
    for host, result in failures_first(results):
        if "sets" not in result:
            rows.append(failed_row(host, result, len(rows[0])))
            continue
        slowest = max((entry["recovery_seconds"] or 0 for entry in result["sets"]), default=0)
        rows.append(
            [
                host,
                "passed" if result["passed"] else "FAILED",
                str(len(result["sets"])),
                result["level"],
                duration(result["duration"]),
                duration(slowest) if slowest else "",
                one_line(result.get("msg") or "") if not result["passed"] else str(len(result["findings"]) or ""),
            ]
        )
    return aligned(rows, right=(2, 4, 5))
