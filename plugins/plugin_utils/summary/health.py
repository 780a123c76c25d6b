# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The health of stacks, as operators read it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.maxops.ops.plugins.module_utils.tools.words import duration
from ansible_collections.maxops.ops.plugins.plugin_utils.text import Results, aligned, shortened

ORDER = ("unreachable", "failed", "critical", "unknown", "warning", "notice", "ok")
"""The worst first: a host that cannot be asked may have anything."""

FAILS: dict[str, tuple[str, ...]] = {"critical": ORDER[:4], "warning": ORDER[:5], "never": ()}
"""What is not good enough, by what a play is to fail on."""

WORST_WIDTH = 100


def state_of(result: Mapping[str, Any]) -> str:
    """The state of a host, also of one whose check said nothing."""
    if result.get("unreachable"):
        return "unreachable"
    state = result.get("state")
    return str(state) if state in ORDER else "failed"


def failure(results: Results, fail_on: str) -> str:
    """Why the play is to fail, in a sentence; empty where it is not."""
    if fail_on == "never":
        return ""
    bad = sorted((ORDER.index(state_of(result)), host) for host, result in results.items())
    words = [f"{host} is {ORDER[place]}" for place, host in bad if ORDER[place] in FAILS[fail_on]]
    more = f" and {len(words) - 5} more" if len(words) > 5 else ""
    return f"{', '.join(words[:5])}{more}; what to do about it stands above" if words else ""


def summary(host: str, result: Mapping[str, Any], _check_mode: bool) -> list[str]:
    """The health of one host: what is not well with its fix, and what was looked at."""
    state = state_of(result)
    if "findings" not in result:
        return [f"{host}: {state}: {_first_line(result)}"]
    bad = [each for each in result["findings"] if each["state"] != "ok"]
    rows = []
    for each in bad:
        limit = f" (limit: {each['limit']})" if each["limit"] else ""
        rows.append([each["state"].upper(), each["check"], each["subject"], each["seen"] + limit])
    lines = [f"{host}: {_state(result)}: {_counts(result)}, {duration(result['duration'])}"]
    for line, each in zip(aligned(rows), bad):
        lines.append(f"  {line}")
        told = {"evidence": "; ".join(each["evidence"]), "fix": each["fix"]}
        lines += [f"    {name}: {text}" for name, text in told.items() if text]
    well = [name for name, told in result["checks"].items() if told["state"] == "ok"]
    return [*lines, f"  ok        {', '.join(well)}"] if well else lines


def table(results: Results) -> list[str]:
    """The health of many hosts, a line each, the worst first."""
    rows = [["HOST", "STATE", "GRADE", "FINDINGS", "WORST"]]
    for host, result in sorted(results.items(), key=lambda item: (_rank(item[1]), item[0])):
        state = state_of(result)
        if "findings" not in result:
            rows.append([host, state.upper(), "?", "", shortened(_first_line(result), WORST_WIDTH)])
            continue
        worst = next((each for each in result["findings"] if each["state"] != "ok"), None)
        said = f"{worst['check']} {worst['subject']}: {worst['seen']}" if worst else ""
        shown = state if state == "ok" else state.upper()
        rows.append([host, shown, result["grade"], _counts(result), shortened(said, WORST_WIDTH)])
    return aligned(rows)


def _rank(result: Mapping[str, Any]) -> tuple[int, str]:
    """By state, and among equals by grade; ``none`` comes after ``P4``."""
    grade = str(result.get("grade", "P0"))
    return ORDER.index(state_of(result)), "P9" if grade == "none" else grade


def _state(result: Mapping[str, Any]) -> str:
    grade = result["grade"]
    return str(result["state"]) if grade == "none" else f"{result['state']}, grade {grade}"


def _counts(result: Mapping[str, Any]) -> str:
    counts = result["counts"]
    return ", ".join(
        f"{counts[each]} {each}" for each in ("critical", "unknown", "warning", "notice", "ok") if counts.get(each)
    )


def _first_line(result: Mapping[str, Any]) -> str:
    return next(iter(str(result.get("msg", "")).strip().splitlines()), "see the error above")
