# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Health over HTTP: the gateway, the services behind it, and the gateway's certificate."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.container import Container
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.inspection import Inspection
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError
from ansible_collections.maxops.ops.plugins.module_utils.tools.finding import (
    CRITICAL,
    OK,
    UNKNOWN,
    Finding,
    from_error,
    judged,
    judged_low,
)
from ansible_collections.maxops.ops.plugins.module_utils.tools.http.probe import Probe, certificate_end, probe

from ..history import recall, remember
from ..view import APPLICATIONS, FIRST_SHARE, GATEWAYS, View

CHECK = "http"
BEHIND = {"/health": "gateway /health", "/health/openproject": "openproject", "/health/gitea": "gitea"}
"""Paths that are requested from the gateway, and whose health they report."""

# The database check, not "default": OpenProject reports that one as passed even while its database is down.
OWN_PATHS = {"openproject": "/health_checks/database", "gitea": "/api/healthz"}
OWN_PORTS = {"openproject": (8080, 80), "gitea": (3000,)}

QUIET_PATH = "/metrics"
"""The gateway of the role stack answers this path itself, so the answer shows only the gateway's own health."""


@dataclass(frozen=True)
class Gateway:
    """The gateway's address, and its answer to the first request."""

    url: str
    first: Probe
    container: str = ""


def check_http(view: View) -> Iterator[Finding]:
    """The health endpoints of the stack: through the gateway, and of every application directly."""
    yield from view.all_of(
        [partial(_through_gateway, view), *(partial(_directly, view, service) for service in APPLICATIONS)]
    )


def check_certificate(view: View) -> Iterator[Finding]:
    """How long the gateway's certificate is still valid."""
    try:
        gateway = _gateway(view)
    except MaxopsError:
        seen = "the address of the gateway is not known"
        yield Finding("certificate", "gateway", UNKNOWN, seen, fix="see the finding of the check http")
        return
    scheme, _colon, address = gateway.url.partition("://")
    if scheme != "https":
        yield Finding("certificate", "gateway", OK, "the gateway uses plain HTTP: no certificate to check")
        return
    host, _colon, port = (
        address.partition("/")[0].rpartition(":") if _has_port(address) else (address.partition("/")[0], "", "443")
    )
    try:
        left = certificate_end(host.strip("[]"), int(port), view.left) - view.now
    except (OSError, ValueError) as error:
        seen = f"its certificate cannot be read: {error}"
        yield Finding("certificate", "gateway", UNKNOWN, seen, fix="see the http check: does the gateway answer?")
        return
    days = left / 86400
    warning, critical = view.limit("certificate", "days_warning"), view.limit("certificate", "days_critical")
    view.measure("certificate_expiry_seconds", round(left), gateway=address)
    expired = left <= 0
    seen = f"expired {-days:.0f} days ago: browsers and git reject it" if expired else f"valid for {days:.0f} more days"
    yield Finding(
        "certificate",
        "gateway",
        CRITICAL if expired else judged_low(days, warning, critical),
        seen,
        f"more than {warning:g} days",
        (address,),
        "put the renewed certificate where stack_tls_certificate says and run ansible-playbook maxops.ops.deploy; see "
        "why it was not renewed",
    )


def _has_port(address: str) -> bool:
    return address.partition("/")[0].rpartition("]")[2].count(":") == 1


# -- the gateway ----------------------------------------------------------------------------------------------------


def _gateway(view: View) -> Gateway:
    return view.shared("the gateway", lambda: _find_gateway(view))


def _find_gateway(view: View) -> Gateway:
    given = view.options.gateway_url
    if given:
        url = given.rstrip("/")
        return Gateway(url, _first_answer(view, url))
    try:
        host, port, container = _published(view)
    except MaxopsError:
        last = recall(view, "gateway")
        if not last:
            raise
        return Gateway(str(last), _first_answer(view, str(last)))
    url = f"http://{host}:{port}"
    first = _first_answer(view, url)
    if _requires_tls(first):
        url = f"https://{host}:{port}"
        first = _first_answer(view, url)
    remember(view, "gateway", url)
    return Gateway(url, first, container)


def _first_answer(view: View, url: str) -> Probe:
    return probe(url + QUIET_PATH, view.left * FIRST_SHARE)


def _requires_tls(first: Probe) -> bool:
    if first.status in (301, 302, 307, 308):
        return first.location.startswith("https://")
    return (first.status == 400 and "HTTPS" in first.body) or "does not speak HTTP" in first.problem


def _published(view: View) -> tuple[str, str, str]:
    """Address, port and container of the gateway, from the published ports; works while it is down, too."""
    publishing = [inspection for inspection in view.stack().inspections if inspection.ports]
    by_name = sorted(publishing, key=lambda inspection: _rank(inspection.service))
    if not by_name or _rank(by_name[0].service) == len(GATEWAYS):
        raise MaxopsError(
            f"no service named {', '.join(GATEWAYS)} publishes a port, so the gateway's address is not known; "
            "set gateway_url, such as http://127.0.0.1:9000"
        )
    first = by_name[0].ports[0]
    address = first.address
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(address)  # noqa: S104 - read, not listened on
    return host or (f"[{address}]" if ":" in address else address), str(first.port), by_name[0].name


def _rank(service: str) -> int:
    return GATEWAYS.index(service) if service in GATEWAYS else len(GATEWAYS)


def _through_gateway(view: View) -> Iterator[Finding]:
    try:
        gateway = _gateway(view)
    except MaxopsError as error:
        yield from_error(CHECK, "gateway", UNKNOWN, error)
        return
    first = gateway.first
    logs = f"docker logs --tail=50 {gateway.container}" if gateway.container else "its log"
    up = not first.problem
    view.measure("http_up", float(up), endpoint="gateway")
    if not up:
        yield Finding(CHECK, "gateway", CRITICAL, first.problem, "an answer", (gateway.url,), f"{logs} shows the cause")
        return
    yield _on_time(view, first, "gateway", "answered")
    absent = _absent(view)
    yield from view.all_of(
        [partial(_behind, view, gateway, path, owner) for path, owner in BEHIND.items() if owner not in absent]
    )


def _absent(view: View) -> set[str]:
    """Applications that are not part of this stack; empty if Docker cannot be queried."""
    try:
        return set(APPLICATIONS) - {inspection.service for inspection in view.stack().inspections}
    except MaxopsError:
        return set()


def _behind(view: View, gateway: Gateway, path: str, owner: str) -> list[Finding]:
    return [_judge_behind(view, gateway, path, owner)]


def _judge_behind(view: View, gateway: Gateway, path: str, owner: str) -> Finding:
    answer = probe(gateway.url + path, view.left)
    subject = owner if owner.startswith("gateway") else f"{owner} through the gateway"
    view.measure("http_up", float(answer.status == 200), endpoint=path)
    if answer.problem:
        fix = f"see {owner}'s own finding" if owner in APPLICATIONS else "see the findings of the services behind it"
        return Finding(CHECK, subject, CRITICAL, answer.problem, "200", (answer.url,), fix)
    status = _json(answer.body)
    if answer.status == 200 and (status is not None or owner != "gateway /health"):
        return _on_time(view, answer, subject, "200", path)
    if owner != "gateway /health":
        fix = f"see {owner}'s own finding"
        return Finding(CHECK, subject, CRITICAL, _text_of(answer), "200", (answer.url,), fix)
    unhealthy = " and ".join(
        name for name in APPLICATIONS if status and (status.get(name) or {}).get("status") not in (None, "pass", "ok")
    )
    if unhealthy:
        seen = f"{answer.status}: unhealthy: {unhealthy}"
        return Finding(CHECK, subject, CRITICAL, seen, "200", (answer.url,), f"see the findings of {unhealthy}")
    seen = f"{_text_of(answer)}: this is not the answer of a MaxOps gateway"
    fix = "see which process uses the port (ss -ltnp), or set gateway_url"
    return Finding(CHECK, subject, CRITICAL, seen, "200 with a status as JSON", (answer.url,), fix)


# -- the applications themselves --------------------------------------------------------------------------------------


def _directly(view: View, service: str) -> Iterator[Finding]:
    inspections = [inspection for inspection in view.stack().inspections if inspection.service == service]
    for inspection in sorted(inspections, key=lambda one: not one.running)[:1]:
        container = inspection.container
        if not container.running:
            seen = f"no answer: its container is {container.state}"
            yield Finding(CHECK, service, CRITICAL, seen, "200", (container.name,), f"docker start {container.name}")
            continue
        if not container.addresses:
            seen = f"container {container.name} has no address that this host can reach"
            yield Finding(CHECK, service, UNKNOWN, seen, "200", fix="attach it to a bridge network")
            continue
        url = f"http://{container.addresses[0]}:{_own_port(inspection, service)}{OWN_PATHS[service]}"
        answer = probe(url, view.left, _own_headers(container))
        view.measure("http_up", float(answer.status == 200), endpoint=service)
        if answer.status == 200:
            yield _on_time(view, answer, service, "200")
        elif answer.status in (401, 403):
            seen = f"{answer.status}: its health endpoint requires a password"
            yield Finding(CHECK, service, UNKNOWN, seen, "200", (url,), "allow the host's networks to read it")
        else:
            seen = answer.problem or _text_of(answer)
            fix = (
                f"docker logs --tail=50 {container.name} shows the cause; restart it if it hangs "
                f"(ansible-playbook maxops.ops.restart -e restart_services={service})"
            )
            yield Finding(CHECK, service, CRITICAL, seen, "200", (url,), fix)


def _own_port(inspection: Inspection, service: str) -> int:
    configured = inspection.container.environment.get("GITEA__server__HTTP_PORT", "") if service == "gitea" else ""
    if configured.isdigit():
        return int(configured)
    ports = OWN_PORTS[service]
    return next((port for port in ports if port in inspection.exposed), ports[0])


def _own_headers(container: Container) -> dict[str, str]:
    """Headers as the gateway sends them: OpenProject rejects requests for another host name."""
    headers = {}
    if container.environment.get("OPENPROJECT_HOST__NAME"):
        headers["Host"] = container.environment["OPENPROJECT_HOST__NAME"]
    if container.environment.get("OPENPROJECT_HTTPS", "").lower() == "true":
        headers["X-Forwarded-Proto"] = "https"
    return headers


# -- answers ----------------------------------------------------------------------------------------------------------


def _on_time(view: View, answer: Probe, subject: str, outcome: str, endpoint: str = "") -> Finding:
    """The finding of a good answer, judged by how long it took."""
    warning, critical = view.limit(CHECK, "latency_warning"), view.limit(CHECK, "latency_critical")
    view.measure("http_latency_seconds", round(answer.seconds, 6), endpoint=endpoint or subject)
    state = judged(answer.seconds, warning, critical)
    taken = f"{answer.seconds:.2f} s" if answer.seconds >= 0.1 else f"{answer.seconds * 1000:.0f} ms"
    busy = (
        "find what keeps the host or the database busy (ansible-playbook maxops.ops.status, ansible-playbook "
        "maxops.ops.optimize)"
    )
    fix = busy if state != OK else ""
    return Finding(CHECK, subject, state, f"{outcome} in {taken}", f"within {warning:g} s", (answer.url,), fix)


def _text_of(answer: Probe) -> str:
    text = " ".join(answer.body.split())
    return f"{answer.status} {text[:120]}".strip() if "<" not in text else f"{answer.status}"


def _json(body: str) -> dict[str, Any] | None:
    try:
        data = json.loads(body)
    except ValueError:
        return None
    return data if isinstance(data, dict) else None
