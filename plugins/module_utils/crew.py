# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The same work on many things, so many at once. Private to this collection."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import Any, Callable, TypeVar

from ansible_collections.maxops.ops.plugins.module_utils.errors import Cancelled
from ansible_collections.maxops.ops.plugins.module_utils.process import Cancellation

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
