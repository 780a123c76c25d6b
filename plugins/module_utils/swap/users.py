# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which containers use the data of a restore, and which have to run before or after them."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from ansible_collections.maxops.ops.plugins.module_utils.systems.applications import uses_database
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.container import Container, Mount
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.services import is_in_use
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.stack import Stack
from ansible_collections.maxops.ops.plugins.module_utils.systems.host.folders import is_inside, system_kind

from .journal import Journal, VolumeSwap

_WATCHER_IMAGES = ("autoheal", "watchtower", "ouroboros")
_SOCKET = "docker.sock"


def users_of_data(
    containers: Iterable[Container], journal: Journal, servers: Collection[str], addresses: Collection[str] = ()
) -> list[Container]:
    """Containers that use the swapped data, in any state: by their environment, a mount, or a session from an address.

    ``servers`` are the services of the database and the cache, which do not count.
    """
    names = [database.name for database in journal.databases]
    return [
        container
        for container in containers
        if container.service not in servers
        and (
            any(uses_database([container], name) for name in names)
            or set(addresses) & set(container.addresses)
            or any(is_affected(container, volume) for volume in journal.volumes)
        )
    ]


def foreign_users(stack: Stack, journal: Journal) -> list[str]:
    """Names of running containers outside the stack that mount a folder that is swapped."""
    own = {container.id for container in stack.containers}
    with stack.daemon_call("list the running containers") as api:
        entries = api.containers()
    return sorted(
        entry["Names"][0].lstrip("/")
        for entry in entries
        if entry["Id"] not in own and any(_is_held(entry, volume) for volume in journal.volumes if volume.previous)
    )


def watchers(containers: Iterable[Container], users: Sequence[Container]) -> list[Container]:
    """Running containers that start and stop others: they would start in the middle what a restore has stopped."""
    ids = {container.id for container in users}
    return [
        container
        for container in containers
        if is_in_use(container)
        and container.id not in ids
        and (
            any(word in container.image.lower() for word in _WATCHER_IMAGES)
            or any(mount.writable and mount.source.endswith(_SOCKET) for mount in container.mounts)
        )
    ]


def one_shots(stack: Stack, affected: Sequence[Container], users: Sequence[Container]) -> list[Container]:
    """One-time containers that have to run on the restored data before the affected ones start, such as migrations.

    Those are the services that affected ones wait for (``service_completed_successfully``), and containers of an
    affected image that use the data and have ended successfully.
    """
    by_service: dict[str, list[Container]] = {}
    for container in stack.containers:
        by_service.setdefault(container.service, []).append(container)
    wanted: dict[str, Container] = {}
    todo = list(affected)
    while todo:
        for service in sorted(todo.pop().needs_completed):
            for container in by_service.get(service, []):
                if container.id not in wanted:
                    wanted[container.id] = container
                    todo.append(container)
    services = {container.service for container in affected}
    images = {container.image_id for container in affected}
    for container in users:
        # One that depends on an affected service runs after it, not before.
        before = container.service not in services and not container.depends_on & services
        if before and container.image_id in images and stack.inspection_of(container).done:
            wanted.setdefault(container.id, container)
    return list(wanted.values())


def is_affected(container: Container, swap: VolumeSwap) -> bool:
    """True for a container whose mounts contain data that a swap replaces: the same folder, one below or one above."""
    return any(_is_affected(mount, swap) for mount in container.mounts)


def _is_affected(mount: Mount, swap: VolumeSwap) -> bool:
    if mount.kind == "volume" and mount.name == swap.name:
        return True
    if mount.kind not in ("bind", "volume") or not mount.source:
        return False
    source, folder = os.path.realpath(mount.source), os.path.realpath(swap.folder)
    if is_inside(source, folder):
        return True
    # A mount above the folder shows the new files at once, but its programs may have the old ones open.
    return bool(swap.previous) and mount.writable and is_inside(folder, source) and not system_kind(source)


def _is_held(entry: Mapping[str, Any], volume: VolumeSwap) -> bool:
    """The same for a container's entry of the daemon's list; one above the folder follows the renames."""
    mounts = [
        Mount(mount.get("Type", ""), mount.get("Name", ""), mount.get("Source", ""), "", False)
        for mount in entry.get("Mounts") or []
    ]
    return any(_is_affected(mount, volume) for mount in mounts)
