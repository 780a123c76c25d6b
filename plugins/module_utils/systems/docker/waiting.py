# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waits until containers are healthy, or one-time containers have ended.

A wait follows the container: it goes on while the log of a running container grows, because a migration may take long,
and it ends at once for one that has ended or restarts in a loop.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Collection, Sequence

from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError

from .health_check import HealthCheck
from .inspection import Inspection, inspection_from
from .stack import Container, Stack
from .symptoms import LOG_LINES, cannot_run, last_words, quote, sign

POLL_SECONDS = 0.2
SLOW_POLL_SECONDS = 2.0
"""Between two looks once a container has taken a minute: each look runs its health check."""
STEADY_SECONDS = 2.0
"""A container without a health check counts as healthy after this many seconds of running."""
LOOP_RESTARTS = 5
"""So many restarts by Docker while it is waited for are a loop."""
LOG_SECONDS = 60.0
"""A log grows when it has a line that is younger than this."""
LOG_MARGIN = 10.0
"""Seconds before the wait began whose lines belong to this start too."""
STOPPED_SECONDS = 10.0
"""A container that Docker restarts by itself, but that has been down for so long, was stopped by something else."""
LONGEST = 2
"""With a growing log, a wait takes at most this many times as long as without."""
CHECK_SECONDS = 2.0
"""How long a health check of our own is waited for until the container is looked at again."""
HANGING_CHECKS = 3
"""So many health checks of our own may hang at once in a container: no more are begun, Docker's own go on."""
SICK_SECONDS = 60.0
"""How long a service that was unhealthy before is waited for."""


def wait_healthy(
    stack: Stack, containers: Sequence[Container], seconds: float, sick: Collection[str] = ()
) -> list[str]:
    """Wait until all containers are healthy. Raises MaxopsError that names the unhealthy ones and their problem.

    ``sick`` are names of containers that need not become healthy, because they were not before. Returns remarks: on
    those, on health checks that cannot run, and on one-time containers that have ended successfully. A container's own
    check is also run from here, so that this does not wait for the end of a long interval.
    """
    stopped = threading.Event()
    watches = [_HealthWatch(stack, container, seconds, container.name in sick, stopped) for container in containers]
    try:
        pending = watches
        while pending:
            for watch in pending:
                watch.begin()
            _join(watches)
            pending = [watch for watch in watches if watch.healthy and not watch.still_healthy()]
    finally:
        stopped.set()
    unhealthy = [watch for watch in watches if not watch.healthy]
    failed = [watch for watch in unhealthy if not watch.sick]
    known = [watch for watch in failed if watch.problem]
    if failed:
        problems = "; ".join(f"{watch.container.name} {watch.describe()}" for watch in known or failed)
        raise MaxopsError(f"{problems}; see docker logs --tail=50 {failed[0].container.name}")
    remarks = [
        f"{watch.container.name} was not healthy before either, and {watch.describe()}; see docker logs --tail=50 "
        f"{watch.container.name}"
        for watch in unhealthy
    ]
    return remarks + [watch.remark for watch in watches if watch.healthy and watch.remark]


def wait_completed(stack: Stack, containers: Sequence[Container], seconds: float) -> None:
    """Wait until one-time containers have ended with exit code 0. Raises MaxopsError with the end of the log."""
    watches = [_Watch(stack, container, seconds) for container in containers]
    while watches:
        watches = [watch for watch in watches if not watch.completed()]
        late = [watch for watch in watches if watch.problem or watch.overdue()]
        if late:
            problems = "; ".join(
                f"{watch.container.name} {watch.problem or watch.late('has not ended')}" for watch in late
            )
            raise MaxopsError(f"{problems}; see docker logs --tail=50 {late[0].container.name}")
        time.sleep(POLL_SECONDS if watches else 0)


def _join(watches: Sequence[_HealthWatch]) -> None:
    """Wait for the watches: until each has an answer or is overdue, or one that counts has failed."""
    while any(watch.thread.is_alive() and not watch.overdue() for watch in watches):
        if any(watch.problem and not watch.sick for watch in watches):
            return
        time.sleep(0.02)


class _Watch:
    """Watches one container; the wait for it began when this was made."""

    def __init__(self, stack: Stack, container: Container, seconds: float) -> None:
        self.container = container
        self.problem = ""
        self.seconds = seconds
        self._stack = stack
        self._began = time.monotonic()
        self._restarts: int | None = None
        self._log_at = 0.0
        self._log_grows = False

    def completed(self) -> bool:
        """True when it has ended successfully; a failure is its ``problem``."""
        inspection = self._inspect()
        self._check_loop(inspection)
        if inspection.state not in ("exited", "dead"):
            return False
        if inspection.exit_code == 0 and inspection.state == "exited":
            return True
        self.problem = self._with_log(f"ended with exit code {inspection.exit_code}")
        return False

    def overdue(self) -> bool:
        """True when it has taken too long."""
        waited = time.monotonic() - self._began
        if waited <= self.seconds:
            return False
        return waited > self.seconds * LONGEST or not self._is_logging()

    def late(self, what: str) -> str:
        """The problem of a container that took too long."""
        waited = max(self.seconds, time.monotonic() - self._began) if self._log_grows else self.seconds
        return f"{what} after {round(waited, 1):g} s"

    def _inspect(self) -> Inspection:
        with self._stack.daemon_call(f"inspect {self.container.name}") as api:
            return inspection_from(api.inspect_container(self.container.id))

    def _check_loop(self, inspection: Inspection) -> None:
        if self._restarts is None or inspection.restarts < self._restarts:
            self._restarts = inspection.restarts
        if inspection.restarts - self._restarts >= LOOP_RESTARTS:
            self.problem = self._loop(inspection)

    def _loop(self, inspection: Inspection) -> str:
        return self._with_log(f"restarts in a loop (exit code {inspection.exit_code})")

    def _with_log(self, text: str) -> str:
        words = last_words(self._log())
        return f"{text}, {words}" if words else text

    def _log(self) -> list[str]:
        """The end of its log; empty where its driver keeps none that can be read."""
        # Lines of earlier runs of the container say nothing about this start.
        return self._read_log(LOG_LINES, time.monotonic() - self._began + LOG_MARGIN).splitlines()

    def _read_log(self, lines: int, seconds: float) -> str:
        try:
            with self._stack.daemon_call(f"read the log of {self.container.name}") as api:
                text: bytes = api.logs(self.container.id, tail=lines, since=int(time.time() - seconds))
        except MaxopsError:
            return ""
        return text.decode("utf-8", "replace")

    def _is_logging(self) -> bool:
        """Whether its log has grown lately; asked at most once a second."""
        if time.monotonic() - self._log_at > 1:
            self._log_at = time.monotonic()
            self._log_grows = bool(self._read_log(1, min(LOG_SECONDS, self.seconds)))
        return self._log_grows


class _HealthWatch(_Watch):
    """Watches one container in a thread until it is healthy, cannot become healthy, or the wait is over."""

    def __init__(
        self, stack: Stack, container: Container, seconds: float, sick: bool, stopped: threading.Event
    ) -> None:
        super().__init__(stack, container, seconds)
        self.sick = sick
        self.healthy = False
        self.remark = ""
        self.thread = threading.Thread(target=self._run, daemon=True)
        self._check: HealthCheck | None = None
        self._hanging: list[HealthCheck] = []
        self._stopped = stopped
        self._seen: Inspection | None = None
        self._down_at = 0.0
        self._output = ""
        self._done = False

    def begin(self) -> None:
        """Watch it, or watch it again."""
        self.healthy = self._done = False
        self.thread = threading.Thread(target=self._run, daemon=True, name=f"health-{self.container.service}")
        self.thread.start()

    def still_healthy(self) -> bool:
        """False when it has ended or restarted since it was found healthy."""
        try:
            now = self._inspect()
            return now.done if self._done else self._same(self._seen, now)
        except MaxopsError:
            return False

    def overdue(self) -> bool:
        """True when it has taken too long; a service that was unhealthy before is not waited for as long."""
        if self.sick and time.monotonic() - self._began > min(self.seconds, SICK_SECONDS):
            return True
        return super().overdue()

    def describe(self) -> str:
        """Its problem in words, with what its health check and its log say."""
        if self.problem:
            return self.problem
        if self.sick:
            self.seconds = min(self.seconds, SICK_SECONDS)
        text = self.late("is not healthy")
        try:
            now = self._inspect()
        except MaxopsError:
            return text
        if now.state == "restarting":
            return self._loop(now)
        if not now.running:
            return self._with_log(f"{text} (it is {now.state}, exit code {now.exit_code})")
        said = self._output or quote(now.health_output)
        text += f', its health check says "{said}"' if said else ""
        known = sign([*self._log(), now.health_output])
        return f"{text}, {known}" if known else text

    def _run(self) -> None:
        try:
            while not self._stopped.is_set() and not self.healthy and not self.problem:
                self.healthy = self._is_healthy(self._inspect())
                self._stopped.wait(0 if self.healthy else self._pause())
        except MaxopsError as error:
            self.problem = f"cannot be watched: {error}"

    def _pause(self) -> float:
        return POLL_SECONDS if time.monotonic() - self._began < LOG_SECONDS else SLOW_POLL_SECONDS

    def _is_healthy(self, inspection: Inspection) -> bool:
        self._seen = inspection
        # What the Compose file allows for a start counts, also where it is more than the operator's limit.
        self.seconds = max(self.seconds, inspection.start_seconds)
        self._check_loop(inspection)
        self._done = inspection.done and not self._is_needed(inspection)
        if self._done and not self.problem:
            self.remark = (
                f"{self.container.name} is a one-time container that ran before; it was started again and has ended "
                "with exit code 0"
            )
            return True
        if inspection.state in ("exited", "dead"):
            self._down_at = self._down_at or time.monotonic()
            if inspection.once or time.monotonic() - self._down_at > STOPPED_SECONDS:
                how = "ended" if inspection.once else "was stopped and stays so,"
                self.problem = self._with_log(f"{how} with exit code {inspection.exit_code}")
        if not inspection.running or self.problem:
            return False
        self._down_at = 0.0
        if inspection.health == "healthy":
            self.remark = ""
            return True
        if inspection.health_test and self._passes(inspection):
            return True
        return bool(self.remark or not inspection.health_test) and self._is_steady(inspection)

    def _is_needed(self, inspection: Inspection) -> bool:
        """Whether others use the container while it runs, so that its end is a failure, whatever its exit code."""
        others = (other.depends_on - other.needs_completed for other in self._stack.containers)
        return bool(inspection.ports) or any(self.container.service in services for services in others)

    def _is_steady(self, before: Inspection) -> bool:
        return not self._stopped.wait(STEADY_SECONDS) and self._same(before, self._inspect())

    @staticmethod
    def _same(before: Inspection | None, now: Inspection) -> bool:
        """Whether a container still runs, without an end in between."""
        if before is None or not now.running:
            return False
        return (now.started, now.restarts) == (before.started, before.restarts)

    def _passes(self, inspection: Inspection) -> bool:
        """Whether a check of our own passes. One that hangs is left to itself: Docker's own may pass meanwhile."""
        if self._check and self._check.overdue() and not self._check.ended():
            self._hanging.append(self._check)
            self._check = None
        self._hanging = [check for check in self._hanging if not check.ended()]
        if self._check is None:
            if len(self._hanging) >= HANGING_CHECKS:
                return False
            self._check = HealthCheck(self._stack, inspection)
        check = self._check
        if not check.ended(CHECK_SECONDS):
            return False
        self._check = None
        if check.code is None and not check.cannot_run:
            return False
        self.remark = ""
        self._output = quote(check.output)
        if check.cannot_run and not self._ran_in_docker(inspection):
            self.remark = (
                f'the health check of {self.container.name} cannot run ("{self._output}"), so it counts as healthy '
                "because it runs steadily; correct its healthcheck in the Compose file"
            )
        return check.code == 0

    @staticmethod
    def _ran_in_docker(inspection: Inspection) -> bool:
        """Whether the same check could run when Docker ran it last, which is a verdict on the application."""
        code = inspection.health_code
        return code is not None and not cannot_run(code, inspection.health_output)
