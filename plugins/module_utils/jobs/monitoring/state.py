# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The saved state of alerts: problems that were reported, and changes that are not delivered yet."""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError
from ansible_collections.maxops.ops.plugins.module_utils.tools.files import to_json, write_atomically

FORMAT = 1

KEPT = 100
"""Maximum number of changes kept for an unreachable channel: older ones are dropped and counted."""


@dataclass
class Queue:
    """Changes that are not delivered to a channel yet."""

    events: list[dict[str, Any]] = field(default_factory=list)
    dropped: int = 0

    def add(self, events: list[dict[str, Any]]) -> None:
        """Append changes; a reminder of a subject that already waits is left out."""
        waiting = {(event["check"], event["subject"]) for event in self.events}
        self.events += [
            event
            for event in events
            if event["kind"] != "repeated" or (event["check"], event["subject"]) not in waiting
        ]
        self.dropped += max(0, len(self.events) - KEPT)
        self.events = self.events[-KEPT:]


@dataclass
class AlertState:
    """Everything saved from one run to the next; channels are named by a digest, because addresses are secret."""

    watches: list[dict[str, Any]] = field(default_factory=list)
    queues: dict[str, Queue] = field(default_factory=dict)
    checks: dict[str, dict[str, str]] = field(default_factory=dict)
    """State of every check, and the time of its last run."""


def read_state(path: str) -> AlertState:
    """The saved state; empty if there is no file. Raises MaxopsError for a damaged file."""
    try:
        with open(path, encoding="utf-8") as stream:
            data = json.load(stream)
        if data["format"] != FORMAT:
            raise ValueError(f"its format is {data['format']}, this collection supports {FORMAT}")
        queues = {
            key: Queue([_renamed(event) for event in queue["events"]], queue["dropped"])
            for key, queue in data["queues"].items()
        }
        watches = [{**watch, "last": _renamed(watch["last"])} for watch in data["watches"]]
        return AlertState(watches, queues, dict(data["checks"]))
    except FileNotFoundError:
        return AlertState()
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise MaxopsError(f"the state of the alerts in {path} cannot be used: {error}") from error


def _renamed(finding: dict[str, Any]) -> dict[str, Any]:
    """A finding with the key ``fix``, which earlier versions saved as ``remedy``."""
    return {"fix" if name == "remedy" else name: value for name, value in finding.items()}


def write_state(path: str, state: AlertState) -> None:
    """Save the state atomically. Raises OSError if it cannot be written."""
    data = {
        "format": FORMAT,
        "watches": state.watches,
        "queues": {key: {"events": queue.events, "dropped": queue.dropped} for key, queue in state.queues.items()},
        "checks": state.checks,
    }
    write_atomically(path, to_json(data), mode=0o600)


@contextmanager
def exclusive(path: str, seconds: float) -> Iterator[None]:
    """Hold the lock on the state for the length of the block: two schedules may run in the same minute.

    The folder itself is locked, because on a full disk no lock file can be created. Without a folder there is no lock.
    """
    descriptor = -1
    with suppress(OSError):
        descriptor = os.open(os.path.dirname(path), os.O_RDONLY)
    try:
        deadline = time.monotonic() + seconds
        while descriptor >= 0:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise MaxopsError(
                        f"another run has been sending alerts for {seconds:.0f} s (lock on the folder of {path}); "
                        "nothing was sent, the next run will send it"
                    ) from None
                time.sleep(0.1)
        yield
    finally:
        if descriptor >= 0:
            os.close(descriptor)
