# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How Docker was installed on this host: installations that keep volumes where this collection cannot use them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import HostFault

from .container import DEFAULT_DOCKER_HOST

if TYPE_CHECKING:
    # Jobs that need no Docker SDK use this file, too.
    from .stack import Stack

ROOTLESS, SNAP, PODMAN = "rootless Docker", "Docker of the snap package", "Podman"

_WHY = {
    ROOTLESS: "its containers run with the numbers of other users, and its volumes are in a user's home folder",
    SNAP: "it sees only a part of this host's folders",
    PODMAN: "it is not Docker Engine and keeps volumes and users in another way",
}


def kind_of(info: Mapping[str, Any], docker_host: str, version: Mapping[str, Any] | None = None) -> str:
    """ROOTLESS, SNAP, PODMAN, or empty for a usual Docker Engine.

    ``info`` and ``version`` are the daemon's answers to /info and /version; of ``info``, DockerRootDir is enough to
    recognise most.
    """
    socket = os.path.realpath(docker_host.partition("://")[2] or DEFAULT_DOCKER_HOST.partition("://")[2])
    root = str(info.get("DockerRootDir") or "")
    components = [str((part or {}).get("Name") or "") for part in (version or {}).get("Components") or []]
    if "podman" in socket or any("Podman" in name for name in components) or "/containers/storage" in root:
        return PODMAN
    options = [str(option) for option in info.get("SecurityOptions") or []]
    if any("name=rootless" in option.split(",") for option in options):
        return ROOTLESS
    if root.startswith("/var/snap/") or socket.startswith("/var/snap/"):
        return SNAP
    return ROOTLESS if socket.startswith("/run/user/") or root.endswith("/.local/share/docker") else ""


def notice(kind: str) -> str:
    """What does not work with this installation, as one sentence; empty for a usual one."""
    if not kind:
        return ""
    return f"this host runs {kind}: backup, restore and rehearsals refuse it, because {_WHY[kind]}"


def refuse_unusual(stack: Stack, job: str) -> None:
    """Raise HostFault where this installation of Docker does not let a job read and write the folders of volumes.

    ``job`` is the job in words: "backup", "restore", "a rehearsal".
    """
    with stack.daemon_call("describe itself") as api:
        info, version = api.info(), api.version()
    kind = kind_of(info, stack.docker_host, version)
    if kind:
        raise HostFault(
            f"{job} does not work with {kind} (at {stack.docker_host}): {_WHY[kind]}; run the stack with Docker Engine "
            "of the distribution or of docker.com, installed for the whole host, or name its socket in docker_host"
        )
