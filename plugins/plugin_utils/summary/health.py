# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The health of stacks, as it is printed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.maxops.ops.plugins.module_utils.tools.words import duration
from ansible_collections.maxops.ops.plugins.plugin_utils.text import Results, aligned, shortened

ORDER = ("unreachable", "failed", "critical", "unknown", "warning", "notice", "ok")
"""The worst first: on a host that cannot be reached anything may be wrong."""

FAILS: dict[str, tuple[str, ...]] = {"critical": ORDER[:4], "warning": ORDER[:5], "never": ()}
"""States that fail a play, by the value of fail_on."""

WORST_WIDTH = 100


def state_of(result: Mapping[str, Any]) -> str:
    """The state of a host, even if its check returned no result."""
    if result.get("unreachable"):
        return "unreachable"
    state = result.get("state")
    return str(state) if state in ORDER else "failed"


def failure(results: Results, fail_on: str) -> str:
    """Why the play fails, in one sentence; empty if it does not."""
    if fail_on == "never":
        return ""
    ranked = sorted((ORDER.index(state_of(result)), host) for host, result in results.items())
    bad = [f"{host} is {ORDER[rank]}" for rank, host in ranked if ORDER[rank] in FAILS[fail_on]]
    more = f" and {len(bad) - 5} more" if len(bad) > 5 else ""
    return f"{', '.join(bad[:5])}{more}; the fixes are listed above" if bad else ""


def outcome(host: str, result: Mapping[str, Any], fail_on: str) -> str:
    """Why a play fails on one host, with its worst finding or what to do about a host that cannot be reached."""
    state = state_of(result)
    if state not in FAILS[fail_on]:
        return ""
    if state == "unreachable":
        return f"{host} is unreachable: {_first_line(result)}; check that it is up and that Ansible can log in"
    if state == "failed":
        return f"{host} could not be checked: {_first_line(result)}"
    worst = next((finding for finding in result["findings"] if finding["state"] != "ok"), None)
    problem = f": {worst['check']} {worst['subject']}: {worst['seen']}" if worst else ""
    grade = "" if result["grade"] == "none" else f", grade {result['grade']}"
    return f"{host} is {state}{grade}{shortened(problem, WORST_WIDTH)}; the fixes are listed above"


def summary(host: str, result: Mapping[str, Any], _check_mode: bool) -> list[str]:
    """The health of one host: its problems with their fixes, and the checks that are ok."""
    state = state_of(result)
    if "findings" not in result:
        return [f"{host}: {state}: {_first_line(result)}"]
    bad = [finding for finding in result["findings"] if finding["state"] != "ok"]
    rows = []
    for finding in bad:
        limit = f" (limit: {finding['limit']})" if finding["limit"] else ""
        rows.append([finding["state"].upper(), finding["check"], finding["subject"], finding["seen"] + limit])
    lines = [f"{host}: {_state(result)}: {_counts(result)}, {duration(result['duration'])}"]
    for line, finding in zip(aligned(rows), bad):
        lines.append(f"  {line}")
        details = {"evidence": "; ".join(finding["evidence"]), "fix": finding["fix"]}
        lines += [f"    {name}: {text}" for name, text in details.items() if text]
    ok = [name for name, check in result["checks"].items() if check["state"] == "ok"]
    return [*lines, f"  ok        {', '.join(ok)}"] if ok else lines


def table(results: Results) -> list[str]:
    """The health of many hosts, one line per host, the worst first."""
    rows = [["HOST", "STATE", "GRADE", "FINDINGS", "WORST"]]
    for host, result in sorted(results.items(), key=lambda item: (_rank(item[1]), item[0])):
        state = state_of(result)
        if "findings" not in result:
            rows.append([host, state.upper(), "?", "", shortened(_first_line(result), WORST_WIDTH)])
            continue
        worst = next((finding for finding in result["findings"] if finding["state"] != "ok"), None)
        problem = f"{worst['check']} {worst['subject']}: {worst['seen']}" if worst else ""
        shown = state if state == "ok" else state.upper()
        rows.append([host, shown, result["grade"], _counts(result), shortened(problem, WORST_WIDTH)])
    return aligned(rows)


def _rank(result: Mapping[str, Any]) -> tuple[int, str]:
    """By state, then by grade; ``none`` comes after ``P4``."""
    grade = str(result.get("grade", "P0"))
    return ORDER.index(state_of(result)), "P9" if grade == "none" else grade


def _state(result: Mapping[str, Any]) -> str:
    grade = result["grade"]
    return str(result["state"]) if grade == "none" else f"{result['state']}, grade {grade}"


def _counts(result: Mapping[str, Any]) -> str:
    counts = result["counts"]
    return ", ".join(
        f"{counts[state]} {state}" for state in ("critical", "unknown", "warning", "notice", "ok") if counts.get(state)
    )


def _first_line(result: Mapping[str, Any]) -> str:
    return next(iter(str(result.get("msg", "")).strip().splitlines()), "see the error above")
