# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Restarts of a real stack: in order, measured, and no service that ran stays stopped."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.tools.locks import exclusive_lock, stack_lock_path
from ansible_collections.maxops.ops.tests.integration.daily_support import DailyStack, inventory, play
from ansible_collections.maxops.ops.tests.integration.support import Module, finish, kill, run, wait_until


@pytest.fixture
def restart(daily: DailyStack, tmp_path: Path) -> Module:
    return Module("restart", {"project_name": daily.project, "timeout": 30}, tmp_path)


def starts(stack: DailyStack) -> dict[str, str]:
    """When each service's container was started."""
    names = [stack.container(service) for service in ("store", "app", "web", "seeder")]
    output = run("docker", "inspect", "--format", "{{.Name}} {{.State.StartedAt}}", *names).stdout
    return {line.split()[0].split("-")[1]: line.split()[1] for line in output.splitlines()}


def stops(stack: DailyStack) -> dict[str, str]:
    names = [stack.container(service) for service in ("store", "app", "web")]
    output = run("docker", "inspect", "--format", "{{.Name}} {{.State.FinishedAt}}", *names).stdout
    return {line.split()[0].split("-")[1]: line.split()[1] for line in output.splitlines()}


def test_all_running_services_restart_in_the_order_of_their_dependencies(restart: Module, daily: DailyStack) -> None:
    before = starts(daily)
    result = restart()
    assert result["changed"] is True, result
    assert result["order"] == [["store"], ["app"], ["web"]]
    after, ended = starts(daily), stops(daily)
    # Who depends on others stops before them and starts after them; the seeder has done its work.
    assert ended["web"] < ended["app"] < ended["store"] < after["store"] < after["app"] < after["web"]
    assert after["seeder"] == before["seeder"]
    assert [container["service"] for container in result["left"]] == ["seeder"]
    down = {service["service"]: service["downtime_seconds"] for service in result["services"]}
    assert down["web"] > down["app"] > down["store"] > 0
    assert result["duration"] >= down["web"]


def test_only_what_is_down_is_started(restart: Module, daily: DailyStack) -> None:
    run("docker", "stop", "--time", "0", daily.container("app"))
    before = starts(daily)
    planned = restart(only_stopped=True, check_mode=True)
    result = restart(only_stopped=True)
    again = restart(only_stopped=True)
    after = starts(daily)
    assert {name for name in before if before[name] != after[name]} == {"app"}
    assert [service["service"] for service in planned["services"]] == ["app"]
    assert (result["changed"], result["order"], again["changed"]) == (True, [["app"]], False), result


def test_only_named_services_restart(restart: Module, daily: DailyStack) -> None:
    before = starts(daily)
    result = restart(services=["app"])
    after = starts(daily)
    assert {name for name in before if before[name] != after[name]} == {"app"}
    assert [service["service"] for service in result["services"]] == ["app"]
    command = "ansible-playbook maxops.ops.status"
    assert result["remarks"] == [f"web depends on app and is not restarted with it: check it afterwards ({command})"]


def test_check_mode_shows_the_order_and_changes_nothing(restart: Module, daily: DailyStack) -> None:
    before = starts(daily)
    result = restart(check_mode=True)
    assert (result["changed"], result["order"]) == (True, [["store"], ["app"], ["web"]])
    assert starts(daily) == before


@pytest.mark.parametrize("check_mode", [False, True])
def test_restart_is_refused_while_another_job_holds_the_stack(
    restart: Module, daily: DailyStack, check_mode: bool
) -> None:
    before = starts(daily)
    with exclusive_lock(stack_lock_path(daily.project), "it", "backup of maxdaily"):
        result = restart(check_mode=check_mode)
    assert result["failed"]
    assert f'stack "{daily.project}" is in use: backup of maxdaily by process' in result["msg"]
    assert starts(daily) == before


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"services": ["app", "nginx"]}, 'has no service "nginx" (services: app, seeder, store, web)'),
        ({"services": ["seeder"], "check_mode": True}, '"seeder" (maxdaily-seeder-1) is exited, not running'),
    ],
)
def test_wrong_options_are_refused(restart: Module, daily: DailyStack, arguments: dict, message: str) -> None:
    before = starts(daily)
    result = restart(**arguments)
    assert result["failed"]
    assert message in result["msg"]
    assert starts(daily) == before


def test_stopped_services_start_only_with_include_stopped(restart: Module, daily: DailyStack) -> None:
    daily.compose("stop", "web")
    assert "is exited, not running" in restart(services=["web"])["msg"]
    assert [service["service"] for service in restart(services=["web", "app"], include_stopped=True)["services"]] == [
        "app",
        "web",
    ]
    assert daily.states()["web"] == "running"


def test_paused_service_restarts(restart: Module, daily: DailyStack) -> None:
    daily.compose("pause", "web")
    result = restart(services=["web"])
    assert result["services"][0]["state"] == "paused", result
    assert daily.states()["web"] == "running"


def test_unhealthy_service_fails_the_restart_and_all_services_run_again(restart: Module, daily: DailyStack) -> None:
    (daily.data / "ill").touch()
    try:
        result = restart(timeout=3)
    finally:
        (daily.data / "ill").unlink()
    assert result["failed"]
    assert "maxdaily-store-1 is not healthy after" in result["msg"]
    assert "app, web were started again too, without waiting until they are healthy" in result["msg"]
    assert {name for name, state in daily.states().items() if state == "running"} == {"store", "app", "web"}


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_restart_that_is_killed_leaves_nothing_stopped(restart: Module, daily: DailyStack, number: int) -> None:
    process = restart.start()
    wait_until(lambda: daily.states()["web"] == "exited", 10, "web is stopped")
    if number == signal.SIGKILL:
        kill(process)
    else:
        process.send_signal(number)
        assert "stopped by signal SIGTERM; all stopped services are started again" in finish(process)["msg"]
    running = {"store": "running", "app": "running", "web": "running", "seeder": "exited"}
    wait_until(lambda: daily.states() == running, 15, "all run again")


def test_hosts_restart_one_after_the_other_and_the_rest_is_left_when_one_fails(
    restart: Module, daily: DailyStack, tmp_path: Path
) -> None:
    hosts = inventory(daily, tmp_path / "inventory.json", restart_services=["web"])
    done = play("restart", hosts, "-e", f"maxops_results_dir={tmp_path}")
    assert done.returncode != 0, "an unreachable host is not a success"
    lines = [line.split()[:2] for line in done.stdout.splitlines()]
    where = lines.index(["HOST", "RESULT"])
    assert lines[where + 1 : where + 4] == [["gone", "UNREACHABLE"], ["first", "restarted"], ["last", "restarted"]]
    assert "unreachable and not restarted: gone" in done.stdout + done.stderr
    assert json.loads((tmp_path / "restart-last.json").read_text())["services"][0]["downtime_seconds"] > 0
    look = play("restart", hosts, "--check", "--limit", "first,last", "-e", "restart_services=web,app")
    assert look.returncode == 0, look.stdout
    assert "would restart" in look.stdout
    # The first host fails: the last is not touched.
    before = starts(daily)
    done = play("restart", hosts, "-e", "restart_services=nginx", "--limit", "first,last")
    assert done.returncode != 0
    assert 'has no service "nginx"' in done.stdout
    assert "Hosts after first were not touched." in done.stdout + done.stderr
    recap = done.stdout[done.stdout.index("PLAY RECAP") :]
    assert "last" not in recap
    assert starts(daily) == before
