# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cleanups of disks, as operators read them."""

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
    """What was freed on one host, thing by thing."""
    if result.get("failed"):
        return [f"{host}: nothing was freed: {reason(result)}"]
    gone = [each for each in result["items"] if each["outcome"] != "left"]
    verb = "would free" if check_mode else "freed"
    head = f"{host}: {verb} {human_size(result['freed_bytes'])} in {count(len(gone), 'thing')}"
    lines = [f"{head}, {duration(result['duration'])}"]
    # Everything by name, however many: nobody should have to guess what was removed.
    lines += [f"  {line}" for line in aligned([_thing(each) for each in gone], right=(2, 3))]
    lines += [f"  left {each['kind']} {each['name']}: {each['problem']}" for each in result["items"] if each["problem"]]
    old = [each for each in result["kept"] if not each["young"]]
    lines += some([f"kept {each['kind']} {each['name']}: {each['reason']}" for each in old], "that were kept")
    young = len(result["kept"]) - len(old)
    if young:
        lines.append(f"  kept {count(young, 'thing')} that nobody uses but {'is' if young == 1 else 'are'} too young")
    return [*lines, *remarks(result)]


def _thing(each: Mapping[str, Any]) -> list[str]:
    return [each["kind"], each["name"], human_size(each["bytes"]), f"{each['age_days']:.0f} d", each["reason"]]


def table(results: Results) -> list[str]:
    """What was freed on many hosts, a line each, failures first, then those with most."""
    rows = [["HOST", "FREED", "CONTAINERS", "IMAGES", "NETWORKS", "OTHER", "LEFT", "TIME", "REMARKS"]]
    for host, result in failures_first(results, lambda each: -each["freed_bytes"]):
        if result.get("failed"):
            rows.append(failed_row(host, result, len(rows[0])))
            continue
        kinds = [each["kind"] for each in result["items"] if each["outcome"] != "left"]
        counts = [kinds.count(kind) for kind in ("container", "image", "network")]
        counts += [len(kinds) - sum(counts), len(result["items"]) - len(kinds)]
        last = [duration(result["duration"]), str(len(result["remarks"]) or "")]
        rows.append([host, human_size(result["freed_bytes"]), *(str(number) for number in counts), *last])
    return aligned(rows, right=range(1, 8))
