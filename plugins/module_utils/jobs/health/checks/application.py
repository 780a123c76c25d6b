# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Health of an application, asked at its own container: every address, its configured port, path and password."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from ansible_collections.maxops.ops.plugins.module_utils.systems.applications import gitea_settings
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.addresses import reach
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.inspection import Inspection
from ansible_collections.maxops.ops.plugins.module_utils.tools.finding import CRITICAL, UNKNOWN, WARNING, Finding
from ansible_collections.maxops.ops.plugins.module_utils.tools.http.probe import Probe, probe
from ansible_collections.maxops.ops.plugins.module_utils.tools.words import age

from ..consequences import Key, following
from ..view import FIRST_SHARE, StackView, View
from .answers import CHECK, on_time, text_of

# The database check, not "default": OpenProject reports that one as passed even while its database is down.
PATHS = {"openproject": "/health_checks/database", "gitea": "/api/healthz"}
PORTS = {"openproject": (8080, 80), "gitea": (3000,)}

PASSWORD = "OPENPROJECT_HEALTH__CHECKS__AUTHENTICATION__PASSWORD"  # noqa: S105 - the name of a variable
PASSWORD_USER = "health_checks"  # noqa: S105 - a user's name

YOUNG = {"openproject": 120.0, "gitea": 60.0}
"""Seconds after its start in which an application without a health check may refuse connections."""


@dataclass(frozen=True)
class EndPoint:
    """Where an application answers for its health: ``paths`` are tried in turn while one does not exist (404)."""

    scheme: str
    ports: tuple[int, ...]
    paths: tuple[str, ...]


def end_point(inspection: Inspection, application: str) -> EndPoint:
    """The end point, from the container's settings."""
    if application == "gitea":
        settings = gitea_settings(inspection.container, inspection.files_root)
        below = urlsplit(settings.get(("server", "ROOT_URL"), "")).path.rstrip("/")
        configured = settings.get(("server", "HTTP_PORT"), "")
        scheme = "https" if settings.get(("server", "PROTOCOL"), "").lower() == "https" else "http"
        # The gateway usually removes the path below which users see Gitea.
        paths = (PATHS["gitea"], f"{below}{PATHS['gitea']}")
    else:
        below = inspection.container.environment.get("OPENPROJECT_RAILS__RELATIVE__URL__ROOT", "").strip("/")
        configured = inspection.container.environment.get("PORT", "")
        scheme = "http"
        paths = (f"/{below}{PATHS['openproject']}" if below else PATHS["openproject"], PATHS["openproject"])
    known = [port for port in PORTS[application] if port in inspection.exposed]
    ports = [int(configured)] if configured.isdigit() else [*known, *PORTS[application]]
    return EndPoint(scheme, tuple(dict.fromkeys(ports)), tuple(dict.fromkeys(paths)))


def application_health(view: View, application: str) -> Finding:
    """The answer of an application at its container, which several checks share."""
    return view.shared(f"the answer of {application}", lambda: _ask(view, view.stack(), application))


def causes_of(stack: StackView, application: str) -> tuple[Key, ...]:
    """Findings about the database and the cache of an application: one that lacks them is not at fault itself."""
    servers = [one for name in stack.roles.servers for one in stack.inspections_of(name)]
    return (
        *(("containers", stack.subject_of(server)) for server in servers),
        ("postgresql", "server"),
        ("postgresql", "connections"),
        ("postgresql", f"{application} to its database"),
        ("redis", "server"),
        ("redis", application),
    )


def _ask(view: View, stack: StackView, application: str) -> Finding:
    service = stack.roles.service_of(application)
    inspections = stack.inspections_of(service)
    if not inspections:
        seen = f'the stack has no service "{service}"'
        return Finding(CHECK, application, UNKNOWN, seen, "200", fix="correct the option applications")
    inspection = inspections[0]
    own: Key = ("containers", stack.subject_of(inspection))
    if not inspection.running:
        seen = f"no answer: its container is {inspection.state}"
        view.measure("http_up", 0.0, endpoint=application)
        finding = Finding(CHECK, application, CRITICAL, seen, "200", (inspection.name,), stack.start(service))
        return following(finding, own, *causes_of(stack, application))
    if not inspection.container.addresses:
        seen = f"container {inspection.name} has no address that this host can reach"
        return Finding(CHECK, application, UNKNOWN, seen, "200", fix="attach it to a bridge network")
    found = end_point(inspection, application)
    reached = reach(inspection.container.addresses, found.ports, view.left * FIRST_SHARE)
    if reached.host:
        at = f"{found.scheme}://{reached.host}:{reached.port}"
        answer = _first_existing(at, found, view, inspection)
        view.measure("http_up", float(answer.status == 200), endpoint=application)
        return _judged(view, application, inspection, answer)
    view.measure("http_up", 0.0, endpoint=application)
    state, seen = CRITICAL, f"no connection: {reached.describe()}"
    starts = _starts(inspection, view.now, application, reached.refused)
    if starts:
        state, seen = WARNING, f"{seen}; {_start_words(inspection, view.now)}"
    finding = Finding(CHECK, application, state, seen, "200", (inspection.name,), _fix(inspection))
    return following(finding, own, *causes_of(stack, application), starts=starts)


def _judged(view: View, application: str, inspection: Inspection, answer: Probe) -> Finding:
    if answer.status == 200:
        return on_time(view, answer, application, "200")
    if answer.status in (401, 403):
        return _refused(application, answer, inspection)
    stack = view.stack()
    state, seen = CRITICAL, _without_password(text_of(answer), inspection)
    starts = inspection.health == "starting"
    if starts:
        state, seen = WARNING, f"{seen}; {_start_words(inspection, view.now)}"
    finding = Finding(CHECK, application, state, seen, "200", (answer.url,), _fix(inspection))
    return following(finding, *causes_of(stack, application), starts=starts)


def _first_existing(at: str, found: EndPoint, view: View, inspection: Inspection) -> Probe:
    """The answer at the first path that exists, with the health checks' password where one is asked for and known."""
    headers, password = _headers(inspection), inspection.container.environment.get(PASSWORD)
    answer = Probe(at, 0, "", "", 0.0, "no path to ask")
    for path in found.paths:
        answer = probe(at + path, view.left, headers)
        if answer.status == 401 and password:
            secret = base64.b64encode(f"{PASSWORD_USER}:{password}".encode()).decode()
            answer = probe(at + path, view.left, {**headers, "Authorization": f"Basic {secret}"})
        if answer.status != 404:
            break
    return answer


def _headers(inspection: Inspection) -> dict[str, str]:
    """Headers as the gateway sends them: OpenProject rejects requests for another host name."""
    environment = inspection.container.environment
    headers = {}
    if environment.get("OPENPROJECT_HOST__NAME"):
        headers["Host"] = environment["OPENPROJECT_HOST__NAME"]
    if environment.get("OPENPROJECT_HTTPS", "").lower() == "true":
        headers["X-Forwarded-Proto"] = "https"
    return headers


def _refused(application: str, answer: Probe, inspection: Inspection) -> Finding:
    known = inspection.container.environment.get(PASSWORD)
    if application != "openproject":
        seen, fix = f"{answer.status}: its health end point refuses this host", "allow this host to read it"
    elif known:
        seen = f"{answer.status}: its health checks refuse the password in {PASSWORD} of its container"
        fix = f"see whether another one is in force: docker logs --tail=50 {inspection.name}"
    else:
        seen = f"{answer.status}: its health checks ask for a password, and its container has no {PASSWORD}"
        fix = f"set {PASSWORD} in the environment of service {inspection.service}, so that it can be read there"
    return Finding(CHECK, application, UNKNOWN, seen, "200", (answer.url,), fix)


def _without_password(text: str, inspection: Inspection) -> str:
    password = inspection.container.environment.get(PASSWORD)
    return text.replace(password, "***") if password else text


# -- an application that is still starting ----------------------------------------------------------------------------


def _starts(inspection: Inspection, now: float, application: str, refused: bool) -> bool:
    """Whether it may still be starting: Docker says so, or it has no health check and started a moment ago."""
    if inspection.health or inspection.restarts:
        return inspection.health == "starting"
    up = now - inspection.started.timestamp() if inspection.started else YOUNG[application]
    return refused and up < YOUNG[application]


def _start_words(inspection: Inspection, now: float) -> str:
    started = f"it was started {age(now - inspection.started.timestamp())} ago" if inspection.started else "it starts"
    most = inspection.start_seconds
    return (
        f"{started} and may take up to {age(most)} until it answers" if most else f"{started} and may still be starting"
    )


def _fix(inspection: Inspection) -> str:
    return (
        f"docker logs --tail=50 {inspection.name} shows the cause; restart it if it hangs "
        f"(ansible-playbook maxops.ops.restart -e restart_services={inspection.service})"
    )


def applications(view: View) -> Iterator[Finding]:
    """The finding when no application was recognised, so that none is asked."""
    stack = view.stack()
    for entry in stack.roles.ambiguous:
        if entry.option == "applications":
            yield Finding(CHECK, entry.what, UNKNOWN, entry.describe(), fix="set the option applications")
    if stack.inspections and not stack.roles.applications:
        services = ", ".join(sorted({one.service for one in stack.inspections}))
        seen = f"no application was recognised among the services {services}, so none was asked"
        fix = 'name them in the option applications, such as {"openproject": "web", "gitea": "server"}'
        yield Finding(CHECK, "applications", UNKNOWN, seen, "OpenProject or Gitea", fix=fix)
