# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names, connections and ports, inside the stack and from the host."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import suppress
from functools import partial

from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.inspection import Inspection, PublishedPort
from ansible_collections.maxops.ops.plugins.module_utils.systems.host import network
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError
from ansible_collections.maxops.ops.plugins.module_utils.tools.http.probe import certificate_end
from ansible_collections.maxops.ops.plugins.module_utils.tools.side_by_side import side_by_side

from ..cause import CERTAIN, LIKELY, POSSIBLE, Cause, StepResult
from ..stack_view import Need, StackView

SECONDS = 3.0
DEADLINE = 4 * SECONDS
"""Longer than the time limits of a name and a connection together."""
DAY = 86400.0
CRITICAL_DAYS = 3


def check_connections(view: StackView) -> StepResult:
    """Whether each service can resolve the names of the services that it needs, and connect to their ports."""
    needs = [need for need in view.needs if _can_be_checked(view, need)]
    works = {f"{need.service} → {need.host}:{need.port}": partial(_check_connection, view, need) for need in needs}
    answers = side_by_side(works, DEADLINE)
    result = StepResult(
        f"{len(needs)} names resolve and their ports are open, tried from the containers that need them"
    )
    for answer in answers.values():
        if not answer.ended:
            result.unknown.append(str(answer.error))
            continue
        connection = answer.get()
        result.causes += connection.causes
        result.unknown += connection.unknown
    return result


def _can_be_checked(view: StackView, need: Need) -> bool:
    """False where the needed service is not running: the step of the containers reports that."""
    client = _client(view, need)
    target = view.service_of(need.host)
    if client is None or "host" in client.networks:
        return False
    if not need.port and not _share_network(view, client, target):
        return False  # it only starts later: no setting names the other one
    return any(inspection.running and not inspection.crashing for inspection in view.of_service(target))


def _share_network(view: StackView, client: Inspection, service: str) -> bool:
    return any(set(client.networks) & set(target.networks) for target in view.of_service(service))


def _client(view: StackView, need: Need) -> Inspection | None:
    return view.running(need.service) or next(iter(view.of_service(need.service)), None)


def _check_connection(view: StackView, need: Need) -> StepResult:
    client, target = _client(view, need), view.running(view.service_of(need.host))
    if client is None or target is None:
        return StepResult()
    named = _is_named(client, target, need.host)
    if not named or not client.running:
        # Docker's name server would forward such a question to the host's own, which may be slow to refuse.
        return StepResult(causes=[] if named else [_wrong_name(client, target, need, [], view)])
    try:
        addresses = network.in_network_of(client.pid, lambda: network.resolve(need.host, client.root, SECONDS))
        if not addresses or not set(addresses) & set(target.container.addresses):
            return StepResult(causes=[_wrong_name(client, target, need, addresses, view)])
        port = 0 if need.port in view.ssh_ports(target) else need.port
        outcome = network.in_network_of(client.pid, lambda: _connect(addresses[0], port))
    except MaxopsError as error:
        return StepResult(unknown=[f"{need.service} → {need.host}: {error}"])
    if outcome == network.OPEN:
        return StepResult()
    return StepResult(causes=[_connection_failed(client, target, need, addresses[0], outcome)])


def _connect(address: str, port: int) -> str:
    """How a connection ends; where the port is unknown, the name alone counts."""
    return network.connect(address, port, SECONDS) if port else network.OPEN


def _is_named(client: Inspection, target: Inspection, host: str) -> bool:
    shared = set(client.networks) & set(target.networks)
    return any(host in (target.name, *target.networks[name]) for name in shared)


def _wrong_name(client: Inspection, target: Inspection, need: Need, addresses: Sequence[str], view: StackView) -> Cause:
    shared = set(client.networks) & set(target.networks)
    seen = f'{client.name} cannot resolve the name "{need.host}"'
    if addresses:
        seen = f'{client.name} resolves the name "{need.host}" to {", ".join(addresses)}, which is not {target.name}'
    if shared:
        evidence = f"both are in the network {', '.join(sorted(shared))}, where {target.name} does not have this name"
    else:
        networks = [
            f"{inspection.name}: {', '.join(sorted(inspection.networks)) or 'none'}" for inspection in (client, target)
        ]
        evidence = f"they do not share a network ({'; '.join(networks)})"
    fix = view.compose("up", "--detach", "--force-recreate", target.service)
    return Cause.of("dns_name_missing", need.host, CERTAIN, seen, fix, (evidence,), (client.service,))


def _connection_failed(client: Inspection, target: Inspection, need: Need, address: str, outcome: str) -> Cause:
    evidence = []
    with suppress(OSError):
        listeners = network.listeners(target.pid)
        ports = sorted({listener.port for listener in listeners if not listener.local_only})
        evidence.append(f"{target.name} listens on: {', '.join(map(str, ports)) or 'no port that others can reach'}")
    reason = {
        network.REFUSED: "connection refused",
        network.SILENT: "no answer: a firewall blocks it, or the service hangs",
        network.UNREACHABLE: "unreachable",
    }[outcome]
    return Cause.of(
        "connection_failed",
        f"{client.service} → {need.host}:{need.port}",
        LIKELY,
        f"{client.name} cannot connect to {need.host} ({address}) on port {need.port}: {reason}",
        f"docker logs --tail=50 {target.name}; docker restart {target.name}",
        tuple(evidence),
        (client.service,),
    )


# -- from the host ------------------------------------------------------------------------------------------------


def check_ports(view: StackView) -> StepResult:
    """Whether the published ports are served, and which other process uses one that is not."""
    result = StepResult()
    served = []
    for inspection in view.inspections:
        for port in inspection.ports:
            if port.protocol != "tcp":
                continue  # nothing tells whether a program answers there
            if inspection.running:
                result.causes += _not_served(view, inspection, port)
                served.append(f"{port.address}:{port.port} → {inspection.service}:{port.target}")
            elif not view.is_done(inspection) and inspection.container.state not in ("paused", "restarting"):
                result.causes += _taken(view, inspection, port)
    result.seen = f"served: {', '.join(served)}" if served else "no port is published"
    return result


def _not_served(view: StackView, inspection: Inspection, port: PublishedPort) -> list[Cause]:
    with suppress(OSError):
        listeners = [listener for listener in network.listeners(inspection.pid) if listener.port == port.target]
        if all(listener.local_only for listener in listeners) and "host" not in inspection.networks:
            where = f"listens on {port.target} only at its own 127.0.0.1"
            state = where if listeners else f"does not listen on {port.target}"
            seen = f"{inspection.name} is published at port {port.port}, but {state}"
            return [
                _port_cause("port_not_listening", inspection, port, seen, f"docker logs --tail=50 {inspection.name}")
            ]
    if port.target in view.ssh_ports(inspection):
        return []  # an SSH server reports a connection that is closed at once as an attack would look
    address = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(port.address, port.address)  # noqa: S104
    if network.connect(address, port.port, SECONDS) == network.OPEN:
        return []
    seen = f"this host cannot connect to {address}:{port.port}, which leads to {inspection.name}"
    return [_port_cause("port_not_listening", inspection, port, seen, f"docker restart {inspection.name}")]


def _port_cause(kind: str, inspection: Inspection, port: PublishedPort, seen: str, fix: str, *evidence: str) -> Cause:
    likelihood = CERTAIN if kind == "port_taken" else LIKELY
    return Cause.of(kind, f"port {port.port}", likelihood, seen, fix, evidence, (inspection.service,))


def _taken(view: StackView, inspection: Inspection, port: PublishedPort) -> list[Cause]:
    """The other process or container that uses the port of a container that is not running."""
    if not any(listener.port == port.port for listener in network.listeners()):
        return []
    start = f"docker start {inspection.name}"
    evidence = (f"Docker says: {view.mask(inspection.error)}",) if inspection.error else ()
    other = _container_with(view, port.port)
    if other:
        seen = f"container {other} uses it, so {inspection.name} cannot start"
        return [_port_cause("port_taken", inspection, port, seen, f"docker stop {other} && {start}", *evidence)]
    holders = [holder for holder in network.holders(port.port) if holder.name != "docker-proxy"]
    if not holders:
        fix = f"ss --listening --tcp --numeric --processes 'sport = :{port.port}'; stop that process, then {start}"
        seen = f"another process uses it, so {inspection.name} cannot start"
        return [_port_cause("port_taken", inspection, port, seen, fix, *evidence)]
    holder = holders[0]
    stop = f"systemctl stop {holder.unit}" if holder.unit else f"kill {holder.pid}"
    seen = f"{holder.in_words()} uses it, so {inspection.name} cannot start"
    return [_port_cause("port_taken", inspection, port, seen, f"{stop} && {start}", *evidence)]


def _container_with(view: StackView, port: int) -> str:
    with view.required_stack.daemon_call("list the containers") as api:
        containers = api.containers()
    for container in containers:
        if any(published.get("PublicPort") == port for published in container.get("Ports") or []):
            return str(container["Names"][0]).lstrip("/")
    return ""


# -- the gateway's certificate ------------------------------------------------------------------------------------


def check_certificates(view: StackView) -> StepResult:
    """Whether a certificate that the stack presents has expired, or is about to."""
    result = StepResult("no published port presents a certificate")
    for inspection in view.inspections:
        for port in _with_certificate(view, inspection):
            address = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(port.address, port.address)  # noqa: S104
            try:
                days = (certificate_end(address, port.port, SECONDS) - time.time()) / DAY
            except (OSError, ValueError):
                continue  # no TLS, or no answer: that is for other steps
            result.seen = f"the certificate of port {port.port} is valid for {days:.0f} more days"
            if days < view.options.certificate_days:
                result.causes.append(_certificate(inspection, port, days))
    return result


def _with_certificate(view: StackView, inspection: Inspection) -> list[PublishedPort]:
    """Ports that may speak TLS for browsers; other servers report the attempt as a fault in their logs."""
    if not inspection.running or inspection.service in view.servers:
        return []
    ssh = view.ssh_ports(inspection)
    return [port for port in inspection.ports if port.protocol == "tcp" and port.target not in ssh]


def _certificate(inspection: Inspection, port: PublishedPort, days: float) -> Cause:
    kind, likelihood = ("certificate_expired", CERTAIN) if days <= 0 else ("certificate_expiring", POSSIBLE)
    if 0 < days < CRITICAL_DAYS:
        likelihood = LIKELY
    seen = f"it expired {-days:.0f} days ago: browsers reject it" if days <= 0 else f"it expires in {days:.0f} days"
    return Cause.of(
        kind,
        f"certificate of port {port.port}",
        likelihood,
        seen,
        "ansible-playbook maxops.ops.deploy -e stack_tls_certificate=NEW.pem -e stack_tls_key=NEW.key",
        (f"presented by {inspection.name}",),
        (inspection.service,),
    )
