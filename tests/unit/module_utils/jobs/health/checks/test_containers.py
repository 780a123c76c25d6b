# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Containers as Docker reports them, and what the check makes of them."""

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
    """As the daemon's inspection tells it, without the many keys that nobody here reads."""
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


def judged(monkeypatch: pytest.MonkeyPatch, *told: dict[str, Any]) -> dict[str, tuple[str, str]]:
    """State and words by subject."""
    view = View(HealthOptions(Access("shop", "unix:///nowhere.sock")), NOW)
    monkeypatch.setattr(
        health_view.View, "stack", lambda _view: StackView("shop", [inspection_from(data) for data in told])
    )
    return {each.subject: (each.state, f"{each.seen} {each.evidence}") for each in check_containers(view)}


def test_what_runs_is_well_with_and_without_a_health_check(monkeypatch: pytest.MonkeyPatch) -> None:
    found = judged(monkeypatch, inspected("redis"), inspected("gitea", **RUNNING, Health={"Status": "healthy"}))
    assert {state for state, _ in found.values()} == {"ok"}


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ({**ENDED, "ExitCode": 1}, "exited: ended with exit code 1, 3 min ago"),
        ({**ENDED, "ExitCode": 137, "OOMKilled": True}, "killed by the kernel for want of memory (OOM)"),
        ({**ENDED, "Status": "dead", "ExitCode": 139}, "dead: ended with exit code 139 (crashed)"),
        ({**RUNNING, "Status": "paused"}, "frozen"),
        ({**RUNNING, "Status": "restarting", "ExitCode": 7}, "restarting in a loop"),
        ({"Status": "created", "Error": "port is already allocated"}, "port is already allocated"),
        ({**RUNNING, "Health": {"Status": "unhealthy", "FailingStreak": 4}}, "failed 4 times in a row"),
        (ENDED, "exited"),
    ],
)
def test_what_does_not_do_its_work_is_critical(monkeypatch: pytest.MonkeyPatch, state: Any, words: str) -> None:
    [(found, said)] = judged(monkeypatch, inspected(**state)).values()
    assert found == "critical"
    assert words in said


def test_a_one_shot_run_that_ended_with_0_is_well(monkeypatch: pytest.MonkeyPatch) -> None:
    [(state, _said)] = judged(monkeypatch, inspected("seeder", policy="no", **ENDED)).values()
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
def test_restarts_count_while_they_are_fresh(
    monkeypatch: pytest.MonkeyPatch, restarts: int, started: str, state: str
) -> None:
    told = inspected(restarts=restarts, **{**RUNNING, "StartedAt": started})
    assert judged(monkeypatch, told)["gitea"][0] == state


def test_a_service_that_others_wait_for_and_that_has_no_container(monkeypatch: pytest.MonkeyPatch) -> None:
    told = inspected()
    told["Config"]["Labels"]["com.docker.compose.depends_on"] = "postgres:service_healthy:false"
    state, said = judged(monkeypatch, told)["postgres"]
    assert state == "critical"
    assert "gitea depends on it" in said


def test_what_a_health_check_said_last_comes_without_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    health = {"Status": "unhealthy", "FailingStreak": 1, "Log": [{"Output": "401 for s3cret-value\n"}]}
    _state, said = judged(monkeypatch, inspected(**RUNNING, Health=health))["gitea"]
    assert "401 for ***" in said
