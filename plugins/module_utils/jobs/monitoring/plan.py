# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Decides which findings of a health check are reported in a message."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from ansible_collections.maxops.ops.plugins.module_utils.tools.finding import UNKNOWN, Finding, rank
from ansible_collections.maxops.ops.plugins.module_utils.tools.moments import timestamp

MONITORING = "monitoring"
"""Name of the check that reports whether the health check itself ran."""

RAISED, CHANGED, REPEATED, RECOVERED = "raised", "changed", "repeated", "recovered"


@dataclass(frozen=True)
class Rules:
    """What causes a message: the least bad state, the number of runs, and the time to a reminder (s; 0 is never)."""

    level: str = "warning"
    after: int = 2
    recover_after: int = 2
    repeat_after: float = 14400


@dataclass(frozen=True)
class Event:
    """One change, as a message reports it."""

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
        """Check and subject that it is about."""
        return self.check, self.subject


@dataclass
class Watch:
    """The state of a subject that has a problem, or whose problem was reported and has not recovered yet.

    ``told`` is the state in the last message about it, ``told_at`` the time of that message. The fields are keys of the
    state file.
    """

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
    """Seen, limit and fix of the last bad finding."""

    @property
    def key(self) -> tuple[str, str]:
        """Check and subject that it is about."""
        return self.check, self.subject

    def to_dict(self) -> dict[str, Any]:
        """As data for the state file."""
        return asdict(self)


def plan(
    watches: Iterable[Watch], health: Mapping[str, Any], rules: Rules, now: datetime.datetime
) -> tuple[list[Watch], list[Event]]:
    """The new watches and the events to report after one more health check; the given watches are not changed.

    A subject without a finding has recovered, but only if its check was able to run: a check that reached its timeout
    proves nothing about subjects it did not report. The same holds for checks that did not run.
    """
    updated = {watch.key: Watch(**watch.to_dict()) for watch in watches}
    checks, findings = _checks_and_findings(health)
    events: list[Event] = []
    bad = _worst_of(findings, rules.level)
    for key, finding in bad.items():
        watch = updated.setdefault(key, Watch(*key, since=timestamp(now)))
        _count_bad_run(watch, finding)
        events += _events_of_bad(watch, rules, now)
    unknown_checks = {check for check, state in checks.items() if state == "unknown"}
    subjects = {(finding["check"], finding["subject"]) for finding in findings}
    # What follows from another finding has no message of its own, and has not recovered either.
    follow = {(finding["check"], finding["subject"]) for finding in health.get("consequences", [])}
    for key, watch in list(updated.items()):
        if key in bad or key in follow or watch.check not in checks:
            continue
        if watch.check in unknown_checks and key not in subjects:
            continue
        watch.good_runs += 1
        watch.bad_runs = watch.state_runs = 0
        watch.state = "ok"
        if watch.told == "ok":
            del updated[key]
        elif watch.good_runs >= rules.recover_after:
            events.append(_event(RECOVERED, watch, now))
            del updated[key]
    return sorted(updated.values(), key=lambda watch: watch.key), sorted(events, key=_worst_first)


def _checks_and_findings(health: Mapping[str, Any]) -> tuple[dict[str, str], Sequence[Mapping[str, Any]]]:
    """States of the checks that ran, and their findings; a failed health check is a finding, too."""
    if health.get("failed") or "checks" not in health:
        seen = str(health.get("msg") or "the health check gave no result")
        fix = "run ansible-playbook maxops.ops.health for this host and fix what it names"
        return {MONITORING: UNKNOWN}, [Finding(MONITORING, "health_check", UNKNOWN, seen, fix=fix).to_dict()]
    checks = {name: str(result["state"]) for name, result in health["checks"].items()}
    return {**checks, MONITORING: "ok"}, health.get("findings", [])


def _worst_of(findings: Iterable[Mapping[str, Any]], level: str) -> dict[tuple[str, str], Mapping[str, Any]]:
    """The findings with at least the given state; of several for the same subject, the worst."""
    worst: dict[tuple[str, str], Mapping[str, Any]] = {}
    for finding in findings:
        key = (finding["check"], finding["subject"])
        if rank(finding["state"]) >= rank(level) and (
            key not in worst or rank(finding["state"]) > rank(worst[key]["state"])
        ):
            worst[key] = finding
    return worst


def _count_bad_run(watch: Watch, finding: Mapping[str, Any]) -> None:
    watch.state_runs = watch.state_runs + 1 if watch.state == finding["state"] else 1
    watch.state = finding["state"]
    watch.bad_runs += 1
    watch.good_runs = 0
    watch.last = {name: _text(finding.get(name)) for name in ("seen", "limit", "fix")}


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def _events_of_bad(watch: Watch, rules: Rules, now: datetime.datetime) -> list[Event]:
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
    """The time of a timestamp in the state file."""
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


def _worst_first(event: Event) -> tuple[bool, int, tuple[str, str]]:
    return event.kind == RECOVERED, -rank(event.state), event.key
