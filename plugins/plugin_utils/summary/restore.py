# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Summary and table of the job restore."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any

from ansible_collections.maxops.ops.plugins.module_utils.tools.moments import local_and_utc, parse_moment, utc_now
from ansible_collections.maxops.ops.plugins.module_utils.tools.words import age, duration, human_size
from ansible_collections.maxops.ops.plugins.plugin_utils.text import (
    SHOWN,
    Results,
    aligned,
    count,
    failed_row,
    failures_first,
    kept_line,
    reason,
    remarks,
)


def summary(host: str, result: Mapping[str, Any], check_mode: bool) -> list[str]:
    """The restore of one host, in a few lines."""
    if "parts" not in result:
        return [f"{host}: not restored: {reason(result)}"]
    if "discarded" in result:
        return _discarded(host, result, check_mode)
    rows = [_row(part) for part in result["parts"]]
    head = f"{host}: would restore {result['source']}" if check_mode else f"{host}: restored {result['source']}"
    lines = [head + _times(result), *_moment(result, check_mode), *aligned(rows, right=(2, 3, 4))]
    lines += [f"  {line}" for line in (*_services(result, check_mode), *result.get("effects", []))]
    if result["new_roles"]:
        verb = "would create" if check_mode else "created"
        lines.append(f"  {verb} the missing roles {', '.join(result['new_roles'])}")
    if result["kept"] and not check_mode:
        lines.append(
            f"  the replaced data is kept until {result['kept_until'][:10]}; restore_state=previous swaps it back"
        )
    if result.get("recovered"):
        lines.append(f"  first: {result['recovered']}")
    return [*lines, *remarks(result, SHOWN)]


def _discarded(host: str, result: Mapping[str, Any], check_mode: bool) -> list[str]:
    total = human_size(sum(entry["bytes"] for entry in result["discarded"]))
    verb = "would remove" if check_mode else "removed"
    lines = [f"{host}: {verb} the data that {count(len(result['discarded']), 'restore')} replaced, {total}"]
    lines += [f"  {kept_line(entry)}" for entry in result["discarded"]]
    return [*lines, *remarks(result, SHOWN)]


def _times(result: Mapping[str, Any]) -> str:
    if "duration" not in result:
        return ""
    times = f", {duration(result['duration'])}"
    return times + (
        f", of which the applications were down {duration(result['downtime'])}" if result["downtime"] else ""
    )


def _moment(result: Mapping[str, Any], check_mode: bool) -> list[str]:
    """When the set was made, here and in UTC: what was written since then is no longer in use."""
    made = result.get("made")
    if not made:
        return []
    lines = []
    if result.get("before"):
        lines.append(f"  the newest set that was made until {local_and_utc(_utc(result['before']))}")
    is_replaced = any(part["previous"] for part in result["parts"])
    verb = "is" if check_mode else "was"
    kept = f"; what was written since then {verb} set aside" if is_replaced else ""
    return [*lines, f"  made {local_and_utc(_utc(made))}, {age(result['age'])} ago, {_verified(result)}{kept}"]


def _verified(result: Mapping[str, Any]) -> str:
    verdict = result.get("verified")
    if not verdict:
        return "never verified"
    passed = "verified" if verdict["passed"] else "its verification FAILED"
    return f"{passed} ({verdict['level']} on {verdict['time'][:10]})"


def _utc(text: str) -> datetime.datetime:
    return parse_moment(text, utc_now(), "time")


def _row(part: Mapping[str, Any]) -> list[str]:
    name = (
        part["name"]
        if part["name"] in (part["target"], part["target"].partition("_")[2])
        else (f"{part['name']} as {part['target']}")
    )
    rows = part.get("rows")
    return [
        f"  {part['kind']}",
        name,
        human_size(part["source_bytes"]) if part["source_bytes"] is not None else "",
        duration(part["duration"]) if "duration" in part else "",
        "" if rows is None else f"{sum(rows.values()):,} rows in {count(len(rows), 'table')}",
        "" if part["previous"] else "(new)",
    ]


def _services(result: Mapping[str, Any], check_mode: bool) -> list[str]:
    names = ", ".join(result["services"])
    if not names:
        return ["no application has to stop" if check_mode else "no application was stopped"]
    if not check_mode:
        return [f"{names} stopped and started, names changed in {result['swap_seconds']:.2f} s"]
    last = result["expected_downtime"]
    downtime = (
        f"about {duration(last)}, as at the last restore" if last else "some seconds: until they are healthy again"
    )
    return [f"would stop and start {names}, for {downtime}"]


def table(results: Results) -> list[str]:
    """The restores of many hosts, one line per host, failures first."""
    rows = [["HOST", "RESTORED", "PARTS", "TIME", "DOWN", "REMARKS"]]
    for host, result in failures_first(results):
        if "parts" not in result:
            rows.append(failed_row(host, result, len(rows[0])))
            continue
        done = "duration" in result
        rows.append(
            [
                host,
                result["source"],
                str(len(result["parts"]) or ""),
                duration(result["duration"]) if done else "check mode",
                duration(result["downtime"]) if done else "",
                str(len(result.get("remarks", [])) or ""),
            ]
        )
    return aligned(rows, right=(2, 3, 4))
