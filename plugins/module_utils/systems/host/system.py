# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""This host as its kernel reports it: disks, memory, clock, load.

Reads /proc and uses system calls; starts no program.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass

KIB = 1024


@dataclass(frozen=True)
class Filesystem:
    """One mounted file system, in bytes; ``paths`` are the requested paths on it."""

    mountpoint: str
    total: int
    used: int
    free: int
    inodes: int
    inodes_used: int
    paths: tuple[str, ...] = ()

    @property
    def used_ratio(self) -> float:
        """Used share as ``df`` shows it: without the space that is reserved for root."""
        return self.used / (self.used + self.free) if self.used + self.free else 0.0

    @property
    def inodes_ratio(self) -> float:
        """Share of inodes in use; 0 where the file system creates them on demand."""
        return self.inodes_used / self.inodes if self.inodes else 0.0


def mountpoint_of(path: str) -> str:
    """The mount point of a path, or of its nearest existing parent folder."""
    path = os.path.realpath(path)
    while not os.path.ismount(path):
        path = os.path.dirname(path)
    return path


def filesystems(paths: Iterable[str]) -> list[Filesystem]:
    """The file systems of these paths, without duplicates, in the order of their mount points."""
    by_device: dict[int, dict[str, list[str]]] = {}
    for path in dict.fromkeys(paths):
        mountpoint = mountpoint_of(path)
        by_device.setdefault(os.stat(mountpoint).st_dev, {}).setdefault(mountpoint, []).append(path)
    # One with several mount points counts once, at the shortest.
    mounted = [
        (min(mountpoints, key=len), [path for group in mountpoints.values() for path in group])
        for mountpoints in by_device.values()
    ]
    return [_filesystem(mountpoint, group) for mountpoint, group in sorted(mounted)]


def _filesystem(mountpoint: str, paths: list[str]) -> Filesystem:
    facts = os.statvfs(mountpoint)
    return Filesystem(
        mountpoint=mountpoint,
        total=facts.f_blocks * facts.f_frsize,
        used=(facts.f_blocks - facts.f_bfree) * facts.f_frsize,
        free=facts.f_bavail * facts.f_frsize,
        inodes=facts.f_files,
        inodes_used=facts.f_files - facts.f_ffree,
        paths=tuple(paths),
    )


@dataclass(frozen=True)
class Memory:
    """Memory in bytes; ``stalled`` is the share of the last minute in which tasks waited for memory, or None."""

    total: int
    available: int
    swap_total: int
    swap_free: int
    oom_kills: int
    stalled: float | None

    @property
    def available_ratio(self) -> float:
        """Share of memory available to new processes without swapping."""
        return self.available / self.total if self.total else 0.0

    @property
    def swap_used_ratio(self) -> float:
        """Share of swap in use; 0 without swap."""
        return (self.swap_total - self.swap_free) / self.swap_total if self.swap_total else 0.0


def memory() -> Memory:
    """Total and available memory."""
    facts = {name: int(words.split()[0]) * KIB for name, words in _table("/proc/meminfo", ":")}
    total = facts["MemTotal"]
    return Memory(
        total=total,
        # Every kernel that runs Docker today reports it, but a container's /proc may be incomplete.
        available=facts.get("MemAvailable", facts.get("MemFree", total)),
        swap_total=facts.get("SwapTotal", 0),
        swap_free=facts.get("SwapFree", 0),
        oom_kills=next((int(words) for name, words in _table("/proc/vmstat", " ") if name == "oom_kill"), 0),
        stalled=_stalled(),
    )


def _stalled() -> float | None:
    try:
        some = next(words for name, words in _table("/proc/pressure/memory", " ") if name == "some")
        return float(next(word[6:] for word in some.split() if word.startswith("avg60="))) / 100
    except (OSError, StopIteration, ValueError):
        return None


@dataclass(frozen=True)
class Load:
    """Load averages over 1, 5 and 15 minutes, number of processors, and uptime in seconds."""

    averages: tuple[float, float, float]
    processors: int
    uptime: float


def load() -> Load:
    """Load averages, processors and uptime of the host."""
    with open("/proc/uptime", encoding="ascii") as stream:
        uptime = float(stream.read().split()[0])
    return Load(os.getloadavg(), os.cpu_count() or 1, uptime)


@dataclass(frozen=True)
class Clock:
    """Whether the kernel's clock follows a time source, and its maximum error in seconds."""

    synchronised: bool
    error: float


def clock() -> Clock | None:
    """The state of the kernel's clock; None where the kernel does not report it."""
    # Imported here, because most callers of this file do not need the clock, and ctypes is slow to import.
    import ctypes  # noqa: PLC0415

    class Timex(ctypes.Structure):
        """The kernel's ``struct timex``, as far as it is read; ``rest`` is the buffer for its other fields."""

        _fields_ = [
            ("modes", ctypes.c_uint),
            ("offset", ctypes.c_long),
            ("frequency", ctypes.c_long),
            ("maximum_error", ctypes.c_long),
            ("estimated_error", ctypes.c_long),
            ("status", ctypes.c_int),
            ("rest", ctypes.c_char * 512),
        ]

    timex = Timex()
    try:
        state = ctypes.CDLL(None, use_errno=True).adjtimex(ctypes.byref(timex))
    except (OSError, AttributeError):
        return None
    unsynchronised = 0x40
    return None if state < 0 else Clock(not timex.status & unsynchronised, timex.maximum_error / 1e6)


def _table(path: str, separator: str) -> list[tuple[str, str]]:
    with open(path, encoding="ascii") as stream:
        return [(name, words) for name, _separator, words in (line.partition(separator) for line in stream)]
