# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report of a drill: whether every host's newest backup could be restored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.maxops.ops.plugins.module_utils.tools.words import duration, human_size

from .verification import causes, limits, sentence

PASSED, FAILED, NOT_REACHED = "passed", "failed", "not reached"


def make_report(results: Mapping[str, Mapping[str, Any] | None], time: str) -> dict[str, Any]:
    """The report as data; a host without a result was not reached."""
    hosts = {host: _host(result) for host, result in sorted(results.items())}
    return {"time": time, "passed": all(host["state"] == PASSED for host in hosts.values()), "hosts": hosts}


def _host(result: Mapping[str, Any] | None) -> dict[str, Any]:
    if result is None or result.get("unreachable"):
        message = str((result or {}).get("msg", "the host had left the play before"))
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
    """The report for people: one table of all hosts, then the details of every host."""
    hosts: Mapping[str, Mapping[str, Any]] = report["hosts"]
    passed = sum(result["state"] == PASSED for result in hosts.values())
    lines = ["# Restore drill", "", f"{report['time']}: {passed} of {len(hosts)} hosts passed.", ""]
    lines += _table(["host", "result", "backup", "size", "restored in", "rows", "critical", "warnings", "notices"])
    lines += [_cells(row) for host, result in hosts.items() for row in _overview(host, result)]
    for host, result in hosts.items():
        lines += ["", f"## {host}", "", *_details(result)]
    return "\n".join(lines) + "\n"


def _overview(host: str, result: Mapping[str, Any]) -> list[list[str]]:
    if not result["sets"]:
        return [[host, f"**{result['state']}**", "", "", "", "", "", "", ""]]
    return [
        [
            host,
            backup["state"] if backup["state"] == PASSED else f"**{backup['state']}**",
            backup["set_id"],
            human_size(backup["bytes"]),
            duration(backup["recovery_seconds"]) if backup["recovery_seconds"] else "",
            f"{sum(backup['rows'].values()):,}",
            *(str(backup["counts"][state]) for state in ("critical", "warning", "notice")),
        ]
        for backup in result["sets"]
    ]


def _details(result: Mapping[str, Any]) -> list[str]:
    lines = [f"**{result['state']}**: {result['message']}", ""] if result["message"] else []
    for backup in result["sets"]:
        rehearsal = backup["rehearsal"] or {}
        if rehearsal:
            lines += [
                f"{backup['set_id']} was restored into PostgreSQL {rehearsal['postgresql']} ({rehearsal['image']})."
            ]
        lines += [
            "",
            *_table(["step", "time"]),
            *(_cells([step, duration(time)]) for step, time in backup["steps"].items()),
        ]
        if backup["rows"]:
            tables = rehearsal.get("rows", {})
            lines += ["", *_table(["database", "tables", "rows"])]
            lines += [
                _cells([name, str(len(tables.get(name, {}))), f"{rows:,}"]) for name, rows in backup["rows"].items()
            ]
        for application, counted in rehearsal.get("content", {}).items():
            counts = ", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in counted.items())
            lines += ["", f"{application}: {counts}."]
        words = causes(backup)
        lines += ["", f"Findings of {backup['set_id']} by cause: {words}."] if words else []
        lines += ["", *(f"- {_escaped(line)}" for line in limits(backup))] if limits(backup) else []
    if result["findings"]:
        lines += ["", "Findings:", ""]
        lines += [f"- {_escaped(sentence(finding))}{_fix(finding)}" for finding in result["findings"]]
    if result["remarks"]:
        lines += ["", *(f"- {_escaped(line)}" for line in result["remarks"])]
    return lines or ["No findings."]


def _fix(finding: Mapping[str, Any]) -> str:
    return f" {_escaped(finding['fix'])}" if finding["fix"] else ""


def _table(head: Sequence[str]) -> list[str]:
    return [_cells(head), _cells(["---"] * len(head))]


def _cells(cells: Sequence[str]) -> str:
    return "| " + " | ".join(_escaped(cell).replace("|", "\\|") for cell in cells) + " |"


def _escaped(text: str) -> str:
    return " ".join(text.split())
