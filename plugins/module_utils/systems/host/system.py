# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""This host as its kernel tells of it: disks, memory, clock, load. Private to this collection.

Reads /proc and asks the kernel; starts no program.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass

KIB = 1024


@dataclass(frozen=True)
class Filesystem:
    """One mounted file system, in bytes; ``paths`` are those of the asked ones that lie on it."""

    mountpoint: str
    total: int
    used: int
    free: int
    inodes: int
    inodes_used: int
    paths: tuple[str, ...] = ()

    @property
    def used_ratio(self) -> float:
        """As ``df`` tells it: of what may be used by others than root."""
        return self.used / (self.used + self.free) if self.used + self.free else 0.0

    @property
    def inodes_ratio(self) -> float:
        """Inodes in use; 0 where the file system makes them as it needs them."""
        return self.inodes_used / self.inodes if self.inodes else 0.0


def mountpoint_of(path: str) -> str:
    """Where the file system of a path, or of its nearest folder that is there, is mounted."""
    path = os.path.realpath(path)
    while not os.path.ismount(path):
        path = os.path.dirname(path)
    return path


def filesystems(paths: Iterable[str]) -> list[Filesystem]:
    """The file systems that these paths lie on, each once, in the order of their mount points."""
    by_device: dict[int, dict[str, list[str]]] = {}
    for path in dict.fromkeys(paths):
        mountpoint = mountpoint_of(path)
        by_device.setdefault(os.stat(mountpoint).st_dev, {}).setdefault(mountpoint, []).append(path)
    # One that is mounted at several places counts once, where it is highest in the tree.
    found = [
        (min(places, key=len), [path for each in places.values() for path in each]) for places in by_device.values()
    ]
    return [_filesystem(mountpoint, here) for mountpoint, here in sorted(found)]


def _filesystem(mountpoint: str, paths: list[str]) -> Filesystem:
    told = os.statvfs(mountpoint)
    return Filesystem(
        mountpoint=mountpoint,
        total=told.f_blocks * told.f_frsize,
        used=(told.f_blocks - told.f_bfree) * told.f_frsize,
        free=told.f_bavail * told.f_frsize,
        inodes=told.f_files,
        inodes_used=told.f_files - told.f_ffree,
        paths=tuple(paths),
    )


@dataclass(frozen=True)
class Memory:
    """Bytes; ``stalled`` is the share of the last minute in which some work waited for memory, where it is known."""

    total: int
    available: int
    swap_total: int
    swap_free: int
    oom_kills: int
    stalled: float | None

    @property
    def available_ratio(self) -> float:
        """What new work could have without swapping."""
        return self.available / self.total if self.total else 0.0

    @property
    def swap_used_ratio(self) -> float:
        """Swap in use; 0 where there is none."""
        return (self.swap_total - self.swap_free) / self.swap_total if self.swap_total else 0.0


def memory() -> Memory:
    """How much memory there is and is left."""
    told = {name: int(words.split()[0]) * KIB for name, words in _table("/proc/meminfo", ":")}
    total = told["MemTotal"]
    return Memory(
        total=total,
        # A kernel that does not tell it is older than any that runs Docker today, but a container's /proc may be cut.
        available=told.get("MemAvailable", told.get("MemFree", total)),
        swap_total=told.get("SwapTotal", 0),
        swap_free=told.get("SwapFree", 0),
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
    """How busy the host is: run queue over 1, 5 and 15 minutes, processors, and seconds since it was started."""

    averages: tuple[float, float, float]
    processors: int
    uptime: float


def load() -> Load:
    """How busy the host is."""
    with open("/proc/uptime", encoding="ascii") as stream:
        uptime = float(stream.read().split()[0])
    return Load(os.getloadavg(), os.cpu_count() or 1, uptime)


@dataclass(frozen=True)
class Clock:
    """Whether the kernel's clock follows a time source, and by how many seconds it may be wrong at most."""

    synchronised: bool
    error: float


def clock() -> Clock | None:
    """What the kernel knows of its own clock; None where it does not tell."""
    # Here, because most who ask the host something ask nothing about its clock, and ctypes takes its time.
    import ctypes  # noqa: PLC0415

    class Timex(ctypes.Structure):
        """The kernel's ``struct timex``, as far as it is read; the rest is room for it to write into."""

        _fields_ = [
            ("modes", ctypes.c_uint),
            ("offset", ctypes.c_long),
            ("frequency", ctypes.c_long),
            ("maximum_error", ctypes.c_long),
            ("estimated_error", ctypes.c_long),
            ("status", ctypes.c_int),
            ("rest", ctypes.c_char * 512),
        ]

    told = Timex()
    try:
        state = ctypes.CDLL(None, use_errno=True).adjtimex(ctypes.byref(told))
    except (OSError, AttributeError):
        return None
    unsynchronised = 0x40
    return None if state < 0 else Clock(not told.status & unsynchronised, told.maximum_error / 1e6)


def _table(path: str, separator: str) -> list[tuple[str, str]]:
    with open(path, encoding="ascii") as stream:
        return [(name, words) for name, _separator, words in (line.partition(separator) for line in stream)]
