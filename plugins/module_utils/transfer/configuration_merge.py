# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Adds the effective configuration: the project as Compose merges it, and the files that only Compose finds."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from typing import Any, Callable

from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.compose import effective_configuration
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.compose_files import (
    CONFIG,
    MOUNT,
    SECRET,
    DrawnIn,
)
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.project import ComposeProject
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.stack import Stack
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError
from ansible_collections.maxops.ops.plugins.module_utils.tools.masking import Mask, secrets_of

from .configuration_files import Configuration, add_drawn


def merge_configuration(stack: Stack, found: Configuration, is_excluded: Callable[[str], bool]) -> None:
    """Let Compose merge the project's files; what it cannot merge is a warning."""
    project = stack.compose
    if not project.files_exist:
        return  # what is missing is known already
    try:
        merged = effective_configuration(project)
    except MaxopsError as error:
        mask = Mask(secret for container in stack.containers for secret in secrets_of(container.environment))
        found.warnings.append(
            f"the set has no effective configuration (config/effective.json): {mask(str(error))}; "
            f"{project.command('config', '--quiet')} shows the cause"
        )
        return
    found.effective = merged.text
    if merged.unset:
        found.warnings.append(
            f"no file on this host sets {', '.join(merged.unset)}, which the Compose files use: what the containers "
            "have is in the set (config/containers.json), but docker compose up would leave it empty; set it in .env"
        )
    add_drawn(stack, found, is_excluded, _of_model(json.loads(merged.text), project))


def _of_model(model: dict[str, Any], project: ComposeProject) -> Iterator[DrawnIn]:
    """The files of the host in the merged project; Compose prints each dollar sign twice."""
    named_by = project.files[0]
    for section, kind in (("secrets", SECRET), ("configs", CONFIG)):
        for entry in (model.get(section) or {}).values():
            if entry.get("file"):
                yield DrawnIn(str(entry["file"]).replace("$$", "$"), kind, named_by)
    for service in (model.get("services") or {}).values():
        for volume in service.get("volumes") or []:
            source = str(volume.get("source") or "").replace("$$", "$")
            if volume.get("type") == "bind" and os.path.isfile(source):
                yield DrawnIn(source, MOUNT, named_by)
