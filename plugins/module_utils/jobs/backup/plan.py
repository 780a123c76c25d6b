# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan of a backup: what it takes, how, and whether there is enough space. Changes nothing."""

from __future__ import annotations

import fnmatch
import os
import re
import shutil
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.maxops.ops.plugins.module_utils.storage.repository.local import Repository
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.stack import (
    Container,
    Stack,
)
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.volumes import measure, volume_facts
from ansible_collections.maxops.ops.plugins.module_utils.systems.postgresql.session import (
    DatabaseFacts,
    Server,
    list_closed_databases,
    list_databases,
)
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError
from ansible_collections.maxops.ops.plugins.module_utils.tools.files import free_bytes
from ansible_collections.maxops.ops.plugins.module_utils.tools.process import require_program
from ansible_collections.maxops.ops.plugins.module_utils.tools.words import human_size
from ansible_collections.maxops.ops.plugins.module_utils.transfer.database_dump import DumpSource

from .options import BackupOptions

DUMP_RATIO = 0.6
"""Stored bytes for each byte of a database, until a first set gives a better number; prose takes about 0.25."""
VOLUME_RATIO = 1.0
GROWTH = 1.15
"""Allowance on the size of the same part in the last set."""
MARGIN = 64 * 1000 * 1000

LEGACY_BACKUP_SERVICE = "backup"
"""The stack's own service that runs /backup.sh: what it writes are backups."""

_ANONYMOUS = re.compile(r"[0-9a-f]{64}")


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
    """A volume to archive: ``writers`` are the running containers that can change it."""

    name: str
    docker_name: str
    folder: str
    size: int
    estimate: int
    writers: tuple[Container, ...]


@dataclass
class BackupPlan:
    """Everything that a backup needs to know before it starts."""

    stack: Stack
    repository: Repository
    database_container: Container | None = None
    server: Server | None = None
    server_version: str | None = None
    databases: list[DatabasePart] = field(default_factory=list)
    volumes: list[VolumePart] = field(default_factory=list)
    left_out: list[dict[str, str]] = field(default_factory=list)
    dump_compression: str = "none"
    packer: str = "none"
    warnings: list[str] = field(default_factory=list)
    need: int = 0
    free: int = 0

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


def make_plan(options: BackupOptions) -> BackupPlan:
    """Make the plan of a backup. Raises MaxopsError for anything that would stop the backup later."""
    repository = Repository(options.repository)
    repository.check_usable()
    stack = options.access.connect()
    plan = BackupPlan(stack, repository)
    previous = _previous_parts(repository, options.access.project_name)
    _plan_databases(plan, options, previous)
    _plan_volumes(plan, options, previous)
    if not plan.databases and not plan.volumes:
        raise MaxopsError(
            f'no part of project "{options.access.project_name}" is left to back up; '
            "check databases, volumes and exclude"
        )
    _choose_compression(plan, options)
    estimates = [part.estimate for part in plan.databases] + [part.estimate for part in plan.volumes]
    plan.need = sum(estimates) + MARGIN
    plan.free = free_bytes(repository.path)
    # Leftovers of killed jobs are removed before anything is written, so their space counts as free.
    free = plan.free + repository.leftover_bytes()
    if options.space_check and plan.need > free:
        raise MaxopsError(
            f"repository {repository.path} has {human_size(free)} free and this backup may need "
            f"{human_size(plan.need)}: "
            "free some space, keep fewer sets (retention), or set space_check to false to try anyway"
        )
    return plan


# -- databases ----------------------------------------------------------------------------------------------------


def _plan_databases(plan: BackupPlan, options: BackupOptions, previous: dict[tuple[str, str], tuple[int, int]]) -> None:
    if options.databases is not None and not options.databases:
        return
    container = options.access.database_container(plan.stack)
    plan.database_container = container
    plan.server = options.access.server_in(container, plan.stack)
    plan.server_version, listed = list_databases(plan.server)
    databases = {database.name: database for database in listed}
    wanted = list(databases) if options.databases is None else list(dict.fromkeys(options.databases))
    missing = [name for name in wanted if name not in databases]
    if missing:
        raise MaxopsError(
            f"container {container.name} has no database {_quoted(missing)} (it has {_quoted(databases)}); "
            "correct the option databases"
        )
    if options.databases is None:
        _report_closed_databases(plan, options)
    for name in wanted:
        if _excluded(name, options.exclude):
            plan.left_out.append({"kind": "database", "name": name, "reason": "excluded"})
            continue
        estimate = _estimate(previous.get(("database", name)), databases[name].size, DUMP_RATIO)
        plan.databases.append(DatabasePart(databases[name], estimate))


def _report_closed_databases(plan: BackupPlan, options: BackupOptions) -> None:
    for name in list_closed_databases(plan.require_server()):
        kept_by_restore = "__maxops_" in name
        reason = "kept by a restore" if kept_by_restore else "accepts no connections (ALLOW_CONNECTIONS false)"
        plan.left_out.append({"kind": "database", "name": name, "reason": reason})
        if not kept_by_restore and not _excluded(name, options.exclude):
            plan.warnings.append(
                f'database "{name}" is not in the set: it accepts no connections; run ALTER DATABASE … '
                "ALLOW_CONNECTIONS true, or name it in exclude if that is intended"
            )


# -- volumes ------------------------------------------------------------------------------------------------------


def _plan_volumes(plan: BackupPlan, options: BackupOptions, previous: dict[tuple[str, str], tuple[int, int]]) -> None:
    project = options.access.project_name
    mounted = _named_volumes(plan.stack)
    if options.volumes is None:
        _report_other_folders(plan, options)
    internal = _internal_volumes(plan.stack, options)
    chosen: dict[str, tuple[str, str]] = {}
    if options.volumes is None:
        for docker_name, folder in mounted.items():
            name = _short(docker_name, project, mounted)
            if docker_name in internal:
                plan.left_out.append({"kind": "volume", "name": name, "reason": internal[docker_name]})
            else:
                chosen[name] = (docker_name, folder)
    else:
        for wanted in options.volumes:
            docker_name = next((candidate for candidate in (f"{project}_{wanted}", wanted) if candidate in mounted), "")
            if not docker_name:
                names = _quoted(_short(volume, project, mounted) for volume in mounted)
                raise MaxopsError(
                    f'project "{project}" mounts no volume "{wanted}" (it mounts {names}); correct the option volumes'
                )
            chosen[_short(docker_name, project, mounted)] = (docker_name, mounted[docker_name])
    for name in [name for name in chosen if _excluded(name, options.exclude)]:
        plan.left_out.append({"kind": "volume", "name": name, "reason": "excluded"})
        del chosen[name]
    for name, (docker_name, folder) in chosen.items():
        _check_folder(name, folder, plan.repository.path)
        _check_mounted(plan.stack, name, docker_name, folder)
    with ThreadPoolExecutor(max_workers=max(1, options.jobs)) as pool:
        sizes = list(pool.map(lambda entry: measure(entry[1]), chosen.values()))
    for (name, (docker_name, folder)), size in zip(chosen.items(), sizes):
        estimate = _estimate(previous.get(("volume", name)), size, VOLUME_RATIO)
        writers = tuple(_writers(plan.stack, docker_name))
        plan.volumes.append(VolumePart(name, docker_name, folder, size, estimate, writers))


def _named_volumes(stack: Stack) -> dict[str, str]:
    return {
        mount.name: mount.source
        for container in stack.containers
        for mount in container.mounts
        if mount.kind == "volume" and not _ANONYMOUS.fullmatch(mount.name)
    }


def _report_other_folders(plan: BackupPlan, options: BackupOptions) -> None:
    """Report the writable folders that are not named volumes: no set contains them, and the operator has to know."""
    own = {*options.access.servers, LEGACY_BACKUP_SERVICE}
    for container in plan.stack.containers:
        for mount in container.mounts:
            anonymous = mount.kind == "volume" and _ANONYMOUS.fullmatch(mount.name)
            if not mount.writable or not (anonymous or (mount.kind == "bind" and os.path.isdir(mount.source))):
                continue
            kind = "an unnamed volume" if anonymous else "a folder of the host"
            reason = f"{kind} that service {container.service} has at {mount.target}"
            plan.left_out.append({"kind": "folder", "name": mount.source, "reason": reason})
            if container.service not in own and not _excluded(mount.source, options.exclude):
                plan.warnings.append(
                    f"{mount.source} is not in the set: it is {reason}; give it a named volume, "
                    "back it up by other means, or name it in exclude if nothing in it needs to be kept"
                )


def _internal_volumes(stack: Stack, options: BackupOptions) -> dict[str, str]:
    reasons: dict[str, str] = {}
    shared = {
        mount.name
        for container in stack.containers
        for mount in container.mounts
        if container.service not in options.access.servers and mount.kind == "volume" and mount.writable
    }
    for service, reason in (
        (options.access.cache_service, "belongs to the cache"),
        (options.access.database_service, "belongs to the database server, whose databases are dumped"),
    ):
        for container in stack.of_service(service):
            reasons.update(
                {
                    mount.name: reason
                    for mount in container.mounts
                    if mount.kind == "volume" and mount.writable and mount.name not in shared
                }
            )
    return reasons


def _writers(stack: Stack, docker_name: str) -> list[Container]:
    return [
        container
        for container in stack.containers
        if container.running and any(mount.name == docker_name and mount.writable for mount in container.mounts)
    ]


def _check_folder(name: str, folder: str, repository: str) -> None:
    if not os.path.isdir(folder):
        raise MaxopsError(
            f'volume "{name}" has no folder {folder} on this host; '
            "run this task on the host that runs the stack, as root"
        )
    if not os.access(folder, os.R_OK | os.X_OK):
        raise MaxopsError(f'volume "{name}" ({folder}) cannot be read by this user: run as root (become: true)')
    inside = os.path.join(os.path.realpath(folder), "")
    if os.path.join(os.path.realpath(repository), "").startswith(inside):
        raise MaxopsError(
            f'repository {repository} lies inside volume "{name}" ({folder}), so each set would hold all earlier ones; '
            "name a repository outside of the volumes that are backed up"
        )


def _check_mounted(stack: Stack, name: str, docker_name: str, folder: str) -> None:
    """Refuse a volume with its own device that no container uses: it is not mounted, and its folder is empty."""
    users = [
        container for container in stack.containers if any(mount.name == docker_name for mount in container.mounts)
    ]
    if any(container.state in ("running", "paused", "restarting") for container in users):
        return
    device = ((volume_facts(stack, docker_name) or {}).get("Options") or {}).get("device")
    if device and not os.path.ismount(folder) and not (os.path.exists(device) and os.path.samefile(device, folder)):
        services = ", ".join(sorted({container.service for container in users}))
        raise MaxopsError(
            f'volume "{name}" is {device}, which Docker mounts only while a container uses it, and none does: '
            f"start a service that mounts it ({services}), or leave the volume out (exclude)"
        )


def _short(docker_name: str, project: str, mounted: Iterable[str]) -> str:
    """The name without the project's, unless another volume of the stack is called just that."""
    short = docker_name[len(project) + 1 :]
    return short if docker_name == f"{project}_{short}" and short not in mounted else docker_name


# -- both ---------------------------------------------------------------------------------------------------------


def _choose_compression(plan: BackupPlan, options: BackupOptions) -> None:
    wanted = options.compression
    if plan.databases:
        plan.dump_compression = _dump_compression(plan, wanted)
    plan.packer = wanted
    if wanted == "auto":
        plan.packer = "zstd" if shutil.which("zstd") else "gzip"
        if plan.packer == "gzip" and plan.volumes:
            plan.warnings.append(
                "zstd is not installed on this host, so volumes are compressed with gzip, many times slower; "
                "the role maxops.ops.host installs it"
            )
    if plan.volumes:
        for program in ("tar", plan.packer):
            if program != "none":
                require_program(program)


def _dump_compression(plan: BackupPlan, wanted: str) -> str:
    if wanted == "none":
        return "0"
    if wanted == "gzip":
        return "6"
    container = plan.require_container()
    # pg_dump checks its compression before it connects: with a host that does not exist, it shows whether it has zstd.
    probe = [
        "pg_dump",
        "--format=custom",
        "--compress=zstd:1",
        "--file=/dev/null",
        "--host=/nowhere",
        "--dbname=postgres",
    ]
    _code, output = plan.stack.execute(container, probe)
    if "/nowhere" in output:
        return "zstd:1"
    if wanted == "zstd":
        raise MaxopsError(
            f"pg_dump in container {container.name} (PostgreSQL {plan.server_version}) has no zstd: "
            "set compression to auto or gzip, or move to PostgreSQL 16 or later"
        )
    return "1"


def _previous_parts(repository: Repository, project: str) -> dict[tuple[str, str], tuple[int, int]]:
    """(kind, name) → (source bytes, stored bytes) of the newest complete set of the same stack."""
    for kept in reversed(repository.sets()):
        if kept.manifest and kept.manifest.get("project") == project:
            parts: list[dict[str, Any]] = kept.manifest.get("parts", [])
            return {(part["kind"], part["name"]): (part["source_bytes"], part["bytes"]) for part in parts}
    return {}


def _estimate(previous: tuple[int, int] | None, size: int, ratio: float) -> int:
    if previous and previous[0] > 0:
        return int(size * previous[1] / previous[0] * GROWTH)
    return int(size * ratio)


def _excluded(name: str, patterns: Sequence[str]) -> bool:
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)


def _quoted(names: Any) -> str:
    return ", ".join(f'"{name}"' for name in names) or "none"
