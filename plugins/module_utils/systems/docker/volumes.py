# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Docker volumes: what the daemon knows of them, and how large they are."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING, Any

from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError
from ansible_collections.maxops.ops.plugins.module_utils.tools.process import (
    require_program,
)

if TYPE_CHECKING:
    from .stack import Stack


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
    """What the daemon knows of a named volume, or None when there is none of that name."""
    with stack.asking("list the volumes") as api:
        found = api.volumes(filters={"name": docker_name}).get("Volumes") or []
    return next((dict(each) for each in found if each["Name"] == docker_name), None)


def strangers(stack: Stack, docker_name: str) -> list[str]:
    """Running containers that mount a volume and are not of the stack."""
    own = {each.id for each in stack.containers}
    with stack.asking(f'list who uses the volume "{docker_name}"') as api:
        found = api.containers(filters={"volume": docker_name})
    return sorted(each["Names"][0].lstrip("/") for each in found if each["Id"] not in own)


def folder_of_new_volume(stack: Stack, docker_name: str) -> str:
    """Where the daemon will keep a volume that it has not made yet."""
    with stack.asking("tell its folder") as api:
        return os.path.join(str(api.info()["DockerRootDir"]), "volumes", docker_name, "_data")


def make_volume(stack: Stack, docker_name: str) -> str:
    """Make an empty volume; gives its folder on this host."""
    with stack.asking(f'make the volume "{docker_name}"') as api:
        return str(api.create_volume(docker_name)["Mountpoint"])


def remove_volume(stack: Stack, docker_name: str) -> None:
    """Remove a volume that nobody uses; it is no error when it is not there."""
    if volume_facts(stack, docker_name):
        with stack.asking(f'remove the volume "{docker_name}"') as api:
            api.remove_volume(docker_name)
