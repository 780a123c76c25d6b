# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An application is asked at its container: address, port, path, password, and whether it is still starting."""

from __future__ import annotations

import base64
import json
import socket
from typing import Any

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.jobs.health.checks.application import (
    PASSWORD,
    application_health,
    applications,
    end_point,
)
from ansible_collections.maxops.ops.plugins.module_utils.jobs.health.consequences import Consequence
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.inspection import inspection_from
from ansible_collections.maxops.ops.tests.unit.health_stack import ENDED, RUNNING, Site, inspected, site, view_of

OPENPROJECT = "openproject/openproject:15-slim"
GITEA = "gitea/gitea:1.22.6"


def openproject(port: int, state: dict[str, Any] | None = None, **environment: str) -> dict[str, Any]:
    command = ("./docker/prod/web",)
    return inspected("web", OPENPROJECT, state, {"PORT": str(port), **environment}, command=command)


@pytest.mark.parametrize(
    ("environment", "exposed", "ports", "paths"),
    [
        ({}, {}, (8080, 80), ("/health_checks/database",)),
        ({}, {"80/tcp": {}}, (80, 8080), ("/health_checks/database",)),
        ({"PORT": "9090"}, {}, (9090,), ("/health_checks/database",)),
        (
            {"OPENPROJECT_RAILS__RELATIVE__URL__ROOT": "/openproject/"},
            {},
            (8080, 80),
            ("/openproject/health_checks/database", "/health_checks/database"),
        ),
    ],
)
def test_end_point_of_openproject(environment: Any, exposed: Any, ports: Any, paths: Any) -> None:
    data = inspected("web", OPENPROJECT, environment=environment, ExposedPorts=exposed)
    found = end_point(inspection_from(data), "openproject")
    assert (found.ports, found.paths) == (ports, paths)


@pytest.mark.parametrize(
    ("environment", "scheme", "ports", "paths"),
    [
        ({}, "http", (3000,), ("/api/healthz",)),
        (
            {"GITEA__server__ROOT_URL": "https://x.example/git/", "GITEA__SERVER__HTTP_PORT": "80"},
            "http",
            (80,),
            ("/api/healthz", "/git/api/healthz"),
        ),
        ({"GITEA__server__PROTOCOL": "https"}, "https", (3000,), ("/api/healthz",)),
    ],
)
def test_end_point_of_gitea(environment: Any, scheme: str, ports: Any, paths: Any) -> None:
    found = end_point(inspection_from(inspected("server", GITEA, environment=environment)), "gitea")
    assert (found.scheme, found.ports, found.paths) == (scheme, ports, paths)


def test_every_address_of_the_container_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    # Nothing listens at the first one, as in a physical network that this host does not reach.
    with site(**{"/health_checks/database": (200, "ok")}) as web:
        data = openproject(web.port)
        data["NetworkSettings"]["Networks"] = {"a": {"IPAddress": "127.0.0.9"}, "b": {"IPAddress": "127.0.0.1"}}
        finding = application_health(view_of(monkeypatch, data), "openproject")
    assert finding.state == "ok"
    assert finding.evidence == (f"http://127.0.0.1:{web.port}/health_checks/database",)


def test_relative_root_and_host_name_are_those_of_the_container(monkeypatch: pytest.MonkeyPatch) -> None:
    with site(**{"/op/health_checks/database": (200, "ok")}) as web:
        root = {"OPENPROJECT_RAILS__RELATIVE__URL__ROOT": "/op", "OPENPROJECT_HOST__NAME": "op.example.com"}
        finding = application_health(view_of(monkeypatch, openproject(web.port, **root)), "openproject")
    assert finding.state == "ok"
    [(path, headers)] = web.asked
    assert (path, headers["Host"]) == ("/op/health_checks/database", "op.example.com")


def test_path_without_the_relative_root_is_tried_too(monkeypatch: pytest.MonkeyPatch) -> None:
    with site(**{"/health_checks/database": (200, "ok")}) as web:
        root = {"OPENPROJECT_RAILS__RELATIVE__URL__ROOT": "/op"}
        finding = application_health(view_of(monkeypatch, openproject(web.port, **root)), "openproject")
    assert finding.state == "ok"
    assert web.paths == ["/op/health_checks/database", "/health_checks/database"]


def protected(web: Site, password: str) -> None:
    web.answers["/health_checks/database"] = (200, "ok")
    web.password = "Basic " + base64.b64encode(f"health_checks:{password}".encode()).decode()


def test_password_of_the_health_checks_is_taken_from_the_container(monkeypatch: pytest.MonkeyPatch) -> None:
    with site() as web:
        protected(web, "s3cret")
        finding = application_health(view_of(monkeypatch, openproject(web.port, **{PASSWORD: "s3cret"})), "openproject")
    assert finding.state == "ok"
    assert "s3cret" not in json.dumps(finding.to_dict())
    assert "Authorization" not in web.asked[0][1], "the password is sent only where it is asked for"


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({}, f"401: its health checks ask for a password, and its container has no {PASSWORD}"),
        ({PASSWORD: "wr0ng"}, f"401: its health checks refuse the password in {PASSWORD} of its container"),
    ],
)
def test_password_that_is_not_known_is_unknown(monkeypatch: pytest.MonkeyPatch, environment: Any, words: str) -> None:
    with site() as web:
        protected(web, "s3cret")
        finding = application_health(view_of(monkeypatch, openproject(web.port, **environment)), "openproject")
    assert (finding.state, finding.seen) == ("unknown", words)
    assert "wr0ng" not in json.dumps(finding.to_dict())


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def test_error_of_the_application_is_critical_and_may_follow_from_its_database(monkeypatch: pytest.MonkeyPatch) -> None:
    with site(**{"/health_checks/database": (500, "database: FAILED")}) as web:
        database = inspected("db", "postgres:17", ENDED)
        environment = {"DATABASE_URL": "postgres://postgres:x@db/openproject"}
        finding = application_health(
            view_of(monkeypatch, openproject(web.port, **environment), database), "openproject"
        )
    assert (finding.state, finding.seen) == ("critical", "500 database: FAILED")
    assert isinstance(finding, Consequence)
    assert finding.of[0] == ("containers", "db")


def test_stopped_container_is_a_consequence_with_the_command_of_the_project(monkeypatch: pytest.MonkeyPatch) -> None:
    finding = application_health(view_of(monkeypatch, openproject(1, ENDED)), "openproject")
    assert finding.seen == "no answer: its container is exited"
    assert finding.fix.endswith("up --detach web")
    assert isinstance(finding, Consequence)
    assert finding.of[0] == ("containers", "openproject web")


STARTED = {**RUNNING, "StartedAt": "2027-01-15T07:59:30Z"}


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ({**STARTED, "Health": {"Status": "starting"}}, "warning"),
        (STARTED, "warning"),
        ({**STARTED, "Health": {"Status": "unhealthy"}}, "critical"),
        (RUNNING, "critical"),
        ({**RUNNING, "Health": {"Status": "healthy"}}, "critical"),
    ],
)
def test_application_that_is_still_starting_is_a_warning(
    monkeypatch: pytest.MonkeyPatch, state: dict[str, Any], expected: str
) -> None:
    data = openproject(closed_port(), state)
    data["Config"]["Healthcheck"] = {"StartPeriod": 600 * 10**9, "Interval": 10**10, "Retries": 3}
    finding = application_health(view_of(monkeypatch, data), "openproject")
    assert finding.state == expected
    assert "connection refused" in finding.seen
    if expected == "warning":
        assert "it was started 30 s ago and may take up to 10 min until it answers" in finding.seen


def test_no_application_is_recognised(monkeypatch: pytest.MonkeyPatch) -> None:
    [finding] = applications(
        view_of(monkeypatch, inspected("thing", "example/thing:1"), inspected("db", "postgres:17"))
    )
    assert finding.state == "unknown"
    assert finding.seen == "no application was recognised among the services db, thing, so none was asked"
    assert "option applications" in finding.fix
    assert list(applications(view_of(monkeypatch, openproject(1)))) == []
