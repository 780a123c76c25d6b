# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Findings of the check of containers, from the data that Docker returns."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.jobs.health import view as health_view
from ansible_collections.maxops.ops.plugins.module_utils.jobs.health.checks.containers import check_containers
from ansible_collections.maxops.ops.plugins.module_utils.jobs.health.options import HealthOptions
from ansible_collections.maxops.ops.plugins.module_utils.jobs.health.view import StackView, View
from ansible_collections.maxops.ops.plugins.module_utils.systems.access import Access
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.inspection import inspection_from

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


def test_last_output_of_a_health_check_has_no_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    health = {"Status": "unhealthy", "FailingStreak": 1, "Log": [{"Output": "401 for s3cret-value\n"}]}
    _state, text = judged(monkeypatch, inspected(**RUNNING, Health=health))["gitea"]
    assert "401 for ***" in text
