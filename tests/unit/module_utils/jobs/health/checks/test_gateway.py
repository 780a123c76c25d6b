# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The gateway of a stack: ours, another one, one that redirects, and none."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.jobs.health.checks.gateway import check_http
from ansible_collections.maxops.ops.plugins.module_utils.jobs.health.consequences import collapse
from ansible_collections.maxops.ops.plugins.module_utils.jobs.health.view import View
from ansible_collections.maxops.ops.plugins.module_utils.tools.finding import Finding
from ansible_collections.maxops.ops.tests.unit.health_stack import inspected, site, view_of

HEALTHY = {"/health_checks/database": (200, "ok")}
WELL = {"status": "pass", "openproject": {"status": "pass", "code": 200}, "gitea": {"status": "pass", "code": 200}}


def web(port: int) -> dict[str, Any]:
    environment = {"PORT": str(port), "OPENPROJECT_HOST__NAME": "op.example.com"}
    return inspected("web", "openproject/openproject:15-slim", environment=environment, command=("./docker/prod/web",))


def proxy(ports: dict[str, int], **more: Any) -> dict[str, Any]:
    return inspected("proxy", "caddy:2", ports=ports, **more)


def found(view: View) -> dict[str, Finding]:
    return {finding.subject: finding for finding in collapse(list(check_http(view))).causes}


def test_gateway_of_another_kind_is_asked_at_its_root(monkeypatch: pytest.MonkeyPatch) -> None:
    with site(**HEALTHY) as application, site(**{"/": (302, "")}) as gateway:
        findings = found(view_of(monkeypatch, web(application.port), proxy({"80/tcp": gateway.port})))
    assert {subject: finding.state for subject, finding in findings.items()} == {"gateway": "ok", "openproject": "ok"}
    assert findings["gateway"].seen.startswith("302 at / (it is not the gateway of the role stack) in ")
    assert {headers["Host"] for _path, headers in gateway.asked} == {"op.example.com"}


@pytest.mark.parametrize(("status", "state"), [(200, "ok"), (400, "ok"), (404, "ok"), (500, "critical")])
def test_answer_of_another_gateway(monkeypatch: pytest.MonkeyPatch, status: int, state: str) -> None:
    with site(**HEALTHY) as application, site(**{"/": (status, "x")}) as gateway:
        findings = found(view_of(monkeypatch, web(application.port), proxy({"80/tcp": gateway.port})))
    assert findings["gateway"].state == state
    assert findings["openproject"].state == "ok"


def test_gateway_that_cannot_reach_an_application_follows_from_it(monkeypatch: pytest.MonkeyPatch) -> None:
    with site(**{"/health_checks/database": (500, "boom")}) as application, site(**{"/": (502, "")}) as gateway:
        findings = found(view_of(monkeypatch, web(application.port), proxy({"80/tcp": gateway.port})))
    assert list(findings) == ["openproject"]
    assert "follows from it: http gateway (502" in findings["openproject"].evidence[-1]


def test_gateway_that_cannot_reach_one_application_does_not_follow_from_the_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stopped = inspected("git", "gitea/gitea:1.22.6", {"Status": "exited", "ExitCode": 1})
    with site(**HEALTHY) as application, site(**{"/": (502, "")}) as gateway:
        findings = found(view_of(monkeypatch, web(application.port), stopped, proxy({"80/tcp": gateway.port})))
    assert {subject: finding.state for subject, finding in findings.items()} == {
        "gateway": "critical",
        "openproject": "ok",
        "gitea": "critical",
    }


@pytest.mark.parametrize(
    ("answer", "location", "words"),
    [
        ((400, "Invalid host_name configuration"), "", "400: OpenProject refuses requests for the host name op.exa"),
        ((403, "<h1>Blocked hosts: op.example.com</h1>"), "", "403: OpenProject refuses requests for the host name"),
        ((301, ""), "http://op.example.com/", "301: it redirects to the same address, so browsers give up: http://op."),
        ((301, ""), "http://op.example.com:80", "301: it redirects to the same address, so browsers give up: http://"),
        ((301, ""), "https://op.example.com/", None),
        ((302, ""), "/login", None),
        ((302, ""), "http://op.example.com/login?back_url=%2F", None),
        ((302, ""), "http://www.example.com/", None),
        ((302, ""), "", None),
    ],
)
def test_answer_that_users_cannot_work_with(
    monkeypatch: pytest.MonkeyPatch, answer: tuple[int, str], location: str, words: str | None
) -> None:
    with site(**HEALTHY) as application, site(**{"/": answer}) as gateway:
        if location:
            gateway.locations["/"] = location
        finding = found(view_of(monkeypatch, web(application.port), proxy({"80/tcp": gateway.port})))["gateway"]
    assert finding.state == ("critical" if words else "ok")
    assert finding.seen.startswith(words or f"{answer[0]} at /")


def test_gateway_that_nothing_answers_at_is_critical(monkeypatch: pytest.MonkeyPatch) -> None:
    with site(**HEALTHY) as application:
        findings = found(view_of(monkeypatch, web(application.port), proxy({"80/tcp": 9})))
    assert findings["gateway"].state == "critical"
    assert "connection refused" in findings["gateway"].seen


def test_redirect_to_an_encrypted_port_that_is_not_published_is_ok(monkeypatch: pytest.MonkeyPatch) -> None:
    with site(**HEALTHY) as application, site(**{"/metrics": (301, "")}) as gateway:
        gateway.locations["/metrics"] = "https://op.example.com/metrics"
        findings = found(view_of(monkeypatch, web(application.port), proxy({"80/tcp": gateway.port})))
    assert findings["gateway"].state == "ok"
    expected = "301: it sends to https://op.example.com, whose port this host does not publish; answered in "
    assert findings["gateway"].seen.startswith(expected)
    assert findings["openproject"].state == "ok"


def test_redirect_is_followed_to_the_port_that_is_published_for_443(monkeypatch: pytest.MonkeyPatch) -> None:
    with site(**HEALTHY) as application, site(**{"/metrics": (308, "")}) as gateway:
        gateway.locations["/metrics"] = "https://op.example.com/metrics"
        findings = found(view_of(monkeypatch, web(application.port), proxy({"80/tcp": gateway.port, "443/tcp": 9})))
    assert findings["gateway"].state == "critical"
    assert findings["gateway"].evidence == ("https://127.0.0.1:9",)


def test_redirect_to_its_own_port_means_that_the_port_speaks_tls(monkeypatch: pytest.MonkeyPatch) -> None:
    """As nginx answers to plain HTTP on an encrypted port; the site of this test does not speak TLS."""
    with site(**HEALTHY) as application, site(**{"/metrics": (301, "")}) as gateway:
        gateway.locations["/metrics"] = f"https://op.example.com:{gateway.port}/metrics"
        findings = found(view_of(monkeypatch, web(application.port), proxy({"8080/tcp": gateway.port})))
    assert findings["gateway"].state == "critical"
    assert findings["gateway"].evidence == (f"https://127.0.0.1:{gateway.port}",)


def test_own_gateway_reports_on_the_applications_of_the_stack(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = {"/health": (200, json.dumps(WELL)), "/metrics": (200, ""), "/health/openproject": (200, "{}")}
    with site(**HEALTHY) as application, site(**answers) as gateway:
        findings = found(view_of(monkeypatch, web(application.port), proxy({"80/tcp": gateway.port})))
    assert set(findings) == {"gateway", "gateway /health", "openproject through the gateway", "openproject"}
    assert {finding.state for finding in findings.values()} == {"ok"}


def test_report_about_an_unhealthy_application_follows_from_it(monkeypatch: pytest.MonkeyPatch) -> None:
    report = {**WELL, "status": "fail", "openproject": {"status": "fail", "code": 500}}
    answers = {"/health": (503, json.dumps(report)), "/metrics": (200, ""), "/health/openproject": (500, "x")}
    with site(**{"/health_checks/database": (500, "boom")}) as application, site(**answers) as gateway:
        findings = found(view_of(monkeypatch, web(application.port), proxy({"80/tcp": gateway.port})))
    assert {subject: finding.state for subject, finding in findings.items()} == {
        "gateway": "ok",
        "openproject": "critical",
    }


def test_stack_without_a_gateway_is_asked_at_the_port_of_its_application(monkeypatch: pytest.MonkeyPatch) -> None:
    with site(**{"/api/healthz": (200, "{}"), "/": (200, "")}) as gitea:
        port = str(gitea.port)
        environment = {"GITEA__server__HTTP_PORT": port}
        server = inspected("server", "gitea/gitea:1.22.6", environment=environment, ports={f"{port}/tcp": gitea.port})
        findings = found(view_of(monkeypatch, server))
    assert {subject: finding.state for subject, finding in findings.items()} == {
        "gitea": "ok",
        "gitea at its published port": "ok",
    }


def test_stack_that_publishes_nothing_is_said_to_be_not_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    with site(**HEALTHY) as application:
        findings = found(view_of(monkeypatch, web(application.port)))
    assert findings["gateway"].state == "notice"
    assert "was not looked at" in findings["gateway"].seen
    assert "gateway_url" in findings["gateway"].fix
    assert findings["openproject"].state == "ok"


def test_stack_without_a_known_application_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    with site(**{"/": (200, "")}) as gateway:
        findings = found(view_of(monkeypatch, inspected("thing", "a/thing:1"), proxy({"80/tcp": gateway.port})))
    assert findings["gateway"].state == "ok"
    assert findings["applications"].state == "unknown"
