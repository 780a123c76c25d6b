# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where this host reaches the API of a stack's application: at its container, so never at another stack's.

The gateway's port, name and certificate do not matter then. OpenProject answers only for its own host name, so each
request carries that.
"""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from ansible_collections.maxops.ops.plugins.module_utils.systems.access import Access
from ansible_collections.maxops.ops.plugins.module_utils.systems.applications import gitea_settings
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.engine import EngineUnreachable, no_such_project
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.inspection import Inspection
from ansible_collections.maxops.ops.plugins.module_utils.systems.kinds import OPENPROJECT
from ansible_collections.maxops.ops.plugins.module_utils.systems.recognition import TITLES, recognise
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError

SECONDS = 10.0
"""How long the daemon may take for one answer."""

HOST_NAME = "OPENPROJECT_HOST__NAME"
MORE_NAMES = "OPENPROJECT_ADDITIONAL__HOST__NAMES"
PREFIX = "OPENPROJECT_RAILS__RELATIVE__URL__ROOT"


@dataclass(frozen=True)
class Address:
    """A URL below which the application's API is, and the headers that its requests need.

    ``direct`` is True for a container of this host: a proxy does not reach it, and would see the token.
    """

    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    direct: bool = False


def find_address(application: str, access: Access, fallback_url: str = "") -> Address:
    """The address of ``openproject`` or ``gitea`` of a stack.

    ``fallback_url`` is taken where Docker cannot be asked, or does not know the application and the URL leads to
    another host. Raises MaxopsError that names the option where neither is possible.
    """
    option = f"give its address in api_url (users_{application}_url)"
    try:
        inspections = _inspections(access)
    except EngineUnreachable as error:
        if fallback_url:
            return Address(fallback_url)
        raise MaxopsError(f"the address of {TITLES[application]} is not known: {error}; or {option}") from error
    except MaxopsError as error:
        # On this host, another stack may be at that address.
        if fallback_url and not is_loopback(fallback_url):
            return Address(fallback_url)
        raise MaxopsError(f"the address of {TITLES[application]} is not known: {error}; or {option}") from error
    roles = recognise(inspections, access.applications)
    several = next((entry for entry in roles.ambiguous if entry.what.endswith(TITLES[application])), None)
    service = "" if several else roles.service_of(application)
    if not service:
        if fallback_url and not is_loopback(fallback_url):
            return Address(fallback_url)
        reason = (
            several.describe()
            if several
            else (
                f"{access.describe()} has no service that is {TITLES[application]}: name it in applications "
                "(maxops_applications)"
            )
        )
        raise MaxopsError(f"the address of {TITLES[application]} is not known: {reason}, or {option}")
    members = [inspection for inspection in inspections if inspection.service == service]
    running = [inspection for inspection in members if inspection.running]
    if not running:
        verb = "unpause" if members[0].state == "paused" else "start"
        raise MaxopsError(
            f"{TITLES[application]} of {access.describe()} does not run: container {members[0].name} is "
            f"{members[0].state}; start it (docker {verb} {members[0].name}), or {option}"
        )
    found = address_of(application, running[0])
    if found is None:
        raise MaxopsError(
            f"container {running[0].name} of {TITLES[application]} has no address that this host reaches, and "
            f"publishes no port; {option}"
        )
    return found


def address_of(application: str, inspection: Inspection) -> Address | None:
    """Where a container of an application is reached: by its own address, or else by a port that it publishes."""
    scheme, port = _listens(application, inspection)
    place = _place(inspection, port)
    if place is None:
        return None
    environment = inspection.container.environment
    if application != OPENPROJECT:
        return Address(f"{scheme}://{place}", direct=True)
    headers = {}
    if environment.get(HOST_NAME):
        headers["Host"] = environment[HOST_NAME]
    if environment.get("OPENPROJECT_HTTPS", "").lower() != "false":
        # Otherwise OpenProject redirects to https, which only the gateway speaks.
        headers["X-Forwarded-Proto"] = "https"
    return Address(f"http://{place}{environment.get(PREFIX, '').rstrip('/')}", headers, direct=True)


def accepted_names(access: Access) -> list[str]:
    """The host names that the stack's OpenProject accepts, as far as Docker shows them; for messages."""
    try:
        inspections = _inspections(access)
    except MaxopsError:
        return []
    service = recognise(inspections, access.applications).service_of(OPENPROJECT)
    environments = [entry.container.environment for entry in inspections if service and entry.service == service]
    names = [name for environment in environments for name in (environment.get(HOST_NAME, ""), *_more(environment))]
    return list(dict.fromkeys(filter(None, names)))


def is_loopback(url: str) -> bool:
    """True for an address of the host itself that does not name it."""
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _inspections(access: Access) -> Sequence[Inspection]:
    engine = access.engine(SECONDS)
    inspections = engine.containers(access.project_name)
    if not inspections:
        raise no_such_project(access.project_name, engine.projects())
    return inspections


def _listens(application: str, inspection: Inspection) -> tuple[str, int]:
    """Scheme and port of the application in its container."""
    if application == OPENPROJECT:
        return "http", next((port for port in (8080, 80) if port in inspection.exposed), 8080)
    settings = gitea_settings(inspection.container, inspection.files_root)
    port = settings.get(("server", "HTTP_PORT"), "")
    scheme = "https" if settings.get(("server", "PROTOCOL"), "").lower() == "https" else "http"
    return scheme, int(port) if port.isdigit() else 3000


def _place(inspection: Inspection, port: int) -> str | None:
    if inspection.container.addresses:
        return f"{inspection.container.addresses[0]}:{port}"
    published = next((entry for entry in inspection.bound if entry.target == port), None)
    if published is None:
        return None
    unspecified = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}  # noqa: S104 - read, not listened on
    host = unspecified.get(published.address) or (
        f"[{published.address}]" if ":" in published.address else published.address
    )
    return f"{host}:{published.port}"


def _more(environment: Mapping[str, str]) -> list[str]:
    text = environment.get(MORE_NAMES, "").strip()
    try:
        return [str(name) for name in json.loads(text)] if text.startswith("[") else text.split()
    except ValueError:
        return []
