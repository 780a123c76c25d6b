# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Health as people see it: the gateway, what lies behind it, its certificate. Private to this collection."""

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
"""What the gateway is asked for, and whose health the answer is."""

# The database check, not "default": OpenProject says that one is well while its database is gone.
OWN_PATHS = {"openproject": "/health_checks/database", "gitea": "/api/healthz"}
OWN_PORTS = {"openproject": (8080, 80), "gitea": (3000,)}

QUIET_PATH = "/metrics"
"""The role stack's gateway answers this by itself, so that it tells of the gateway alone."""


@dataclass(frozen=True)
class Gateway:
    """Where people come in, and what was there at the first look."""

    url: str
    first: Probe
    container: str = ""


def check_http(view: View) -> Iterator[Finding]:
    """Every way to ask the stack whether it is well: through the gateway, and each application itself."""
    yield from view.all_of(
        [partial(_through_gateway, view), *(partial(_itself, view, service) for service in APPLICATIONS)]
    )


def check_certificate(view: View) -> Iterator[Finding]:
    """How long the gateway's certificate is still good."""
    try:
        gateway = _gateway(view)
    except MaxopsError:
        said = "where the gateway is, is not known"
        yield Finding("certificate", "gateway", UNKNOWN, said, fix="see the finding of the check http")
        return
    scheme, _colon, place = gateway.url.partition("://")
    if scheme != "https":
        yield Finding("certificate", "gateway", OK, "the gateway speaks plain HTTP: there is no certificate")
        return
    host, _colon, port = (
        place.partition("/")[0].rpartition(":") if _has_port(place) else (place.partition("/")[0], "", "443")
    )
    try:
        left = certificate_end(host.strip("[]"), int(port), view.left) - view.now
    except (OSError, ValueError) as error:
        said = f"its certificate cannot be read: {error}"
        yield Finding("certificate", "gateway", UNKNOWN, said, fix="see the http check: does the gateway answer?")
        return
    days = left / 86400
    warning, critical = view.limit("certificate", "days_warning"), view.limit("certificate", "days_critical")
    view.measure("certificate_expiry_seconds", round(left), gateway=place)
    expired = left <= 0
    seen = f"expired {-days:.0f} days ago: browsers and git refuse it" if expired else f"good for {days:.0f} more days"
    yield Finding(
        "certificate",
        "gateway",
        CRITICAL if expired else judged_low(days, warning, critical),
        seen,
        f"more than {warning:g} days",
        (place,),
        "put the renewed certificate where stack_tls_certificate says and run deploy.yml; see why it was not renewed",
    )


def _has_port(place: str) -> bool:
    return place.partition("/")[0].rpartition("]")[2].count(":") == 1


# -- the gateway ----------------------------------------------------------------------------------------------------


def _gateway(view: View) -> Gateway:
    return view.shared("the gateway", lambda: _find_gateway(view))


def _find_gateway(view: View) -> Gateway:
    given = view.options.gateway_url
    if given:
        url = given.rstrip("/")
        return Gateway(url, _first_look(view, url))
    try:
        host, port, container = _published(view)
    except MaxopsError:
        known = recall(view, "gateway")
        if not known:
            raise
        return Gateway(str(known), _first_look(view, str(known)))
    url = f"http://{host}:{port}"
    first = _first_look(view, url)
    if _wants_tls(first):
        url = f"https://{host}:{port}"
        first = _first_look(view, url)
    remember(view, "gateway", url)
    return Gateway(url, first, container)


def _first_look(view: View, url: str) -> Probe:
    return probe(url + QUIET_PATH, view.left * FIRST_SHARE)


def _wants_tls(first: Probe) -> bool:
    if first.status in (301, 302, 307, 308):
        return first.location.startswith("https://")
    return (first.status == 400 and "HTTPS" in first.body) or "does not speak HTTP" in first.problem


def _published(view: View) -> tuple[str, str, str]:
    """Address, port and container of the gateway, as the Compose file publishes it, also while it is down."""
    publishing = [each for each in view.stack().inspections if each.ports]
    by_name = sorted(publishing, key=lambda each: _rank(each.service))
    if not by_name or _rank(by_name[0].service) == len(GATEWAYS):
        raise MaxopsError(
            f"no service called {', '.join(GATEWAYS)} publishes a port, so that it is not known where people come in; "
            "give gateway_url, such as http://127.0.0.1:9000"
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
        yield Finding(CHECK, "gateway", CRITICAL, first.problem, "an answer", (gateway.url,), f"{logs} tells why")
        return
    yield _on_time(view, first, "gateway", "it answers")
    absent = _absent(view)
    yield from view.all_of(
        [partial(_behind, view, gateway, path, whose) for path, whose in BEHIND.items() if whose not in absent]
    )


def _absent(view: View) -> set[str]:
    """Applications that are no part of this stack, as far as Docker can be asked."""
    try:
        return set(APPLICATIONS) - {each.service for each in view.stack().inspections}
    except MaxopsError:
        return set()


def _behind(view: View, gateway: Gateway, path: str, whose: str) -> list[Finding]:
    return [_judge_behind(view, gateway, path, whose)]


def _judge_behind(view: View, gateway: Gateway, path: str, whose: str) -> Finding:
    seen = probe(gateway.url + path, view.left)
    subject = whose if whose.startswith("gateway") else f"{whose} through the gateway"
    view.measure("http_up", float(seen.status == 200), endpoint=path)
    if seen.problem:
        fix = f"see {whose}'s own finding" if whose in APPLICATIONS else "see the findings of what lies behind it"
        return Finding(CHECK, subject, CRITICAL, seen.problem, "200", (seen.url,), fix)
    told = _json(seen.body)
    if seen.status == 200 and (told is not None or whose != "gateway /health"):
        return _on_time(view, seen, subject, "200", path)
    if whose != "gateway /health":
        fix = f"see {whose}'s own finding"
        return Finding(CHECK, subject, CRITICAL, _answer(seen), "200", (seen.url,), fix)
    parts = [name for name in APPLICATIONS if told and (told.get(name) or {}).get("status") not in (None, "pass", "ok")]
    if parts:
        said = f"{seen.status}: {' and '.join(parts)} {'are' if len(parts) > 1 else 'is'} not well"
        return Finding(CHECK, subject, CRITICAL, said, "200", (seen.url,), f"see the findings of {' and '.join(parts)}")
    said = f"{_answer(seen)}: this is not the answer of a MaxOps gateway"
    fix = "see which process has the port (ss -ltnp), or name the gateway in gateway_url"
    return Finding(CHECK, subject, CRITICAL, said, "200 with a status as JSON", (seen.url,), fix)


# -- the applications themselves --------------------------------------------------------------------------------------


def _itself(view: View, service: str) -> Iterator[Finding]:
    found = [each for each in view.stack().inspections if each.service == service]
    for inspection in sorted(found, key=lambda each: not each.running)[:1]:
        container = inspection.container
        if not container.running:
            said = f"nobody answers: its container is {container.state}"
            yield Finding(CHECK, service, CRITICAL, said, "200", (container.name,), f"docker start {container.name}")
            continue
        if not container.addresses:
            said = f"container {container.name} has no address that this host reaches"
            yield Finding(CHECK, service, UNKNOWN, said, "200", fix="attach it to a bridge network")
            continue
        url = f"http://{container.addresses[0]}:{_own_port(inspection, service)}{OWN_PATHS[service]}"
        seen = probe(url, view.left, _own_headers(container))
        view.measure("http_up", float(seen.status == 200), endpoint=service)
        if seen.status == 200:
            yield _on_time(view, seen, service, "200")
        elif seen.status in (401, 403):
            said = f"{seen.status}: it wants a password for its health"
            yield Finding(CHECK, service, UNKNOWN, said, "200", (url,), "let the host's networks read it")
        else:
            said = seen.problem or _answer(seen)
            fix = f"docker logs --tail=50 {container.name} tells why; restart it if it hangs (restart.yml)"
            yield Finding(CHECK, service, CRITICAL, said, "200", (url,), fix)


def _own_port(inspection: Inspection, service: str) -> int:
    asked = inspection.container.environment.get("GITEA__server__HTTP_PORT", "") if service == "gitea" else ""
    if asked.isdigit():
        return int(asked)
    known = OWN_PORTS[service]
    return next((port for port in known if port in inspection.exposed), known[0])


def _own_headers(container: Container) -> dict[str, str]:
    """As the gateway would ask: OpenProject answers nothing for a name that is not its own."""
    headers = {}
    if container.environment.get("OPENPROJECT_HOST__NAME"):
        headers["Host"] = container.environment["OPENPROJECT_HOST__NAME"]
    if container.environment.get("OPENPROJECT_HTTPS", "").lower() == "true":
        headers["X-Forwarded-Proto"] = "https"
    return headers


# -- answers ----------------------------------------------------------------------------------------------------------


def _on_time(view: View, seen: Probe, subject: str, words: str, endpoint: str = "") -> Finding:
    """A good answer, judged by how long it took."""
    warning, critical = view.limit(CHECK, "latency_warning"), view.limit(CHECK, "latency_critical")
    view.measure("http_latency_seconds", round(seen.seconds, 6), endpoint=endpoint or subject)
    state = judged(seen.seconds, warning, critical)
    said = (
        f"{words} after {seen.seconds:.2f} s" if seen.seconds >= 0.1 else f"{words} after {seen.seconds * 1000:.0f} ms"
    )
    fix = "see what keeps the host or the database busy (status.yml, optimize.yml)" if state != OK else ""
    return Finding(CHECK, subject, state, said, f"within {warning:g} s", (seen.url,), fix)


def _answer(seen: Probe) -> str:
    text = " ".join(seen.body.split())
    return f"{seen.status} {text[:120]}".strip() if "<" not in text else f"{seen.status}"


def _json(body: str) -> dict[str, Any] | None:
    try:
        data = json.loads(body)
    except ValueError:
        return None
    return data if isinstance(data, dict) else None
