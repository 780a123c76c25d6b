# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an alert says. Private to this collection."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

SHOWN = 20
"""Changes that a message tells one by one: more would hide what matters, and some channels cut long texts."""
LONGEST = 300
"""Letters of one sentence: a finding may quote a log."""

# kind of an event → the word for it
WORDS = {"raised": "", "changed": "now ", "repeated": "still ", "recovered": "recovered"}


def title_of(host: str, events: Sequence[Any]) -> str:
    """One line for a telephone's screen: which host, how much of what."""
    counts: dict[str, int] = {}
    for event in events:
        words = word_of(event)
        counts[words] = counts.get(words, 0) + 1
    return f"[MaxOps] {host}: " + ", ".join(f"{number} {words}" for words, number in counts.items())


def word_of(event: Any) -> str:
    """What became of a subject, in a word or two."""
    return WORDS[event.kind] if event.kind == "recovered" else WORDS[event.kind] + event.state


def body_of(host: str, events: Sequence[Any], dropped: int = 0) -> str:
    """A paragraph for each change, and where to look further."""
    lines = []
    for event in events[:SHOWN]:
        lines.append(f"{word_of(event).upper()}  {event.check}: {event.subject}: {_told(event)}")
        if event.fix and event.kind != "recovered":
            lines.append(f"    next: {_cut(event.fix)}")
    if len(events) > SHOWN:
        lines.append(f"and {len(events) - SHOWN} more changes")
    if dropped:
        lines.append(f"{dropped} older messages could not be delivered and were dropped")
    if any(event.kind != "recovered" for event in events):
        lines += ["", f"all findings: ansible-playbook maxops.ops.health -e target={host}"]
    return "\n".join(lines)


def _told(event: Any) -> str:
    if event.kind == "recovered":
        return f"well again at {event.at}, was {event.before} since {event.since}"
    text = _cut(event.seen) + (f" (limit: {_cut(event.limit)})" if event.limit else "")
    if event.kind == "changed":
        text += f", was {event.before}"
    return text if event.since == event.at else f"{text}, since {event.since}"


def _cut(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
