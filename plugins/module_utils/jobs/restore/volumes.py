# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a restore unpacks volumes, and which folders it replaces."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.maxops.ops.plugins.module_utils.storage.source import RestoreSource
from ansible_collections.maxops.ops.plugins.module_utils.swap.journal import VolumeSwap
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker import volumes
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.stack import Stack
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError

from .options import RestoreOptions


@dataclass
class LoadVolume:
    """A volume to unpack, all of it or only ``members``."""

    part: dict[str, Any]
    archive: str
    swap: VolumeSwap
    members: Sequence[str] = ()


def plan_volumes(stack: Stack, restore_id: str, options: RestoreOptions, source: RestoreSource) -> list[LoadVolume]:
    """Where each volume is unpacked, and which folder it replaces."""
    loads = []
    for part in source.volumes:
        archive = _archive_of(source, part["name"])
        members = [_member(path) for path in options.paths]
        if options.destination:
            swap = _destination_swap(restore_id, os.path.abspath(options.destination))
        elif part["name"] in options.into:
            swap = _new_volume_swap(stack, restore_id, options.into[part["name"]])
        else:
            swap = _volume_swap(stack, restore_id, part)
        loads.append(LoadVolume(part, archive, swap, members))
    return loads


def _archive_of(source: RestoreSource, name: str) -> str:
    start = os.path.relpath(source.layout.volume(name, ".tar"), source.layout.path)
    manifest = (source.kept.manifest if source.kept else None) or {}
    archives = [entry["path"] for entry in manifest["files"] if entry["path"].startswith(start)]
    if len(archives) != 1:
        raise MaxopsError(
            f'{source.label} lists {len(archives)} archives of volume "{name}" instead of one; take another set'
        )
    return os.path.join(source.layout.path, archives[0])


def _member(path: str) -> str:
    """A path inside a volume as its archive names it."""
    inside = os.path.normpath("/" + path).lstrip("/")
    if ".." in path.split("/"):
        raise MaxopsError(
            f'the path "{path}" leads out of the volume; write it relative to the top of the volume, without ".."'
        )
    return f"./{inside}" if inside != "." and inside else "."


def _destination_swap(restore_id: str, destination: str) -> VolumeSwap:
    empty = os.path.isdir(destination) and not os.path.islink(destination) and not os.listdir(destination)
    if os.path.lexists(destination) and not empty:
        raise MaxopsError(f"destination {destination} exists already and is not an empty folder; name a new one")
    if not os.path.isdir(os.path.dirname(destination)):
        raise MaxopsError(
            f"the destination's parent folder {os.path.dirname(destination)} does not exist; make it first"
        )
    return VolumeSwap(destination, destination, f"{destination}.maxops-new-{restore_id}", None)


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
            'take its files out with paths (["."]) and destination, and put them in place by hand'
        )
    return folder
