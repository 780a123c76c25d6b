# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stacks for tests, as if they were read from Docker; without a daemon."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.inspection import Inspection
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.stack import Container, Mount, Stack

WORKING_DIR = "com.docker.compose.project.working_dir"
CONFIG_FILES = "com.docker.compose.project.config_files"
ENVIRONMENT_FILE = "com.docker.compose.project.environment_file"


def volume_mount(name: str, source: str = "", target: str = "/data", writable: bool = True) -> Mount:
    """A named volume."""
    return Mount("volume", name, source or f"/var/lib/docker/volumes/{name}/_data", target, writable)


def bind(source: str, target: str, writable: bool = False) -> Mount:
    """A folder or file of the host."""
    return Mount("bind", "", source, target, writable)


def container(
    service: str,
    *mounts: Mount,
    state: str = "running",
    environment: Mapping[str, str] | None = None,
    labels: Mapping[str, str] | None = None,
    addresses: Sequence[str] = ("172.18.0.2",),
    created: str = "",
) -> Container:
    """One container of the project ``shop``."""
    return Container(
        id=f"id-{service}",
        name=f"shop-{service}-1",
        service=service,
        state=state,
        image=f"lab/{service}:1",
        image_id="sha256:" + "0" * 64,
        environment=dict(environment or {}),
        labels=dict(labels or {}),
        mounts=mounts,
        addresses=tuple(addresses),
        created=created,
    )


class Daemon:
    """A daemon that only lists: the volumes of the project, and the containers of the host."""

    def __init__(self, volumes: Sequence[Mapping[str, Any]], containers: Sequence[Mapping[str, Any]]) -> None:
        self.api = self
        self._volumes = volumes
        self._containers = containers

    def volumes(self, filters: Mapping[str, str] | None = None) -> dict[str, Any]:
        """All its volumes, or those of one name."""
        name = (filters or {}).get("name", "")
        return {"Volumes": [volume for volume in self._volumes if name in volume["Name"]]}

    def containers(self, filters: Mapping[str, str] | None = None) -> list[Mapping[str, Any]]:
        """All its containers, or those that use one volume."""
        name = (filters or {}).get("volume")
        return [
            entry
            for entry in self._containers
            if name is None or any(mount.get("Name") == name for mount in entry["Mounts"])
        ]


def stack_of(
    *containers: Container,
    volumes: Sequence[Mapping[str, Any]] = (),
    others: Sequence[Mapping[str, Any]] = (),
) -> Stack:
    """A stack of these containers; its daemon lists ``volumes`` and, beside them, ``others`` of the host."""
    client: Any = Daemon(volumes, others)
    stack = Stack(client, "unix:///nowhere.sock", "shop")
    stack.containers = list(containers)
    stack.inspections = [Inspection(entry) for entry in containers]
    return stack
