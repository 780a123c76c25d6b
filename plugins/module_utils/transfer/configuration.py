# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The configuration in a backup set: the files that are needed to start the stack again."""

from __future__ import annotations

import os
import shutil
import stat
from contextlib import suppress

from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.stack import Stack
from ansible_collections.maxops.ops.plugins.module_utils.tools.words import human_size

LIMIT = 100 * 1000 * 1000
"""A read-only mount larger than this is content, not configuration."""

OUTSIDE = "outside"
"""Folder for files outside of the project's folder; it holds them under their absolute path."""


def copy_configuration(stack: Stack, destination: str) -> tuple[list[dict[str, str]], list[str]]:
    """Copy Compose files, environment files and read-only mounts; returns ``[{source, path}]`` and warnings.

    Owners and modes are kept, except that only the owner can read a Compose or environment file: it may hold secrets.
    """
    copied: list[dict[str, str]] = []
    warnings: list[str] = []
    private = stack.project_files()
    for source in dict.fromkeys([*private, *stack.read_only_binds()]):
        relative = _relative(source, stack.working_dir)
        if any(relative == entry["path"] or relative.startswith(entry["path"] + "/") for entry in copied):
            continue
        size = _size(source)
        if size > LIMIT:
            warnings.append(f"configuration {source} was left out: {human_size(size)} is too large for configuration")
            continue
        target = os.path.join(destination, relative)
        os.makedirs(os.path.dirname(target), mode=0o700, exist_ok=True)
        warnings += _copy(source, target)
        if os.path.lexists(target):
            copied.append({"source": source, "path": relative})
    # At the end: a folder copied later may contain the same file again, with its own mode.
    for entry in copied:
        if entry["source"] in private:
            os.chmod(os.path.join(destination, entry["path"]), 0o600)
    return copied, warnings


def _relative(source: str, working_dir: str | None) -> str:
    if working_dir and os.path.join(source, "").startswith(os.path.join(working_dir, "")):
        return os.path.relpath(source, working_dir)
    return os.path.join(OUTSIDE, source.lstrip("/"))


def _size(source: str) -> int:
    paths = [source]
    if os.path.isdir(source):
        paths = [os.path.join(folder, name) for folder, _subfolders, names in os.walk(source) for name in names]
    total = 0
    for path in paths:
        with suppress(FileNotFoundError):
            total += os.lstat(path).st_size
    return total


def _copy(source: str, target: str) -> list[str]:
    if os.path.isdir(source):
        os.makedirs(target, mode=0o700, exist_ok=True)
        warnings = [line for name in sorted(os.listdir(source)) for line in _copy_entry(source, target, name)]
        _keep_owner_and_mode(source, target)
        return warnings
    return _copy_file(source, target)


def _copy_entry(source: str, target: str, name: str) -> list[str]:
    path = os.path.join(source, name)
    if os.path.islink(path):
        os.symlink(os.readlink(path), os.path.join(target, name))
        return []
    return _copy(path, os.path.join(target, name))


def _copy_file(source: str, target: str) -> list[str]:
    try:
        if not stat.S_ISREG(os.stat(source).st_mode):
            return [f"configuration {source} was left out: it is not a regular file"]
        shutil.copyfile(source, target)
    except FileNotFoundError:  # a running container keeps its mounts, even when the file is removed from the host
        return [f"configuration {source} was left out: it is no longer on the host"]
    _keep_owner_and_mode(source, target)
    return []


def _keep_owner_and_mode(source: str, target: str) -> None:
    status = os.stat(source)
    if os.geteuid() == 0:
        os.chown(target, status.st_uid, status.st_gid)
    os.chmod(target, stat.S_IMODE(status.st_mode))
