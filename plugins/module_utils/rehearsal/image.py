# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Chooses the image of this host that can read a set."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.stack import Stack
from ansible_collections.maxops.ops.plugins.module_utils.systems.kinds import POSTGRESQL, is_image_of
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError


@dataclass(frozen=True)
class Image:
    """An image of this host; ``same`` when it is exactly the image that made the set, ``recorded`` is that one."""

    id: str
    name: str
    same: bool
    recorded: str = ""


def find_image(stack: Stack, manifest: Mapping[str, Any] | None, service: str) -> Image:
    """The image that the set was made with, else the image that the database service runs now.

    ``service`` is empty where the stack has none now: it may not be started yet. Raises MaxopsError when this host has
    neither image.
    """
    recorded = _recorded(manifest or {}, service)
    made_with = str(recorded.get("image") or "")
    for reference in [recorded.get("id"), *recorded.get("digests", [])]:
        image_id = stack.find_image(reference) if reference else None
        if image_id:
            return Image(image_id, made_with or str(reference), same=True, recorded=made_with)
    for container in stack.of_service(service):
        return Image(container.image_id, container.image, same=False, recorded=made_with)
    image_id = stack.find_image(made_with) if made_with else None
    if image_id:
        return Image(image_id, made_with, same=False, recorded=made_with)
    named = f'service "{service}"' if service else "a PostgreSQL server"
    if recorded:
        raise MaxopsError(
            f"this host has neither the image that the set was made with ({made_with}, {recorded.get('id')}) nor a "
            f"container of {named}: docker pull {made_with or 'it'}, or copy it here (docker save and load)"
        )
    raise MaxopsError(
        f'no PostgreSQL image could be found: project "{stack.project_name}" has no container of {named} '
        "on this host; start the stack, or name its service in database_service"
    )


def _recorded(manifest: Mapping[str, Any], service: str) -> Mapping[str, Any]:
    """What the set says about its database service: the one that it names, else the one of the same name now.

    A set of an earlier version does not name it; then it is also found by its image.
    """
    services: Mapping[str, Any] = manifest.get("services") or {}
    named = (manifest.get("recognised") or {}).get("database") or service
    if named in services:
        return services[named] or {}
    found = [name for name, facts in services.items() if is_image_of(POSTGRESQL, str((facts or {}).get("image")))]
    return services[found[0]] if len(found) == 1 else {}
