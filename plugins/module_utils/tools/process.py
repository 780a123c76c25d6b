# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs programs and pipelines; the exit code of every program is checked."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import IO, Any, Callable

from .errors import Cancelled, HostFault

STDERR_LIMIT = 64 * 1024
"""Bytes of a program's standard error that are kept: a quarter from its start, where its cause is, and its end."""

STOP_SIGNALS = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)
"""Signals that ask a job to stop: a cancelled task, a closed connection, Ctrl-C."""

STOP_SECONDS = 2.0
"""How long :meth:`Cancellation.cancel` waits for its stop functions to return."""


class Cancellation:
    """Lets one thread stop the work of all others at once.

    Work in progress registers a function that stops it; :meth:`cancel` stops it and all later work.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._stoppers: dict[int, Callable[[], Any]] = {}
        self._next = 0
        self._reason: str | None = None

    def cancel(self, reason: str) -> None:
        """Stop all registered work; only the first reason is kept.

        A stop function that fails or hangs (its server is gone, its work has just ended) does not delay the others.
        """
        with self._lock:
            if self._reason is not None:
                return
            self._reason = reason
            stoppers = list(self._stoppers.values())
        threads = [threading.Thread(target=_quietly, args=[stop], daemon=True, name="stop") for stop in stoppers]
        for thread in threads:
            thread.start()
        deadline = time.monotonic() + STOP_SECONDS
        for thread in threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    def check(self) -> None:
        """Raise :class:`Cancelled` once the job was cancelled."""
        if self._reason is not None:
            raise Cancelled(self._reason)

    @contextmanager
    def stoppable(self, stop: Callable[[], Any]) -> Iterator[None]:
        """Call ``stop`` if the job is cancelled inside the block. Raises Cancelled when it already was."""
        with self._lock:
            if self._reason is not None:
                raise Cancelled(self._reason)
            key = self._next
            self._next += 1
            self._stoppers[key] = stop
        try:
            yield
        finally:
            with self._lock:
                del self._stoppers[key]


@contextmanager
def signals_ignored() -> Iterator[None]:
    """Ignore the signals that stop a job inside the block, which must not be left half done.

    Only the main thread can do that; in another one the block runs as it is.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, signal.SIG_IGN) for number in STOP_SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)


@dataclass(frozen=True)
class Priority:
    """The priority of a program below the stack's: ``nice`` 0 to 19, I/O class ``ionice`` none, best-effort or idle."""

    nice: int = 0
    ionice: str = "none"

    def prefix(self) -> list[str]:
        """Words to put before a command; programs that are not installed are left out."""
        words: list[str] = []
        if self.nice and shutil.which("nice"):
            words += ["nice", "-n", str(self.nice)]
        if self.ionice != "none" and shutil.which("ionice"):
            words += ["ionice", "-c", "3"] if self.ionice == "idle" else ["ionice", "-c", "2", "-n", "7"]
        return words


@dataclass(frozen=True)
class Stage:
    """One program of a pipeline: ``warning_codes`` are exit codes that mean "done, with remarks"."""

    argv: Sequence[str]
    warning_codes: tuple[int, ...] = ()


@dataclass(frozen=True)
class StageResult:
    """How one program ended."""

    name: str
    returncode: int
    stderr: str
    failed: bool


@dataclass
class PipelineResult:
    """How a pipeline ended: the result of every stage, in order."""

    stages: list[StageResult] = field(default_factory=list)

    @property
    def failures(self) -> list[StageResult]:
        """The stages that failed, the likely cause first.

        A program that ends because its pipe was closed is a consequence of its neighbour's failure.
        """
        failed = [stage for stage in self.stages if stage.failed]
        return sorted(failed, key=lambda stage: stage.returncode in (-signal.SIGPIPE, 128 + signal.SIGPIPE))

    @property
    def remarks(self) -> list[str]:
        """Lines that stages printed on standard error, including those that succeeded."""
        return [line for stage in self.stages for line in stage.stderr.splitlines() if line.strip()]


_SOURCES = {
    "docker": "install Docker Engine with Compose v2 (https://docs.docker.com/engine/install/), which maxops.ops.host "
    "does not do",
    "zstd": "the playbook maxops.ops.host installs it",
}
"""How a program comes onto a host, where it is not simply a package of its own name."""


def require_program(name: str) -> None:
    """Raise HostFault when a program that the work needs is not installed."""
    if shutil.which(name) is None:
        source = _SOURCES.get(name, f"install it with the host's package manager ({name})")
        raise HostFault(f'the program "{name}" is not installed on this host; {source}')


def dies_with_parent() -> list[str]:
    """Words that make a program end when this process is killed, so that it does not continue to write.

    The kernel ties it to the thread that started the program: that thread must wait for it.
    """
    return ["setpriv", "--pdeathsig", "KILL", "--"] if shutil.which("setpriv") else []


def run_pipeline(
    stages: Sequence[Stage],
    cancellation: Cancellation,
    stdout: IO[bytes] | int = subprocess.DEVNULL,
    stdin: IO[bytes] | int = subprocess.DEVNULL,
    priority: Priority | None = None,
    on_start: Callable[[list[int]], Any] | None = None,
    stop: Callable[[], Any] | None = None,
) -> PipelineResult:
    """Run programs joined by pipes; data goes from one to the next in the kernel, never through Python.

    ``on_start`` gets the process ids. ``stop`` ends programs that clean up after themselves; without it they
    are killed, also when this process is killed. Every exit code is kept, and no program outlives this call.
    Raises MaxopsError when a program is not installed, Cancelled when the job was stopped.
    """
    for stage in stages:
        require_program(stage.argv[0])
    prefix = ([] if stop else dies_with_parent()) + (priority or Priority()).prefix()
    environment = dict(os.environ, LC_ALL="C", LANG="C")
    processes: list[subprocess.Popen[bytes]] = []
    with tempfile.TemporaryDirectory(prefix="maxops-") as folder:
        errors = [open(os.path.join(folder, str(index)), "w+b") for index in range(len(stages))]  # noqa: SIM115
        try:
            with cancellation.stoppable(stop or (lambda: _kill_all(processes))):
                source = stdin
                for number, (stage, error) in enumerate(zip(stages, errors), 1):
                    sink = stdout if number == len(stages) else subprocess.PIPE
                    process = _start(prefix + list(stage.argv), source, sink, error, environment)
                    processes.append(process)
                    if len(processes) > 1 and not isinstance(source, int):
                        # This is a copy: while it is open, the stage before does not notice that its reader is gone.
                        source.close()
                    source = process.stdout or subprocess.DEVNULL
                cancellation.check()
                if on_start:
                    on_start([process.pid for process in processes])
                for process in processes:
                    process.wait()
        finally:
            _kill_all(processes)
            for process in processes:
                process.wait()
            texts = [_text(error) for error in errors]
            for error in errors:
                error.close()
    cancellation.check()
    result = PipelineResult()
    for stage, process, text in zip(stages, processes, texts):
        code = process.returncode
        result.stages.append(StageResult(stage.argv[0], code, text, code != 0 and code not in stage.warning_codes))
    return result


def run(
    argv: Sequence[str], cancellation: Cancellation | None = None, stdout: IO[bytes] | int = subprocess.DEVNULL
) -> StageResult:
    """Run one program to its end and return its result; the caller must check for failure."""
    return run_pipeline([Stage(argv)], cancellation or Cancellation(), stdout).stages[0]


def _quietly(stop: Callable[[], Any]) -> None:
    with suppress(Exception):
        stop()


def _start(
    argv: list[str], stdin: IO[bytes] | int, stdout: IO[bytes] | int, stderr: IO[bytes], environment: dict[str, str]
) -> subprocess.Popen[bytes]:
    return subprocess.Popen(argv, stdin=stdin, stdout=stdout, stderr=stderr, env=environment)  # noqa: S603


def _kill_all(processes: Sequence[subprocess.Popen[bytes]]) -> None:
    for process in processes:
        if process.poll() is None:
            process.kill()


def _text(stream: IO[bytes]) -> str:
    size = stream.seek(0, os.SEEK_END)
    stream.seek(0)
    if size <= STDERR_LIMIT:
        return stream.read().decode("utf-8", "replace")
    start = stream.read(STDERR_LIMIT // 4)
    stream.seek(size - (STDERR_LIMIT - len(start)))
    return (start + stream.read()).decode("utf-8", "replace")
