# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The address of the gateway on this host, from the ports that its container publishes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

from ansible_collections.maxops.ops.plugins.module_utils.systems.applications import gitea_settings
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.inspection import Inspection, PublishedPort
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError
from ansible_collections.maxops.ops.plugins.module_utils.tools.http.probe import Probe, probe

from ..consequences import Key
from ..history import recall, remember
from ..view import FIRST_SHARE, StackView, View
from .answers import REDIRECTS, target_of

QUIET_PATH = "/metrics"
"""The gateway of the role stack answers this path itself, so the answer shows only the gateway's own health."""

TLS_PORTS = (443, 8443)
USUAL_PORTS = (80, 443)
"""Where users come in; a gateway may have further plain ports, such as that of its dashboard."""
SSH_PORTS = (22, 2222)
"""A gateway may pass Git over SSH on; those do not speak HTTP."""


class NoGateway(MaxopsError):
    """No service of the stack publishes a port as its gateway."""


@dataclass(frozen=True)
class Gateway:
    """The gateway's address, and its answer to the first request.

    ``unseen`` is the address that it sends to and whose port this host does not publish. ``inspection`` is its
    container, None where only its address is known. ``host`` is the name that users open, and ``application`` the one
    that has it; both may be empty.
    """

    url: str
    first: Probe
    inspection: Inspection | None = None
    unseen: str = ""
    host: str = ""
    application: str = ""

    @property
    def headers(self) -> dict[str, str]:
        """Headers for a request: an application refuses, and a gateway may not know, another name than its own."""
        return {"Host": self.host} if self.host else {}

    def cause(self, stack: StackView) -> tuple[Key, ...]:
        """The finding about its container."""
        return (("containers", stack.subject_of(self.inspection)),) if self.inspection else ()


def gateway_of(view: View) -> Gateway:
    """The gateway, which several checks share. Raises NoGateway, or MaxopsError if Docker cannot be queried."""
    return view.shared("the gateway", lambda: _find(view))


def _find(view: View) -> Gateway:
    given = view.options.gateway_url
    if given:
        url = given.rstrip("/")
        return _followed(view, url, None, ("", "") if _is_named(url) else _host_of(view))
    try:
        stack = view.stack()
    except MaxopsError:
        last = recall(view, "gateway")
        if not last:
            raise
        return Gateway(str(last), _first_answer(view, str(last), ""))
    inspection, port = _published(stack)
    scheme = "https" if port.target in TLS_PORTS else "http"
    gateway = _followed(view, f"{scheme}://{address_of(port)}", inspection, _host_of(view))
    remember(view, "gateway", gateway.url)
    return gateway


def _followed(view: View, url: str, inspection: Inspection | None, named: tuple[str, str]) -> Gateway:
    """The gateway at an address, or at the encrypted one that it sends to; ``named`` are host and application."""
    host, application = named
    first = _first_answer(view, url, host)
    if not url.startswith("http://") or not _requires_tls(first):
        return Gateway(url, first, inspection, host=host, application=application)
    secure = _secure_url(view, url, first, inspection)
    if not secure:
        unseen = f"https://{target_of(first).netloc}"
        return Gateway(url, first, inspection, unseen, host, application)
    return Gateway(secure, _first_answer(view, secure, host), inspection, host=host, application=application)


def _first_answer(view: View, url: str, host: str) -> Probe:
    return probe(url + QUIET_PATH, view.left * FIRST_SHARE, {"Host": host} if host else {})


def _requires_tls(first: Probe) -> bool:
    if first.status in REDIRECTS:
        return target_of(first).scheme == "https"
    return (first.status == 400 and "HTTPS" in first.body) or "does not speak HTTP" in first.problem


def _secure_url(view: View, url: str, first: Probe, inspection: Inspection | None) -> str:
    """The encrypted address of the same gateway; empty where this host does not publish its port."""
    here = urlsplit(url)
    if first.status not in REDIRECTS:
        return f"https://{here.netloc}"  # the same port speaks TLS
    target = target_of(first)
    if (target.port or 443) == here.port:
        return f"https://{here.netloc}"  # nginx answers so to plain HTTP on a port that speaks TLS
    if target.hostname == here.hostname and _is_named(url):
        return f"https://{target.netloc}"
    try:
        inspections = view.stack().inspections
    except MaxopsError:
        return ""
    asked = [one for one in inspections if any(port.port == here.port for port in one.ports)]
    own = [port for one in ([inspection] if inspection else asked) for port in one.ports]
    # The port that leads to 443 inside, or the one that the answer names.
    ports = sorted((port for port in own if port.target in TLS_PORTS), key=lambda port: port.target)
    named = target.port or 443
    ports += [port for one in inspections for port in one.ports if port.port == named and port.port != here.port]
    return f"https://{address_of(ports[0])}" if ports else ""


def _is_named(url: str) -> bool:
    """True for an address with a name of the network, which the operator gave: its own name is the right one."""
    host = urlsplit(url).hostname or ""
    return host != "localhost" and ":" not in host and not host.replace(".", "").isdigit()


def _host_of(view: View) -> tuple[str, str]:
    """The host name that users open, with its port, and the application whose settings name it; empty if unknown."""
    try:
        stack = view.stack()
    except MaxopsError:
        return "", ""
    for inspection in stack.serving("openproject"):
        name = inspection.container.environment.get("OPENPROJECT_HOST__NAME", "")
        if name:
            return name.partition("/")[0], "openproject"
    for inspection in stack.serving("gitea"):
        address = gitea_settings(inspection.container, inspection.files_root).get(("server", "ROOT_URL"), "")
        return urlsplit(address).netloc, "gitea"
    return "", ""


# -- ports ------------------------------------------------------------------------------------------------------------


def _published(stack: StackView) -> tuple[Inspection, PublishedPort]:
    """Container and port of the gateway; works while it is down, too."""
    for service in stack.roles.gateways:
        for inspection in stack.inspections_of(service):
            ports = http_ports(inspection)
            if ports:
                return inspection, ports[0]
    raise NoGateway(
        "no service that is a gateway publishes a port on this host; to check the address that users open, set "
        "gateway_url, such as https://maxops.example.com"
    )


def http_ports(inspection: Inspection, wanted: Iterable[int] = ()) -> list[PublishedPort]:
    """The published ports of a container that may speak HTTP, 80 and 443 first, then the plain ones.

    With ``wanted`` only those that lead to these.

    A container in the host's network publishes nothing: its own ports are those of the host.
    """
    ports = [port for port in inspection.ports if port.protocol == "tcp"]
    if not ports and "127.0.0.1" in inspection.container.addresses:
        ports = [PublishedPort("127.0.0.1", number, number) for number in inspection.exposed]
    chosen = [port for port in ports if (port.target in wanted if wanted else port.target not in SSH_PORTS)]
    return sorted(chosen, key=lambda port: (port.target not in USUAL_PORTS, port.target in TLS_PORTS, port.target))


def address_of(port: PublishedPort) -> str:
    """Address and port at which this host reaches a published port."""
    anywhere = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}  # noqa: S104 - read, not listened on
    host = anywhere.get(port.address) or (f"[{port.address}]" if ":" in port.address else port.address)
    return f"{host}:{port.port}"
