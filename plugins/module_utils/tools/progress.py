# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The current progress of a job, in a small file that other programs can read."""

from __future__ import annotations

import json
import os
import threading
import time
from typing import Any, Callable

INTERVAL = 0.5
"""Seconds between two updates of the file."""


class Part:
    """One part of a job and its progress, counted in ``unit``."""

    def __init__(self, name: str, total: int, unit: str = "bytes") -> None:
        self.name = name
        self.total = total
        self.unit = unit
        self.state = "waiting"
        self.measure: Callable[[], int] | None = None
        self._done = 0
        self._started = 0.0
        self._seconds = 0.0

    def start(self, state: str = "running") -> None:
        """Start the clock of this part."""
        self.state = state
        self._started = time.monotonic()

    def finish(self) -> float:
        """Mark the part as done; returns the seconds it took."""
        self.state = "done"
        self.measure = None
        self._done = max(self._done, self.total)
        self._seconds = time.monotonic() - self._started
        return self._seconds

    def snapshot(self) -> dict[str, Any]:
        """The part as JSON data: name, state, unit, done, total and rate per second."""
        measure = self.measure
        if measure is not None:
            try:
                self._done = max(self._done, measure())
            except Exception:  # noqa: BLE001 - a failed measurement must not fail the work
                self.measure = None
        seconds = self._seconds or (time.monotonic() - self._started if self._started else 0.0)
        return {
            "name": self.name,
            "state": self.state,
            "unit": self.unit,
            "done": self._done,
            "total": max(self.total, self._done),
            "rate": int(self._done / seconds) if seconds > 0 else 0,
        }


class Progress:
    """Keeps the progress file of a job up to date; without a path it does nothing."""

    def __init__(self, path: str | None, job: str) -> None:
        self._path = path
        self._job = job
        self._parts: list[Part] = []
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def part(self, name: str, total: int = 0, unit: str = "bytes") -> Part:
        """Add a part of the job; ``total`` is its size, 0 if unknown."""
        part = Part(name, total, unit)
        self._parts.append(part)
        return part

    def __enter__(self) -> Progress:
        if self._path:
            self._thread = threading.Thread(target=self._run, daemon=True, name="progress")
            self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._stop.set()
        if self._thread:
            self._thread.join()
            self._write(finished=True)

    def _run(self) -> None:
        while not self._stop.wait(INTERVAL):
            self._write()

    def _write(self, finished: bool = False) -> None:
        if not self._path:
            return
        parts = [part.snapshot() for part in list(self._parts)]
        text = json.dumps({"job": self._job, "finished": finished, "parts": parts})
        temporary = self._path + ".new"
        try:
            descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
                stream.write(text)
            os.replace(temporary, self._path)
        except OSError:
            self._path = None  # the work continues without progress output
