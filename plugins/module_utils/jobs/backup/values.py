# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The values of a backup's plan, and the estimate of a part's size."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.maxops.ops.plugins.module_utils.storage.coverage import matches
from ansible_collections.maxops.ops.plugins.module_utils.storage.origin import Origin
from ansible_collections.maxops.ops.plugins.module_utils.storage.repository.local import Repository
from ansible_collections.maxops.ops.plugins.module_utils.systems.access import Access
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.stack import (
    Container,
    Stack,
)
from ansible_collections.maxops.ops.plugins.module_utils.systems.postgresql.session import DatabaseFacts, Server
from ansible_collections.maxops.ops.plugins.module_utils.systems.recognition import Recognised
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError
from ansible_collections.maxops.ops.plugins.module_utils.transfer.configuration_files import Configuration
from ansible_collections.maxops.ops.plugins.module_utils.transfer.database_dump import DumpSource

GROWTH = 1.15
"""Allowance on the size of the same part in the last set."""

PreviousParts = dict[tuple[str, str], tuple[int, int]]
"""(kind, name) → (source bytes, stored bytes) of the parts of the last set."""


@dataclass(frozen=True)
class DatabasePart:
    """A database to dump; sizes in bytes."""

    facts: DatabaseFacts
    estimate: int

    @property
    def name(self) -> str:
        """The database's name."""
        return self.facts.name


@dataclass(frozen=True)
class VolumePart:
    """A volume or a folder of the host to archive: ``writers`` are the running containers that can change it.

    ``folder`` is its path on the host, ``skip`` are relative paths in it that are left out, ``mounts`` the services
    that mount it, with the path inside them. ``live`` are the databases in it that have to be at rest while it is
    copied, in words; its writers are paused for that. ``databases`` are all that were found in it, also while nothing
    writes to them: a service may start before the copy. ``inside`` are relative paths of other mounted folders that it
    holds, by their name.
    """

    name: str
    docker_name: str
    folder: str
    size: int
    estimate: int
    writers: tuple[Container, ...]
    kind: str = "volume"
    skip: tuple[str, ...] = ()
    mounts: tuple[tuple[str, str], ...] = ()
    live: tuple[str, ...] = ()
    databases: tuple[str, ...] = ()
    inside: Mapping[str, str] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """Kind and name, for messages."""
        return f'{self.kind} "{self.name}"'

    def facts(self) -> dict[str, Any]:
        """What the manifest records about it before it is copied."""
        facts: dict[str, Any] = {"kind": self.kind, "name": self.name, "source_bytes": self.size}
        if self.docker_name:
            facts["docker_name"] = self.docker_name
        if self.kind == "folder":
            facts["path"] = self.folder
            facts["mounts"] = [{"service": service, "target": target} for service, target in self.mounts]
            facts["skipped"] = list(self.skip)
            facts["inside"] = dict(self.inside)
        if self.live:
            facts["live_databases"] = list(self.live)
            facts["paused"] = sorted({container.service for container in self.writers})
        elif self.databases:
            facts["resting_databases"] = list(self.databases)
        return facts


@dataclass
class BackupPlan:
    """Everything that a backup needs to know before it starts."""

    stack: Stack
    repository: Repository
    origin: Origin = field(default_factory=lambda: Origin("", ""))
    database_container: Container | None = None
    server: Server | None = None
    server_version: str | None = None
    preloaded: list[str] = field(default_factory=list)
    """Libraries that the database server loads at its start."""
    databases: list[DatabasePart] = field(default_factory=list)
    volumes: list[VolumePart] = field(default_factory=list)
    """The volumes and the folders of the host."""
    configuration: Configuration = field(default_factory=Configuration)
    object_storage: list[dict[str, str]] = field(default_factory=list)
    """Files that applications keep elsewhere: application, what, type and source of each."""
    left_out: list[dict[str, str]] = field(default_factory=list)
    dump_compression: str = "none"
    packer: str = "none"
    warnings: list[str] = field(default_factory=list)
    incomplete: list[str] = field(default_factory=list)
    """What the set lacks although nobody excluded it: the set is made, and the run fails."""
    lacking: list[dict[str, str]] = field(default_factory=list)
    """The same as data: kind, name, reason and fix."""
    need: int = 0
    free: int = 0

    def roles(self, access: Access) -> Recognised:
        """What the services of the stack are."""
        return access.roles(self.stack)

    def not_taken(self, kind: str, name: str, reason: str, fix: str) -> None:
        """Record a part that cannot be taken: the set is made without it, and the run fails until it is excluded."""
        self.left_out.append({"kind": kind, "name": name, "reason": reason})
        self.lacking.append({"kind": kind, "name": name, "reason": reason, "fix": fix})
        self.incomplete.append(f'{kind} "{name}" is not in the set: {reason}; {fix}, or name it in exclude')

    def require_server(self) -> Server:
        """The server; a plan that holds databases always has one."""
        if self.server is None:
            raise MaxopsError("no database was planned, so there is no server")
        return self.server

    def require_container(self) -> Container:
        """The server's container; a plan that holds databases always has one."""
        if self.database_container is None:
            raise MaxopsError("no database was planned, so there is no database container")
        return self.database_container

    def dump_source(self) -> DumpSource:
        """The server that the databases are dumped from, and how."""
        return DumpSource(
            self.stack, self.require_container(), self.require_server(), self.repository.path, self.dump_compression
        )


def estimate_of(previous: tuple[int, int] | None, size: int, ratio: float) -> int:
    """Expected bytes of a part in the set: as in the last set, or ``ratio`` of its size in the stack."""
    if previous and previous[0] > 0:
        return int(size * previous[1] / previous[0] * GROWTH)
    return int(size * ratio)


def is_excluded(name: str, patterns: Sequence[str]) -> bool:
    """True when a name matches one of the patterns of the option ``exclude``."""
    return matches(name, patterns)


def quoted(names: Any) -> str:
    """Names for a message."""
    return ", ".join(f'"{name}"' for name in names) or "none"
