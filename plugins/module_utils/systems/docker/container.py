# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A container of the stack, and the reader for the daemon's answer about it.

It is separate from stack.py, so that reading a container does not import the Docker SDK.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError

PROJECT_LABEL = "com.docker.compose.project"
SERVICE_LABEL = "com.docker.compose.service"
ONE_OFF_LABEL = "com.docker.compose.oneoff"

DEPENDS_ON_LABEL = "com.docker.compose.depends_on"
COMPLETED = "service_completed_successfully"
"""The condition of a dependency on a one-time service, such as a migration."""

DEFAULT_DOCKER_HOST = "unix:///var/run/docker.sock"


@dataclass(frozen=True)
class Mount:
    """One mount of a container: ``kind`` is volume, bind or tmpfs; ``source`` the folder on the host."""

    kind: str
    name: str
    source: str
    target: str
    writable: bool


@dataclass(frozen=True)
class Container:
    """One container of the stack at the time when it was read; ``created`` is Docker's text, which sorts by time."""

    id: str
    name: str
    service: str
    state: str
    image: str
    image_id: str
    environment: dict[str, str] = field(repr=False)
    labels: dict[str, str]
    mounts: tuple[Mount, ...]
    addresses: tuple[str, ...] = ()
    command: tuple[str, ...] = field(default=(), repr=False)
    created: str = ""
    application: str = ""
    """The application that the operator declared it to be, or empty."""

    @property
    def running(self) -> bool:
        """True while its processes run (a paused container is not running)."""
        return self.state == "running"

    @property
    def depends_on(self) -> frozenset[str]:
        """Services that it depends on, from its Compose file."""
        return frozenset(entry[0] for entry in self._dependencies) - {""}

    @property
    def needs_completed(self) -> frozenset[str]:
        """One-time services that must have ended successfully before it starts, from its Compose file."""
        return frozenset(entry[0] for entry in self._dependencies if entry[1:2] == [COMPLETED]) - {""}

    @property
    def _dependencies(self) -> list[list[str]]:
        """Service, condition and further words of each dependency."""
        return [entry.split(":") for entry in self.labels.get(DEPENDS_ON_LABEL, "").split(",")]


def container_from(data: Mapping[str, Any]) -> Container:
    """A container from the daemon's inspection."""
    config = data["Config"]
    labels = config.get("Labels") or {}
    networks = (data.get("NetworkSettings") or {}).get("Networks") or {}
    addresses = _addresses([network for network in networks.values() if network.get("IPAddress")])
    if (data.get("HostConfig") or {}).get("NetworkMode") == "host":
        addresses = ["127.0.0.1"]
    return Container(
        id=data["Id"],
        name=data["Name"].lstrip("/"),
        service=labels.get(SERVICE_LABEL, ""),
        state=data["State"]["Status"],
        image=config.get("Image", ""),
        image_id=data["Image"],
        environment=dict(entry.partition("=")[::2] for entry in config.get("Env") or []),
        labels=labels,
        mounts=tuple(
            Mount(
                mount["Type"],
                mount.get("Name", ""),
                mount.get("Source", ""),
                mount["Destination"],
                bool(mount.get("RW")),
            )
            for mount in data.get("Mounts") or []
        ),
        addresses=tuple(addresses),
        command=(*(config.get("Entrypoint") or ()), *(config.get("Cmd") or ())),
        created=data.get("Created") or "",
    )


def _addresses(networks: Sequence[Mapping[str, Any]]) -> list[str]:
    """Addresses in several networks, the one first that this host reaches: it is the gateway of its bridges only."""
    if len(networks) > 1:
        networks = sorted(networks, key=lambda network: _is_here(network["Gateway"]) if network.get("Gateway") else 1)
    return [str(network["IPAddress"]) for network in networks]


def _is_here(address: str) -> int:
    """0 for an address of this host, 2 for another one: a physical network (macvlan), or one of other hosts."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((address, 0))
        except OSError:
            return 2
    return 0


def on_host(inside: str, mounts: Sequence[Mount]) -> str:
    """The host's path for a path inside a container; the path itself where no mount contains it."""
    mount = mount_of(inside, mounts)
    if mount is None:
        return inside
    return os.path.normpath(mount.source + os.path.normpath(inside)[len(mount.target.rstrip("/")) :])


def mount_of(inside: str, mounts: Sequence[Mount]) -> Mount | None:
    """The mount that contains a path inside a container; None where it is in the container's own file system."""
    path = os.path.normpath(inside)
    containing = [mount for mount in mounts if f"{path}/".startswith(mount.target.rstrip("/") + "/")]
    return max(containing, key=lambda mount: len(mount.target.rstrip("/")), default=None)


def read_secret(container: Container, inside: str, if_hidden: str, if_unreadable: str) -> tuple[str, str]:
    """The password in a file of the container that the host shares with it, and that file's path on the host.

    Raises MaxopsError, which ends with ``if_hidden`` for a file that the host does not share, and with
    ``if_unreadable`` for one that cannot be read.
    """
    if mount_of(inside, container.mounts) is None:
        # The same path on the host is a different file, whose content must not be sent to a server.
        raise MaxopsError(
            f"the password file {inside} of container {container.name} is not in a folder or file that this host "
            f"shares with it; {if_hidden}"
        )
    path = on_host(inside, container.mounts)
    try:
        with open(path, encoding="utf-8", newline="") as stream:
            # Strip line feeds only: the images' shells keep a carriage return, so it is part of the password.
            return stream.read().rstrip("\n"), path
    except (OSError, UnicodeDecodeError) as error:
        cause = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise MaxopsError(
            f"the password file {inside} of container {container.name} cannot be read on the host ({path}: {cause}); "
            f"{if_unreadable}"
        ) from error
