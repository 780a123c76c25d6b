# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Backups, as operators read them."""

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
    """A backup on one host in a few lines."""
    if result.get("failed"):
        return [f"{host}: no backup set was made: {reason(result)}"]
    about = "about " if check_mode else ""
    head = f"{host}: " + ("would make backup set " if check_mode else "backup set ") + result["set_id"]
    head += f", {about}{human_size(result['bytes'])}"
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
        counted = part.get("rows")
        row += [
            duration(part["duration"]) if "duration" in part else "",
            "" if counted is None else f"{sum(counted.values()):,} rows in {count(len(counted), 'table')}",
        ]
        rows.append(row)
    lines = [head, *aligned(rows, right=(2, 4, 5))]
    kept, removed = len(result["retention"]["kept"]), result["retention"]["removed"]
    gone = f", {'would remove' if check_mode else 'removed'} {', '.join(removed)}" if removed else ""
    lines.append(f"  keeps {count(kept, 'set')}{gone}")
    lines += remarks(result, SHOWN_REMARKS)
    return [*lines, f"  {result['path']}"]


def table(results: Results) -> list[str]:
    """Backups of many hosts, a line each, failures first."""
    rows = [["HOST", "SET", "SIZE", "TIME", "PARTS", "REMARKS"]]
    for host, result in failures_first(results):
        if result.get("failed"):
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
    return aligned(rows, right=(2, 3, 4))
