# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which folder of the host a folder of a set replaces, and what makes that impossible."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from ansible_collections.maxops.ops.plugins.module_utils.swap.journal import VolumeSwap
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.stack import Container, Mount, Stack
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.volumes import (
    foreign_binds,
    foreign_containers,
    is_unnamed,
)
from ansible_collections.maxops.ops.plugins.module_utils.systems.host.folders import (
    is_inside,
    mount_points_below,
    system_kind,
)
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError

BY_HAND = 'take its files out with paths (["."]) and destination, and put them in place by hand'


def folder_swap(stack: Stack, restore_id: str, part: Mapping[str, Any], servers: Collection[str]) -> VolumeSwap:
    """The swap of a folder of the host, or of an unnamed volume, that a service of the stack mounts.

    ``servers`` are the services that stay up. Raises MaxopsError where no service mounts it, or where a rename would
    not do.
    """
    mount = _present_mount(stack, part)
    if mount is None:
        places = ", ".join(f"{use['service']} at {use['target']}" for use in part.get("mounts", [])) or "none"
        raise MaxopsError(
            f'stack "{stack.project_name}" mounts no folder to restore "{part["name"]}" into (it was mounted by '
            f"{places}); deploy it first, leave the folder out (databases, volumes, folders), or restore it under "
            "another path (into)"
        )
    folder = os.path.realpath(mount.source)
    label = f'folder "{part["name"]}"'
    if mount.kind == "bind" and system_kind(folder):
        raise MaxopsError(f"{label} is {folder}, a folder of the host's system, which no restore replaces; {BY_HAND}")
    _check_plain(label, folder)
    _check_others(stack, label, mount, folder, servers)
    previous = f"{folder}.maxops-previous-{restore_id}" if os.path.lexists(folder) else None
    name = os.path.normpath(mount.source) if mount.kind == "bind" else part["name"]
    return VolumeSwap(name, folder, f"{folder}.maxops-new-{restore_id}", previous, kind="folder")


def is_of_servers(stack: Stack, part: Mapping[str, Any], servers: Collection[str]) -> bool:
    """True for a folder that only servers mount, such as scripts of the database: they run on, so it stays as it is."""
    mount = _present_mount(stack, part)
    if mount is None:
        return False
    folder = os.path.realpath(mount.source)
    users = {container.service for container, other in _mounts(stack) if os.path.realpath(other.source) == folder}
    return users <= set(servers)


def new_folder_swap(restore_id: str, path: str, option: str, kind: str) -> VolumeSwap:
    """The swap of a folder that does not exist yet, or is empty; ``option`` is where its path comes from.

    ``kind`` is that of the part whose files it gets.
    """
    if option == "into" and not os.path.isabs(path):
        raise MaxopsError(f'into has "{path}" for a folder, which is not an absolute path of the host; correct it')
    folder = os.path.abspath(path)
    empty = os.path.isdir(folder) and not os.path.islink(folder) and not os.listdir(folder)
    if os.path.lexists(folder) and not empty:
        raise MaxopsError(f"{option} {folder} exists already and is not an empty folder; name a new one")
    if not os.path.isdir(os.path.dirname(folder)):
        subject = "the destination's parent folder" if option == "destination" else f"the parent folder in {option},"
        raise MaxopsError(f"{subject} {os.path.dirname(folder)} does not exist; make it first")
    return VolumeSwap(folder, folder, f"{folder}.maxops-new-{restore_id}", None, kind=kind)


def check_nothing_mounted_below(label: str, folder: str) -> None:
    """Refuse a folder with another file system mounted in it: a rename would move that one out of the way, too."""
    points = mount_points_below(folder)
    if points:
        raise MaxopsError(
            f"{label} ({folder}) has another file system mounted in it ({', '.join(points[:3])}), which a rename would "
            f"move with it: unmount that first, or {BY_HAND}"
        )


def _present_mount(stack: Stack, part: Mapping[str, Any]) -> Mount | None:
    """The mount with the path of the set, else the one that the same service has at the same place."""
    mounts = list(_mounts(stack))
    for _container, mount in mounts:
        if mount.kind == "bind" and part["name"] in (mount.source, os.path.normpath(mount.source)):
            return mount
    places = {(use["service"], use["target"]) for use in part.get("mounts", [])}
    named = tuple(part["name"].rpartition(":")[::2])
    for container, mount in mounts:
        if named == (container.name, mount.target):
            return mount
    for container, mount in mounts:
        if (container.service, mount.target) in places:
            return mount
    return None


def _mounts(stack: Stack) -> Iterator[tuple[Container, Mount]]:
    """Binds and unnamed volumes; a named volume is never replaced in place of a folder."""
    for container in stack.containers:
        for mount in container.mounts:
            if mount.kind == "bind" or (mount.kind == "volume" and is_unnamed(mount.name)):
                yield container, mount


def _check_plain(label: str, folder: str) -> None:
    """Refuse a folder that cannot be swapped by a rename."""
    if os.path.lexists(folder) and not os.path.isdir(folder):
        raise MaxopsError(f"{label} is {folder} here, which is not a folder; correct the Compose file, or use into")
    if not os.path.isdir(os.path.dirname(folder)):
        raise MaxopsError(f"{label} has no parent folder {os.path.dirname(folder)} on this host; make it first")
    if os.path.ismount(folder):
        raise MaxopsError(
            f"{label} is on its own file system ({folder}), so it cannot be swapped by a rename; {BY_HAND}"
        )
    check_nothing_mounted_below(label, folder)


def _check_others(stack: Stack, label: str, mount: Mount, folder: str, servers: Collection[str]) -> None:
    """Refuse a folder that contains the data of a server, and one that another project uses."""
    for container in stack.containers:
        for other in container.mounts:
            source = os.path.realpath(other.source) if other.source else ""
            if container.service in servers and other.writable and source and is_inside(source, folder):
                raise MaxopsError(
                    f"{label} ({folder}) contains {source}, which service {container.service} has at {other.target}, "
                    f"and would be moved with it: {BY_HAND}"
                )
    users = {name for name, path, _writable in foreign_binds(stack) if is_inside(os.path.realpath(path), folder)}
    if mount.kind == "volume":
        users |= set(foreign_containers(stack, mount.name))
    if users:
        raise MaxopsError(
            f'{label} ({folder}) is also used by {", ".join(sorted(users))}, not of stack "{stack.project_name}", '
            "which would keep using the old files: stop that first"
        )
