# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which volumes and folders a backup takes, and which it leaves out."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.stack import (
    Container,
    Stack,
)
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.volumes import measure, volume_facts
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError

from .options import BackupOptions
from .values import BackupPlan, PreviousParts, VolumePart, estimate_of, is_excluded, quoted

VOLUME_RATIO = 1.0
"""Stored bytes for each byte of a volume, until a first set gives a better number."""

LEGACY_BACKUP_SERVICE = "backup"
"""The stack's own service that runs /backup.sh: what it writes are backups."""

_ANONYMOUS = re.compile(r"[0-9a-f]{64}")


def plan_volumes(plan: BackupPlan, options: BackupOptions, previous: PreviousParts) -> None:
    """Add the volumes to the plan. Raises MaxopsError for a volume that is missing or cannot be read."""
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
                names = quoted(_short(volume, project, mounted) for volume in mounted)
                raise MaxopsError(
                    f'project "{project}" mounts no volume "{wanted}" (it mounts {names}); correct the option volumes'
                )
            chosen[_short(docker_name, project, mounted)] = (docker_name, mounted[docker_name])
    for name in [name for name in chosen if is_excluded(name, options.exclude)]:
        plan.left_out.append({"kind": "volume", "name": name, "reason": "excluded"})
        del chosen[name]
    for name, (docker_name, folder) in chosen.items():
        _check_folder(name, folder, plan.repository.path)
        _check_mounted(plan.stack, name, docker_name, folder)
    with ThreadPoolExecutor(max_workers=max(1, options.jobs)) as pool:
        sizes = list(pool.map(lambda entry: measure(entry[1]), chosen.values()))
    for (name, (docker_name, folder)), size in zip(chosen.items(), sizes):
        estimate = estimate_of(previous.get(("volume", name)), size, VOLUME_RATIO)
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
            if container.service not in own and not is_excluded(mount.source, options.exclude):
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
