# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What operators read: progress lines, summaries and tables. Private to this collection."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from unicodedata import combining, east_asian_width, normalize

from ansible_collections.maxops.ops.plugins.module_utils.tools.words import human_size


def width(text: str) -> int:
    """Columns that a text takes in a terminal; Korean letters take two."""
    letters = [letter for letter in normalize("NFC", text) if not combining(letter)]
    return sum(2 if east_asian_width(letter) in "WF" else 1 for letter in letters)


def table(rows: Sequence[Sequence[str]], right: Sequence[int] = ()) -> list[str]:
    """Lines of aligned columns, two spaces apart; ``right`` are the indexes of columns to align right."""
    if not rows:
        return []
    widths = [max(width(row[index]) for row in rows) for index in range(len(rows[0]))]
    lines = []
    for row in rows:
        cells = []
        for index, cell in enumerate(row):
            padding = " " * (widths[index] - width(cell))
            cells.append(padding + cell if index in right else cell + padding)
        lines.append("  ".join(cells).rstrip())
    return lines


def seconds(value: float) -> str:
    """A length of time as a person says it: ``0.9 s``, ``42 s``, ``3 min 05 s``."""
    if value < 9.95:
        return f"{value:.1f} s"
    whole = round(value)
    return f"{whole} s" if whole < 120 else f"{whole // 60} min {whole % 60:02d} s"


def progress_line(host: str, progress: Mapping[str, Any]) -> str:
    """One line for a job under way: each part that runs, how far it is and how fast, and how many wait."""
    parts: list[Mapping[str, Any]] = progress.get("parts", [])
    running = [_running(part) for part in parts if part["state"] == "running"]
    done = sum(part["state"] == "done" for part in parts)
    between = "finishing" if parts and done == len(parts) else "getting ready"
    return f"  {host}: {done} of {len(parts)} parts done; " + (", ".join(running) or between)


def _running(part: Mapping[str, Any]) -> str:
    unit = part.get("unit", "bytes")
    done, total, rate = (
        human_size(part[key]) if unit == "bytes" else f"{part[key]:,}" for key in ("done", "total", "rate")
    )
    return f"{part['name']} {done} of {total}{'' if unit == 'bytes' else ' ' + unit} ({rate}/s)"


def backup_summary(host: str, result: Mapping[str, Any], check_mode: bool) -> list[str]:
    """A backup on one host in a few lines."""
    if result.get("failed"):
        return [f"{host}: no backup set was made: {result.get('msg', 'see the error above')}"]
    about = "about " if check_mode else ""
    head = f"{host}: " + ("would make backup set " if check_mode else "backup set ") + result["set_id"]
    head += f", {about}{human_size(result['bytes'])}"
    if "duration" in result:
        head += f", {seconds(result['duration'])}"
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
            seconds(part["duration"]) if "duration" in part else "",
            f"{sum(counted.values()):,} rows in {len(counted)} table{'s' if len(counted) != 1 else ''}"
            if counted is not None
            else "",
        ]
        rows.append(row)
    lines = [head, *table(rows, right=(2, 4, 5))]
    kept, removed = len(result["retention"]["kept"]), result["retention"]["removed"]
    lines.append(
        f"  keeps {kept} set{'s' if kept != 1 else ''}"
        + (f", {'would remove' if check_mode else 'removed'} {', '.join(removed)}" if removed else "")
    )
    remarks = result.get("remarks", [])
    lines += [f"  remark: {line}" for line in remarks[:5]]
    if len(remarks) > 5:
        lines.append(f"  and {len(remarks) - 5} more remarks")
    return [*lines, f"  {result['path']}"]


def backup_table(results: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Backups of many hosts, a line each, failures first."""
    rows = [["HOST", "SET", "SIZE", "TIME", "PARTS", "REMARKS"]]
    for host, result in sorted(results.items(), key=lambda item: (not item[1].get("failed"), item[0])):
        if result.get("failed"):
            rows.append([host, "FAILED", "", "", "", str(result.get("msg", ""))[:100]])
            continue
        time = seconds(result["duration"]) if "duration" in result else "check mode"
        remarks = result.get("remarks", [])
        rows.append(
            [
                host,
                result["set_id"],
                human_size(result["bytes"]),
                time,
                str(len(result["parts"])),
                str(len(remarks) or ""),
            ]
        )
    return table(rows, right=(2, 3, 4))
