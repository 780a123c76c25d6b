# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Chooses the image of this host that can read a set."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.stack import Stack
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError


@dataclass(frozen=True)
class Image:
    """An image of this host; ``same`` when it is exactly the image that made the set."""

    id: str
    name: str
    same: bool


def find_image(stack: Stack, manifest: Mapping[str, Any] | None, service: str) -> Image:
    """The image that the set was made with, else the image that the service runs now.

    Raises MaxopsError when this host has neither.
    """
    recorded: Mapping[str, Any] = ((manifest or {}).get("services") or {}).get(service) or {}
    for reference in [recorded.get("id"), *recorded.get("digests", [])]:
        image_id = stack.find_image(reference) if reference else None
        if image_id:
            return Image(image_id, str(recorded.get("image") or reference), same=True)
    for container in stack.of_service(service):
        return Image(container.image_id, container.image, same=False)
    name = str(recorded.get("image") or "")
    image_id = stack.find_image(name) if name else None
    if image_id:
        return Image(image_id, name, same=False)
    if recorded:
        raise MaxopsError(
            f"this host has neither the image that the set was made with ({name}, {recorded.get('id')}) nor a "
            f'container of service "{service}": docker pull {name or "it"}, or copy it here (docker save and load)'
        )
    raise MaxopsError(
        f'no PostgreSQL image could be found: project "{stack.project_name}" has no container of service "{service}" '
        f"on this host; start the stack, or name its service in database_service"
    )
