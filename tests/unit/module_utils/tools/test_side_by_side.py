# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Parallel checks with a deadline: a hanging or failing check delays neither the others nor the end."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.jobs.diagnose import job as diagnose_job
from ansible_collections.maxops.ops.plugins.module_utils.jobs.health import job as health_job
from ansible_collections.maxops.ops.plugins.module_utils.jobs.health.options import HealthOptions
from ansible_collections.maxops.ops.plugins.module_utils.jobs.health.view import View
from ansible_collections.maxops.ops.plugins.module_utils.systems.access import Access
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError
from ansible_collections.maxops.ops.plugins.module_utils.tools.finding import Finding
from ansible_collections.maxops.ops.plugins.module_utils.tools.side_by_side import Answer, Task, side_by_side
from ansible_collections.maxops.ops.tests.unit.checkout import ROOT


def fail() -> None:
    raise KeyError("Size")


@pytest.fixture
def hanging() -> Iterator[threading.Event]:
    """An event that is set when the test is over."""
    event = threading.Event()
    yield event
    event.set()


def test_all_start_at_once_and_come_in_the_order_given() -> None:
    barrier = threading.Barrier(8, timeout=10)
    answers = side_by_side({str(number): barrier.wait for number in range(8)}, 10)
    assert list(answers) == [str(number) for number in range(8)]
    assert sorted(answer.get() for answer in answers.values()) == list(range(8))


def test_hanging_and_failing_work_does_not_affect_the_others(hanging: threading.Event) -> None:
    started = time.monotonic()
    answers = side_by_side({"hangs": lambda: hanging.wait(60), "fails": fail, "works": lambda: 1}, 0.3)
    assert 0.3 <= time.monotonic() - started < 30
    assert (answers["works"].get(), answers["works"].ended) == (1, True)
    assert (repr(answers["fails"].error), answers["fails"].ended) == ("KeyError('Size')", True)
    assert (str(answers["hangs"].error), answers["hangs"].ended) == ("hangs: no answer within 0.3 s", False)
    assert 0.3 <= answers["hangs"].seconds < 30
    with pytest.raises(KeyError):
        answers["fails"].get()


def test_many_that_hang_share_one_deadline(hanging: threading.Event) -> None:
    started = time.monotonic()
    answers = side_by_side({str(number): lambda: hanging.wait(60) for number in range(20)}, 0.2)
    assert time.monotonic() - started < 30
    assert not any(answer.ended for answer in answers.values())


def test_a_deadline_that_has_passed_waits_for_nothing(hanging: threading.Event) -> None:
    assert side_by_side({"hangs": lambda: hanging.wait(60)}, -1)["hangs"].ended is False


def test_process_ends_although_a_thread_hangs() -> None:
    script = (
        "import sys, time; sys.path.insert(0, sys.argv[1])\n"
        "from ansible_collections.maxops.ops.plugins.module_utils.tools.side_by_side import side_by_side\n"
        "print(side_by_side({'hangs': lambda: time.sleep(300)}, 0.1)['hangs'].ended)"
    )
    collections = str(ROOT / ".ansible" / "collections")
    done = subprocess.run(
        [sys.executable, "-c", script, collections], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.stdout, done.returncode) == ("False\n", 0), done.stderr


def test_task_is_done_once_however_many_ask() -> None:
    done: list[int] = []
    task = Task("once", lambda: done.append(1) or len(done))  # type: ignore[func-returns-value]
    threads = [threading.Thread(target=task.get, args=[10]) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert (done, task.get(10)) == ([1], 1)


def test_error_of_a_task_is_raised_in_each_that_asks() -> None:
    task = Task("fails", fail)
    for _ in range(2):
        with pytest.raises(KeyError, match="Size"):
            task.get(10)


def test_late_result_is_available_later() -> None:
    event = threading.Event()
    task = Task("the gateway", lambda: event.wait(10))
    with pytest.raises(MaxopsError, match=r"the gateway: no answer within 0\.01 s"):
        task.get(0.01)
    event.set()
    assert task.get(10) is True


# -- as health and diagnose use it ------------------------------------------------------------------------------------


def test_hanging_health_check_is_unknown_and_its_findings_count(
    monkeypatch: pytest.MonkeyPatch, hanging: threading.Event
) -> None:
    def slow(_view: View) -> Iterator[Finding]:
        yield Finding("disk", "/", "critical", "full")
        hanging.wait(60)

    def refused(_view: View) -> Iterator[Finding]:
        raise MaxopsError("the server is away; start it")
        yield

    checks = {"disk": slow, "redis": refused, "clock": lambda _view: fail() or [], "memory": lambda _view: []}
    monkeypatch.setattr(health_job, "CHECKS", checks)
    options = HealthOptions(Access("lab", docker_host="unix:///none"), checks=tuple(checks), check_timeout=0.3)
    started = time.monotonic()
    actual = health_job.check_health(options, check_mode=True)
    assert time.monotonic() - started < 30
    assert [(each["check"], each["subject"], each["state"], each["seen"]) for each in actual["findings"]] == [
        ("disk", "/", "critical", "full"),
        ("disk", "disk", "unknown", "did not finish within 0.3 s"),
        ("redis", "redis", "unknown", "the server is away"),
        ("clock", "clock", "unknown", "the check itself failed: KeyError: 'Size'"),
    ]
    assert actual["findings"][2]["fix"] == "start it"
    assert {name: each["state"] for name, each in actual["checks"].items()} == {
        "disk": "critical",
        "redis": "unknown",
        "clock": "unknown",
        "memory": "ok",
    }
    assert actual["checks"]["disk"]["seconds"] == 0.3


@pytest.mark.parametrize(
    ("answer", "unknown"),
    [
        (Answer(0.3, error=MaxopsError("late"), ended=False), "it did not end within 15 s"),
        (Answer(0.1, error=MaxopsError("is away")), "is away"),
        (Answer(0.1, error=PermissionError(13, "Permission denied", "/proc/1")), "Permission denied: /proc/1"),
        (
            Answer(0.1, error=KeyError("Size")),
            "the step itself failed: KeyError: 'Size'; please report this as a bug in maxops.ops",
        ),
    ],
)
def test_unfinished_step_of_a_diagnosis_is_unknown(answer: Answer[None], unknown: str) -> None:
    result = diagnose_job._result(answer, 15)
    assert (result.state, result.unknown) == ("unknown", [unknown])
