# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Diagnoses, as operators read them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.maxops.ops.plugins.module_utils.tools.words import duration
from ansible_collections.maxops.ops.plugins.plugin_utils.text import (
    Results,
    aligned,
    failed_row,
    failures_first,
    reason,
    shortened,
)

SHOWN_CAUSES = 5
"""Causes that a summary tells in full; all of them are in the result."""
EVIDENCE = 3
SEEN_WIDTH = 160
LIKELIHOODS = ("certain", "likely", "possible")


def summary(host: str, result: Mapping[str, Any], _check_mode: bool) -> list[str]:
    """The causes on one host, the likeliest first with its command, then what was looked at."""
    if "causes" not in result:
        return [f"{host}: nothing was found out: {reason(result)}"]
    lines = [f"{host}: {_head(result)} ({', '.join(result['services'])}; {duration(result['duration'])})"]
    for number, cause in enumerate(result["causes"][:SHOWN_CAUSES], 1):
        lines.append(f"  {number}. {_sentence(cause)}")
        lines += [f"       {line}" for line in cause["evidence"][:EVIDENCE]]
        lines.append(f"     $ {cause['fix']}")
    if len(result["causes"]) > SHOWN_CAUSES:
        lines.append(f"  … and {len(result['causes']) - SHOWN_CAUSES} more, all less likely")
    rows = [[f"  {each['step']}", each["state"], shortened(each["seen"], SEEN_WIDTH)] for each in result["steps"]]
    return [*lines, "  looked at:", *(f"  {line}" for line in aligned(rows))]


def _head(result: Mapping[str, Any]) -> str:
    causes = result["causes"]
    unknown = sum(each["state"] == "unknown" for each in result["steps"])
    if not causes and unknown:
        return f"no cause was found, and {unknown} of {len(result['steps'])} steps could not be looked at"
    if not causes:
        return "nothing keeps the services from working" if result["healthy"] else "no cause was found"
    if result["healthy"]:
        return "the services work; what may matter all the same"
    return "the most likely cause first"


def _sentence(cause: Mapping[str, Any]) -> str:
    return f"{cause['likelihood']}: {cause['check'].replace('_', ' ')}, {cause['subject']}: {cause['seen']}"


def table(results: Results) -> list[str]:
    """The likeliest cause on each of many hosts, a line each, the worst first."""
    rows = [["HOST", "LIKELIHOOD", "CAUSE", "SUBJECT", "MORE", "FIX"]]
    for host, result in failures_first(results, _rank):
        if "causes" not in result:
            rows.append(failed_row(host, result, len(rows[0])))
        elif not result["causes"]:
            rows.append([host, "", "none" if result["healthy"] else "not found", "", "", ""])
        else:
            first, more = result["causes"][0], len(result["causes"]) - 1
            cells = [first["likelihood"], first["check"].replace("_", " "), first["subject"], str(more or "")]
            rows.append([host, *cells, first["fix"]])
    return aligned(rows, right=(4,))


def _rank(result: Mapping[str, Any]) -> int:
    """The worst first: no cause for what does not work, then by likelihood, then what works."""
    if result["causes"]:
        return 1 + LIKELIHOODS.index(result["causes"][0]["likelihood"])
    return 1 + len(LIKELIHOODS) if result["healthy"] else 1
