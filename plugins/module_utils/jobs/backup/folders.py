# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which volumes a backup takes, and which it leaves out."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.stack import Stack
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.volumes import (
    foreign_containers,
    is_unnamed,
    measure,
    project_volumes,
    volume_facts,
)
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError

from .live import OF_DATABASE, Found, at_rest, find_in_all
from .options import BackupOptions
from .values import BackupPlan, PreviousParts, VolumePart, estimate_of, is_excluded, quoted

VOLUME_RATIO = 1.0
"""Stored bytes for each byte of a volume, until a first set gives a better number."""

LEGACY_BACKUP_SERVICE = "backup"
"""The stack's own service that runs /backup.sh: what it writes are backups."""

OF_CACHE = "belongs to the cache"


def plan_volumes(plan: BackupPlan, options: BackupOptions, previous: PreviousParts) -> None:
    """Add the volumes to the plan; one that cannot be read is a part not taken.

    Raises MaxopsError for one that the option names and that is missing or cannot be read, for one that holds the
    repository, and where no volume can be read.
    """
    mounted = _mounted_volumes(plan.stack)
    known = {**mounted, **_unused_volumes(plan.stack, mounted)}
    chosen = _chosen(plan, options, known)
    named = options.volumes is not None
    mounted_here = [folder for docker_name, folder in chosen.values() if docker_name in mounted]
    # Where none of them is on this host, the task runs on the wrong host, or not as root.
    wrong_host = bool(mounted_here) and not any(os.path.isdir(folder) for folder in mounted_here)
    for name, (docker_name, folder) in list(chosen.items()):
        obstacle = _obstacle(plan.stack, docker_name, folder, wrong_host or named)
        if not obstacle:
            check_folder("volume", name, folder, plan.repository.path)
            continue
        reason, fix = obstacle
        if named:
            raise MaxopsError(f'volume "{name}" is {reason}: {fix}, or leave the volume out (exclude)')
        plan.not_taken("volume", name, f"it is {reason}", fix)
        del chosen[name]
    with ThreadPoolExecutor(max_workers=max(1, options.jobs)) as pool:
        sizes = list(pool.map(lambda entry: measure(entry[1]), chosen.values()))
    found = find_in_all({name: (folder, ()) for name, (_docker_name, folder) in chosen.items()}, options.jobs)
    for (name, (docker_name, folder)), size in zip(chosen.items(), sizes):
        users = [
            container
            for container in plan.stack.containers
            if any(mount.name == docker_name and mount.writable for mount in container.mounts)
        ]
        others = foreign_containers(plan.stack, docker_name, writing=True) if found[name] else []
        estimate = estimate_of(previous.get(("volume", name)), size, VOLUME_RATIO)
        part = VolumePart(name, docker_name, folder, size, estimate, ())
        taken = at_rest(plan, options, part, Found(found[name], users, others), named=named)
        if taken:
            plan.volumes.append(taken)


def _chosen(plan: BackupPlan, options: BackupOptions, known: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    """Docker's name and the folder of each volume to take, by its short name; the others are reported."""
    project = options.access.project_name
    chosen: dict[str, tuple[str, str]] = {}
    internal = _internal_volumes(plan, options)
    for docker_name, folder in known.items() if options.volumes is None else ():
        name = _short(docker_name, project, known)
        if docker_name in internal:
            plan.left_out.append({"kind": "volume", "name": name, "reason": internal[docker_name]})
        else:
            chosen[name] = (docker_name, folder)
    for wanted in options.volumes or ():
        docker_name = next((candidate for candidate in (f"{project}_{wanted}", wanted) if candidate in known), "")
        if not docker_name:
            names = quoted(_short(volume, project, known) for volume in known)
            raise MaxopsError(
                f'project "{project}" mounts no volume "{wanted}" (it mounts {names}); correct the option volumes'
            )
        chosen[_short(docker_name, project, known)] = (docker_name, known[docker_name])
    for name in [name for name in chosen if is_excluded(name, options.exclude)]:
        plan.left_out.append({"kind": "volume", "name": name, "reason": "excluded"})
        del chosen[name]
    return chosen


def _mounted_volumes(stack: Stack) -> dict[str, str]:
    return {
        mount.name: mount.source
        for container in stack.containers
        for mount in container.mounts
        if mount.kind == "volume" and not is_unnamed(mount.name)
    }


def _unused_volumes(stack: Stack, mounted: Iterable[str]) -> dict[str, str]:
    """Volumes of the project that no container mounts now: that of a service which was removed, or not started yet."""
    volumes = project_volumes(stack)
    return {name: _folder_of(volumes[name]) for name in sorted(set(volumes) - set(mounted))}


def _folder_of(facts: Mapping[str, Any]) -> str:
    """The folder of a volume that no container mounts: that of a bound folder is the folder itself."""
    options = facts.get("Options") or {}
    bound = "bind" in str(options.get("o") or "").split(",") and os.path.isdir(str(options.get("device")))
    return str(options["device"] if bound else facts["Mountpoint"])


def _internal_volumes(plan: BackupPlan, options: BackupOptions) -> dict[str, str]:
    stack, roles = plan.stack, plan.roles(options.access)
    reasons: dict[str, str] = {}
    shared = {
        mount.name
        for container in stack.containers
        for mount in container.mounts
        if container.service not in roles.servers and mount.kind == "volume" and mount.writable
    }
    for service, reason in (
        (roles.cache, OF_CACHE),
        (roles.database, OF_DATABASE),
    ):
        for container in stack.of_service(service) if service else ():
            reasons.update(
                {
                    mount.name: reason
                    for mount in container.mounts
                    if mount.kind == "volume" and mount.writable and mount.name not in shared
                }
            )
    return reasons


def check_folder(kind: str, name: str, folder: str, repository: str) -> None:
    """Refuse a volume or folder that cannot be read, and one that holds the repository."""
    if not os.path.isdir(folder):
        raise MaxopsError(
            f'{kind} "{name}" has no folder {folder} on this host; '
            "run this task on the host that runs the stack, as root"
        )
    if not os.access(folder, os.R_OK | os.X_OK):
        raise MaxopsError(f'{kind} "{name}" ({folder}) cannot be read by this user: run as root (become: true)')
    inside = os.path.join(os.path.realpath(folder), "")
    if os.path.join(os.path.realpath(repository), "").startswith(inside):
        raise MaxopsError(
            f'repository {repository} lies inside {kind} "{name}" ({folder}), so each set would hold all earlier ones; '
            f"name a repository outside of the {kind}s that are backed up, or name this {kind} in exclude"
        )


def _obstacle(stack: Stack, docker_name: str, folder: str, here: bool) -> tuple[str, str] | None:
    """Why one volume cannot be read, and the next step; with ``here`` a missing folder is left to check_folder."""
    users = [
        container for container in stack.containers if any(mount.name == docker_name for mount in container.mounts)
    ]
    running = any(container.state in ("running", "paused", "restarting") for container in users)
    device = "" if running else _unmounted_device(stack, docker_name, folder)
    if device:
        services = ", ".join(sorted({container.service for container in users}))
        fix = "start a service that mounts it" + (f" ({services})" if services else "")
        return f"{device}, which Docker mounts only while a container uses it, and none does", fix
    if not here and not os.path.isdir(folder):
        fix = "run as root, and back up a volume of another driver than local by other means"
        return f"in {folder}, which is no folder on this host", fix
    return None


def _unmounted_device(stack: Stack, docker_name: str, folder: str) -> str:
    """The device or share of a volume that is not mounted; empty for any other volume."""
    device = str(((volume_facts(stack, docker_name) or {}).get("Options") or {}).get("device") or "")
    if not device or os.path.ismount(folder):
        return ""
    here = os.path.exists(device) and os.path.exists(folder) and os.path.samefile(device, folder)
    return "" if here else device


def _short(docker_name: str, project: str, mounted: Iterable[str]) -> str:
    """The name without the project's, unless another volume of the stack is called just that."""
    short = docker_name[len(project) + 1 :]
    return short if docker_name == f"{project}_{short}" and short not in mounted else docker_name
