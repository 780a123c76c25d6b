# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Health over HTTP: the gateway, the applications behind it, and each application at its own container."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from typing import Any

from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.engine import EngineUnreachable
from ansible_collections.maxops.ops.plugins.module_utils.systems.recognition import APPLICATIONS
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError
from ansible_collections.maxops.ops.plugins.module_utils.tools.finding import (
    CRITICAL,
    NOTICE,
    UNKNOWN,
    Finding,
    from_error,
)
from ansible_collections.maxops.ops.plugins.module_utils.tools.http.probe import Probe, probe

from ..consequences import DOCKER, STACK, Key, following
from ..view import View
from .answers import CHECK, fault_of, json_of, on_time, text_of
from .application import application_health, applications, causes_of, end_point
from .published import Gateway, NoGateway, address_of, gateway_of, http_ports

OWN_PATH = "/health"
"""Where the gateway of the role stack reports the health of both applications."""
OWN_REPORT = "@health_report"
"""A name in that gateway's configuration."""
CONFIGURATION_BYTES = 64 * 1024


def check_http(view: View) -> Iterator[Finding]:
    """The health endpoints of the stack: through the gateway, and of every application directly."""
    try:
        names = list(view.stack().roles.applications)
    except MaxopsError:
        names = []
    yield from view.all_of([partial(_through_gateway, view), *(partial(_directly, view, name) for name in names)])


def _directly(view: View, application: str) -> Iterator[Finding]:
    yield application_health(view, application)


# -- through the gateway ----------------------------------------------------------------------------------------------


def _through_gateway(view: View) -> Iterator[Finding]:
    try:
        gateway = gateway_of(view)
    except NoGateway as error:
        yield from _at_own_ports(view, error)
        yield from applications(view)
        return
    except MaxopsError as error:
        finding = from_error(CHECK, "gateway", UNKNOWN, error)
        yield following(finding, DOCKER) if isinstance(error, EngineUnreachable) else finding
        return
    first = gateway.first
    causes = _causes(view, gateway)
    view.measure("http_up", float(not first.problem), endpoint="gateway")
    if first.problem:
        fix = (
            f"docker logs --tail=50 {gateway.inspection.name} shows the cause" if gateway.inspection else "see its log"
        )
        finding = Finding(CHECK, "gateway", CRITICAL, first.problem, "an answer", (gateway.url,), fix)
        yield following(finding, *causes)
        yield from _unrecognised(view)
        return
    if gateway.unseen:
        outcome = f"{first.status}: it sends to {gateway.unseen}, whose port this host does not publish; answered"
        yield on_time(view, first, "gateway", outcome)
        yield from _unrecognised(view)
        return
    report = probe(gateway.url + OWN_PATH, view.left, gateway.headers)
    status = json_of(report)
    if status is not None and any(isinstance(status.get(name), dict) for name in APPLICATIONS):
        yield on_time(view, first, "gateway", "answered")
        yield _judge_report(view, report, status, causes)
        names = [name for name in APPLICATIONS if name in status and name not in _absent(view)]
        yield from view.all_of([partial(_behind, view, gateway, name) for name in names])
    elif _is_ours(gateway):
        yield on_time(view, first, "gateway", "answered")
        seen = f"{text_of(report)}: this is not the answer of a MaxOps gateway"
        fix = "see which process uses the port (ss -ltnp), or set gateway_url"
        limit = "200 with a status as JSON"
        yield following(Finding(CHECK, "gateway /health", CRITICAL, seen, limit, (report.url,), fix), *causes)
    else:
        yield _judge_foreign(view, gateway, causes)
        yield from _unrecognised(view)


def _causes(view: View, gateway: Gateway) -> tuple[Key, ...]:
    """Findings from which a fault of the gateway may follow."""
    with suppress(MaxopsError):
        return gateway.cause(view.stack())
    return ()


def _applications_causes(view: View, gateway: Gateway) -> tuple[Key, ...]:
    """Findings from which an error of what is behind the gateway may follow: of the application that was asked for."""
    with suppress(MaxopsError):
        stack = view.stack()
        names = [name for name in stack.roles.applications if gateway.application in ("", name)]
        return (*((CHECK, name) for name in names), *(key for name in names for key in causes_of(stack, name)))
    return ()


def _unrecognised(view: View) -> Iterator[Finding]:
    """The finding when no application was recognised, and the gateway reports on none either."""
    with suppress(MaxopsError):
        yield from applications(view)


def _absent(view: View) -> set[str]:
    """Applications that are not part of this stack; empty if Docker cannot be queried."""
    with suppress(MaxopsError):
        return set(APPLICATIONS) - set(view.stack().roles.applications)
    return set()


def _is_ours(gateway: Gateway) -> bool:
    """Whether the gateway's configuration is that of the role stack: then it has to report the health."""
    for mount in gateway.inspection.container.mounts if gateway.inspection else ():
        if mount.kind == "bind" and mount.source.endswith(".conf") and os.path.isfile(mount.source):
            with suppress(OSError), open(mount.source, encoding="utf-8", errors="replace") as stream:
                if OWN_REPORT in stream.read(CONFIGURATION_BYTES):
                    return True
    return False


def _judge_report(view: View, answer: Probe, status: dict[str, Any], causes: tuple[Key, ...]) -> Finding:
    """The report of a gateway of the role stack about both applications."""
    subject = "gateway /health"
    view.measure("http_up", float(answer.status == 200), endpoint=OWN_PATH)
    if answer.status == 200:
        return on_time(view, answer, subject, "200", OWN_PATH)
    unhealthy = [name for name in APPLICATIONS if (status.get(name) or {}).get("status") not in (None, "pass", "ok")]
    seen = f"{answer.status}: unhealthy: {' and '.join(unhealthy)}" if unhealthy else text_of(answer)
    fix = f"see the findings of {' and '.join(unhealthy) or 'the applications'}"
    finding = Finding(CHECK, subject, CRITICAL, seen, "200", (answer.url,), fix)
    behind: list[Key] = [(CHECK, name) for name in unhealthy]
    behind += [(CHECK, f"{name} through the gateway") for name in unhealthy]
    return following(finding, *causes, *behind)


def _behind(view: View, gateway: Gateway, application: str) -> list[Finding]:
    path = f"{OWN_PATH}/{application}"
    answer = probe(gateway.url + path, view.left, gateway.headers)
    subject = f"{application} through the gateway"
    view.measure("http_up", float(answer.status == 200), endpoint=path)
    if answer.status == 200:
        return [on_time(view, answer, subject, "200", path)]
    fix = f"see {application}'s own finding"
    finding = Finding(CHECK, subject, CRITICAL, text_of(answer), "200", (answer.url,), fix)
    return [following(finding, (CHECK, application), *_causes(view, gateway))]


def _judge_foreign(view: View, gateway: Gateway, causes: tuple[Key, ...]) -> Finding:
    """A gateway of another kind: any answer that is not its own failure shows that it works."""
    answer = probe(f"{gateway.url}/", view.left, gateway.headers)
    fault, remedy = fault_of(answer, gateway.host)
    view.measure("http_up", float(0 < answer.status < 500 and not fault), endpoint="gateway /")
    if fault:
        return Finding(CHECK, "gateway", CRITICAL, fault, "an answer that users can work with", (answer.url,), remedy)
    if 0 < answer.status < 500:
        return on_time(view, answer, "gateway", f"{answer.status} at / (it is not the gateway of the role stack)")
    what = "it cannot reach the application behind it" if answer.status in (502, 503, 504) else ""
    fix = "see the findings of the applications behind it"
    if gateway.inspection:
        fix += f", and docker logs --tail=50 {gateway.inspection.name}"
    seen = f"{text_of(answer)}: {what}" if what else text_of(answer)
    finding = Finding(CHECK, "gateway", CRITICAL, seen, "an answer below 500", (answer.url,), fix)
    return following(finding, *causes, *_applications_causes(view, gateway))


# -- no gateway -------------------------------------------------------------------------------------------------------


def _at_own_ports(view: View, error: NoGateway) -> Iterator[Finding]:
    """Applications that publish a port themselves; a stack that publishes none is said to be not looked at."""
    stack = view.stack()
    published = False
    for application in stack.roles.applications:
        for inspection in stack.serving(application)[:1]:
            found = end_point(inspection, application)
            for port in http_ports(inspection, found.ports)[:1]:
                published = True
                host = inspection.container.environment.get("OPENPROJECT_HOST__NAME", "").partition("/")[0]
                answer = probe(f"{found.scheme}://{address_of(port)}/", view.left, {"Host": host} if host else {})
                yield _judge_own_port(view, application, answer)
    if not stack.inspections:
        yield following(Finding(CHECK, "gateway", UNKNOWN, "the stack has no container"), STACK)
    elif not published:
        seen, _semicolon, fix = str(error).partition("; ")
        seen += ", so the way of users to the applications was not looked at"
        yield Finding(CHECK, "gateway", NOTICE, seen, fix=fix)


def _judge_own_port(view: View, application: str, answer: Probe) -> Finding:
    subject = f"{application} at its published port"
    view.measure("http_up", float(0 < answer.status < 500), endpoint=subject)
    if 0 < answer.status < 500:
        return on_time(view, answer, subject, f"{answer.status} at /")
    fix = f"see {application}'s own finding"
    finding = Finding(CHECK, subject, CRITICAL, text_of(answer), "an answer below 500", (answer.url,), fix)
    return following(finding, (CHECK, application))
