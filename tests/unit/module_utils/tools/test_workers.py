# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Work in threads: all of it once, the first failure stops the rest, never more at once than there are slots."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import CancelledError

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import Cancelled, MaxopsError
from ansible_collections.maxops.ops.plugins.module_utils.tools.process import Cancellation
from ansible_collections.maxops.ops.plugins.module_utils.tools.workers import Slots, for_each, run_all
from ansible_collections.maxops.ops.tests.unit.children import wait_until

# -- workers -------------------------------------------------------------------------------------------------------


@given(st.lists(st.integers(), max_size=50), st.integers(1, 8))
@settings(max_examples=30, deadline=None)
def test_everything_is_done_once(items: list[int], workers: int) -> None:
    done: list[int] = []
    for_each(items, done.append, workers, Cancellation())
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

    for_each(range(20), work, 4, Cancellation())
    assert most == 4


def test_first_failure_ends_it_and_is_raised() -> None:
    done: list[int] = []

    def work(item: int) -> None:
        if item == 3:
            raise ValueError("three")
        done.append(item)
        time.sleep(0.005)

    with pytest.raises(ValueError, match="three"):
        for_each(range(1000), work, 2, Cancellation())
    assert len(done) < 20


def test_cancellation_ends_it() -> None:
    cancellation = Cancellation()
    with pytest.raises(Cancelled, match="enough"):
        for_each(range(1000), lambda item: cancellation.cancel("enough") if item == 5 else None, 1, cancellation)


# -- tasks at the same time ----------------------------------------------------------------------------------------


class Interrupted(BaseException):
    """What the signal of a test raises."""


@pytest.fixture
def _interruptible() -> Iterator[None]:
    """SIGUSR1 interrupts the main thread as a stop of the job does."""

    def interrupt(_number: int, _frame: object) -> None:
        raise Interrupted("interrupted")

    before = signal.signal(signal.SIGUSR1, interrupt)
    yield
    signal.signal(signal.SIGUSR1, before)


def until_cancelled(cancellation: Cancellation) -> None:
    while True:
        cancellation.check()
        time.sleep(0.005)


def test_tasks_run_at_the_same_time_and_their_results_keep_their_order() -> None:
    barrier = threading.Barrier(3, timeout=10)

    def task(number: int) -> int:
        barrier.wait()
        time.sleep(0.01 * (3 - number))
        return number

    assert run_all([lambda number=number: task(number) for number in range(3)], Cancellation()) == [0, 1, 2]
    assert run_all([], Cancellation()) == []


def test_first_failure_of_a_task_stops_the_others_and_is_raised_when_all_have_ended() -> None:
    cancellation = Cancellation()
    ended: list[str] = []

    def stops() -> None:
        try:
            until_cancelled(cancellation)
        finally:
            time.sleep(0.05)
            ended.append("stopped")

    def breaks() -> None:
        raise MaxopsError("the disk is full")

    with pytest.raises(MaxopsError, match=r"^the disk is full$"):
        run_all([stops, breaks, stops], cancellation)
    # A thread that had not begun yet begins nothing.
    assert set(ended) <= {"stopped"}
    with pytest.raises(Cancelled, match="stopped because of another failure: the disk is full"):
        cancellation.check()


@pytest.mark.parametrize("consequence", [Cancelled("stopped"), CancelledError()])
def test_cause_is_raised_and_not_its_consequence(consequence: Exception) -> None:
    def stops() -> None:
        raise consequence

    def breaks() -> None:
        time.sleep(0.05)
        raise MaxopsError("the cause")

    with pytest.raises(MaxopsError, match="the cause"):
        run_all([breaks, stops], Cancellation())


@pytest.mark.usefixtures("_interruptible")
def test_interrupted_caller_cancels_all_tasks_and_waits_for_their_end() -> None:
    cancellation = Cancellation()
    ended: list[int] = []

    def task() -> None:
        os.kill(os.getpid(), signal.SIGUSR1)
        try:
            until_cancelled(cancellation)
        finally:
            time.sleep(0.1)
            ended.append(1)

    with pytest.raises(Interrupted):
        run_all([task], cancellation)
    assert ended == [1]


# -- slots ---------------------------------------------------------------------------------------------------------


class Crowd:
    """Threads that take slots, and the maximum that ran at once."""

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
def test_never_more_at_once_than_slots_and_all_work_is_done(total: int, counts: list[int]) -> None:
    crowd = Crowd(total)
    for number, count in enumerate(counts):
        crowd.send(str(number), count)
    crowd.finish()
    assert crowd.most <= total
    assert len(crowd.order) == len(counts)
    with crowd.slots.taking(total):
        pass


def test_as_many_work_at_once_as_there_are_slots() -> None:
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


def test_more_slots_than_exist_means_all_of_them() -> None:
    crowd = Crowd(2)
    until = threading.Event()
    crowd.send("greedy", 99, until)
    wait_until(lambda: crowd.order == ["greedy"], "it works alone")
    crowd.send("other", 1)
    wait_until(lambda: crowd.waiting() == 1, "the other waits")
    until.set()
    crowd.finish()


def test_slots_of_failed_work_are_free_again() -> None:
    slots = Slots(2)
    for _ in range(3):
        with pytest.raises(RuntimeError), slots.taking(2):
            raise RuntimeError


def test_failure_of_a_task_that_was_being_stopped_does_not_hide_the_cause() -> None:
    cancellation = Cancellation()
    stopped = threading.Event()

    def stop() -> None:
        stopped.set()
        time.sleep(0.2)

    def breaks() -> None:
        time.sleep(0.05)
        raise MaxopsError("the disk is full")

    def loses_its_connection() -> None:
        with cancellation.stoppable(stop):
            stopped.wait(10)
            raise MaxopsError("the connection was closed")

    with pytest.raises(MaxopsError, match=r"^the disk is full$"):
        run_all([breaks, loses_its_connection], cancellation)
