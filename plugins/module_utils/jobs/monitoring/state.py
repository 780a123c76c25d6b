# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was told of a host's troubles, and what is still to be told. Private to this collection."""

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
"""Changes that are kept for a channel out of reach: the oldest are dropped, and counted."""


@dataclass
class Queue:
    """What a channel has not been told yet."""

    events: list[dict[str, Any]] = field(default_factory=list)
    dropped: int = 0

    def add(self, events: list[dict[str, Any]]) -> None:
        """Keep more; a reminder of what waits already says nothing new."""
        waiting = {(each["check"], each["subject"]) for each in self.events}
        self.events += [
            each for each in events if each["kind"] != "repeated" or (each["check"], each["subject"]) not in waiting
        ]
        self.dropped += max(0, len(self.events) - KEPT)
        self.events = self.events[-KEPT:]


@dataclass
class AlertState:
    """All that is remembered from one run to the next; channels are named by a digest, their addresses are secret."""

    watches: list[dict[str, Any]] = field(default_factory=list)
    queues: dict[str, Queue] = field(default_factory=dict)
    checks: dict[str, dict[str, str]] = field(default_factory=dict)
    """State of each check and when it was seen."""


def read_state(path: str) -> AlertState:
    """The state as it was kept; none yet is an empty one. Raises MaxopsError for a file that is damaged."""
    try:
        with open(path, encoding="utf-8") as stream:
            data = json.load(stream)
        if data["format"] != FORMAT:
            raise ValueError(f"its format is {data['format']}, this collection knows {FORMAT}")
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
    """What a finding said, with the key ``fix`` that earlier runs kept as ``remedy``."""
    return {"fix" if name == "remedy" else name: value for name, value in finding.items()}


def write_state(path: str, state: AlertState) -> None:
    """Keep the state in one step. Raises OSError where the disk does not take it."""
    data = {
        "format": FORMAT,
        "watches": state.watches,
        "queues": {key: {"events": queue.events, "dropped": queue.dropped} for key, queue in state.queues.items()},
        "checks": state.checks,
    }
    write_atomically(path, to_json(data), mode=0o600)


@contextmanager
def turn(path: str, seconds: float) -> Iterator[None]:
    """Have the state for oneself: two schedules may look in the same minute.

    The folder itself is locked, because on a full disk no lock file could be made. Where there is no folder there is
    nothing to be had for oneself.
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
                        f"another run has been telling of changes for {seconds:.0f} s (lock on the folder of {path}); "
                        "nothing was sent, the next run will"
                    ) from None
                time.sleep(0.1)
        yield
    finally:
        if descriptor >= 0:
            os.close(descriptor)
