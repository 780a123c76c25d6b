# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The text of an alert."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

SHOWN = 20
"""Changes that a message lists: more would hide the important ones, and some channels cut long texts."""
LONGEST = 300
"""Maximum characters of one sentence, because a finding may quote a log."""

# kind of an event → the prefix of its state
PREFIXES = {"raised": "", "changed": "now ", "repeated": "still ", "recovered": "recovered"}


def title_of(host: str, events: Sequence[Any]) -> str:
    """The subject line: the host, and the number of changes by state."""
    counts: dict[str, int] = {}
    for event in events:
        label = label_of(event)
        counts[label] = counts.get(label, 0) + 1
    return f"[MaxOps] {host}: " + ", ".join(f"{number} {label}" for label, number in counts.items())


def label_of(event: Any) -> str:
    """The new state of a subject, in a word or two."""
    return PREFIXES[event.kind] if event.kind == "recovered" else PREFIXES[event.kind] + event.state


def body_of(host: str, events: Sequence[Any], dropped: int = 0) -> str:
    """One paragraph per change, and the command that shows all findings."""
    lines = []
    for event in events[:SHOWN]:
        lines.append(f"{label_of(event).upper()}  {event.check}: {event.subject}: {_details(event)}")
        if event.fix and event.kind != "recovered":
            lines.append(f"    next: {_cut(event.fix)}")
    if len(events) > SHOWN:
        lines.append(f"and {len(events) - SHOWN} more changes")
    if dropped:
        lines.append(f"{dropped} older messages could not be delivered and were dropped")
    if any(event.kind != "recovered" for event in events):
        lines += ["", f"all findings: ansible-playbook maxops.ops.health -e target={host}"]
    return "\n".join(lines)


def _details(event: Any) -> str:
    if event.kind == "recovered":
        return f"ok again at {event.at}, was {event.before} since {event.since}"
    text = _cut(event.seen) + (f" (limit: {_cut(event.limit)})" if event.limit else "")
    if event.kind == "changed":
        text += f", was {event.before}"
    return text if event.since == event.at else f"{text}, since {event.since}"


def _cut(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
