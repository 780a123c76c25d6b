# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the data of a PostgreSQL container outlives the container."""

from __future__ import annotations

from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.container import Container, mount_of
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.volumes import is_unnamed

PGDATA = "/var/lib/postgresql/data"
"""Where the official image keeps its data without the variable of this name."""

SAFE_PLACE = "a named volume, or a folder of the host"


def data_folder(container: Container) -> str:
    """The path of the data inside a container."""
    return container.environment.get("PGDATA") or PGDATA


def risk_of_data(container: Container) -> str:
    """What removes the data of a PostgreSQL container together with it, in words; empty where nothing does."""
    mount = mount_of(data_folder(container), container.mounts)
    if mount is None:
        # An image without the variable may keep its data in another place.
        known = "PGDATA" in container.environment
        text = "lies in no volume: `docker compose up --force-recreate` or `docker compose rm` removes it"
        return text if known else ""
    if mount.kind == "tmpfs":
        return "lies in memory: each restart removes it"
    if mount.kind == "volume" and is_unnamed(mount.name):
        return (
            f"lies in an unnamed volume ({mount.name[:12]}): `docker compose down -v` or `docker compose rm -v` "
            "removes it, and a container that is created again may start empty"
        )
    return ""


def advice(container: Container) -> str:
    """The next step for such a container."""
    return f"mount {SAFE_PLACE}, at {data_folder(container)} of service {container.service}, after a backup"
