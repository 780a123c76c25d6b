# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs several checks at once, each with a deadline; a check that hangs delays neither the others nor the end.

All threads are daemons, so that the process can end while one of them hangs. Threads of a ThreadPoolExecutor are not:
the interpreter waits for each of them when it ends.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Callable, Generic, TypeVar

from .errors import MaxopsError

Result = TypeVar("Result")


@dataclass(frozen=True)
class Answer(Generic[Result]):
    """The outcome of one piece of work: its ``value`` or its ``error``, and the ``seconds`` it took.

    ``ended`` is False for work that was still running at its deadline; its ``error`` says so.
    """

    seconds: float
    value: Result | None = None
    error: BaseException | None = None
    ended: bool = True

    def get(self) -> Result:
        """The value. Raises what the work raised, or MaxopsError for work that has not ended."""
        if self.error is not None:
            raise self.error
        value: Any = self.value
        return value  # type: ignore[no-any-return]


class Task(Generic[Result]):
    """One piece of work in a thread of its own, done once, whose result any number of threads may wait for."""

    def __init__(self, name: str, work: Callable[[], Result]) -> None:
        self.name = name
        self._work = work
        self._lock = threading.Lock()
        self._done = threading.Event()
        self._started = 0.0
        self._answer: Answer[Result] | None = None

    def start(self) -> None:
        """Start the work, unless it was started before."""
        with self._lock:
            if not self._started:
                self._started = time.monotonic()
                threading.Thread(target=self._run, daemon=True, name=self.name).start()

    def answer(self, seconds: float, allowed: float | None = None) -> Answer[Result]:
        """The outcome of the work, after waiting at most ``seconds`` for its end.

        ``allowed`` is the full time limit to name in the error, when only ``seconds`` of it are left.
        """
        self.start()
        if self._done.wait(max(0.0, seconds)) and self._answer:
            return self._answer
        late = MaxopsError(f"{self.name}: no answer within {seconds if allowed is None else allowed:.3g} s")
        return Answer(time.monotonic() - self._started, error=late, ended=False)

    def get(self, seconds: float) -> Result:
        """The result. Raises what the work raised, or MaxopsError when it did not end within ``seconds``."""
        return self.answer(seconds).get()

    def _run(self) -> None:
        try:
            value = self._work()
            self._answer = Answer(time.monotonic() - self._started, value)
        except BaseException as error:  # noqa: BLE001 - raised again in each thread that asks for the result
            self._answer = Answer(time.monotonic() - self._started, error=error)
        finally:
            self._done.set()


def side_by_side(works: Mapping[str, Callable[[], Result]], seconds: float) -> dict[str, Answer[Result]]:
    """Do all work at once, and give the outcomes in the given order, after ``seconds`` at the latest.

    Work that has not ended by then continues in its thread, and nothing waits for it: it should only read.
    """
    started = time.monotonic()
    tasks = {name: Task(name, work) for name, work in works.items()}
    for task in tasks.values():
        task.start()
    return {name: task.answer(started + seconds - time.monotonic(), seconds) for name, task in tasks.items()}
