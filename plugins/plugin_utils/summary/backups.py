# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The list of backups, as operators read it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.maxops.ops.plugins.module_utils.storage.verdict import LEVELS
from ansible_collections.maxops.ops.plugins.module_utils.tools.words import age, duration, human_size
from ansible_collections.maxops.ops.plugins.plugin_utils.text import (
    Results,
    aligned,
    count,
    failures_first,
    reason,
    remarks,
)

HEAD = ["SET", "AGE", "SIZE", "PARTS", "VERIFIED", "RECOVERY", "NEXT BACKUP"]


def summary(host: str, result: Mapping[str, Any], _check_mode: bool) -> list[str]:
    """The backups of one host."""
    if result.get("failed"):
        return [f"{host}: {reason(result)}"]
    rows = _rows(result)
    lines = [f"{host}: {_counts(result)} in {result['repository']}"]
    lines += [f"  {line}" for line in aligned([HEAD, *rows], right=(1, 2, 5))] if rows else []
    return [*lines, *remarks(result)]


def table(results: Results) -> list[str]:
    """The backups of many hosts in one table; what is remarked comes last, failures first."""
    rows, last = [], []
    for host, result in failures_first(results):
        if result.get("failed"):
            last.append(f"{host}: {result.get('msg', 'failed')}")
            continue
        rows += [[host, *row] for row in _rows(result)]
        last += [f"{host}: {line}" for line in result["remarks"]]
    lines = aligned([["HOST", *HEAD], *rows], right=(2, 3, 6)) if rows else ["no host has any backup"]
    return [*lines, *(f"remark: {line}" for line in last)]


def _counts(result: Mapping[str, Any]) -> str:
    sets, dumps = len(result["sets"]), len(result["dumps"])
    text = count(sets, "set")
    return f"{text} and {count(dumps, 'dump')} of the old way" if dumps else text


def _rows(result: Mapping[str, Any]) -> list[list[str]]:
    rows = []
    for each in result["sets"]:
        parts = str(len(each["parts"])) if not each["problem"] else "not whole"
        recovery = (each["verdict"] or {}).get("recovery_seconds")
        rows.append(
            [
                each["set_id"],
                _age(each),
                human_size(each["bytes"]),
                parts if each["project"] in (None, result["project"]) else f"{parts} of {each['project']}",
                _verified(each["verdict"]),
                duration(recovery) if recovery else "",
                _retention(each["retention"]),
            ]
        )
    rows += [[each["set_id"], _age(each), human_size(each["bytes"]), "old way", "", "", ""] for each in result["dumps"]]
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


def _age(each: Mapping[str, Any]) -> str:
    hours = each["age_hours"]
    return "?" if hours is None else age(3600 * hours)
