# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The same work on many things, so many at once. Private to this collection."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Callable, TypeVar

from .errors import Cancelled
from .process import Cancellation

Item = TypeVar("Item")

GRACE_SECONDS = 20.0
"""How long a stop waits for requests under way; nothing new is begun meanwhile."""


def each(items: Iterable[Item], work: Callable[[Item], Any], workers: int, cancellation: Cancellation) -> None:
    """Do ``work`` on every item with ``workers`` threads; the first failure ends it all and is raised.

    A pool of futures would hold one for each of ten thousand items; here only those under way take memory.
    """
    waiting = iter(items)
    lock = threading.Lock()
    failures: list[BaseException] = []

    def labour() -> None:
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
                failures.append(error)

    crew = [threading.Thread(target=labour, daemon=True, name=f"crew-{number}") for number in range(max(1, workers))]
    for worker in crew:
        worker.start()
    try:
        for worker in crew:
            worker.join()
    except BaseException as error:
        cancellation.cancel(str(error))
        for worker in crew:
            worker.join(GRACE_SECONDS / len(crew))
        raise
    if failures:
        # What stopped is a consequence; what broke is the cause.
        raise next((error for error in failures if not isinstance(error, Cancelled)), failures[0])


class Slots:
    """So many places for work; a piece of work takes one or more, first come first served.

    The order keeps a large piece from waiting for ever behind a stream of small ones.
    """

    def __init__(self, total: int) -> None:
        self.total = total
        self._free = total
        self._queue: deque[object] = deque()
        self._changed = threading.Condition()

    @contextmanager
    def taking(self, count: int) -> Iterator[None]:
        """Wait for ``count`` places (never more than there are) and hold them for the block."""
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
