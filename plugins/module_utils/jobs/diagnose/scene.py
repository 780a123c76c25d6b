# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a diagnosis looks at: the stack's containers more closely, and who needs whom. Private to this collection."""

from __future__ import annotations

import io
import os
import re
import tarfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.container import on_host
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.inspection import CRASH_SECONDS, Inspection
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.project import ComposeProject
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.stack import Stack
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError
from ansible_collections.maxops.ops.plugins.module_utils.tools.masking import Mask, secrets_of

from .options import Options

LOG_LINES = 60
CONFIG_BYTES = 256 * 1024
_DEFAULT_PORTS = {"postgres": 5432, "postgresql": 5432, "redis": 6379, "rediss": 6379, "http": 80, "https": 443}
_HOST_NAME = re.compile(r"host(name)?$|server$|addr(ess)?$", re.IGNORECASE)
_URL = re.compile(r"(?P<scheme>[a-z][a-z0-9+.-]*)://(?:[^\s/'\"]*@)?(?P<host>[A-Za-z0-9_.-]+)(?::(?P<port>\d+))?")
_HOST_PORT = re.compile(r"(?<![\w./@:-])(?P<host>[A-Za-z][A-Za-z0-9_.-]*):(?P<port>\d{2,5})(?!\d)")


@dataclass(frozen=True)
class Need:
    """One service needs another one, under this name and port (0: unknown)."""

    service: str
    host: str
    port: int


class Scene:
    """The stack as it was when the diagnosis began; ``stack`` is None where no daemon answers."""

    def __init__(self, options: Options, stack: Stack | None, daemon_error: str = "") -> None:
        self.options = options
        self.stack = stack
        self.daemon_error = daemon_error
        self.inspections = stack.inspections if stack else []
        self._logs: dict[str, list[str]] = {}
        self._lock = threading.Lock()
        self.mask = Mask({each for look in self.inspections for each in secrets_of(look.container.environment)})
        self.needs = [need for look in self.inspections for need in self._needs_of(look)]

    @property
    def required_stack(self) -> Stack:
        """The stack. Raises MaxopsError where no daemon answers."""
        if self.stack is None:
            raise MaxopsError("the Docker daemon does not answer")
        return self.stack

    @property
    def services(self) -> list[str]:
        """All services that have a container."""
        return sorted({look.service for look in self.inspections})

    @property
    def who_needs_whom(self) -> dict[str, list[str]]:
        """For each service those that it needs."""
        found: dict[str, list[str]] = {service: [] for service in self.services}
        for need in self.needs:
            target = self.service_of(need.host)
            if target != need.service and target not in found[need.service]:
                found[need.service].append(target)
        return found

    def service_of(self, host: str) -> str:
        """The service that a host name stands for: its own name, or a container's."""
        return next((look.service for look in self.inspections if look.name == host), host)

    def of_service(self, service: str) -> list[Inspection]:
        """The containers of a service."""
        return [look for look in self.inspections if look.service == service]

    def running(self, service: str) -> Inspection | None:
        """A running container of a service, or None."""
        return next((look for look in self.of_service(service) if look.running), None)

    def compose(self, *words: str) -> str:
        """A docker compose command for an operator on the host, with the files that the project was started with."""
        project = self.stack.compose if self.stack else ComposeProject(self.options.access.project_name)
        return project.command(*words)

    def log(self, look: Inspection) -> list[str]:
        """The last lines of a container's log, without secrets."""
        with self._lock:
            known = self._logs.get(look.name)
        if known is None:
            with self.required_stack.daemon_call(f"read the log of {look.name}") as api:
                # Of its last start only: what ailed it before is mended, or it shows again. What keeps crashing has
                # said why before that start.
                earlier = CRASH_SECONDS if look.crashing else 0
                since = int(look.started.timestamp()) - earlier if look.started else None
                data = api.logs(look.container.id, stdout=True, stderr=True, tail=LOG_LINES, since=since)
            known = [self.mask(line) for line in data.decode("utf-8", "replace").splitlines() if line.strip()]
            with self._lock:
                self._logs[look.name] = known
        return known

    def file_in(self, look: Inspection, path: str) -> str:
        """A small text file of a container, whether it runs or not. Raises MaxopsError when there is none."""
        with self.required_stack.daemon_call(f"read {path} of {look.name}") as api:
            stream, _facts = api.get_archive(look.container.id, path)
            data = b"".join(stream)
        with tarfile.open(fileobj=io.BytesIO(data)) as archive:
            content = archive.extractfile(archive.getmembers()[0])
            return content.read().decode("utf-8", "replace") if content else ""

    def _needs_of(self, look: Inspection) -> Iterator[Need]:
        names = {each.service for each in self.inspections} | {each.name for each in self.inspections}
        listed = look.container.depends_on
        names |= listed
        found: dict[str, int] = {}
        for key, value in look.container.environment.items():
            _note(found, [*hosts_in(value), *([(value, 0)] if _HOST_NAME.search(key) else [])], names)
        for mount in look.container.mounts:
            if mount.kind == "bind" and not mount.writable:
                _note(found, hosts_in_files(mount.source), names)
        for host in listed:
            found.setdefault(host, 0)
        found.pop(look.service, None)
        return (Need(look.service, host, port) for host, port in sorted(found.items()))


def _note(found: dict[str, int], hosts: Sequence[tuple[str, int]], names: set[str]) -> None:
    for host, port in hosts:
        if host in names and not found.get(host):
            found[host] = port


def hosts_in(text: str) -> list[tuple[str, int]]:
    """Hosts and ports that a setting names: as a URL or as ``host:port``."""
    found = []
    for match in _URL.finditer(text):
        port = int(match["port"] or _DEFAULT_PORTS.get(match["scheme"], 0))
        found.append((match["host"], port))
    found += [(match["host"], int(match["port"])) for match in _HOST_PORT.finditer(_URL.sub(" ", text))]
    return found


def hosts_in_files(source: str) -> list[tuple[str, int]]:
    """Hosts and ports that a gateway's configuration names, in a file or in the ``*.conf`` of a folder."""
    paths = [source] if os.path.isfile(source) else []
    with suppress(OSError):
        paths += [os.path.join(source, name) for name in sorted(os.listdir(source))]
    found = []
    for path in paths:
        if path.endswith(".conf"):
            with suppress(OSError), open(path, encoding="utf-8", errors="replace") as stream:
                lines = stream.read(CONFIG_BYTES).splitlines()
                found += hosts_in("\n".join(line.partition("#")[0] for line in lines))
    return found


def path_on_host(look: Inspection, inside: str) -> str:
    """Where a path of a container is on this host, for reading only."""
    outside = on_host(inside, look.container.mounts)
    return outside if outside != inside or not look.running else f"{look.root}{inside}"
