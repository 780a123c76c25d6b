# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a restore unpacks volumes and folders, and which folders of the host it replaces."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.maxops.ops.plugins.module_utils.storage.backup_set import archive_of
from ansible_collections.maxops.ops.plugins.module_utils.storage.source import RestoreSource
from ansible_collections.maxops.ops.plugins.module_utils.swap.journal import VolumeSwap
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker import volumes
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.stack import Stack
from ansible_collections.maxops.ops.plugins.module_utils.systems.host.folders import is_inside
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError

from .folders import BY_HAND, check_nothing_mounted_below, folder_swap, is_of_servers, new_folder_swap
from .options import RestoreOptions


@dataclass
class LoadVolume:
    """A volume or folder to unpack, all of it or only ``members``."""

    part: dict[str, Any]
    archive: str
    swap: VolumeSwap
    members: Sequence[str] = ()

    @property
    def label(self) -> str:
        """Kind and name, for messages."""
        return f"{self.part['kind']} {self.part['name']}"


def plan_volumes(
    stack: Stack, restore_id: str, options: RestoreOptions, source: RestoreSource, remarks: list[str] | None = None
) -> list[LoadVolume]:
    """Where each volume and folder is unpacked, and which folder it replaces.

    A folder that only servers use is left as it is, unless it is named; ``remarks`` gets a sentence on it. Raises
    MaxopsError for parts that cannot be restored; the message has the options that restore all others.
    """
    loads: list[LoadVolume] = []
    refused: list[tuple[dict[str, Any], MaxopsError]] = []
    for part in source.archived:
        members = [_member(path) for path in options.paths]
        if _stays(stack, options, part):
            if remarks is not None:
                remarks.append(
                    f'folder "{part["name"]}" stays as it is: only a server mounts it, which is not stopped; to look '
                    "into the set's, name it in folders with paths and destination"
                )
            continue
        try:
            swap = _swap_of(stack, restore_id, options, part)
        except MaxopsError as error:
            refused.append((part, error))
            continue
        manifest = source.kept.manifest if source.kept else None
        loads.append(LoadVolume(part, archive_of(source.layout.path, manifest, part), swap, members))
    if refused:
        raise MaxopsError(
            ". ".join(str(error) for _part, error in refused) + _rest(source, [part for part, _error in refused])
        )
    _check_apart(loads)
    return loads


def _stays(stack: Stack, options: RestoreOptions, part: Mapping[str, Any]) -> bool:
    chosen = options.folders is not None or options.destination or part["name"] in options.into
    return part["kind"] == "folder" and not chosen and is_of_servers(stack, part, options.access.roles(stack).servers)


def _swap_of(stack: Stack, restore_id: str, options: RestoreOptions, part: Mapping[str, Any]) -> VolumeSwap:
    name, folder = part["name"], part["kind"] == "folder"
    if options.destination:
        return new_folder_swap(restore_id, options.destination, "destination", part["kind"])
    if name in options.into:
        if folder:
            return new_folder_swap(restore_id, options.into[name], "into", "folder")
        return _new_volume_swap(stack, restore_id, options.into[name])
    if folder:
        return folder_swap(stack, restore_id, part, options.access.roles(stack).servers)
    return _volume_swap(stack, restore_id, part)


def _rest(source: RestoreSource, refused: Sequence[Mapping[str, Any]]) -> str:
    """How to restore the parts that are not refused, for the end of a message."""
    names = {
        "databases": [part["name"] for part in source.databases],
        "volumes": [part["name"] for part in source.volumes if part not in refused],
        "folders": [part["name"] for part in source.folders if part not in refused],
    }
    options = "; ".join(
        f"{option}: {json.dumps(chosen, ensure_ascii=False)}" for option, chosen in names.items() if chosen
    )
    return f". To restore everything else, name it: {options}" if options else ""


def _check_apart(loads: Sequence[LoadVolume]) -> None:
    """Refuse folders of which one contains another: they would be renamed with each other."""
    for load in loads:
        for other in loads:
            if load is not other and is_inside(os.path.realpath(load.swap.folder), os.path.realpath(other.swap.folder)):
                raise MaxopsError(
                    f"{load.label} would be restored to {load.swap.folder}, and {other.label} to {other.swap.folder}, "
                    "which contains it: restore them one after the other (volumes, folders)"
                )


def _member(path: str) -> str:
    """A path inside a volume as its archive names it."""
    inside = os.path.normpath("/" + path).lstrip("/")
    if ".." in path.split("/"):
        raise MaxopsError(
            f'the path "{path}" leads out of the volume; write it relative to the top of the volume, without ".."'
        )
    return f"./{inside}" if inside != "." and inside else "."


def _new_volume_swap(stack: Stack, restore_id: str, docker_name: str) -> VolumeSwap:
    if volumes.volume_facts(stack, docker_name):
        raise MaxopsError(f'volume "{docker_name}" exists already; give another name in into, or remove it first')
    folder = volumes.folder_of_new_volume(stack, docker_name)
    return VolumeSwap(docker_name, folder, f"{folder}.maxops-new-{restore_id}", None, made=docker_name)


def _volume_swap(stack: Stack, restore_id: str, part: Mapping[str, Any]) -> VolumeSwap:
    mounted = {mount.name for container in stack.containers for mount in container.mounts if mount.kind == "volume"}
    names = [f"{stack.project_name}_{part['name']}", part["docker_name"], part["name"]]
    docker_name = next((name for name in names if name in mounted), names[0])
    facts = volumes.volume_facts(stack, docker_name)
    if facts is None:
        raise MaxopsError(
            f'stack "{stack.project_name}" has no volume {docker_name} to restore "{part["name"]}" into; deploy it '
            "first, leave the volume out (databases, volumes), or restore it under a name of its own (into)"
        )
    others = volumes.foreign_containers(stack, docker_name)
    if others:
        raise MaxopsError(
            f'volume "{docker_name}" is also used by {", ".join(others)}, not of stack "{stack.project_name}", which '
            "would keep using the old files: stop that first"
        )
    folder = _folder(docker_name, facts)
    check_nothing_mounted_below(f'volume "{docker_name}"', folder)
    previous = f"{folder}.maxops-previous-{restore_id}" if os.path.lexists(folder) else None
    return VolumeSwap(docker_name, folder, f"{folder}.maxops-new-{restore_id}", previous)


def _folder(docker_name: str, facts: Mapping[str, Any]) -> str:
    """The folder of a volume's data. Raises MaxopsError for a mount point, which cannot be swapped by a rename."""
    options = facts.get("Options") or {}
    folder = str(facts["Mountpoint"])
    if options.get("device"):
        folder = str(options["device"])
    plain = facts.get("Driver") == "local" and (not options or "bind" in str(options.get("o", "")).split(","))
    if not plain or os.path.ismount(folder):
        raise MaxopsError(
            f'volume "{docker_name}" is on its own file system ({folder}), so it cannot be swapped by a rename; '
            f"{BY_HAND}"
        )
    return folder
