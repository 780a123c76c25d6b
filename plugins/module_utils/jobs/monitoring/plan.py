# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which findings of a health check are news that somebody has to be told. Private to this collection."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from ansible_collections.maxops.ops.plugins.module_utils.tools.finding import UNKNOWN, Finding, rank
from ansible_collections.maxops.ops.plugins.module_utils.tools.moments import timestamp

LOOK = "monitoring"
"""The check that says whether a look was possible at all."""

RAISED, CHANGED, REPEATED, RECOVERED = "raised", "changed", "repeated", "recovered"


@dataclass(frozen=True)
class Rules:
    """What is worth a message: from which state on, after how many runs, and how often again (seconds; 0 is never)."""

    level: str = "warning"
    after: int = 2
    recover_after: int = 2
    repeat_after: float = 14400


@dataclass(frozen=True)
class Event:
    """One thing that changed, as a message tells it."""

    kind: str
    check: str
    subject: str
    state: str
    before: str
    since: str
    at: str
    seen: str = ""
    limit: str = ""
    fix: str = ""

    @property
    def key(self) -> tuple[str, str]:
        """What it is about."""
        return self.check, self.subject


@dataclass
class Watch:
    """What is remembered of a subject that is not well, or of which it was said that it is not."""

    check: str
    subject: str
    since: str
    state: str = "ok"
    told: str = "ok"
    told_at: str = ""
    bad_runs: int = 0
    good_runs: int = 0
    state_runs: int = 0
    last: dict[str, str] = field(default_factory=dict)
    """What the last bad finding said: seen, limit and fix."""

    @property
    def key(self) -> tuple[str, str]:
        """What it is about."""
        return self.check, self.subject

    def to_dict(self) -> dict[str, Any]:
        """As data for the state file."""
        return asdict(self)


def plan(
    watches: Iterable[Watch], health: Mapping[str, Any], rules: Rules, now: datetime.datetime
) -> tuple[list[Watch], list[Event]]:
    """What to remember and what to tell after one more look; what it is given stays as it was.

    A subject that is no longer found is well again, but only if its check could see: one that ran into its timeout
    says nothing of what it did not find. Checks that did not run say nothing either.
    """
    known = {watch.key: Watch(**watch.to_dict()) for watch in watches}
    checks, findings = _look(health)
    events: list[Event] = []
    bad = _worst_of(findings, rules.level)
    for key, finding in bad.items():
        watch = known.setdefault(key, Watch(*key, since=timestamp(now)))
        _note_bad(watch, finding)
        events += _news_of_bad(watch, rules, now)
    blind = {check for check, state in checks.items() if state == "unknown"}
    found = {(each["check"], each["subject"]) for each in findings}
    for key, watch in list(known.items()):
        if key in bad or watch.check not in checks or (watch.check in blind and key not in found):
            continue
        watch.good_runs += 1
        watch.bad_runs = watch.state_runs = 0
        watch.state = "ok"
        if watch.told == "ok":
            del known[key]
        elif watch.good_runs >= rules.recover_after:
            events.append(_event(RECOVERED, watch, now))
            del known[key]
    return sorted(known.values(), key=lambda each: each.key), sorted(events, key=_worst_first)


def _look(health: Mapping[str, Any]) -> tuple[dict[str, str], Sequence[Mapping[str, Any]]]:
    """States of the checks that ran, and their findings; a look that failed is a finding too."""
    if health.get("failed") or "checks" not in health:
        seen = str(health.get("msg") or "the health check gave no result")
        fix = "run ansible-playbook maxops.ops.health for this host and fix what it names"
        return {LOOK: UNKNOWN}, [_as_finding(UNKNOWN, seen, fix)]
    checks = {name: str(result["state"]) for name, result in health["checks"].items()}
    return {**checks, LOOK: "ok"}, health.get("findings", [])


def _as_finding(state: str, seen: str, fix: str) -> dict[str, Any]:
    return Finding(LOOK, "health_check", state, seen, fix=fix).to_dict()


def _worst_of(findings: Iterable[Mapping[str, Any]], level: str) -> dict[tuple[str, str], Mapping[str, Any]]:
    """The findings from a state on; where a check has several of one subject, the worst."""
    worst: dict[tuple[str, str], Mapping[str, Any]] = {}
    for finding in findings:
        key = (finding["check"], finding["subject"])
        if rank(finding["state"]) >= rank(level) and (
            key not in worst or rank(finding["state"]) > rank(worst[key]["state"])
        ):
            worst[key] = finding
    return worst


def _note_bad(watch: Watch, finding: Mapping[str, Any]) -> None:
    watch.state_runs = watch.state_runs + 1 if watch.state == finding["state"] else 1
    watch.state = finding["state"]
    watch.bad_runs += 1
    watch.good_runs = 0
    watch.last = {name: _words(finding.get(name)) for name in ("seen", "limit", "fix")}


def _words(value: Any) -> str:
    return "" if value is None else str(value)


def _news_of_bad(watch: Watch, rules: Rules, now: datetime.datetime) -> list[Event]:
    if watch.told == "ok":
        kind = RAISED if watch.bad_runs >= rules.after else ""
    elif watch.told != watch.state:
        kind = CHANGED if watch.state_runs >= rules.after else ""
    else:
        age = (now - moment_of(watch.told_at)).total_seconds()
        kind = REPEATED if 0 < rules.repeat_after <= age else ""
    if not kind:
        return []
    event = _event(kind, watch, now)
    watch.told, watch.told_at = watch.state, timestamp(now)
    return [event]


def _event(kind: str, watch: Watch, now: datetime.datetime) -> Event:
    return Event(
        kind=kind,
        check=watch.check,
        subject=watch.subject,
        state=watch.state,
        before=watch.told,
        since=watch.since,
        at=timestamp(now),
        **watch.last,
    )


def moment_of(text: str) -> datetime.datetime:
    """A moment as the state file has it."""
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


def _worst_first(event: Event) -> tuple[bool, int, tuple[str, str]]:
    return event.kind == RECOVERED, -rank(event.state), event.key
