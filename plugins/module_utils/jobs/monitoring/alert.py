# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sends alerts about changes on a host: once, all in one message, and kept while a channel is unreachable."""

from __future__ import annotations

import datetime
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from ansible_collections.maxops.ops.plugins.module_utils.systems.channels import Channel, deliver
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError
from ansible_collections.maxops.ops.plugins.module_utils.tools.finding import rank
from ansible_collections.maxops.ops.plugins.module_utils.tools.http.client import ping
from ansible_collections.maxops.ops.plugins.module_utils.tools.moments import timestamp, utc_now

from .plan import RECOVERED, Event, Rules, Watch, plan
from .state import AlertState, Queue, exclusive, read_state, write_state
from .text import body_of, title_of


@dataclass(frozen=True)
class AlertOptions:
    """The options of one run; ``urls`` and ``ping_url`` are secrets."""

    name: str
    state_file: str
    rules: Rules
    urls: Sequence[str] = field(default=(), repr=False)
    ping_url: str | None = field(default=None, repr=False)
    timeout: float = 20


def alert(
    health: Mapping[str, Any], options: AlertOptions, check_mode: bool = False, now: datetime.datetime | None = None
) -> dict[str, Any]:
    """Compare a health check with the alerts sent before, and send the changes to every channel.

    In check mode nothing is sent or saved.
    ``problems`` in the result are failures of this run itself, which an operator has to fix.
    """
    now = now or utc_now()
    channels = [Channel(number, url) for number, url in enumerate(dict.fromkeys(options.urls), 1)]
    problems: list[str] = []
    if not check_mode:
        _make_folder(options.state_file, problems)
    with exclusive(options.state_file, seconds=options.timeout + 10):
        state = _state(options.state_file, problems)
        events = _update(state, health, options, now, problems, save=not check_mode)
        _enqueue(state, channels, events)
        if check_mode:
            deliveries = [
                _delivery(options.name, channel, "would be sent", state)
                for channel in channels
                if _waiting(state, channel)
            ]
        else:
            deliveries = _send(state, channels, options, problems)
            _save(state, options.state_file, problems)
    pinged = False
    if options.ping_url and not check_mode and not problems:
        pinged = _ping(options.ping_url, options.timeout, problems)
    return {
        "events": [asdict(event) for event in events],
        "deliveries": deliveries,
        "waiting": sum(len(queue.events) for queue in state.queues.values()) if not check_mode else 0,
        "unwell": [
            {"check": watch["check"], "subject": watch["subject"], "state": watch["state"], "since": watch["since"]}
            for watch in state.watches
            if watch["state"] != "ok"
        ],
        "pinged": pinged,
        "problems": problems,
    }


def _make_folder(path: str, problems: list[str]) -> None:
    try:
        os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
    except OSError as error:
        problems.append(f"the folder of {path} cannot be created: {error.strerror}")


def _state(path: str, problems: list[str]) -> AlertState:
    try:
        return read_state(path)
    except MaxopsError as error:
        problems.append(f"{error}; a new one is started, so current problems are reported again")
    except OSError as error:
        problems.append(f"the state of the alerts in {path} cannot be read: {error.strerror}")
    # A duplicate alert is better than a lost one.
    return AlertState()


def _update(
    state: AlertState,
    health: Mapping[str, Any],
    options: AlertOptions,
    now: datetime.datetime,
    problems: list[str],
    save: bool,
) -> list[Event]:
    """Update the state, and return the changes to report."""
    try:
        before = [Watch(**watch) for watch in state.watches]
        watches, events = plan(before, health, options.rules, now)
    except (KeyError, TypeError, ValueError) as error:
        raise MaxopsError(
            f"health, or the state in {options.state_file}, is not of this version ({error!r}); give the variable that "
            "maxops.ops.health_check was registered in, and remove the state file if that does not help"
        ) from error
    state.watches = [watch.to_dict() for watch in watches]
    for check, result in (health.get("checks") or {}).items():
        state.checks[check] = {"state": str(result["state"]), "at": timestamp(now)}
    if not save:
        return events
    problems_before = len(problems)
    _save(state, options.state_file, problems)
    if len(problems) > problems_before:
        # Without a saved state runs cannot be counted, and a full disk has to be reported: so report at once.
        at_once = Rules(options.rules.level, after=1, recover_after=1, repeat_after=options.rules.repeat_after)
        watches, events = plan(before, health, at_once, now)
        state.watches = [watch.to_dict() for watch in watches]
    return events


def _enqueue(state: AlertState, channels: Sequence[Channel], events: Sequence[Event]) -> None:
    """Append the events to the queue of every channel; removes the queues of channels that are not configured."""
    configured = {channel.key for channel in channels}
    state.queues = {key: queue for key, queue in state.queues.items() if key in configured}
    for channel in channels:
        state.queues.setdefault(channel.key, Queue()).add([asdict(event) for event in events])


def _waiting(state: AlertState, channel: Channel) -> list[Event]:
    return [Event(**event) for event in state.queues[channel.key].events]


def _send(
    state: AlertState, channels: Sequence[Channel], options: AlertOptions, problems: list[str]
) -> list[dict[str, Any]]:
    """Send one message to every channel with waiting changes; changes that are not delivered stay in its queue."""
    messages = []
    for channel in channels:
        events = _waiting(state, channel)
        if events:
            body = body_of(options.name, events, state.queues[channel.key].dropped)
            messages.append((channel, title_of(options.name, events), body, _kind(events)))
    deliveries = []
    if messages:
        # Saved before sending, too: a run that is killed meanwhile must not lose the changes.
        _save(state, options.state_file, [])
    for (channel, *_message), reason in zip(messages, deliver(messages, options.timeout) if messages else []):
        deliveries.append(_delivery(options.name, channel, reason or "delivered", state))
        if reason:
            waiting = len(state.queues[channel.key].events)
            problems.append(
                f"{channel.name} could not be notified: {reason}; {waiting} change{'' if waiting == 1 else 's'} kept "
                "for the next run"
            )
        else:
            state.queues[channel.key] = Queue()
    return deliveries


def _delivery(host: str, channel: Channel, outcome: str, state: AlertState) -> dict[str, Any]:
    events = _waiting(state, channel)
    return {"channel": channel.name, "outcome": outcome, "changes": len(events), "title": title_of(host, events)}


def _kind(events: Sequence[Event]) -> str:
    if all(event.kind == RECOVERED for event in events):
        return "success"
    worst = max(rank(event.state) for event in events if event.kind != RECOVERED)
    return "failure" if worst > rank("warning") else "warning"


def _save(state: AlertState, path: str, problems: list[str]) -> None:
    try:
        write_state(path, state)
    except OSError as error:
        problem = f"the state of the alerts cannot be saved in {path}: {error.strerror}; until that is fixed every "
        problem += "run reports all problems again"
        if problem not in problems:
            problems.append(problem)


def _ping(url: str, timeout: float, problems: list[str]) -> bool:
    """Report a successful run to the dead man's switch."""
    try:
        ping(url, timeout)
    except MaxopsError as error:
        problems.append(f"ping_url: {error}")
        return False
    return True
