# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The summary of a diagnosis, for one host and for many."""

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
"""Causes that a summary shows in full; all of them are in the result."""
EVIDENCE = 3
SEEN_WIDTH = 160
LIKELIHOODS = ("certain", "likely", "possible")


def summary(host: str, result: Mapping[str, Any], _check_mode: bool) -> list[str]:
    """The causes on one host, the most likely first with its command, then all steps with their results."""
    if "causes" not in result:
        return [f"{host}: the diagnosis failed: {reason(result)}"]
    services = "; ".join([*filter(None, [", ".join(result["services"])]), duration(result["duration"])])
    lines = [f"{host}: {_head(result)} ({services})"]
    for number, cause in enumerate(result["causes"][:SHOWN_CAUSES], 1):
        lines.append(f"  {number}. {_sentence(cause)}")
        lines += [f"       {line}" for line in cause["evidence"][:EVIDENCE]]
        lines.append(f"     $ {cause['fix']}")
    if len(result["causes"]) > SHOWN_CAUSES:
        lines.append(f"  … and {len(result['causes']) - SHOWN_CAUSES} more, all less likely")
    rows = [[f"  {step['step']}", step["state"], shortened(step["seen"], SEEN_WIDTH)] for step in result["steps"]]
    return [*lines, "  checked:", *(f"  {line}" for line in aligned(rows))]


def _head(result: Mapping[str, Any]) -> str:
    causes = result["causes"]
    unknown = sum(step["state"] == "unknown" for step in result["steps"])
    if not causes and unknown:
        return f"no cause was found, and {unknown} of {len(result['steps'])} steps could not be checked"
    if not causes:
        return "the services work, and no cause of a fault was found" if result["healthy"] else "no cause was found"
    if result["healthy"]:
        return "the services work; this may still matter"
    return "the most likely cause first"


def _sentence(cause: Mapping[str, Any]) -> str:
    return f"{cause['likelihood']}: {cause['check'].replace('_', ' ')}, {cause['subject']}: {cause['seen']}"


def table(results: Results) -> list[str]:
    """The most likely cause on every host, one line per host, the worst first."""
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
    """The worst first: no cause for a fault, or a certain one; then by likelihood; then hosts without a cause."""
    if result["causes"]:
        return 1 + LIKELIHOODS.index(result["causes"][0]["likelihood"])
    return 1 + len(LIKELIHOODS) if result["healthy"] else 1
