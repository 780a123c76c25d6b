# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stack as a diagnosis sees it: containers, logs, files, and which service depends on which."""

from __future__ import annotations

import io
import os
import re
import tarfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

from ansible_collections.maxops.ops.plugins.module_utils.systems.applications import gitea_settings, is_gitea
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.inspection import CRASH_SECONDS, Inspection
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.project import ComposeProject
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.stack import Stack
from ansible_collections.maxops.ops.plugins.module_utils.systems.kinds import OPENPROJECT
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError
from ansible_collections.maxops.ops.plugins.module_utils.tools.masking import Mask, secrets_of

from .options import Options

LOG_LINES = 200
CONFIG_BYTES = 256 * 1024
SSH_PORTS = frozenset((22, 2222))
"""Of Gitea's images, and of servers in general."""
_DEFAULT_PORTS = {"postgres": 5432, "postgresql": 5432, "redis": 6379, "rediss": 6379, "http": 80, "https": 443}
_HOST_NAME = re.compile(r"host(name)?$|server$|addr(ess)?$", re.IGNORECASE)
_URL = re.compile(r"(?P<scheme>[a-z][a-z0-9+.-]*)://(?:[^\s/'\"]*@)?(?P<host>[A-Za-z0-9_.-]+)(?::(?P<port>\d+))?")
_HOST_PORT = re.compile(r"(?<![\w./@:-])(?P<host>[A-Za-z][A-Za-z0-9_.-]*):(?P<port>\d{2,5})(?!\d)")


@dataclass(frozen=True)
class Need:
    """One service needs another one, at this host name and port (0: unknown)."""

    service: str
    host: str
    port: int


class StackView:
    """The stack as it was when the diagnosis began; ``stack`` is None when the Docker daemon does not answer."""

    def __init__(self, options: Options, stack: Stack | None, daemon_error: MaxopsError | None = None) -> None:
        self.options = options
        self.stack = stack
        self.daemon_error = daemon_error
        self.inspections = stack.inspections if stack else []
        self.roles = options.access.roles(self)
        self._logs: dict[str, list[str]] = {}
        self._lock = threading.Lock()
        environments = [inspection.container.environment for inspection in self.inspections]
        self.mask = Mask({secret for environment in environments for secret in secrets_of(environment)})
        self.needs = [need for inspection in self.inspections for need in self._needs_of(inspection)]

    @property
    def required_stack(self) -> Stack:
        """The stack. Raises MaxopsError when the Docker daemon does not answer."""
        if self.stack is None:
            raise MaxopsError("the Docker daemon does not answer")
        return self.stack

    @property
    def openproject(self) -> tuple[str, ...]:
        """The services of OpenProject."""
        return tuple(self.roles.applications.get(OPENPROJECT, ()))

    @property
    def servers(self) -> frozenset[str]:
        """The services that store data for the others, also further ones of the same kinds."""
        return frozenset((*self.roles.servers, *self.roles.databases, *self.roles.caches))

    @property
    def services(self) -> list[str]:
        """All services that have a container."""
        return sorted({inspection.service for inspection in self.inspections})

    @property
    def dependencies(self) -> dict[str, list[str]]:
        """The services that each service needs."""
        dependencies: dict[str, list[str]] = {service: [] for service in self.services}
        for need in self.needs:
            target = self.service_of(need.host)
            if target != need.service and target not in dependencies[need.service]:
                dependencies[need.service].append(target)
        return dependencies

    def service_of(self, host: str) -> str:
        """The service that a host name leads to: the name is a service's, a container's, or one in a network."""
        if host in self.services:
            return host
        named = (inspection for inspection in self.inspections if host == inspection.name or host in inspection.aliases)
        return next((inspection.service for inspection in named), host)

    def of_service(self, service: str) -> list[Inspection]:
        """The containers of a service."""
        return [inspection for inspection in self.inspections if inspection.service == service]

    def is_healthy(self, service: str) -> bool:
        """Whether all containers of a service are healthy, or have done their work."""
        found = self.of_service(service)
        return bool(found) and all(inspection.healthy or self.is_done(inspection) for inspection in found)

    def is_done(self, inspection: Inspection) -> bool:
        """Whether a one-time container has ended successfully; the end of a service that others need is a fault."""
        return inspection.done and not self.roles.must_run(inspection.container)

    def running(self, service: str) -> Inspection | None:
        """A running container of a service, or None."""
        return next((inspection for inspection in self.of_service(service) if inspection.running), None)

    def ssh_ports(self, inspection: Inspection) -> frozenset[int]:
        """Ports of a container on which an SSH server listens, as far as they are known."""
        if not is_gitea(inspection.container):
            return SSH_PORTS
        settings = gitea_settings(inspection.container, inspection.files_root)
        port = settings.get(("server", "SSH_LISTEN_PORT")) or settings.get(("server", "SSH_PORT")) or ""
        return SSH_PORTS | {int(port)} if port.isdigit() else SSH_PORTS

    @property
    def project(self) -> ComposeProject:
        """How the project was started."""
        return self.stack.compose if self.stack else ComposeProject(self.options.access.project_name)

    def compose(self, *words: str) -> str:
        """A docker compose command to run on the host, with the files that the project was started with."""
        return self.project.command(*words)

    @property
    def env_file(self) -> str:
        """The file with the project's variables."""
        return self.project.env_files[0] if self.project.env_files else os.path.join(self.project.folder, ".env")

    def log(self, inspection: Inspection) -> list[str]:
        """The last lines of a container's log, without secrets."""
        with self._lock:
            lines = self._logs.get(inspection.name)
        if lines is None:
            with self.required_stack.daemon_call(f"read the log of {inspection.name}") as api:
                # Since its last start only: an earlier fault is fixed, or it shows again. A container that keeps
                # crashing has logged the reason before that start.
                earlier = CRASH_SECONDS if inspection.crashing else 0
                since = int(inspection.started.timestamp()) - earlier if inspection.started else None
                data = api.logs(inspection.container.id, stdout=True, stderr=True, tail=LOG_LINES, since=since)
            lines = [self.mask(line) for line in data.decode("utf-8", "replace").splitlines() if line.strip()]
            with self._lock:
                self._logs[inspection.name] = lines
        return lines

    def file_in(self, inspection: Inspection, path: str) -> str:
        """A small text file of a container, running or not. Raises MaxopsError when the file does not exist."""
        with self.required_stack.daemon_call(f"read {path} of {inspection.name}") as api:
            stream, _facts = api.get_archive(inspection.container.id, path)
            data = b"".join(stream)
        with tarfile.open(fileobj=io.BytesIO(data)) as archive:
            content = archive.extractfile(archive.getmembers()[0])
            return content.read().decode("utf-8", "replace") if content else ""

    def _needs_of(self, inspection: Inspection) -> Iterator[Need]:
        names = {other.service for other in self.inspections} | {other.name for other in self.inspections}
        names |= {alias for other in self.inspections for alias in other.aliases}
        declared = inspection.container.depends_on
        names |= declared
        ports: dict[str, int] = {}
        for key, value in inspection.container.environment.items():
            _add_ports(ports, [*hosts_in(value), *([(value, 0)] if _HOST_NAME.search(key) else [])], names)
        for mount in inspection.container.mounts:
            if mount.kind == "bind" and not mount.writable:
                _add_ports(ports, hosts_in_files(mount.source), names)
        for host in declared:
            ports.setdefault(host, 0)
        ports.pop(inspection.service, None)
        return (Need(inspection.service, host, port) for host, port in sorted(ports.items()))


def _add_ports(ports: dict[str, int], hosts: Sequence[tuple[str, int]], names: set[str]) -> None:
    """Add the ports of those hosts that are in ``names``."""
    for host, port in hosts:
        if host in names and not ports.get(host):
            ports[host] = port


def hosts_in(text: str) -> list[tuple[str, int]]:
    """Hosts and ports in a setting: as a URL or as ``host:port``."""
    hosts = []
    for match in _URL.finditer(text):
        port = int(match["port"] or _DEFAULT_PORTS.get(match["scheme"], 0))
        hosts.append((match["host"], port))
    hosts += [(match["host"], int(match["port"])) for match in _HOST_PORT.finditer(_URL.sub(" ", text))]
    return hosts


def hosts_in_files(source: str) -> list[tuple[str, int]]:
    """Hosts and ports in a gateway's configuration: a file, or the ``*.conf`` files of a folder."""
    paths = [source] if os.path.isfile(source) else []
    with suppress(OSError):
        paths += [os.path.join(source, name) for name in sorted(os.listdir(source))]
    hosts = []
    for path in paths:
        if path.endswith(".conf"):
            with suppress(OSError), open(path, encoding="utf-8", errors="replace") as stream:
                lines = stream.read(CONFIG_BYTES).splitlines()
                hosts += hosts_in("\n".join(line.partition("#")[0] for line in lines))
    return hosts
