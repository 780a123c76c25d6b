# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names, connections and ports: inside the stack, and from the host to it. Private to this collection."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import suppress
from functools import partial

from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.inspection import Inspection, PublishedPort
from ansible_collections.maxops.ops.plugins.module_utils.systems.host import network
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError
from ansible_collections.maxops.ops.plugins.module_utils.tools.http.look import certificate_end
from ansible_collections.maxops.ops.plugins.module_utils.tools.side_by_side import side_by_side

from ..cause import CERTAIN, LIKELY, POSSIBLE, Cause, Report
from ..scene import Need, Scene

SECONDS = 3.0
PATIENCE = 4 * SECONDS
"""Longer than a name and a connection take together that do not answer."""
DAY = 86400.0
CRITICAL_DAYS = 3


def look_between_containers(scene: Scene) -> Report:
    """Whether each service knows the names of those that it needs, and comes through to their ports."""
    needs = [need for need in scene.needs if _can_be_asked(scene, need)]
    works = {f"{need.service} → {need.host}:{need.port}": partial(_look_along, scene, need) for need in needs}
    answers = side_by_side(works, PATIENCE)
    report = Report(f"{len(needs)} names are known and their ports open, as seen from the containers that need them")
    for answer in answers.values():
        if not answer.ended:
            report.unknown.append(str(answer.error))
            continue
        seen = answer.get()
        report.causes += seen.causes
        report.unknown += seen.unknown
    return report


def _can_be_asked(scene: Scene, need: Need) -> bool:
    """Where what is needed does not run there is nothing to see, and the look at the containers has told it."""
    client = _client(scene, need)
    target = scene.service_of(need.host)
    if client is None or "host" in client.networks:
        return False
    return any(look.running and not look.crashing for look in scene.of_service(target))


def _client(scene: Scene, need: Need) -> Inspection | None:
    return scene.running(need.service) or next(iter(scene.of_service(need.service)), None)


def _look_along(scene: Scene, need: Need) -> Report:
    client, target = _client(scene, need), scene.running(scene.service_of(need.host))
    if client is None or target is None:
        return Report()
    named = _is_named(client, target, need.host)
    if not named or not client.running:
        # Docker's name server would hand such a question on to the host's own, and that one may be slow to say no.
        return Report(causes=[] if named else [_wrong_name(client, target, need, [], scene)])
    try:
        addresses = network.inside(client.pid, lambda: network.resolve(need.host, client.root, SECONDS))
        if not addresses or not set(addresses) & set(target.container.addresses):
            return Report(causes=[_wrong_name(client, target, need, addresses, scene)])
        met = network.inside(client.pid, lambda: _knock(addresses[0], need.port))
    except MaxopsError as error:
        return Report(unknown=[f"{need.service} → {need.host}: {error}"])
    return Report(causes=[] if met == network.OPEN else [_not_through(client, target, need, addresses[0], met)])


def _knock(address: str, port: int) -> str:
    """What a connection meets; where it is not known which port is needed, the name alone has to do."""
    return network.connect(address, port, SECONDS) if port else network.OPEN


def _is_named(client: Inspection, target: Inspection, host: str) -> bool:
    shared = set(client.networks) & set(target.networks)
    return any(host in (target.name, *target.networks[name]) for name in shared)


def _wrong_name(client: Inspection, target: Inspection, need: Need, addresses: Sequence[str], scene: Scene) -> Cause:
    shared = set(client.networks) & set(target.networks)
    seen = f'{client.name} does not know the name "{need.host}"'
    if addresses:
        seen = f'for {client.name} the name "{need.host}" leads to {", ".join(addresses)}, which is not {target.name}'
    if shared:
        told = f"both are in the network {', '.join(sorted(shared))}, where {target.name} has no such name"
    else:
        networks = [f"{look.name}: {', '.join(sorted(look.networks)) or 'none'}" for look in (client, target)]
        told = f"they share no network ({'; '.join(networks)})"
    fix = scene.compose("up", "--detach", "--force-recreate", target.service)
    return Cause.of("dns_name_missing", need.host, CERTAIN, seen, fix, (told,), (client.service,))


def _not_through(client: Inspection, target: Inspection, need: Need, address: str, met: str) -> Cause:
    told = []
    with suppress(OSError):
        listening = sorted({each.port for each in network.listeners(target.pid) if not each.local_only})
        told.append(f"{target.name} listens on: {', '.join(map(str, listening)) or 'no port that others can reach'}")
    words = {
        network.REFUSED: "nobody listens there",
        network.SILENT: "nothing comes back: a firewall, or a service that hangs",
        network.UNREACHABLE: "there is no way to it",
    }
    return Cause.of(
        "connection_failed",
        f"{client.service} → {need.host}:{need.port}",
        LIKELY,
        f"{client.name} does not get through to {need.host} ({address}) on port {need.port}: {words[met]}",
        f"docker logs --tail=50 {target.name}; docker restart {target.name}",
        tuple(told),
        (client.service,),
    )


# -- from the host ------------------------------------------------------------------------------------------------


def look_at_ports(scene: Scene) -> Report:
    """Whether the published ports are served, and who has them where they are not."""
    report = Report()
    told = []
    for look in scene.inspections:
        for port in look.ports:
            if look.running:
                report.causes += _not_served(look, port)
                told.append(f"{port.address}:{port.port} → {look.service}:{port.target}")
            elif not look.done and look.container.state not in ("paused", "restarting"):
                report.causes += _taken(scene, look, port)
    report.seen = f"served: {', '.join(told)}" if told else "no port is published"
    return report


def _not_served(look: Inspection, port: PublishedPort) -> list[Cause]:
    with suppress(OSError):
        inside = [each for each in network.listeners(look.pid) if each.port == port.target]
        if not any(not each.local_only for each in inside) and "host" not in look.networks:
            place = "only on its own 127.0.0.1" if inside else "not at all"
            seen = f"{look.name} is published at port {port.port}, and listens on {port.target} {place}"
            return [_port_cause("port_not_listening", look, port, seen, f"docker logs --tail=50 {look.name}")]
    address = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(port.address, port.address)  # noqa: S104
    if network.connect(address, port.port, SECONDS) == network.OPEN:
        return []
    seen = f"this host gets no connection to {address}:{port.port}, which leads to {look.name}"
    return [_port_cause("port_not_listening", look, port, seen, f"docker restart {look.name}")]


def _port_cause(kind: str, look: Inspection, port: PublishedPort, seen: str, fix: str, *evidence: str) -> Cause:
    likelihood = CERTAIN if kind == "port_taken" else LIKELY
    return Cause.of(kind, f"port {port.port}", likelihood, seen, fix, evidence, (look.service,))


def _taken(scene: Scene, look: Inspection, port: PublishedPort) -> list[Cause]:
    """Who else has the port of a container that does not run."""
    if not any(each.port == port.port for each in network.listeners()):
        return []
    start = f"docker start {look.name}"
    said = (f"Docker says: {scene.mask(look.error)}",) if look.error else ()
    other = _container_with(scene, port.port)
    if other:
        seen = f"container {other} has it, so {look.name} cannot start"
        return [_port_cause("port_taken", look, port, seen, f"docker stop {other} && {start}", *said)]
    found = [each for each in network.holders(port.port) if each.name != "docker-proxy"]
    if not found:
        fix = f"ss --listening --tcp --numeric --processes 'sport = :{port.port}'; stop it, then {start}"
        seen = f"another process has it, so {look.name} cannot start"
        return [_port_cause("port_taken", look, port, seen, fix, *said)]
    holder = found[0]
    stop = f"systemctl stop {holder.unit}" if holder.unit else f"kill {holder.pid}"
    seen = f"{holder.in_words()} has it, so {look.name} cannot start"
    return [_port_cause("port_taken", look, port, seen, f"{stop} && {start}", *said)]


def _container_with(scene: Scene, port: int) -> str:
    with scene.required_stack.daemon_call("list the containers") as api:
        found = api.containers()
    for each in found:
        if any(published.get("PublicPort") == port for published in each.get("Ports") or []):
            return str(each["Names"][0]).lstrip("/")
    return ""


# -- the gateway's certificate ------------------------------------------------------------------------------------


def look_at_certificates(scene: Scene) -> Report:
    """Whether a certificate that the stack shows has ended, or is about to."""
    report = Report("no published port shows a certificate")
    for look in scene.inspections:
        for port in look.ports if look.running else ():
            address = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(port.address, port.address)  # noqa: S104
            try:
                days = (certificate_end(address, port.port, SECONDS) - time.time()) / DAY
            except (OSError, ValueError):
                continue  # it speaks no TLS, or nothing: other steps tell
            report.seen = f"the certificate of port {port.port} is good for {days:.0f} more days"
            if days < scene.options.certificate_days:
                report.causes.append(_certificate(look, port, days))
    return report


def _certificate(look: Inspection, port: PublishedPort, days: float) -> Cause:
    kind, likelihood = ("certificate_expired", CERTAIN) if days <= 0 else ("certificate_expiring", POSSIBLE)
    if 0 < days < CRITICAL_DAYS:
        likelihood = LIKELY
    seen = f"it ended {-days:.0f} days ago: browsers refuse it" if days <= 0 else f"it ends in {days:.0f} days"
    return Cause.of(
        kind,
        f"certificate of port {port.port}",
        likelihood,
        seen,
        "ansible-playbook maxops.ops.deploy -e stack_tls_certificate=NEW.pem -e stack_tls_key=NEW.key",
        (f"shown by {look.name}",),
        (look.service,),
    )
