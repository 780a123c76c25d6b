# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The result of the job cleanup as text for operators."""

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
    some,
)


def summary(host: str, result: Mapping[str, Any], check_mode: bool) -> list[str]:
    """What was freed on one host, item by item."""
    if result.get("failed"):
        return [f"{host}: nothing was freed: {reason(result)}"]
    removed = [item for item in result["items"] if item["outcome"] != "left"]
    verb = "would free" if check_mode else "freed"
    head = f"{host}: {verb} {human_size(result['freed_bytes'])} in {count(len(removed), 'item')}"
    lines = [f"{head}, {duration(result['duration'])}"]
    # All items by name, without a limit: the operator should see exactly what was removed.
    lines += [f"  {line}" for line in aligned([_row(item) for item in removed], right=(2, 3))]
    lines += [f"  left {item['kind']} {item['name']}: {item['problem']}" for item in result["items"] if item["problem"]]
    old = [item for item in result["kept"] if not item["young"]]
    lines += some([f"kept {item['kind']} {item['name']}: {item['reason']}" for item in old], "that were kept")
    young = len(result["kept"]) - len(old)
    if young:
        lines.append(f"  kept {count(young, 'unused item')} that {'is' if young == 1 else 'are'} too young")
    return [*lines, *remarks(result)]


def _row(item: Mapping[str, Any]) -> list[str]:
    return [item["kind"], item["name"], human_size(item["bytes"]), f"{item['age_days']:.0f} d", item["reason"]]


def table(results: Results) -> list[str]:
    """What was freed on many hosts, one line per host, failures first, then the most freed bytes."""
    rows = [["HOST", "FREED", "CONTAINERS", "IMAGES", "NETWORKS", "OTHER", "LEFT", "TIME", "REMARKS"]]
    for host, result in failures_first(results, lambda result: -result["freed_bytes"]):
        if result.get("failed"):
            rows.append(failed_row(host, result, len(rows[0])))
            continue
        kinds = [item["kind"] for item in result["items"] if item["outcome"] != "left"]
        counts = [kinds.count(kind) for kind in ("container", "image", "network")]
        counts += [len(kinds) - sum(counts), len(result["items"]) - len(kinds)]
        last = [duration(result["duration"]), str(len(result["remarks"]) or "")]
        rows.append([host, human_size(result["freed_bytes"]), *(str(number) for number in counts), *last])
    return aligned(rows, right=range(1, 8))
