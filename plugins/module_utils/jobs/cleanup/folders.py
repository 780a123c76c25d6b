# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Finds folders that killed jobs of this collection left behind."""

from __future__ import annotations

import os
import re
import stat
import tempfile
from collections.abc import Iterator, Set
from contextlib import suppress

from ansible_collections.maxops.ops.plugins.module_utils.storage.repository.local import Repository
from ansible_collections.maxops.ops.plugins.module_utils.tools.locks import lock_holder

from .plan import CleanupOptions, Item, Plan, in_days

_OURS = re.compile(r"maxops-(?:list-)?[a-z0-9_]{8}")
"""The names that tempfile gives to the folders of process.py and of the verification."""

_DAY = 86400.0


def plan_folders(plan: Plan, options: CleanupOptions, now: float) -> None:
    """Plan the removal of old, unused folders in the repository's staging folder and the temporary folder."""
    repository = Repository(options.repository)
    staged = list(_entries(repository.staging_path))
    holder = lock_holder(os.path.join(repository.path, "lock")) if staged else None
    for path in staged:
        _consider(plan, "staging", path, "an unfinished set", options.days, now, f"in use: {holder}" if holder else "")
    temporary = list(_temporary())
    opened = _open_among(set(temporary)) if temporary else set()
    for path in temporary:
        in_use = "a running process uses it" if path in opened else ""
        _consider(plan, "temporary folder", path, "left by a killed job", options.days, now, in_use)


def _consider(plan: Plan, kind: str, path: str, reason: str, days: float, now: float, in_use: str) -> None:
    size, changed = measure(path)
    age = (now - changed) / _DAY
    if in_use:
        plan.keep(kind, path, in_use)
    elif age < days:
        plan.keep(kind, path, f"changed less than {in_days(days)} ago", young=True)
    else:
        plan.items.append(Item(kind, path, reason, size, age, path))


def _entries(folder: str) -> Iterator[str]:
    with suppress(FileNotFoundError, NotADirectoryError):
        yield from (os.path.join(folder, name) for name in sorted(os.listdir(folder)))


def _temporary() -> Iterator[str]:
    """Folders with our names and owner; never a link, which another user may have planted."""
    for path in _entries(tempfile.gettempdir()):
        if _OURS.fullmatch(os.path.basename(path)):
            with suppress(FileNotFoundError):
                info = os.lstat(path)
                if stat.S_ISDIR(info.st_mode) and info.st_uid == os.geteuid():
                    yield path


def measure(path: str) -> tuple[int, float]:
    """Bytes on the disk of everything at a path, and the newest change time in seconds since 1970."""
    size, changed = 0, 0.0
    for folder, _subfolders, names in os.walk(path):
        for name in ["", *names]:
            with suppress(FileNotFoundError):
                info = os.lstat(os.path.join(folder, name) if name else folder)
                size += info.st_blocks * 512
                changed = max(changed, info.st_mtime)
    if not changed:
        with suppress(FileNotFoundError):
            info = os.lstat(path)
            return info.st_blocks * 512, info.st_mtime
    return size, changed


def _open_among(folders: Set[str]) -> set[str]:
    """Folders in which a process has a file open: a job that runs for more than a day still writes there."""
    real = {os.path.realpath(folder): folder for folder in folders}
    opened: set[str] = set()
    for process in filter(str.isdigit, os.listdir("/proc")):
        with suppress(OSError):
            for descriptor in os.listdir(f"/proc/{process}/fd"):
                with suppress(OSError):
                    folder = os.path.dirname(os.readlink(f"/proc/{process}/fd/{descriptor}"))
                    opened.update({real[folder]} if folder in real else ())
    return opened
