# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Summary and table of the job backups: the list of backups."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.maxops.ops.plugins.module_utils.storage.verdict import LEVELS
from ansible_collections.maxops.ops.plugins.module_utils.tools.words import age, duration, human_size
from ansible_collections.maxops.ops.plugins.plugin_utils.text import (
    Results,
    aligned,
    count,
    failed_row,
    failures_first,
    kept_line,
    reason,
    remarks,
)

HEAD = ["SET", "AGE", "SIZE", "PARTS", "LACKS", "MADE ON", "VERIFIED", "RECOVERY", "NEXT BACKUP"]
NUMBERS = {"AGE", "SIZE", "RECOVERY"}
WHERE_NEEDED = {"LACKS", "MADE ON"}
"""Columns that are shown only where a row has something in them."""


def summary(host: str, result: Mapping[str, Any], _check_mode: bool) -> list[str]:
    """The backups of one host."""
    if result.get("failed"):
        return [f"{host}: {reason(result)}"]
    rows = _rows(result)
    lines = [f"{host}: {_counts(result)} in {result['repository']}"]
    lines += [f"  {line}" for line in _columns([HEAD, *rows])] if rows else []
    return [*lines, *_kept(result), *remarks(result)]


def _kept(result: Mapping[str, Any]) -> list[str]:
    """The data that restores replaced, and what to do with it."""
    kept = result.get("kept") or []
    if not kept:
        return []
    total = human_size(sum(entry["bytes"] for entry in kept))
    head = (
        f"  data that restores replaced takes {total}; restore_state=previous swaps the newest back, "
        "restore_state=discarded removes all of it (ansible-playbook maxops.ops.restore):"
    )
    return [head, *(f"    {kept_line(entry)}" for entry in kept)]


def table(results: Results) -> list[str]:
    """The backups of many hosts in one table, hosts whose list could not be read first; then the remarks."""
    rows, notes = [], []
    for host, result in failures_first(results):
        if result.get("failed"):
            rows.append(failed_row(host, result, len(HEAD) + 1))
            continue
        kept = _rows(result)
        rows += [[host, *row] for row in kept] or [[host, "none", *[""] * (len(HEAD) - 1)]]
        notes += [f"{host}: {line}" for line in result["remarks"]]
        notes += [f"{host}: {line.strip()}" for line in _kept(result)]
    none = not any(result.get("failed") or _rows(result) for result in results.values())
    lines = ["no host has any backup"] if none else _columns([["HOST", *HEAD], *rows])
    return [*lines, *(f"remark: {line}" for line in notes)]


def _columns(rows: list[list[str]]) -> list[str]:
    head = rows[0]
    shown = [
        index for index, name in enumerate(head) if name not in WHERE_NEEDED or any(row[index] for row in rows[1:])
    ]
    right = [position for position, index in enumerate(shown) if head[index] in NUMBERS]
    return aligned([[row[index] for index in shown] for row in rows], right=right)


def _counts(result: Mapping[str, Any]) -> str:
    sets, dumps = len(result["sets"]), len(result["dumps"])
    text = count(sets, "set")
    others = sum(kept["project"] == result["project"] and kept.get("missing") is None for kept in result["sets"])
    text += f" ({count(others, 'set')} of {', '.join(result['other_hosts'])})" if others else ""
    return f"{text} and {count(dumps, 'legacy dump')}" if dumps else text


def _rows(result: Mapping[str, Any]) -> list[list[str]]:
    rows = []
    for kept in result["sets"]:
        parts = str(len(kept["parts"])) if not kept["problem"] else "incomplete"
        recovery = (kept["verdict"] or {}).get("recovery_seconds")
        rows.append(
            [
                kept["set_id"],
                _age(kept),
                human_size(kept["bytes"]),
                parts if kept["project"] in (None, result["project"]) else f"{parts} of {kept['project']}",
                ", ".join(f"{part['kind']} {part['name']}" for part in kept.get("missing") or []),
                kept["host"] if kept.get("host") not in (None, result.get("host")) else "",
                _verified(kept["verdict"]),
                duration(recovery) if recovery else "",
                _retention(kept["retention"]),
            ]
        )
    rows += [
        [dump["set_id"], _age(dump), human_size(dump["bytes"]), "legacy dump", "", "", "", "", ""]
        for dump in result["dumps"]
    ]
    return rows


def _verified(verdict: Mapping[str, Any] | None) -> str:
    if not verdict:
        return "never"
    results: Results = verdict["results"]
    return ", ".join(
        f"{level}{'' if results[level]['passed'] else ' FAILED'} {results[level]['time'][:10]}"
        for level in reversed(LEVELS)
        if level in results
    )


def _retention(retention: Mapping[str, Any] | None) -> str:
    if retention is None:
        return ""
    return f"keeps it: {', '.join(retention['reasons'])}" if retention["keep"] else "removes it"


def _age(backup: Mapping[str, Any]) -> str:
    hours = backup["age_hours"]
    return "?" if hours is None else age(3600 * hours)
