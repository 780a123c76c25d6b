# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Findings of the check of containers, from the data that Docker returns."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.jobs.health import view as health_view
from ansible_collections.maxops.ops.plugins.module_utils.jobs.health.checks import containers as health_containers
from ansible_collections.maxops.ops.plugins.module_utils.jobs.health.checks.containers import check_containers
from ansible_collections.maxops.ops.plugins.module_utils.jobs.health.consequences import collapse
from ansible_collections.maxops.ops.plugins.module_utils.jobs.health.options import HealthOptions
from ansible_collections.maxops.ops.plugins.module_utils.jobs.health.view import StackView, View
from ansible_collections.maxops.ops.plugins.module_utils.systems.access import Access
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.inspection import inspection_from
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError
from ansible_collections.maxops.ops.plugins.module_utils.tools.moments import utc_now
from ansible_collections.maxops.ops.tests.unit.health_stack import site, view_of

NOW = 1_800_000_000.0  # 2027-01-15T08:00:00Z
RUNNING = {"Status": "running", "Running": True, "StartedAt": "2027-01-10T08:00:00.123456789Z", "ExitCode": 0}
ENDED = {"Status": "exited", "Running": False, "FinishedAt": "2027-01-15T07:57:00Z", "ExitCode": 0}


def inspected(name: str = "gitea", restarts: int = 0, policy: str = "unless-stopped", **state: Any) -> dict[str, Any]:
    """A container as the daemon returns it, without the keys that are not read."""
    return {
        "Id": name,
        "Name": f"/shop-{name}-1",
        "Image": "sha256:cafe",
        "RestartCount": restarts,
        "State": state or RUNNING,
        "Config": {"Image": "app:1", "Env": ["TOKEN=s3cret-value"], "Labels": {"com.docker.compose.service": name}},
        "HostConfig": {"RestartPolicy": {"Name": policy}, "NetworkMode": "shop_default"},
        "Mounts": [],
    }


def judged(monkeypatch: pytest.MonkeyPatch, *containers: dict[str, Any]) -> dict[str, tuple[str, str]]:
    """State and text of the findings, by subject."""
    view = View(HealthOptions(Access("shop", "unix:///nowhere.sock")), NOW)
    monkeypatch.setattr(
        health_view.View, "stack", lambda _view: StackView("shop", [inspection_from(data) for data in containers])
    )
    return {
        finding.subject: (finding.state, f"{finding.seen} {finding.evidence}") for finding in check_containers(view)
    }


def test_running_container_is_ok_with_and_without_a_health_check(monkeypatch: pytest.MonkeyPatch) -> None:
    findings = judged(monkeypatch, inspected("redis"), inspected("gitea", **RUNNING, Health={"Status": "healthy"}))
    assert {state for state, _ in findings.values()} == {"ok"}


def test_container_that_keeps_ending_is_not_one_that_just_started(monkeypatch: pytest.MonkeyPatch) -> None:
    begun = {**RUNNING, "StartedAt": utc_now().strftime("%Y-%m-%dT%H:%M:%SZ"), "Health": {"Status": "starting"}}
    findings = judged(monkeypatch, inspected("gitea", restarts=2, **begun), inspected("redis", **begun))
    assert findings["gitea"][0] == "critical"
    assert "keeps ending: 2 automatic restarts" in findings["gitea"][1]
    assert findings["redis"][0] == "warning"


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ({**ENDED, "ExitCode": 1}, "exited: ended with exit code 1, 3 min ago"),
        ({**ENDED, "ExitCode": 137, "OOMKilled": True}, "killed by the kernel: out of memory (OOM)"),
        ({**ENDED, "Status": "dead", "ExitCode": 139}, "dead: ended with exit code 139 (crashed)"),
        ({**RUNNING, "Status": "paused"}, "frozen"),
        ({**RUNNING, "Status": "restarting", "ExitCode": 7}, "restarting in a loop"),
        ({"Status": "created", "Error": "port is already allocated"}, "port is already allocated"),
        ({**RUNNING, "Health": {"Status": "unhealthy", "FailingStreak": 4}}, "failed 4 times in a row"),
        (ENDED, "exited"),
    ],
)
def test_stopped_or_unhealthy_container_is_critical(monkeypatch: pytest.MonkeyPatch, state: Any, words: str) -> None:
    [(result, text)] = judged(monkeypatch, inspected(**state)).values()
    assert result == "critical"
    assert words in text


def test_one_shot_container_that_ended_with_0_is_ok(monkeypatch: pytest.MonkeyPatch) -> None:
    [(state, _text)] = judged(monkeypatch, inspected("seeder", policy="no", **ENDED)).values()
    assert state == "ok"


def test_server_that_ended_with_0_is_not_a_one_shot(monkeypatch: pytest.MonkeyPatch) -> None:
    database = inspected("db", policy="no", **ENDED)
    database["Config"]["Image"] = "postgres:17"
    assert judged(monkeypatch, database)["db"][0] == "critical"


def test_worker_that_ended_with_0_is_not_a_one_shot(monkeypatch: pytest.MonkeyPatch) -> None:
    stack = [inspected(name, policy="no", **ENDED) for name in ("worker", "seeder")]
    for data in (*stack, web := inspected("web", **RUNNING)):
        data["Config"]["Image"] = "openproject/openproject:17-slim"
    states = judged(monkeypatch, web, *stack)
    assert states["openproject worker"][0] == "critical"
    assert states["openproject seeder"][0] == "ok"


@pytest.mark.parametrize(
    ("restarts", "started", "state"),
    [
        (9, "2027-01-10T08:00:00Z", "ok"),
        (1, "2027-01-15T07:30:00Z", "warning"),
        (5, "2027-01-15T07:59:30Z", "critical"),
        (0, "2027-01-15T07:59:30Z", "ok"),
    ],
)
def test_restarts_count_while_they_are_recent(
    monkeypatch: pytest.MonkeyPatch, restarts: int, started: str, state: str
) -> None:
    container = inspected(restarts=restarts, **{**RUNNING, "StartedAt": started})
    assert judged(monkeypatch, container)["gitea"][0] == state


def test_service_that_others_depend_on_without_a_container_is_critical(monkeypatch: pytest.MonkeyPatch) -> None:
    container = inspected()
    container["Config"]["Labels"]["com.docker.compose.depends_on"] = "postgres:service_healthy:false"
    state, text = judged(monkeypatch, container)["postgres"]
    assert state == "critical"
    assert "gitea depends on it" in text


@pytest.mark.parametrize(("health", "state"), [("healthy", None), ("starting", None), ("unhealthy", "critical")])
def test_one_shot_that_was_removed_after_its_work_is_not_missing(
    monkeypatch: pytest.MonkeyPatch, health: str, state: str | None
) -> None:
    container = inspected("web", **RUNNING, Health={"Status": health})
    container["Config"]["Labels"]["com.docker.compose.depends_on"] = "seeder:service_completed_successfully:false"
    assert judged(monkeypatch, container).get("seeder", (None, ""))[0] == state


def test_last_output_of_a_health_check_has_no_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    health = {"Status": "unhealthy", "FailingStreak": 1, "Log": [{"Output": "401 for s3cret-value\n"}]}
    _state, text = judged(monkeypatch, inspected(**RUNNING, Health=health))["gitea"]
    assert "401 for ***" in text


def test_worker_of_an_application_is_named_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    containers = [inspected("web"), inspected("worker", **{**ENDED, "ExitCode": 1}), inspected("autoheal")]
    for data in containers[:2]:
        data["Config"]["Image"] = "openproject/openproject:15-slim"
    findings = judged(monkeypatch, *containers)
    assert {subject: state for subject, (state, _text) in findings.items()} == {
        "openproject web": "ok",
        "openproject worker": "critical",
        "autoheal": "ok",
    }


CANNOT_RUN = 'OCI runtime exec failed: exec failed: unable to start: exec: "curl": executable file not found in $PATH'


def without_check(image: str, port: int = 9) -> dict[str, Any]:
    """A container whose health check calls a program that its image does not have."""
    log = [{"Start": "2027-01-15T07:00:00Z", "ExitCode": -1, "Output": CANNOT_RUN}]
    data = inspected("web", **RUNNING, Health={"Status": "unhealthy", "FailingStreak": 40, "Log": log})
    data["Config"] |= {"Image": image, "Env": [f"PORT={port}"], "Healthcheck": {"Test": ["CMD", "curl", "-f", "x"]}}
    data["NetworkSettings"] = {"Networks": {"n": {"IPAddress": "127.0.0.1"}}}
    return data


def test_application_is_asked_itself_where_its_health_check_cannot_run(monkeypatch: pytest.MonkeyPatch) -> None:
    with site(**{"/health_checks/database": (200, "ok")}) as web:
        data = without_check("openproject/openproject:17.2-slim", web.port)
        [(state, text)] = judged(monkeypatch, data).values()
    assert state == "warning"
    assert "running, and it answers; its health check cannot run" in text
    assert "executable file not found" in text


@pytest.mark.parametrize("image", ["openproject/openproject:17.2-slim", "example/thing:1"])
def test_health_check_that_cannot_run_is_unknown_where_nothing_answers(
    monkeypatch: pytest.MonkeyPatch, image: str
) -> None:
    [(state, text)] = judged(monkeypatch, without_check(image)).values()
    assert state == "unknown"
    assert "its health check cannot run, so it says nothing" in text


def test_application_that_does_not_answer_in_time_does_not_hide_the_other_containers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def late(*_words: Any) -> None:
        raise MaxopsError("the answer of openproject did not come within 5 s")

    monkeypatch.setattr(health_containers, "application_health", late)
    stopped = inspected("zebra", **{**ENDED, "ExitCode": 3})
    findings = judged(monkeypatch, without_check("openproject/openproject:17.2-slim"), stopped)
    assert {subject: state for subject, (state, _text) in findings.items()} == {
        "openproject web": "unknown",
        "zebra": "critical",
    }


@pytest.mark.parametrize(
    ("resolv_conf", "expected"),
    [
        ("/var/snap/docker/common/var-lib-docker/containers/x/resolv.conf", "notice"),
        ("/home/ops/.local/share/docker/containers/x/resolv.conf", "notice"),
        ("/var/lib/docker/containers/x/resolv.conf", None),
    ],
)
def test_installation_of_docker_that_backups_refuse_is_a_notice(
    monkeypatch: pytest.MonkeyPatch, resolv_conf: str, expected: str | None
) -> None:
    findings = judged(monkeypatch, {**inspected(), "ResolvConfPath": resolv_conf})
    assert findings.get("docker", (None, ""))[0] == expected


def test_unhealthy_application_may_follow_from_its_database(monkeypatch: pytest.MonkeyPatch) -> None:
    data = inspected("server", **RUNNING, Health={"Status": "unhealthy", "FailingStreak": 4})
    data["Config"] |= {"Image": "gitea/gitea:1.22.6", "Env": ["GITEA__database__HOST=db:5432"]}
    database = inspected("db", **ENDED)
    database["Config"]["Image"] = "postgres:17"
    view = view_of(monkeypatch, data, database)
    [cause] = [finding for finding in collapse(list(check_containers(view))).causes if finding.state == "critical"]
    assert cause.subject == "db"
    assert "follows from it: containers gitea server" in cause.evidence[-1]


@pytest.mark.parametrize(("ended", "state"), [("2027-01-15T07:50:00Z", "ok"), ("2027-01-15T07:40:00Z", "critical")])
def test_restarts_until_the_migrations_are_done_are_no_fault(
    monkeypatch: pytest.MonkeyPatch, ended: str, state: str
) -> None:
    worker = inspected("worker", restarts=4, **{**RUNNING, "StartedAt": "2027-01-15T07:50:40Z"})
    seeder = inspected("seeder", policy="on-failure", **{**ENDED, "FinishedAt": ended})
    for data in (worker, seeder):
        data["Config"]["Image"] = "openproject/openproject:15-slim"
    assert judged(monkeypatch, worker, seeder)["openproject worker"][0] == state
