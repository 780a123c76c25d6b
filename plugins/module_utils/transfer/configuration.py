# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Copies the configuration into a backup set: the files that are needed to start the stack again."""

from __future__ import annotations

import os
import shutil
import stat
from typing import Any

from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.inspection import Inspection
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.stack import Stack
from ansible_collections.maxops.ops.plugins.module_utils.tools.files import is_disk_full, to_json, write_atomically

from .configuration_files import Configuration, ConfigurationFile, Lack, find_configuration

EFFECTIVE = "effective.json"
"""The project as Compose merges it, with all values; ``docker compose --file effective.json`` can read it."""

CONTAINERS = "containers.json"
"""The containers as they were created, with all variables: a value may come from no file at all."""


def copy_configuration(
    stack: Stack, destination: str, found: Configuration | None = None
) -> tuple[list[dict[str, str]], list[str]]:
    """Copy the configuration; returns ``[{source, path}]``, and warnings on what was left out.

    Owners and modes are kept, except that only the owner can read a file that may hold secrets: its entry has the
    original ``mode``, such as "0644". Without ``found`` the files are looked for first, and the warnings of that are
    returned, too. A file that cannot be read is added to the lacks of ``found``.
    """
    warnings = []
    if found is None:
        found = find_configuration(stack)
        warnings = found.warnings + [lack.sentence for lack in found.lacks]
    copied: list[dict[str, str]] = []
    top = os.path.realpath(destination)
    for file in found.files:
        target = os.path.join(destination, file.path)
        if not _is_below(os.path.realpath(os.path.dirname(target)), top):
            continue  # behind a link that leads out of the set: nothing there may be changed
        below = any(_is_below(file.path, entry["path"]) for entry in copied)
        # What a folder brought already is not copied again; its secrets are made private.
        if not below or not os.path.lexists(target):
            os.makedirs(os.path.dirname(target), mode=0o700, exist_ok=True)
            warnings += _copy(file.source, target, found)
            below = False
        if os.path.lexists(target) and (file.private or not below):
            copied.append({"source": file.source, "path": file.path, **_made_private(file, target)})
    return copied, warnings


def write_effective(stack: Stack, found: Configuration, destination: str) -> None:
    """Write what Compose and the daemon say about the project, readable by its owner only: it holds secrets.

    The project's own files are copied before: none of them is overwritten.
    """
    if found.effective:
        write_atomically(_free_path(destination, EFFECTIVE), found.effective, 0o600)
    containers = [_described(stack.inspection_of(container)) for container in stack.containers]
    write_atomically(_free_path(destination, CONTAINERS), to_json(containers), 0o600)


def _free_path(folder: str, name: str) -> str:
    """A path in the folder that no file of the project has: with ``maxops-`` before a name that is taken."""
    while os.path.lexists(os.path.join(folder, name)):
        name = f"maxops-{name}"
    return os.path.join(folder, name)


def _described(inspection: Inspection) -> dict[str, Any]:
    """A container as it was created: enough to write a Compose file for it."""
    container = inspection.container
    return {
        "service": container.service,
        "name": container.name,
        "image": container.image,
        "image_id": container.image_id,
        "environment": container.environment,
        "command": list(container.command),
        "user": inspection.user,
        "restart": inspection.policy,
        "ports": [f"{port.address}:{port.port}:{port.target}/{port.protocol}" for port in inspection.ports],
        "networks": {name: list(aliases) for name, aliases in inspection.networks.items()},
        "mounts": [
            {
                "type": mount.kind,
                "source": mount.name or mount.source,
                "target": mount.target,
                "read_only": not mount.writable,
            }
            for mount in container.mounts
        ],
        "depends_on": sorted(container.depends_on),
    }


def _is_below(path: str, folder: str) -> bool:
    return folder == os.curdir or path.startswith(f"{folder}/") or path == folder


def _made_private(file: ConfigurationFile, target: str) -> dict[str, str]:
    """Let only the owner read a file that may hold secrets; returns its mode where that was another."""
    if not file.private or os.path.islink(target) or not os.path.isfile(target):
        return {}
    mode = stat.S_IMODE(os.stat(target).st_mode)
    os.chmod(target, 0o600)
    return {} if mode == 0o600 else {"mode": f"{mode:04o}"}


def _copy(source: str, target: str, found: Configuration, below: bool = False) -> list[str]:
    """Copy a file or folder; what cannot be read is a lack, and the others are copied. A link ``below`` stays one."""
    try:
        if below and os.path.islink(source):
            os.symlink(os.readlink(source), target)
            return []
        return _copy_folder(source, target, found) if os.path.isdir(source) else _copy_file(source, target)
    except OSError as error:
        if is_disk_full(error):
            raise
        if os.path.isfile(target) and not os.path.islink(target):
            os.unlink(target)  # half a file
        reason = f"it could not be read ({error.strerror})"
        found.lacks.append(
            Lack(source, reason, "make it readable for root", f"configuration {source} was left out: {reason}")
        )
        return []


def _copy_folder(source: str, target: str, found: Configuration) -> list[str]:
    os.makedirs(target, mode=0o700, exist_ok=True)
    warnings = []
    for name in sorted(os.listdir(source)):
        path = os.path.join(source, name)
        if os.path.islink(path) or os.path.realpath(path) not in found.passed_over:
            warnings += _copy(path, os.path.join(target, name), found, below=True)
    _keep_owner_and_mode(source, target)
    return warnings


def _copy_file(source: str, target: str) -> list[str]:
    try:
        if not stat.S_ISREG(os.stat(source).st_mode):
            return [f"configuration {source} was left out: it is not a regular file"]
        shutil.copyfile(source, target)
    except FileNotFoundError:
        return [f"configuration {source} was left out: it is no longer on the host"]
    _keep_owner_and_mode(source, target)
    return []


def _keep_owner_and_mode(source: str, target: str) -> None:
    status = os.stat(source)
    if os.geteuid() == 0:
        os.chown(target, status.st_uid, status.st_gid)
    os.chmod(target, stat.S_IMODE(status.st_mode))
