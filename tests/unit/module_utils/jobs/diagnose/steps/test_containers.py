# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What containers' states and logs mean, and what a daemon that cannot be reached means."""

from __future__ import annotations

import datetime
from typing import Any

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.jobs.diagnose.cause import CERTAIN, LIKELY, POSSIBLE
from ansible_collections.maxops.ops.plugins.module_utils.jobs.diagnose.options import Options
from ansible_collections.maxops.ops.plugins.module_utils.jobs.diagnose.stack_view import StackView
from ansible_collections.maxops.ops.plugins.module_utils.jobs.diagnose.steps.containers import (
    check_containers,
    check_daemon,
)
from ansible_collections.maxops.ops.plugins.module_utils.systems.access import Access
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.engine import EngineTimeout, EngineUnreachable
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.inspection import Inspection
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError
from ansible_collections.maxops.ops.plugins.module_utils.tools.moments import utc_now
from ansible_collections.maxops.ops.tests.unit.diagnoses import inspection, view_of


@pytest.mark.parametrize(
    ("error", "fix"),
    [
        (EngineTimeout("it hangs"), "systemctl restart docker"),
        (EngineUnreachable("no such file"), "systemctl start docker"),
        (EngineUnreachable("permission denied", forbidden=True), None),
        (MaxopsError("the Docker SDK for Python 6.1.3 does not work with requests 2.32.3"), None),
    ],
)
def test_daemon_is_down_only_where_it_was_asked(error: MaxopsError, fix: str | None) -> None:
    result = check_daemon(StackView(Options(Access("shop")), None, error))
    if fix is None:
        assert (result.causes, result.unknown) == ([], [str(error)])
    else:
        [cause] = result.causes
        assert cause.fix.startswith(fix)
        assert cause.evidence == (str(error),)


NEEDS = "com.docker.compose.depends_on"
ONCE = {NEEDS: "seeder:service_completed_successfully:false"}
STARTED = {NEEDS: "seeder:service_started:false"}


def causes(*inspections: Inspection, **more: Any) -> list[tuple[str, str, str]]:
    """Kind, subject and likelihood of the causes of a stack."""
    found = check_containers(view_of(*inspections, **more)).causes
    return [(cause.check, cause.subject, cause.likelihood) for cause in found]


def test_healthy_official_layout_has_no_cause() -> None:
    seeder = inspection("seeder", state="exited", exit_code=0, policy="on-failure")
    assert causes(inspection("web", labels=ONCE, health="healthy"), seeder, inspection("worker", labels=ONCE)) == []


@pytest.mark.parametrize(
    ("labels", "environment", "facts", "likelihood"),
    [
        (ONCE, {}, {"health": "healthy"}, None),
        (STARTED, {}, {"health": "healthy"}, POSSIBLE),
        (STARTED, {"URL": "http://seeder:8080/"}, {"health": "healthy"}, LIKELY),
        (ONCE, {}, {"health": "unhealthy"}, CERTAIN),
        (STARTED, {}, {"state": "exited", "exit_code": 1}, CERTAIN),
    ],
)
def test_missing_service_is_certain_only_where_others_do_not_work(
    labels: dict[str, str], environment: dict[str, str], facts: dict[str, Any], likelihood: str | None
) -> None:
    web = inspection("web", labels=labels, environment=environment, **facts)
    found = [entry for entry in causes(web) if entry[0] == "service_missing"]
    assert found == ([("service_missing", "seeder", likelihood)] if likelihood else [])


def test_stopped_service_is_started_by_docker_or_by_the_collection() -> None:
    [cause] = check_containers(view_of(inspection("gitea", state="exited", exit_code=137))).causes
    assert cause.fix == "docker start shop-gitea-1"
    assert cause.evidence[0] == (
        "or from the controller: ansible-playbook maxops.ops.restart -e restart_services=gitea"
        " -e restart_only_stopped=true"
    )


@pytest.mark.parametrize(
    ("service", "image"),
    [("gitea", "gitea/gitea:1.22"), ("db", "postgres:17"), ("worker", "openproject/openproject:17")],
)
def test_service_that_ended_with_0_and_is_needed_is_stopped(service: str, image: str) -> None:
    ended: dict[str, Any] = {"state": "exited", "exit_code": 0, "policy": "no"}
    web = inspection("web", image="openproject/openproject:17", health="healthy")
    seeder = inspection("seeder", image="openproject/openproject:17", **ended)
    assert causes(web, seeder, inspection(service, image=image, **ended)) == [("service_stopped", service, CERTAIN)]


def test_refused_host_name_is_no_reason_for_an_end() -> None:
    web = inspection("openproject", image="openproject/openproject:17", state="restarting", restarts=7)
    assert causes(web, logs={"openproject": ["Blocked hosts: shop.example.org", "exiting"]}) == [
        ("host_name_refused", "openproject", POSSIBLE),
        ("service_crashing", "openproject", LIKELY),
    ]


def test_application_that_keeps_ending_is_explained_by_its_log() -> None:
    gitea = inspection("gitea", state="restarting", restarts=7)
    logs = {"gitea": ["Your database (migration version: 299) is for a newer Gitea, you can not", "exiting"]}
    assert causes(gitea, logs=logs) == [
        ("database_newer", "gitea", LIKELY),
        ("service_crashing", "gitea", LIKELY),
    ]


def test_health_check_that_cannot_run_is_said() -> None:
    output = 'OCI runtime exec failed: exec: "curl": executable file not found in $PATH: unknown'
    facts: dict[str, Any] = {"health": "unhealthy", "health_code": -1, "health_output": output}
    [cause] = check_containers(view_of(inspection("web", **facts, health_test=("CMD", "curl", "-f")))).causes
    assert cause.check == "service_unhealthy"
    assert cause.seen == "its health check cannot run, so Docker calls it unhealthy whether it works or not: curl"
    assert "set a healthcheck in the Compose file" in cause.fix


def test_health_check_that_is_refused_for_its_host_name_is_explained() -> None:
    output = "<h1>Invalid host_name configuration</h1>"
    web = inspection("openproject", health="unhealthy", health_code=1, health_output=output)
    assert causes(web)[0] == ("host_name_refused", "openproject", POSSIBLE)


def test_name_that_a_healthy_openproject_refuses_is_possible() -> None:
    web = inspection("openproject", image="openproject/openproject:17", health="healthy")
    logs = {"openproject": ["Blocked hosts: projects.example.org", "GET /health_checks/default 200"]}
    assert causes(web, logs=logs) == [("host_name_refused", "openproject", POSSIBLE)]
    assert causes(web, logs={"openproject": ["Blocked hosts: 10.0.0.7"]}) == []


@pytest.mark.parametrize(
    ("seconds", "restarts", "health", "likelihood"),
    [(30, 1, "", POSSIBLE), (5, 1, "", LIKELY), (30, 9, "", LIKELY), (30, 1, "starting", LIKELY)],
)
def test_service_that_came_up_before_its_database_may_have_recovered(
    seconds: float, restarts: int, health: str, likelihood: str
) -> None:
    started = utc_now() - datetime.timedelta(seconds=seconds)
    worker = inspection("worker", restarts=restarts, started=started, health=health)
    assert causes(worker) == [("service_crashing", "worker", likelihood)]
