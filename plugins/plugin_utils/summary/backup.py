# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Summary and table of the job backup."""

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
    remarks,
)

SHOWN_REMARKS = 5


def summary(host: str, result: Mapping[str, Any], check_mode: bool) -> list[str]:
    """The backup of one host, in a few lines."""
    if "set_id" not in result:
        return [f"{host}: no backup set was made: {reason(result)}"]
    about = "about " if check_mode else ""
    head = f"{host}: " + ("would make backup set " if check_mode else "backup set ") + result["set_id"]
    head += " (INCOMPLETE)" if result.get("incomplete") else ""
    head += f", {about}{human_size(result['bytes'])}"
    if check_mode and "need_bytes" in result:
        head += f"; needs {human_size(result['need_bytes'])}, {human_size(result['free_bytes'])} free"
    if "duration" in result:
        head += f", {duration(result['duration'])}"
    rows = []
    for part in result["parts"]:
        row = [
            "  " + part["kind"],
            part["name"],
            human_size(part["source_bytes"]),
            "→",
            about + human_size(part["bytes"]),
        ]
        rows_by_table = part.get("rows")
        row += [
            duration(part["duration"]) if "duration" in part else "",
            "" if rows_by_table is None else _rows(rows_by_table),
        ]
        rows.append(row)
    # What is wrong comes first: it must not be overlooked.
    lines = [*alarms(host, result), head, *aligned(rows, right=(2, 4, 5))]
    kept, removed = len(result["retention"]["kept"]), result["retention"]["removed"]
    removal = f", {'would remove' if check_mode else 'removed'} {', '.join(removed)}" if removed else ""
    held = ": retention is on hold" if result["retention"].get("held") else ""
    lines.append(f"  keeps {count(kept, 'set')}{removal}{held}")
    lines += remarks(result, SHOWN_REMARKS)
    return [*lines, f"  {result['path']}"]


def alarms(host: str, result: Mapping[str, Any]) -> list[str]:
    """A line for the failure of a run that made a set, and for each part that has shrunk without being accepted."""
    lines = [f"{host}: FAILED: {reason(result)}"] if result.get("failed") else []
    shrunk = [change["message"] for change in result.get("shrunk", []) if not change["accepted"]]
    return lines + [f"{host}: WARNING: {message}; retention removes nothing until it is accepted" for message in shrunk]


def _rows(rows_by_table: Mapping[str, int]) -> str:
    return f"{sum(rows_by_table.values()):,} rows in {count(len(rows_by_table), 'table')}"


def table(results: Results) -> list[str]:
    """The backups of many hosts, one line per host, failures first; what is wrong with a set comes before all."""
    rows = [["HOST", "SET", "SIZE", "TIME", "PARTS", "REMARKS"]]
    first: list[str] = []
    for host, result in failures_first(results):
        first += alarms(host, result) if "set_id" in result else []
        if "set_id" not in result:
            rows.append(failed_row(host, result, len(rows[0])))
            continue
        time = duration(result["duration"]) if "duration" in result else "check mode"
        rows.append(
            [
                host,
                result["set_id"],
                human_size(result["bytes"]),
                time,
                str(len(result["parts"])),
                str(len(result.get("remarks", [])) or ""),
            ]
        )
    return [*first, *aligned(rows, right=(2, 3, 4))]
