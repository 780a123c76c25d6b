# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report of a drill: whether the newest backup of each host can be restored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.maxops.ops.plugins.module_utils.tools.words import duration, human_size

from .verification import sentence

PASSED, FAILED, NOT_REACHED = "passed", "failed", "not reached"


def make_report(results: Mapping[str, Mapping[str, Any] | None], time: str) -> dict[str, Any]:
    """The report as data; a host without a result was not reached."""
    hosts = {name: _host(result) for name, result in sorted(results.items())}
    return {"time": time, "passed": all(host["state"] == PASSED for host in hosts.values()), "hosts": hosts}


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
    """The report in Markdown: one table of all hosts, then the details of each."""
    hosts: Mapping[str, Mapping[str, Any]] = report["hosts"]
    passed = sum(host["state"] == PASSED for host in hosts.values())
    lines = ["# Restore drill", "", f"{report['time']}: {passed} of {len(hosts)} hosts passed.", ""]
    lines += _table(["host", "result", "backup", "size", "restored in", "rows", "critical", "warnings", "notices"])
    lines += [_cells(row) for name, host in hosts.items() for row in _overview(name, host)]
    for name, host in hosts.items():
        lines += ["", f"## {name}", "", *_details(host)]
    return "\n".join(lines) + "\n"


def _overview(name: str, host: Mapping[str, Any]) -> list[list[str]]:
    if not host["sets"]:
        return [[name, f"**{host['state']}**", "", "", "", "", "", "", ""]]
    return [
        [
            name,
            entry["state"] if entry["state"] == PASSED else f"**{entry['state']}**",
            entry["set_id"],
            human_size(entry["bytes"]),
            duration(entry["recovery_seconds"]) if entry["recovery_seconds"] else "",
            f"{sum(entry['rows'].values()):,}",
            *(str(entry["counts"][state]) for state in ("critical", "warning", "notice")),
        ]
        for entry in host["sets"]
    ]


def _details(host: Mapping[str, Any]) -> list[str]:
    lines = [f"**{host['state']}**: {host['message']}", ""] if host["message"] else []
    for entry in host["sets"]:
        rehearsal = entry["rehearsal"] or {}
        if rehearsal:
            lines += [
                f"{entry['set_id']} was restored into PostgreSQL {rehearsal['postgresql']} ({rehearsal['image']})."
            ]
        lines += [
            "",
            *_table(["step", "time"]),
            *(_cells([step, duration(time)]) for step, time in entry["steps"].items()),
        ]
        if entry["rows"]:
            tables = rehearsal.get("rows", {})
            lines += ["", *_table(["database", "tables", "rows"])]
            lines += [
                _cells([name, str(len(tables.get(name, {}))), f"{rows:,}"]) for name, rows in entry["rows"].items()
            ]
        for application, counted in rehearsal.get("content", {}).items():
            counts = ", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in counted.items())
            lines += ["", f"{application}: {counts}."]
    if host["findings"]:
        lines += ["", "Findings:", ""]
        lines += [f"- {_escaped(sentence(finding))}{_fix(finding)}" for finding in host["findings"]]
    if host["remarks"]:
        lines += ["", *(f"- {_escaped(line)}" for line in host["remarks"])]
    return lines or ["No findings."]


def _fix(finding: Mapping[str, Any]) -> str:
    return f" {_escaped(finding['fix'])}" if finding["fix"] else ""


def _table(head: Sequence[str]) -> list[str]:
    return [_cells(head), _cells(["---"] * len(head))]


def _cells(cells: Sequence[str]) -> str:
    return "| " + " | ".join(_escaped(cell).replace("|", "\\|") for cell in cells) + " |"


def _escaped(text: str) -> str:
    return " ".join(text.split())
