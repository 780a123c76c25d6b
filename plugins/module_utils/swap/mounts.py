# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which processes have a folder mounted, whatever its name was when they started.

A container keeps the folder that it was started with: after a rename it uses the same files under the new name. The
kernel shows that name in the mount table of its processes.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence

PROC = "/proc"

_ESCAPE = re.compile(rb"\\([0-7]{3})")


def mounts_any(pid: int, folders: Sequence[str], proc: str = PROC) -> bool:
    """True when a process has one of the folders, or a folder below it, mounted; unknown processes have none."""
    return any(_is_below(root, folder) for root in _roots(pid, proc) for folder in folders)


def users_of(folder: str, proc: str = PROC) -> list[str]:
    """Processes that have a folder mounted, as text: one for each mount namespace."""
    seen = set()
    found = []
    for pid in sorted(int(name) for name in os.listdir(proc) if name.isdigit()):
        try:
            namespace = os.readlink(f"{proc}/{pid}/ns/mnt")
        except OSError:  # it has ended, or it is the kernel's
            continue
        if namespace in seen:
            continue
        seen.add(namespace)
        if mounts_any(pid, [folder], proc):
            found.append(f"process {pid} ({_command(pid, proc)})")
    return found


def _roots(pid: int, proc: str) -> Iterator[str]:
    """The folder behind each mount, as the kernel names it now: below the top of its own file system."""
    try:
        with open(f"{proc}/{pid}/mountinfo", "rb") as stream:
            lines = stream.read().splitlines()
    except OSError:
        return
    for line in lines:
        fields = line.split(b" ")
        if len(fields) > 4:
            raw = _ESCAPE.sub(lambda match: bytes([int(match.group(1), 8)]), fields[3])
            yield os.fsdecode(raw)


def _is_below(root: str, folder: str) -> bool:
    """Compares the last two names of the folder: its file system may be mounted anywhere."""
    parent, name = os.path.split(folder.rstrip("/"))
    names = root.split("/")
    above = os.path.basename(parent)
    return any(found == name and (names[place - 1] in ("", above)) for place, found in enumerate(names) if place)


def _command(pid: int, proc: str) -> str:
    try:
        with open(f"{proc}/{pid}/comm", encoding="utf-8", errors="replace") as stream:
            return stream.read().strip()
    except OSError:
        return "ended"
