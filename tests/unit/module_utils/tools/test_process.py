# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pipelines of real programs: no exit code is lost, and no program survives."""

from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.tools import process
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import Cancelled, MaxopsError
from ansible_collections.maxops.ops.plugins.module_utils.tools.process import (
    Cancellation,
    Priority,
    Stage,
    run_pipeline,
)
from ansible_collections.maxops.ops.tests.unit.children import child, is_alive, line_of, wait_until


def shell(script: str, warning_codes: tuple[int, ...] = ()) -> Stage:
    return Stage(["sh", "-c", script], warning_codes)


def pipeline(*stages: Stage, **options: Any) -> process.PipelineResult:
    return run_pipeline(stages, options.pop("cancellation", Cancellation()), **options)


def output_of(*stages: Stage, **options: Any) -> str:
    with open(os.memfd_create("output"), "w+b") as stream:
        result = pipeline(*stages, stdout=stream, **options)
        assert result.failures == []
        stream.seek(0)
        return stream.read().decode()


def test_data_flows_through_all_programs(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_text("one\n")
    with source.open("rb") as stream:
        assert output_of(Stage(["cat"]), shell("cat; echo two"), Stage(["tr", "a-z", "A-Z"]), stdin=stream) == (
            "ONE\nTWO\n"
        )


def test_the_same_stage_may_appear_twice() -> None:
    again = Stage(["sed", "s/^/+/"])
    assert output_of(shell("echo x"), again, again) == "++x\n"


@pytest.mark.parametrize("codes", [(0, 0, 0), (3, 0, 0), (0, 4, 0), (0, 0, 5), (3, 4, 5)])
def test_every_exit_code_counts(codes: tuple[int, ...]) -> None:
    result = pipeline(*(shell(f"cat; exit {code}") for code in codes))
    assert tuple(stage.returncode for stage in result.stages) == codes
    assert tuple(stage.returncode for stage in result.failures) == tuple(code for code in codes if code)


def test_exit_code_that_only_warns_is_no_failure() -> None:
    result = pipeline(shell("echo changed >&2; exit 1", (1,)), shell("cat; echo kept >&2"))
    assert result.failures == []
    assert result.remarks == ["changed", "kept"]
    assert pipeline(shell("exit 2", (1,))).failures[0].returncode == 2


def test_program_that_fails_is_named_before_the_one_that_lost_its_reader() -> None:
    result = pipeline(Stage(["yes"]), shell("echo no space >&2; exit 7"))
    assert [(stage.name, stage.returncode) for stage in result.failures] == [("sh", 7), ("yes", -signal.SIGPIPE)]
    assert result.failures[0].stderr == "no space\n"


def test_shells_word_for_a_closed_pipe_is_a_consequence_too() -> None:
    result = pipeline(shell("exit 141"), shell("exit 9"))
    assert [stage.returncode for stage in result.failures] == [9, 141]


def test_reader_that_stops_early_and_calls_it_a_success_is_still_a_failure() -> None:
    result = pipeline(Stage(["yes"]), Stage(["head", "-c", "1"]))
    assert [stage.name for stage in result.failures] == ["yes"]


def test_program_that_dies_of_a_signal_has_failed() -> None:
    assert pipeline(shell("kill -KILL $$")).failures[0].returncode == -signal.SIGKILL


def test_missing_program_is_named_and_nothing_is_started(tmp_path: Path) -> None:
    marker = tmp_path / "started"
    with pytest.raises(MaxopsError, match=r'program "no-such-program" is not installed .* package manager'):
        pipeline(shell(f"touch {marker}"), Stage(["no-such-program"]))
    assert not marker.exists()


@pytest.mark.parametrize(
    ("name", "next_step"),
    [
        ("docker", "install Docker Engine with Compose v2 .*, which maxops.ops.host does not do"),
        ("zstd", "the playbook maxops.ops.host installs it"),
        ("tar", r"install it with the host's package manager \(tar\)"),
    ],
)
def test_missing_program_is_named_with_what_brings_it(
    name: str, next_step: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MaxopsError, match=f'the program "{name}" is not installed on this host; {next_step}'):
        process.require_program(name)


def test_failure_of_one_program_is_for_the_caller_to_judge() -> None:
    ended = process.run(["sh", "-c", "echo sorry >&2; exit 3"])
    assert (ended.name, ended.returncode, ended.stderr, ended.failed) == ("sh", 3, "sorry\n", True)


def test_start_and_end_of_a_long_standard_error_are_kept() -> None:
    script = "echo the cause >&2; head -c 300000 /dev/zero | tr '\\0' x >&2; echo the end >&2"
    [stage] = pipeline(shell(script)).stages
    assert len(stage.stderr) == process.STDERR_LIMIT
    assert stage.stderr.startswith("the cause\nx")
    assert stage.stderr.endswith("xthe end\n")


def test_standard_error_of_any_bytes_is_text() -> None:
    assert pipeline(shell("printf 'a\\377b' >&2")).stages[0].stderr == "a\ufffdb"


def test_programs_speak_the_language_that_messages_are_read_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "ko_KR.UTF-8")
    assert output_of(shell('echo "$LC_ALL $LANG"')) == "C C\n"


def test_programs_step_back_as_they_are_told() -> None:
    assert output_of(Stage(["nice"]), priority=Priority(nice=7)) == f"{min(19, os.nice(0) + 7)}\n"
    assert output_of(Stage(["ionice"]), priority=Priority(ionice="idle")) == "idle\n"
    assert output_of(Stage(["ionice"]), priority=Priority(ionice="best-effort")) == "best-effort: prio 7\n"


def test_work_goes_on_where_programs_that_only_help_are_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sh").symlink_to("/bin/sh")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert Priority(nice=5, ionice="idle").prefix() == []
    assert output_of(shell("echo done"), priority=Priority(nice=5, ionice="idle")) == "done\n"


# -- stopping -------------------------------------------------------------------------------------------------------


def test_cancel_kills_all_programs_at_once() -> None:
    cancellation = Cancellation()
    pids: list[int] = []

    def stop_soon(started: list[int]) -> None:
        pids.extend(started)
        threading.Timer(0.05, cancellation.cancel, ["another part failed"]).start()

    begun = time.monotonic()
    with pytest.raises(Cancelled, match="another part failed"):
        pipeline(Stage(["sleep", "60"]), shell("cat; sleep 60"), cancellation=cancellation, on_start=stop_soon)
    assert time.monotonic() - begun < 10
    assert len(pids) == 2
    assert not any(map(is_alive, pids))


def test_nothing_starts_once_the_job_is_cancelled(tmp_path: Path) -> None:
    cancellation = Cancellation()
    cancellation.cancel("no more")
    with pytest.raises(Cancelled, match="no more"):
        pipeline(shell(f"touch {tmp_path}/started"), cancellation=cancellation)
    assert list(tmp_path.iterdir()) == []


def test_program_that_cleans_up_is_asked_to_end_and_waited_for(tmp_path: Path) -> None:
    cancellation = Cancellation()
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb") as stdin, os.fdopen(writing, "wb") as lifeline, pytest.raises(Cancelled):
        run_pipeline(
            [shell(f"cat; echo clean >{tmp_path}/marker")],
            cancellation,
            stdin=stdin,
            stop=lifeline.close,
            on_start=lambda _pids: threading.Timer(0.05, cancellation.cancel, ["enough"]).start(),
        )
    assert (tmp_path / "marker").read_text() == "clean\n"


def test_no_program_survives_an_error_of_the_caller() -> None:
    pids: list[int] = []

    def fail(started: list[int]) -> None:
        pids.extend(started)
        raise RuntimeError("of the caller")

    with pytest.raises(RuntimeError, match="of the caller"):
        pipeline(Stage(["sleep", "60"]), Stage(["cat"]), on_start=fail)
    assert len(pids) == 2
    assert not any(map(is_alive, pids))


def test_no_descriptor_is_left_open() -> None:
    pipeline(shell("exit 1"), Stage(["cat"]))
    before = os.listdir("/proc/self/fd")
    pipeline(shell("echo x"), Stage(["cat"]), shell("exit 3"))
    assert os.listdir("/proc/self/fd") == before


PARENT = """
import sys, threading
from ansible_collections.maxops.ops.plugins.module_utils.tools.process import Cancellation, Stage, run_pipeline

def work():
    writer = Stage(["sh", "-c", "while :; do echo data; sleep 0.01; done"])
    reader = Stage(["sh", "-c", "cat >> " + sys.argv[1]])
    run_pipeline([writer, reader], Cancellation(), on_start=lambda pids: print(*pids, flush=True))

worker = threading.Thread(target=work)
worker.start()
worker.join()
"""


def test_programs_end_when_their_parent_is_killed(tmp_path: Path) -> None:
    written = tmp_path / "written"
    with child(PARENT, written) as parent:
        pids = [int(pid) for pid in line_of(parent).split()]
        wait_until(lambda: written.exists() and written.stat().st_size > 0, "the programs work")
        assert all(map(is_alive, pids))
        parent.kill()
        parent.wait()
        wait_until(lambda: not any(map(is_alive, pids)), "they end with their parent")


# -- cancellation ---------------------------------------------------------------------------------------------------


def test_first_reason_is_the_one_that_is_kept() -> None:
    cancellation = Cancellation()
    cancellation.check()
    cancellation.cancel("first")
    cancellation.cancel("second")
    with pytest.raises(Cancelled, match=r"^first$"):
        cancellation.check()


def test_work_that_has_ended_is_not_stopped() -> None:
    cancellation = Cancellation()
    stopped: list[str] = []
    with cancellation.stoppable(lambda: stopped.append("ended")):
        pass
    with cancellation.stoppable(lambda: stopped.append("running")):
        cancellation.cancel("now")
    assert stopped == ["running"]
    with pytest.raises(Cancelled), cancellation.stoppable(lambda: stopped.append("late")):
        pytest.fail("the block must not begin")
    assert stopped == ["running"]


def test_work_that_cannot_be_told_to_stop_keeps_no_other_from_stopping(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "STOP_SECONDS", 0.2)
    cancellation = Cancellation()
    released = threading.Event()
    stopped: list[str] = []

    def broken() -> None:
        raise OSError("the server is gone")

    with (
        cancellation.stoppable(broken),
        cancellation.stoppable(lambda: released.wait(60)),
        cancellation.stoppable(lambda: stopped.append("stopped")),
    ):
        begun = time.monotonic()
        cancellation.cancel("now")
        assert time.monotonic() - begun < 10
    released.set()
    assert stopped == ["stopped"]
