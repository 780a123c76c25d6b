# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Folders of this host: which belong to the system, which contain which, and what is mounted in them."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable

RUNTIME, ENGINE, SYSTEM, SHARED = "runtime", "engine", "system", "shared"
"""A folder of the kernel and of running programs (nothing to lose), of the container engine, of the host's system, or
one that all applications and users of the host share."""

_RUNTIME = ("/proc", "/sys", "/dev", "/run", "/var/run")
_ENGINE = ("/var/lib/docker", "/var/lib/containerd", "/var/lib/containers")
_PROGRAMS = ("/bin", "/boot", "/lib", "/lib32", "/lib64", "/libx32", "/sbin", "/usr")
_LOCAL_PROGRAMS = "/usr/local"
_WHOLE = (
    *("/", "/etc", "/tmp", "/var", "/usr/local"),  # noqa: S108 - compared, not used
    *("/etc/ca-certificates", "/etc/pki", "/etc/ssl"),
    *("/var/cache", "/var/lib", "/var/log", "/var/spool", "/var/tmp"),  # noqa: S108
)
_SHARED = ("/home", "/media", "/mnt", "/opt", "/root", "/srv")

_ESCAPED = re.compile(r"\\([0-7]{3})")


def is_inside(path: str, folder: str) -> bool:
    """True for the folder itself and for what is below it; both are absolute paths without links."""
    return f"{path.rstrip('/')}/".startswith(f"{folder.rstrip('/')}/")


def system_kind(path: str, engine_folder: str = "") -> str:
    """RUNTIME, ENGINE, SYSTEM or SHARED for a folder of the host's system; empty for any other folder.

    ``engine_folder`` is where the container engine keeps its data. What is below /etc, /var/lib, /srv and the like
    belongs to an application.
    """
    paths = {os.path.normpath(path), os.path.realpath(path)}
    if any(is_inside(candidate, top) for candidate in paths for top in _RUNTIME):
        return RUNTIME
    engines = [top for top in (*_ENGINE, engine_folder) if top]
    if any(is_inside(candidate, top) for candidate in paths for top in engines):
        return ENGINE
    programs = any(
        is_inside(candidate, top) and not is_inside(candidate, _LOCAL_PROGRAMS)
        for candidate in paths
        for top in _PROGRAMS
    )
    if programs or paths & set(_WHOLE):
        return SYSTEM
    return SHARED if paths & set(_SHARED) else ""


def mount_points_below(folder: str) -> list[str]:
    """Paths below a folder where another file system is mounted on this host; the folder itself is not one of them."""
    top = os.path.realpath(folder)
    return sorted({point for point in mount_points() if is_inside(point, top) and point != top})


def mount_points() -> Iterable[str]:
    """All mount points of this host; none where the kernel does not list them."""
    try:
        with open("/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as stream:
            fields = [line.split(" ") for line in stream]
    except OSError:
        return []
    return [_ESCAPED.sub(lambda match: chr(int(match[1], 8)), parts[4]) for parts in fields if len(parts) > 4]
