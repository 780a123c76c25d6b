# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a restart reports, as far as it needs no daemon."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.jobs.restart.job import (
    ContainerRestart,
    RestartOptions,
    RestartPlan,
    _dependents,
    _message,
    _plan,
)
from ansible_collections.maxops.ops.plugins.module_utils.systems.access import Access
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.inspection import Inspection
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError
from ansible_collections.maxops.ops.tests.unit.diagnoses import inspection
from ansible_collections.maxops.ops.tests.unit.stacks import container, stack_of

NEEDS = "com.docker.compose.depends_on"


def test_service_that_needs_a_restarted_one_is_named() -> None:
    postgres = container("postgres")
    gitea = container("gitea", labels={NEEDS: "postgres:service_healthy:false,redis:service_started:false"})
    stopped = container("worker", labels={NEEDS: "postgres:service_healthy:false"}, state="exited")
    plan = RestartPlan(stack_of(postgres, gitea, stopped), [[ContainerRestart(postgres)]], [])
    assert _dependents(plan) == [
        (
            "gitea depends on postgres and is not restarted with it: check it afterwards (ansible-playbook "
            "maxops.ops.status)"
        )
    ]


def test_problem_is_reported_with_the_services_that_were_not_waited_for() -> None:
    first, second = ContainerRestart(container("postgres")), ContainerRestart(container("gitea"))
    plan = RestartPlan(stack_of(first.container, second.container), [[first], [second]], [])
    assert _message(plan) == ""
    first.problem = "postgres is not healthy"
    assert _message(plan) == (
        "postgres is not healthy. gitea were started again too, without waiting until they are healthy. "
        "To find out what keeps a service from starting: ansible-playbook maxops.ops.diagnose"
    )


def plan(monkeypatch: pytest.MonkeyPatch, *inspections: Inspection, **options: Any) -> tuple[list[str], list[str]]:
    """The services that a run starts or restarts, and those that it leaves."""
    stack = stack_of(*(one.container for one in inspections))
    stack.inspections = list(inspections)
    monkeypatch.setattr(Access, "connect", lambda _self: stack)
    made = _plan(RestartOptions(Access("shop"), **{"services": [], "include_stopped": False, "timeout": 1, **options}))
    return [entry.container.service for entry in made.entries], [one.service for one in made.left]


DOWN = (
    inspection("postgres", state="exited", exit_code=137),
    inspection("gitea", state="created", labels={NEEDS: "postgres:service_healthy:false"}),
    inspection("redis", state="paused"),
    inspection("nginx"),
    inspection("worker", state="restarting"),
    inspection("seeder", state="exited", exit_code=0, policy="no"),
)


def test_only_what_is_down_is_started_dependencies_first(monkeypatch: pytest.MonkeyPatch) -> None:
    assert plan(monkeypatch, *DOWN, only_stopped=True) == (["postgres", "redis", "gitea"], ["seeder"])
    assert plan(monkeypatch, *DOWN, only_stopped=True, include_stopped=True)[0] == ["postgres", "redis", "gitea"]
    assert plan(monkeypatch, *DOWN, only_stopped=True, services=["gitea", "nginx"]) == (["gitea"], [])
    assert plan(monkeypatch, inspection("nginx"), only_stopped=True) == ([], [])


def test_without_that_option_what_runs_is_restarted(monkeypatch: pytest.MonkeyPatch) -> None:
    assert plan(monkeypatch, *DOWN)[0] == ["redis", "nginx", "worker"]
    assert plan(monkeypatch, *DOWN, include_stopped=True)[1] == ["seeder"]
    with pytest.raises(MaxopsError, match="only_stopped: true to leave the running services alone"):
        plan(monkeypatch, *DOWN, services=["gitea", "nginx"])
