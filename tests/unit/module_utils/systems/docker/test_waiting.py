# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When a container counts as healthy, and what is said of one that does not."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.systems.docker import waiting
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.waiting import wait_completed, wait_healthy
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError
from ansible_collections.maxops.ops.tests.unit.daemon import Daemon, moment

TEST = ["CMD-SHELL", "curl --fail http://127.0.0.1/"]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "POLL_SECONDS", 0.01)
    monkeypatch.setattr(waiting, "STEADY_SECONDS", 0.05)


@pytest.fixture
def daemon() -> Daemon:
    return Daemon()


def wait(daemon: Daemon, seconds: float = 0.5, **options: Any) -> list[str]:
    stack = daemon.stack
    return wait_healthy(stack, stack.containers, seconds, **options)


def error_of(daemon: Daemon, seconds: float = 0.5, **options: Any) -> str:
    with pytest.raises(MaxopsError) as raised:
        wait(daemon, seconds, **options)
    return str(raised.value)


def looping(data: dict[str, Any]) -> None:
    """Docker between two tries: it says that the container runs, and counts."""
    data["State"].update(Status="restarting", Running=True, Restarting=True, ExitCode=1)
    data["RestartCount"] += 1


def test_running_steadily_is_healthy_without_a_check(daemon: Daemon) -> None:
    daemon.add("app")
    assert wait(daemon) == []


def test_container_that_docker_restarts_between_two_looks_is_not_healthy(daemon: Daemon) -> None:
    """Its back-off can be longer than the wait, so that the time of the start is the same at both looks."""
    daemon.add("app")
    looks = iter(range(100))
    daemon.at["id-app"] = lambda data: (
        data["State"].update(Status="restarting", Running=True, Restarting=True, ExitCode=1)
        if next(looks) > 1
        else None
    )
    daemon.log_lines["app"] = ["starting", "FATAL: relation marker does not exist"]
    assert error_of(daemon) == (
        'shop-app-1 restarts in a loop (exit code 1), last log line: "FATAL: relation marker does not exist"; '
        "see docker logs --tail=50 shop-app-1"
    )


def test_a_rising_number_of_restarts_is_not_steady(daemon: Daemon) -> None:
    daemon.add("app")

    def crash(data: dict[str, Any]) -> None:
        data["RestartCount"] += 1

    daemon.at["id-app"] = crash
    started = time.monotonic()
    assert "restarts in a loop" in error_of(daemon, 30.0)
    assert time.monotonic() - started < 20, "a loop is not waited for"


def test_a_container_that_crashes_while_another_starts_is_noticed(daemon: Daemon) -> None:
    daemon.add("worker")
    daemon.add("web", test=TEST)
    daemon.checks["web"] = (1, "")
    looks = iter(range(1000))

    def crash_later(data: dict[str, Any]) -> None:
        if next(looks) > 2:
            data["State"].update(Status="restarting", Running=True, ExitCode=1)

    def start_later(data: dict[str, Any]) -> None:
        if time.monotonic() - began > 0.3:
            data["State"]["Health"] = {"Status": "healthy"}

    began = time.monotonic()
    daemon.at = {"id-worker": crash_later, "id-web": start_later}
    assert "shop-worker-1 restarts in a loop" in error_of(daemon, 1.0)


def test_container_without_a_restart_policy_that_ended_is_given_up_at_once(daemon: Daemon) -> None:
    daemon.add("app", status="exited", policy="no")["State"]["ExitCode"] = 3
    daemon.log_lines["app"] = ["ActiveRecord::PendingMigrationError", "bye"]
    started = time.monotonic()
    message = error_of(daemon, 30.0)
    assert 'ended with exit code 3, its log says "ActiveRecord::PendingMigrationError"' in message
    assert "docker compose up seeder" in message
    assert time.monotonic() - started < 20


@pytest.mark.parametrize(
    ("code", "output"),
    [
        (127, "sh: 1: curl: not found"),
        (126, 'OCI runtime exec failed: exec failed: exec: "nosuch": executable file not found in $PATH: unknown'),
        (-1, 'exec: "nosuch": executable file not found in $PATH'),
        (1, "/bin/sh: curl: not found"),
    ],
)
def test_a_check_that_cannot_run_is_no_verdict(daemon: Daemon, code: int, output: str) -> None:
    daemon.add("app", test=TEST)
    daemon.checks["app"] = (code, output)
    [remark] = wait(daemon)
    assert remark.startswith("the health check of shop-app-1 cannot run")
    assert output.replace('"', "")[:10] in remark.replace('"', "")


def test_a_check_that_cannot_run_does_not_hide_a_crash(daemon: Daemon) -> None:
    daemon.add("app", test=TEST)
    daemon.checks["app"] = (127, "sh: curl: not found")
    daemon.at["id-app"] = looping
    assert "restarts in a loop" in error_of(daemon)


@pytest.mark.parametrize(
    ("code", "output"),
    [(1, "503 Service Unavailable"), (-1, "Health check exceeded timeout (3s)"), (22, "404 not found")],
)
def test_the_last_output_of_a_failing_check_is_quoted(daemon: Daemon, code: int, output: str) -> None:
    daemon.add("app", test=TEST)
    daemon.checks["app"] = (code, f"trying\n{output}\n")
    assert f'is not healthy after 0.5 s, its health check says "{output}"' in error_of(daemon)


def test_a_secret_in_the_output_is_masked(daemon: Daemon) -> None:
    daemon.add("app", test=TEST)
    daemon.checks["app"] = (1, "cannot connect to postgres://app:geheim@db/app")
    assert "geheim" not in error_of(daemon)


def test_a_service_that_was_unhealthy_before_does_not_fail_the_wait(daemon: Daemon) -> None:
    daemon.add("app")
    daemon.add("sick", test=TEST)
    daemon.checks["sick"] = (1, "no route")
    [remark] = wait(daemon, sick={"shop-sick-1"})
    assert remark.startswith("shop-sick-1 was not healthy before either, and is not healthy after 0.5 s")
    assert 'says "no route"' in remark


def test_a_wait_goes_on_while_the_log_grows(daemon: Daemon) -> None:
    daemon.add("app", test=TEST)
    daemon.checks["app"] = (1, "starting")
    daemon.log_lines["app"] = ["migrating 12 of 90"]
    started = time.monotonic()
    error_of(daemon, 1.0)
    growing = time.monotonic() - started
    assert growing >= 2.0
    daemon.log_lines["app"] = []
    started = time.monotonic()
    error_of(daemon, 1.0)
    assert time.monotonic() - started < growing


def test_a_wait_follows_the_start_period_of_the_container(daemon: Daemon) -> None:
    second = 1_000_000_000
    data = daemon.add("app", test=TEST)
    data["Config"]["Healthcheck"].update(StartPeriod=second // 2, Interval=second // 10, Retries=3)
    daemon.checks["app"] = (1, "starting")
    began = time.monotonic()
    daemon.at["id-app"] = lambda data: (
        data["State"].update(Health={"Status": "healthy"}) if time.monotonic() - began > 0.5 else None
    )
    assert wait(daemon, 0.1) == []


def test_one_shots_are_waited_for(daemon: Daemon) -> None:
    daemon.add("seeder", policy="no")
    looks = iter(range(100))
    daemon.at["id-seeder"] = lambda data: data["State"].update(Status="exited") if next(looks) > 3 else None
    stack = daemon.stack
    wait_completed(stack, stack.containers, 5.0)


def test_a_failing_one_shot_is_an_error_with_its_log(daemon: Daemon) -> None:
    daemon.add("seeder", status="exited", policy="no")["State"]["ExitCode"] = 4
    daemon.log_lines["seeder"] = ["relation x is missing"]
    stack = daemon.stack
    with pytest.raises(
        MaxopsError, match='shop-seeder-1 ended with exit code 4, last log line: "relation x is missing"'
    ):
        wait_completed(stack, stack.containers, 5.0)


def test_a_one_shot_that_does_not_end_is_an_error(daemon: Daemon) -> None:
    daemon.add("seeder", policy="no")
    stack = daemon.stack
    with pytest.raises(MaxopsError, match=r"shop-seeder-1 has not ended after 0\.3 s"):
        wait_completed(stack, stack.containers, 0.3)


def test_a_check_of_our_own_that_hangs_does_not_hide_the_verdict_of_docker(
    daemon: Daemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The program waits for an answer without a limit: Docker ends its own run, and the next one passes."""
    monkeypatch.setattr(waiting, "CHECK_SECONDS", 0.02)
    daemon.add("app", test=TEST)["Config"]["Healthcheck"]["Timeout"] = 30_000_000
    begun, end = [], threading.Event()

    def hang(name: str) -> bytes:
        begun.append(name)
        end.wait(20)
        return b""

    monkeypatch.setattr(daemon, "exec_start", hang)
    start = time.monotonic()
    daemon.at["id-app"] = lambda data: (
        data["State"].update(Health={"Status": "healthy"}) if time.monotonic() - start > 0.6 else None
    )
    try:
        assert wait(daemon, 30.0) == []
    finally:
        end.set()
    assert time.monotonic() - start < 15
    assert len(begun) == waiting.HANGING_CHECKS


def test_a_check_that_is_slower_than_a_look_still_counts(daemon: Daemon, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "CHECK_SECONDS", 0.01)
    daemon.add("app", test=TEST)
    monkeypatch.setattr(daemon, "exec_start", lambda _name: time.sleep(0.1) or b"")
    assert wait(daemon, 2.0) == []


def test_a_check_that_ran_in_docker_is_a_verdict(daemon: Daemon) -> None:
    """The program could not be started from here, but Docker has run it since the start, and it failed."""
    state = daemon.add("app", test=TEST)["State"]
    daemon.checks["app"] = (127, "")
    state["Health"] = {"Status": "unhealthy", "Log": [{"Start": moment(), "ExitCode": 1, "Output": "503"}]}
    assert "shop-app-1 is not healthy after 0.5 s" in error_of(daemon)
    state["Health"]["Log"][0]["Start"] = moment(-3600)
    assert "cannot run" in wait(daemon)[0], "a result of an earlier start says nothing"


def test_a_shortage_is_not_a_check_that_cannot_run(daemon: Daemon) -> None:
    daemon.add("app", test=TEST)
    daemon.checks["app"] = (126, "OCI runtime exec failed: exec failed: resource temporarily unavailable: unknown")
    assert "shop-app-1 is not healthy after 0.5 s" in error_of(daemon)


def test_a_one_time_job_that_has_ended_successfully_is_a_remark(daemon: Daemon) -> None:
    daemon.add("app")
    daemon.add("import", policy="no", status="exited", depends_on="app:service_started:false")
    [remark] = wait(daemon)
    assert remark.startswith("shop-import-1 is a one-time container that ran before")
    assert "exit code 0" in remark


def test_a_container_that_others_use_may_not_end(daemon: Daemon) -> None:
    daemon.add("api", policy="no", status="exited")
    daemon.add("web", depends_on="api:service_started:false")
    assert "shop-api-1 ended with exit code 0" in error_of(daemon)
    daemon.add("web", depends_on="api:service_completed_successfully:false")
    assert "shop-api-1 is a one-time container" in wait(daemon)[0]
    ports = {"80/tcp": [{"HostIp": "", "HostPort": "8080"}]}
    daemon.data["id-api"]["HostConfig"]["PortBindings"] = ports
    assert "shop-api-1 ended with exit code 0" in error_of(daemon)
