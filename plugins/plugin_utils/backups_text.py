# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The list of backups, as operators read it. Private to this collection."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.maxops.ops.plugins.module_utils.storage.verdict import LEVELS
from ansible_collections.maxops.ops.plugins.module_utils.tools.words import human_size
from ansible_collections.maxops.ops.plugins.plugin_utils.text import seconds, table

HEAD = ["SET", "AGE", "SIZE", "PARTS", "VERIFIED", "RECOVERY", "NEXT BACKUP"]


def age(hours: float | None) -> str:
    """How long ago, as a person says it: ``40 min``, ``7 h``, ``12 d``."""
    if hours is None:
        return "?"
    if hours < 1:
        return f"{max(0, round(hours * 60))} min"
    return f"{hours:.0f} h" if hours < 48 else f"{hours / 24:.0f} d"


def backups_summary(host: str, result: Mapping[str, Any], _check_mode: bool) -> list[str]:
    """The backups of one host."""
    if result.get("failed"):
        return [f"{host}: {result.get('msg', 'see the error above')}"]
    rows = _rows(result)
    lines = [f"{host}: {_count(result)} in {result['repository']}"]
    lines += [f"  {line}" for line in table([HEAD, *rows], right=(1, 2, 5))] if rows else []
    return [*lines, *(f"  remark: {line}" for line in result["remarks"])]


def backups_table(results: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """The backups of many hosts in one table; what is remarked comes last, failures first."""
    rows, remarks = [], []
    for host, result in sorted(results.items(), key=lambda item: (not item[1].get("failed"), item[0])):
        if result.get("failed"):
            remarks.append(f"{host}: {result.get('msg', 'failed')}")
            continue
        rows += [[host, *row] for row in _rows(result)]
        remarks += [f"{host}: {line}" for line in result["remarks"]]
    lines = table([["HOST", *HEAD], *rows], right=(2, 3, 6)) if rows else ["no host has any backup"]
    return [*lines, *(f"remark: {line}" for line in remarks)]


def _count(result: Mapping[str, Any]) -> str:
    sets, dumps = len(result["sets"]), len(result["dumps"])
    text = f"{sets} set{'' if sets == 1 else 's'}"
    return f"{text} and {dumps} dump{'' if dumps == 1 else 's'} of the old way" if dumps else text


def _rows(result: Mapping[str, Any]) -> list[list[str]]:
    rows = []
    for each in result["sets"]:
        parts = str(len(each["parts"])) if not each["problem"] else "not whole"
        recovery = (each["verdict"] or {}).get("recovery_seconds")
        rows.append(
            [
                each["set_id"],
                age(each["age_hours"]),
                human_size(each["bytes"]),
                parts if each["project"] in (None, result["project"]) else f"{parts} of {each['project']}",
                _verified(each["verdict"]),
                seconds(recovery) if recovery else "",
                _retention(each["retention"]),
            ]
        )
    rows += [
        [each["set_id"], age(each["age_hours"]), human_size(each["bytes"]), "old way", "", "", ""]
        for each in result["dumps"]
    ]
    return rows


def _verified(verdict: Mapping[str, Any] | None) -> str:
    if not verdict:
        return "never"
    results: Mapping[str, Mapping[str, Any]] = verdict["results"]
    return ", ".join(
        f"{level}{'' if results[level]['passed'] else ' FAILED'} {results[level]['time'][:10]}"
        for level in reversed(LEVELS)
        if level in results
    )


def _retention(retention: Mapping[str, Any] | None) -> str:
    if retention is None:
        return ""
    return f"keeps it: {', '.join(retention['reasons'])}" if retention["keep"] else "removes it"
