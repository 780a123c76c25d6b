# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Status and logs of a real stack: correct, without secrets, limited in size, and on several hosts at once."""

from __future__ import annotations

import json
import stat
import subprocess
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.jobs.logs.lines import unpack
from ansible_collections.maxops.ops.tests.integration.daily_support import DailyStack, inventory, play
from ansible_collections.maxops.ops.tests.integration.support import Module, run


@pytest.fixture
def status(daily: DailyStack, tmp_path: Path) -> Module:
    return Module("status", {"project_name": daily.project}, tmp_path)


@pytest.fixture
def logs(daily: DailyStack, tmp_path: Path) -> Module:
    return Module("logs", {"project_name": daily.project, "dest": str(tmp_path)}, tmp_path)


def text_of(result: dict[str, Any]) -> str:
    assert "content" in result, result
    return unpack(result["content"], 100_000_000)


# -- status ---------------------------------------------------------------------------------------------------------


def test_status_agrees_with_docker(status: Module, daily: DailyStack) -> None:
    result = status()
    services = {service["service"]: service for service in result["services"]}
    assert set(services) == {"store", "app", "web", "seeder"}
    assert {name: service["state"] for name, service in services.items()} == daily.states()
    assert (services["store"]["health"], services["web"]["health"]) == ("healthy", "healthy")
    assert services["web"]["ports"] == ["127.0.0.1:9230->80"]
    image = run("docker", "image", "inspect", "--format", "{{.Id}}", "maxops-lab/base:trixie").stdout.strip()
    assert {service["image_id"] for service in services.values()} == {image}
    assert services["app"]["image_age_seconds"] > 0
    assert services["store"]["memory_limit_bytes"] == 64 * 1024**2
    assert 0 < services["store"]["memory_bytes"] < 64 * 1024**2
    assert services["app"]["cpu_percent"] is not None
    # The seeder is a one-shot container that has finished: it uses nothing, and it is healthy.
    assert (services["seeder"]["well"], services["seeder"]["memory_bytes"]) == (True, None)
    assert (result["well"], result["missing"], result["remarks"]) == (True, [], [])
    [volume] = result["volumes"]
    assert (volume["name"], volume["services"]) == (f"{daily.project}_data", ["app", "store"])
    assert volume["bytes"] > 0
    images = next(row for row in result["docker"]["usage"] if row["kind"] == "images")
    assert images["count"] > 0
    assert result["host"]["filesystems"][0]["total"] > 0


def test_status_of_all_containers_takes_about_as_long_as_that_of_one(status: Module, daily: DailyStack) -> None:
    started = time.monotonic()
    run("docker", "stats", "--no-stream", daily.container("app"))
    alone = time.monotonic() - started
    assert status(sizes=False)["duration"] < alone + 1.5


def test_status_reports_an_unhealthy_service(status: Module, daily: DailyStack) -> None:
    run("docker", "pause", daily.container("web"))
    try:
        result = status(sizes=False)
    finally:
        run("docker", "unpause", daily.container("web"))
    assert result["well"] is False
    web = next(service for service in result["services"] if service["service"] == "web")
    assert (web["state"], web["well"]) == ("paused", False)
    assert result["docker"]["usage"] is None
    assert result["volumes"][0]["bytes"] is None


def test_status_that_takes_too_long_returns_partial_results(status: Module) -> None:
    result = status(timeout=0.7)
    # docker stats takes two samples, a second apart.
    assert {service["state"] for service in result["services"]} == {"running", "exited"}
    assert any("took longer than 0.7 s" in text or "no answer within 0.7 s" in text for text in result["remarks"])
    assert result["duration"] < 3


def test_status_without_stack_or_docker_names_the_next_step(status: Module, daily: DailyStack) -> None:
    result = status(project_name="maxnothing")
    assert result["failed"]
    assert f'"{daily.project}"' in result["msg"]
    assert "set project_name to one of them" in result["msg"]
    result = status(docker_host="unix:///nowhere.sock")
    assert "correct docker_host (maxops_docker_host): there is a socket at unix:///var/run/docker.sock" in result["msg"]
    assert "Docker is not running: start it" in result["msg"]


# -- logs -----------------------------------------------------------------------------------------------------------


def test_logs_are_merged_by_time_and_contain_no_secret(logs: Module, daily: DailyStack) -> None:
    daily.say("app", "one url/hush", "Authorization: Bearer abcdefghijkl", "postgres://me:letmein@db/x")
    daily.say("store", "two", "\x1b[31mERROR\x1b[0m store-hush in-compose failed")
    daily.say("app", "three")
    result = logs()
    lines = text_of(result).splitlines()
    times = [line.split()[0] for line in lines]
    assert times == sorted(times)
    texts = [line.split(maxsplit=2)[1:] for line in lines]
    interesting = [
        words for words in texts if len(words) == 2 and words[1][:3] in ("one", "two", "thr", "Aut", "pos", "ERR")
    ]
    assert interesting[-6:] == [
        ["app", "one ***"],
        ["app", "Authorization: Bearer ***"],
        ["app", "postgres://me:***@db/x"],
        ["store", "two"],
        ["store", "ERROR *** *** failed"],
        ["app", "three"],
    ]
    assert ["store", "store begins with ***"] in texts
    assert result["masked"] >= 4
    assert next(log for log in result["services"] if log["service"] == "store")["errors"] == 1
    assert result["newest"][-1].endswith("three")
    assert "hush" not in json.dumps(result) + "".join(lines)


def test_only_requested_lines_are_fetched_and_the_rest_is_reported(logs: Module, daily: DailyStack) -> None:
    daily.say("web", *(f"number {number}" for number in range(1, 8)))
    result = logs(services=["web"], tail=3)
    assert [line.split("  ")[-1] for line in text_of(result).splitlines()] == ["number 5", "number 6", "number 7"]
    assert result["left_out"] == ["older lines of web, because only the newest 3 were requested (tail)"]
    result = logs(services=["web"], grep="NUMBER [2-6]$", ignore_case=True, tail=2)
    assert [line.split("  ")[-1] for line in text_of(result).splitlines()] == ["number 5", "number 6"]
    assert result["left_out"] == ["the oldest 3 lines of web, because only the newest 2 were requested (tail)"]
    middle = text_of(logs(services=["web"], tail=4)).splitlines()
    since, until = middle[0].split()[0], middle[2].split()[0]
    # To the microsecond, the precision of the option.
    result = logs(services=["web"], since=f"{since[:26]}Z", until=f"{until[:26]}Z")
    assert [line.split("  ")[-1] for line in text_of(result).splitlines()] == ["number 4", "number 5"]
    assert (result["left_out"], text_of(logs(services=["web"], since="2026-01-01", until="2026-01-02"))) == ([], "")


def test_flood_is_cut_to_the_limit_with_its_newest_lines(logs: Module, daily: DailyStack) -> None:
    script = (
        "seq -f 'flood %06.0f 0123456789012345678901234567890123456789' 1 20000 >/proc/1/fd/1; head -c 40000 /dev/zero"
    )
    daily.compose(
        "exec", "-T", "web", "sh", "-euc", f"{script} | tr '\\0' x >/proc/1/fd/1; echo >/proc/1/fd/1; sleep 0.5"
    )
    result = logs(services=["web"], tail=0, limit="1M")
    text = text_of(result)
    assert len(text) <= 1024**2
    assert "because they are larger than the limit" in result["left_out"][0]
    lines = text.splitlines()
    assert lines[-1].endswith("x … (cut after 16,000 characters)")
    assert "flood 020000" in lines[-2]
    whole = logs(services=["web"], tail=0, since="1h")
    assert len(json.dumps(whole)) < 5_000_000
    assert whole["lines"] > 20_000


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"since": "soonish"}, 'since is "soonish", which is not a time'),
        ({"services": ["app", "nginx"]}, 'has no service "nginx" (services: app, seeder, store, web)'),
        ({"limit": "many"}, "limit is not a size"),
    ],
)
def test_invalid_options_of_logs_are_refused(logs: Module, changes: dict[str, Any], words: str) -> None:
    result = logs(**changes)
    assert result["failed"]
    assert words in result["msg"]


def test_pattern_that_never_finishes_is_stopped(logs: Module, daily: DailyStack) -> None:
    daily.say("app", "a" * 60 + "!")
    result = logs(services=["app"], grep="(a+)+$", timeout=1, since="10m")
    assert "could not be read within 1 s" in result["left_out"][0]
    assert result["duration"] < 5


# -- the commands ---------------------------------------------------------------------------------------------------


def recap(done: subprocess.CompletedProcess[str]) -> dict[str, str]:
    lines = done.stdout[done.stdout.index("PLAY RECAP") :].splitlines()[1:]
    return {line.split()[0]: line for line in lines if line.strip()}


@pytest.mark.parametrize("words", [[], ["--check"]], ids=["do", "check"])
def test_playbooks_work_on_several_hosts_with_an_unreachable_one_in_between(
    daily: DailyStack, tmp_path: Path, words: list[str]
) -> None:
    folder = tmp_path / "results"
    hosts = inventory(daily, tmp_path / "inventory.json", maxops_results_dir=str(folder))
    done = play("status", hosts, *words)
    lines = [line.split()[:2] for line in done.stdout.splitlines()]
    start = lines.index(["HOST", "STATE"])
    assert lines[start + 1 : start + 4] == [["gone", "UNREACHABLE"], ["first", "healthy"], ["last", "healthy"]]
    assert "changed=0" in recap(done)["first"]
    done = play("logs", hosts, *words, "-e", "logs_tail=5", "-e", "logs_services=app,store")
    assert done.returncode != 0, "an unreachable host is not a success"
    lines = [line.split()[:2] for line in done.stdout.splitlines()]
    start = lines.index(["HOST", "LINES"])
    assert lines[start + 1] == ["gone", "UNREACHABLE"]
    [command] = [line.split(": ", 1)[1] for line in done.stdout.splitlines() if line.startswith("follow last: ")]
    assert command == "docker compose --project-name maxdaily logs --follow --tail 20 app store"
    files = {path.name: path for path in folder.glob("*.log")}
    if words:
        assert files == {}
        return
    assert set(files) == {"logs-first.log", "logs-last.log", "logs.log"}
    assert {stat.S_IMODE(path.stat().st_mode) for path in files.values()} == {0o600}
    both = files["logs.log"].read_text().splitlines()
    assert len(both) == sum(len(files[f"logs-{host}.log"].read_text().splitlines()) for host in ("first", "last"))
    assert [line.split()[1] for line in both[:2]] == ["first", "last"]
    kept = json.loads((folder / "logs-first.json").read_text())
    assert kept["path"] == str(files["logs-first.log"])
    assert "content" not in kept
    assert json.loads((folder / "status-gone.json").read_text())["unreachable"] is True
    # The printed command to follow the logs works unchanged.
    with subprocess.Popen(command.split(), stdout=subprocess.PIPE, text=True, cwd=tmp_path) as process:
        patience = threading.Timer(30, process.kill)
        patience.start()
        try:
            daily.say("app", "seen live")
            assert process.stdout
            assert any("seen live" in line for line in process.stdout)
        finally:
            patience.cancel()
            process.kill()
