# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which image of this host can read a set. Private to this collection."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.stack import Stack
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError


@dataclass(frozen=True)
class Image:
    """An image of this host; ``same`` when it is the very one that made the set."""

    id: str
    name: str
    same: bool


def find(stack: Stack, manifest: Mapping[str, Any] | None, service: str) -> Image:
    """The image of a service that a set was made with, else the one that the service runs in now.

    Raises MaxopsError when this host has neither.
    """
    recorded: Mapping[str, Any] = ((manifest or {}).get("services") or {}).get(service) or {}
    for reference in [recorded.get("id"), *recorded.get("digests", [])]:
        found = stack.find_image(reference) if reference else None
        if found:
            return Image(found, str(recorded.get("image") or reference), same=True)
    for container in stack.of_service(service):
        return Image(container.image_id, container.image, same=False)
    name = str(recorded.get("image") or "")
    found = stack.find_image(name) if name else None
    if found:
        return Image(found, name, same=False)
    if recorded:
        raise MaxopsError(
            f"this host has neither the image that the set was made with ({name}, {recorded.get('id')}) nor a "
            f'container of service "{service}": docker pull {name or "it"}, or bring it along (docker save and load)'
        )
    raise MaxopsError(
        f'nothing tells which PostgreSQL to take: project "{stack.project_name}" has no container of service '
        f'"{service}" on this host; start the stack, or name its service in database_service'
    )
