# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs work in several threads; the first failure stops the rest, and slots limit how much runs at once."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import CancelledError
from contextlib import contextmanager
from typing import Any, Callable, TypeVar

from .errors import Cancelled
from .process import Cancellation

Item = TypeVar("Item")
Result = TypeVar("Result")

GRACE_SECONDS = 20.0
"""How long a stop waits for running requests; no new request is started meanwhile."""

_CONSEQUENCES = (Cancelled, CancelledError)
"""The errors of work that was stopped because of another failure."""


def for_each(
    items: Iterable[Item],
    work: Callable[[Item], Any],
    workers: int,
    cancellation: Cancellation,
    grace: float | None = GRACE_SECONDS,
    on_failure: Callable[[BaseException], None] | None = None,
) -> None:
    """Do ``work`` on every item with ``workers`` threads; after the first failure no work is started, and it is raised.

    When the calling thread itself is interrupted, all work is cancelled, and this waits ``grace`` seconds for its end
    (None: without a limit). ``on_failure`` gets each failure, in the thread in which it happened. A pool of futures
    would hold a future for each of ten thousand items; here only running work takes memory.
    """
    waiting = iter(items)
    lock = threading.Lock()
    failures: list[BaseException] = []

    def run() -> None:
        while not failures:
            with lock:
                try:
                    item = next(waiting)
                except StopIteration:
                    return
            try:
                cancellation.check()
                work(item)
            except BaseException as error:  # noqa: BLE001 - raised below, in the thread that asked for the work
                # First noted, then passed on: what fails while the others are being stopped is a consequence.
                failures.append(error)
                if on_failure:
                    on_failure(error)

    threads = [threading.Thread(target=run, daemon=True, name=f"worker-{number}") for number in range(max(1, workers))]
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    except BaseException as error:
        cancellation.cancel(str(error))
        _join(threads, grace)
        raise
    if failures:
        # Cancelled work is a consequence; another error is the cause.
        raise next((error for error in failures if not isinstance(error, _CONSEQUENCES)), failures[0])


def _join(threads: Sequence[threading.Thread], seconds: float | None) -> None:
    """Wait for the started threads, at most ``seconds`` in total."""
    for thread in threads:
        if thread.ident is not None:
            thread.join(None if seconds is None else seconds / len(threads))


def run_all(tasks: Sequence[Callable[[], Result]], cancellation: Cancellation) -> list[Result]:
    """Run all tasks at the same time, each in a thread of its own, and give their results in their order.

    The first failure cancels all other tasks. It is raised when every task has ended, so that the caller can remove the
    files that they worked on.
    """
    results: dict[int, Result] = {}

    def run(number: int) -> None:
        results[number] = tasks[number]()

    def stop_others(error: BaseException) -> None:
        cancellation.cancel(f"stopped because of another failure: {error}")

    for_each(range(len(tasks)), run, len(tasks), cancellation, grace=None, on_failure=stop_others)
    return [results[number] for number in range(len(tasks))]


class Slots:
    """A limited number of slots for work; a piece of work takes one or more, first come first served.

    The order prevents a large piece from waiting forever behind a stream of small ones.
    """

    def __init__(self, total: int) -> None:
        self.total = total
        self._free = total
        self._queue: deque[object] = deque()
        self._changed = threading.Condition()

    @contextmanager
    def taking(self, count: int) -> Iterator[None]:
        """Wait for ``count`` slots (never more than there are) and hold them for the block."""
        count = min(count, self.total)
        turn = object()
        with self._changed:
            self._queue.append(turn)
            try:
                self._changed.wait_for(lambda: self._queue[0] is turn and self._free >= count)
                self._free -= count
            finally:
                self._queue.remove(turn)
                self._changed.notify_all()
        try:
            yield
        finally:
            with self._changed:
                self._free += count
                self._changed.notify_all()
