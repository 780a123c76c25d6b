# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Never more work at once than there are places, and nobody waits for ever."""

from __future__ import annotations

import threading
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import Cancelled
from ansible_collections.maxops.ops.plugins.module_utils.tools.process import Cancellation
from ansible_collections.maxops.ops.plugins.module_utils.tools.workers import Slots, each
from ansible_collections.maxops.ops.tests.unit.children import wait_until


class Crowd:
    """Threads that take places, and what they saw."""

    def __init__(self, total: int) -> None:
        self.slots = Slots(total)
        self.order: list[str] = []
        self.most = 0
        self._taken = 0
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []

    def send(self, name: str, count: int, until: threading.Event | None = None) -> threading.Thread:
        thread = threading.Thread(target=self._work, args=[name, count, until], daemon=True)
        self._threads.append(thread)
        thread.start()
        return thread

    def _work(self, name: str, count: int, until: threading.Event | None) -> None:
        with self.slots.taking(count):
            with self._lock:
                self.order.append(name)
                self._taken += min(count, self.slots.total)
                self.most = max(self.most, self._taken)
            if until:
                until.wait(10)
            with self._lock:
                self._taken -= min(count, self.slots.total)

    def waiting(self) -> int:
        return len(self.slots._queue)

    def finish(self) -> None:
        for thread in self._threads:
            thread.join(10)
        assert not any(thread.is_alive() for thread in self._threads), "deadlock"
        assert self.waiting() == 0


@settings(max_examples=40)
@given(st.integers(1, 4), st.lists(st.integers(1, 6), max_size=25))
def test_never_more_at_once_than_there_are_places_and_all_get_their_turn(total: int, counts: list[int]) -> None:
    crowd = Crowd(total)
    for number, count in enumerate(counts):
        crowd.send(str(number), count)
    crowd.finish()
    assert crowd.most <= total
    assert len(crowd.order) == len(counts)
    with crowd.slots.taking(total):
        pass


def test_as_many_work_at_once_as_there_are_places() -> None:
    crowd = Crowd(3)
    until = threading.Event()
    for number in range(5):
        crowd.send(str(number), 1, until)
    wait_until(lambda: len(crowd.order) == 3, "three work")
    time.sleep(0.05)
    assert len(crowd.order) == 3
    until.set()
    crowd.finish()


def test_large_piece_is_not_overtaken_by_small_ones_that_came_later() -> None:
    crowd = Crowd(2)
    until = threading.Event()
    crowd.send("first", 1, until)
    wait_until(lambda: crowd.order == ["first"], "the first works")
    crowd.send("large", 2)
    wait_until(lambda: crowd.waiting() == 1, "the large one waits")
    for number in range(3):
        crowd.send(f"small {number}", 1)
        wait_until(lambda: crowd.waiting() == 2 + number, "the small one waits")  # noqa: B023
    time.sleep(0.05)
    assert crowd.order == ["first"], "a place is free, but it is the large one's turn"
    until.set()
    crowd.finish()
    assert crowd.order == ["first", "large", "small 0", "small 1", "small 2"]


def test_more_places_than_there_are_means_all_of_them() -> None:
    crowd = Crowd(2)
    until = threading.Event()
    crowd.send("greedy", 99, until)
    wait_until(lambda: crowd.order == ["greedy"], "it works alone")
    crowd.send("other", 1)
    wait_until(lambda: crowd.waiting() == 1, "the other waits")
    until.set()
    crowd.finish()


def test_places_of_failed_work_are_free_again() -> None:
    slots = Slots(2)
    for _ in range(3):
        with pytest.raises(RuntimeError), slots.taking(2):
            raise RuntimeError


@given(st.lists(st.integers(), max_size=50), st.integers(1, 8))
@settings(max_examples=30, deadline=None)
def test_everything_is_done_once(items: list[int], workers: int) -> None:
    done: list[int] = []
    each(items, done.append, workers, Cancellation())
    assert sorted(done) == sorted(items)


def test_never_more_at_once_than_workers() -> None:
    now, most, lock = 0, 0, threading.Lock()

    def work(_item: int) -> None:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        time.sleep(0.01)
        with lock:
            now -= 1

    each(range(20), work, 4, Cancellation())
    assert most == 4


def test_first_failure_ends_it_and_is_raised() -> None:
    done: list[int] = []

    def work(item: int) -> None:
        if item == 3:
            raise ValueError("three")
        done.append(item)
        time.sleep(0.005)

    with pytest.raises(ValueError, match="three"):
        each(range(1000), work, 2, Cancellation())
    assert len(done) < 20


def test_cancellation_ends_it() -> None:
    cancellation = Cancellation()
    with pytest.raises(Cancelled, match="enough"):
        each(range(1000), lambda item: cancellation.cancel("enough") if item == 5 else None, 1, cancellation)
