# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report of a drill: what every host's newest backup is worth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.maxops.ops.plugins.module_utils.tools.words import duration, human_size

from .verification import sentence

PASSED, FAILED, NOT_REACHED = "passed", "failed", "not reached"


def make_report(results: Mapping[str, Mapping[str, Any] | None], time: str) -> dict[str, Any]:
    """The report as data; a host without a result was not reached."""
    hosts = {host: _host(result) for host, result in sorted(results.items())}
    return {"time": time, "passed": all(each["state"] == PASSED for each in hosts.values()), "hosts": hosts}


def _host(result: Mapping[str, Any] | None) -> dict[str, Any]:
    if result is None or result.get("unreachable"):
        message = str((result or {}).get("msg", "it had left the play before"))
        return {"state": NOT_REACHED, "message": message, "sets": [], "findings": [], "remarks": []}
    passed = bool(result.get("passed")) and not result.get("failed")
    return {
        "state": PASSED if passed else FAILED,
        "message": "" if passed else str(result.get("msg", "no reason was given")),
        "sets": list(result.get("sets", [])),
        "findings": list(result.get("findings", [])),
        "remarks": list(result.get("remarks", [])),
        "duration": result.get("duration"),
    }


def to_markdown(report: Mapping[str, Any]) -> str:
    """The report for people: one table of all hosts, then what matters of each."""
    hosts: Mapping[str, Mapping[str, Any]] = report["hosts"]
    passed = sum(each["state"] == PASSED for each in hosts.values())
    lines = ["# Restore drill", "", f"{report['time']}: {passed} of {len(hosts)} hosts passed.", ""]
    lines += _table(["host", "result", "backup", "size", "came back in", "rows", "critical", "warnings", "notices"])
    lines += [_cells(row) for host, each in hosts.items() for row in _overview(host, each)]
    for host, each in hosts.items():
        lines += ["", f"## {host}", "", *_details(each)]
    return "\n".join(lines) + "\n"


def _overview(host: str, each: Mapping[str, Any]) -> list[list[str]]:
    if not each["sets"]:
        return [[host, f"**{each['state']}**", "", "", "", "", "", "", ""]]
    return [
        [
            host,
            one["state"] if one["state"] == PASSED else f"**{one['state']}**",
            one["set_id"],
            human_size(one["bytes"]),
            duration(one["recovery_seconds"]) if one["recovery_seconds"] else "",
            f"{sum(one['rows'].values()):,}",
            *(str(one["counts"][state]) for state in ("critical", "warning", "notice")),
        ]
        for one in each["sets"]
    ]


def _details(each: Mapping[str, Any]) -> list[str]:
    lines = [f"**{each['state']}**: {each['message']}", ""] if each["message"] else []
    for one in each["sets"]:
        rehearsal = one["rehearsal"] or {}
        if rehearsal:
            lines += [
                f"{one['set_id']} was brought back into PostgreSQL {rehearsal['postgresql']} ({rehearsal['image']})."
            ]
        lines += [
            "",
            *_table(["step", "time"]),
            *(_cells([step, duration(time)]) for step, time in one["steps"].items()),
        ]
        if one["rows"]:
            tables = rehearsal.get("rows", {})
            lines += ["", *_table(["database", "tables", "rows"])]
            lines += [_cells([name, str(len(tables.get(name, {}))), f"{rows:,}"]) for name, rows in one["rows"].items()]
        for application, counted in rehearsal.get("content", {}).items():
            told = ", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in counted.items())
            lines += ["", f"{application}: {told}."]
    if each["findings"]:
        lines += ["", "Findings:", ""]
        lines += [f"- {_escaped(sentence(finding))}{_fix(finding)}" for finding in each["findings"]]
    if each["remarks"]:
        lines += ["", *(f"- {_escaped(line)}" for line in each["remarks"])]
    return lines or ["No findings."]


def _fix(finding: Mapping[str, Any]) -> str:
    return f" {_escaped(finding['fix'])}" if finding["fix"] else ""


def _table(head: Sequence[str]) -> list[str]:
    return [_cells(head), _cells(["---"] * len(head))]


def _cells(cells: Sequence[str]) -> str:
    return "| " + " | ".join(_escaped(cell).replace("|", "\\|") for cell in cells) + " |"


def _escaped(text: str) -> str:
    return " ".join(text.split())
