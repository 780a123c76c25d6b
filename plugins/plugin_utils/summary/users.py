# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The summary of the job users."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.maxops.ops.plugins.module_utils.tools.words import duration
from ansible_collections.maxops.ops.plugins.plugin_utils.text import SHOWN, Results, aligned, count, remarks

SYSTEMS = {"gitea": "Gitea", "openproject": "OpenProject"}
STATUSES = ("created", "changed", "removed", "failed", "unchanged")
MOST = 40
"""Lines about single people; the result has all of them."""


def summary(host: str, result: Mapping[str, Any], check_mode: bool) -> list[str]:
    """The users of one stack: counts, then all that changed, failed, or are not in the list."""
    if result.get("failed") and not _done(result):
        return [f"{host}: {result.get('msg', 'failed')}"]
    planned = check_mode or bool(result.get("report_only"))
    lines = [
        f"{host}: {count(result.get('count', 0), 'person', 'people')}"
        + (", nothing changed yet; these are the differences" if planned else "")
    ]
    rows = []
    for system in _done(result):
        answer = result[system]
        counts = _counts(answer) if "counts" in answer else "could not be read"
        rows.append([f"  {SYSTEMS[system]}", counts, duration(answer["duration"]) if "duration" in answer else ""])
    lines += aligned(rows)
    lines += [
        f"  {SYSTEMS[system]}: {result[system]['msg']}" for system in _done(result) if "counts" not in result[system]
    ]
    people = _people(result)
    lines += aligned(people[:MOST])
    if len(people) > MOST:
        lines.append(f"  and {len(people) - MOST} more")
    for system in _done(result):
        unlisted = result[system].get("unlisted") or []
        if unlisted:
            more = f" and {len(unlisted) - 20} more" if len(unlisted) > 20 else ""
            lines.append(f"  in {SYSTEMS[system]} and not in the list: {', '.join(unlisted[:20])}{more}")
    lines += _remarks_of_people(result)
    lines += remarks(result)
    if result.get("new_passwords"):
        made = count(len(result["new_passwords"]), "new password")
        lines.append(f"  {made}: ansible-vault view {result['passwords_file']}")
    return lines


def table(results: Results) -> list[str]:
    """The users of many stacks, one line per application, failures first."""
    rows = [["HOST", "APPLICATION", *(status.upper() for status in STATUSES), "NOT LISTED"]]
    lines = []
    for host, result in results.items():
        if result.get("unreachable") or (result.get("failed") and not _done(result)):
            state = "UNREACHABLE" if result.get("unreachable") else "FAILED"
            lines.append((False, host, [host, state, *[""] * (len(STATUSES) + 1)]))
            continue
        for system in _done(result):
            answer = result[system]
            counts = answer.get("counts")
            bad = counts is None or counts["failed"] > 0
            cells = [str(counts[status] or "") for status in STATUSES] if counts else ["", "", "", "ALL", ""]
            unlisted = len(answer.get("unlisted") or [])
            lines.append((not bad, host, [host, SYSTEMS[system], *cells, str(unlisted or "")]))
    return aligned(rows + [row for _good, _host, row in sorted(lines)], right=range(2, 8))


def _done(result: Mapping[str, Any]) -> list[str]:
    return [system for system in SYSTEMS if result.get(system)]


def _counts(answer: Mapping[str, Any]) -> str:
    counts = answer["counts"]
    return ", ".join(f"{counts[status]} {status}" for status in STATUSES if counts[status]) or "no users"


def _people(result: Mapping[str, Any]) -> list[Sequence[str]]:
    """One row per application for all people with a change or a failure, failures first."""
    rows = []
    for system in _done(result):
        for user in result[system].get("users") or []:
            if user["status"] != "unchanged":
                about = user.get("error") or _changes(user)
                rows.append(
                    (
                        user["status"] != "failed",
                        user["name"],
                        [f"  {_verb(user)}", user["name"], SYSTEMS[system], about],
                    )
                )
    return [row for _good, _name, row in sorted(rows, key=lambda row: row[:2])]


def _remarks_of_people(result: Mapping[str, Any]) -> list[str]:
    """What is worth a look about single people, also where nothing was changed; many are only counted."""
    lines = [
        f"  remark: {user['name']} in {SYSTEMS[system]}: {text}"
        for system in _done(result)
        for user in result[system].get("users") or []
        for text in user.get("remarks") or []
    ]
    return lines[:SHOWN] + ([f"  and {len(lines) - SHOWN} more remarks"] if len(lines) > SHOWN else [])


def _verb(user: Mapping[str, Any]) -> str:
    """What happens to a person, in the words of a personnel department."""
    changes = user.get("changes") or {}
    if user["status"] == "changed" and any(
        (changes.get(key) or {}).get("after") is True for key in ("prohibit_login", "locked")
    ):
        return "leaves"
    return {"created": "joins", "changed": "moves", "removed": "removed", "failed": "FAILED"}[user["status"]]


def _changes(user: Mapping[str, Any]) -> str:
    parts = []
    for key, change in (user.get("changes") or {}).items():
        before, after = _value(change["before"]), _value(change["after"])
        if user["status"] != "created":
            parts.append(f"{key} {before} → {after}")
        elif key.startswith(("project ", "groups", "teams", "roles", "admin")) and change["after"]:
            parts.append(f"{key} {after}")
    return "; ".join(parts)


def _value(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    return "none" if value in (None, "") else str(value).lower() if isinstance(value, bool) else str(value)
