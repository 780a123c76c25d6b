# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Docker volumes: their facts, their sizes, and creating and removing them."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError
from ansible_collections.maxops.ops.plugins.module_utils.tools.process import (
    require_program,
)

from .container import PROJECT_LABEL

if TYPE_CHECKING:
    from .stack import Stack

_UNNAMED = re.compile(r"[0-9a-f]{64}")


def measure(folder: str, seconds: float | None = None) -> int:
    """Bytes that a folder takes on its disk. Raises MaxopsError when it can't be read at all, or not in time."""
    require_program("du")
    argv = ["du", "--summarize", "--block-size=1", "--", folder]
    try:
        done = subprocess.run(  # noqa: S603
            argv, check=False, capture_output=True, encoding="utf-8", errors="replace", timeout=seconds
        )
    except subprocess.TimeoutExpired:
        raise MaxopsError(f"took longer than {seconds:g} s") from None
    # du ends with 1 when a file vanished under it: the figure is still good for an estimate.
    size = done.stdout.split("\t")[0]
    if not size.isdigit():
        raise MaxopsError(f"cannot measure the volume's folder {folder}: {done.stderr.strip() or 'no answer from du'}")
    return int(size)


# -- volumes ------------------------------------------------------------------------------------------------------


def volume_facts(stack: Stack, docker_name: str) -> dict[str, Any] | None:
    """The daemon's facts about a named volume, or None when it does not exist."""
    with stack.daemon_call("list the volumes") as api:
        volumes = api.volumes(filters={"name": docker_name}).get("Volumes") or []
    return next((dict(volume) for volume in volumes if volume["Name"] == docker_name), None)


def is_unnamed(docker_name: str) -> bool:
    """True for the name that Docker gives a volume which the Compose file does not name."""
    return bool(_UNNAMED.fullmatch(docker_name))


def project_volumes(stack: Stack) -> dict[str, dict[str, Any]]:
    """The daemon's facts about all named volumes of the project, whether a container mounts them or not, by name."""
    label = f"{PROJECT_LABEL}={stack.project_name}"
    with stack.daemon_call("list the volumes") as api:
        volumes = api.volumes(filters={"label": label}).get("Volumes") or []
    return {volume["Name"]: dict(volume) for volume in volumes if not is_unnamed(volume["Name"])}


def foreign_binds(stack: Stack) -> list[tuple[str, str, bool]]:
    """Bind mounts of running containers that do not belong to the stack: container, path on the host, writable."""
    own = {container.id for container in stack.containers}
    with stack.daemon_call("list the containers") as api:
        entries = api.containers()
    return [
        (entry["Names"][0].lstrip("/"), mount.get("Source", ""), bool(mount.get("RW")))
        for entry in entries
        if entry["Id"] not in own
        for mount in entry.get("Mounts") or []
        if mount.get("Type") == "bind"
    ]


def foreign_containers(stack: Stack, docker_name: str, writing: bool = False) -> list[str]:
    """Names of running containers that mount a volume and do not belong to the stack; ``writing``: that may write."""
    own = {container.id for container in stack.containers}
    with stack.daemon_call(f'list the containers of the volume "{docker_name}"') as api:
        entries = api.containers(filters={"volume": docker_name})
    return sorted(
        entry["Names"][0].lstrip("/")
        for entry in entries
        if entry["Id"] not in own and not (writing and _only_reads(entry, docker_name))
    )


def _only_reads(entry: Mapping[str, Any], docker_name: str) -> bool:
    """True for a container whose mounts of a volume are known, and all read-only."""
    mounts = [mount for mount in entry.get("Mounts") or [] if mount.get("Name") == docker_name]
    return bool(mounts) and not any(mount.get("RW", True) for mount in mounts)


def folder_of_new_volume(stack: Stack, docker_name: str) -> str:
    """The folder that the daemon will use for a volume that does not exist yet."""
    with stack.daemon_call("report its folder") as api:
        return os.path.join(str(api.info()["DockerRootDir"]), "volumes", docker_name, "_data")


def make_volume(stack: Stack, docker_name: str) -> str:
    """Create an empty volume; returns its folder on this host."""
    with stack.daemon_call(f'create the volume "{docker_name}"') as api:
        return str(api.create_volume(docker_name)["Mountpoint"])


def remove_volume(stack: Stack, docker_name: str) -> None:
    """Remove an unused volume; a missing volume is not an error."""
    if volume_facts(stack, docker_name):
        with stack.daemon_call(f'remove the volume "{docker_name}"') as api:
            api.remove_volume(docker_name)
