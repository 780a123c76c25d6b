# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Disks and memory of the host, as far as a service may fail for them. Private to this collection."""

from __future__ import annotations

import os
from contextlib import suppress

from ansible_collections.maxops.ops.plugins.module_utils.systems.host import system
from ansible_collections.maxops.ops.plugins.module_utils.tools.words import human_size

from ..cause import CERTAIN, LIKELY, POSSIBLE, Cause, Report
from ..scene import Scene

DOCKER_ROOT = "/var/lib/docker"
FULL = 0.995
"""From here on a file system takes nothing more to speak of."""
SHORT_MEMORY = 0.05


def look_at_disks(scene: Scene) -> Report:
    """Whether a file system that the stack writes to is full, or out of inodes."""
    users = _users_of_paths(scene)
    report = Report()
    fullest = 0.0
    disks = [
        (disk, sorted({service for path in disk.paths for service in users[path]}))
        for disk in system.filesystems(users)
    ]
    for disk, services in disks + _in_memory(scene):
        for ratio, what in ((disk.used_ratio, "space"), (disk.inodes_ratio, "inodes")):
            fullest = max(fullest, ratio)
            if disk.total and ratio >= scene.options.disk_ratio:
                report.causes.append(_full(disk, ratio, what, services))
    report.seen = f"the fullest file system of the stack is used to {fullest:.0%}"
    return report


def _users_of_paths(scene: Scene) -> dict[str, set[str]]:
    """Paths that are written to, each with the services that do; none stands for all of them."""
    users: dict[str, set[str]] = {}
    for path in (_docker_root(scene), (scene.stack.working_dir if scene.stack else None) or "/"):
        users.setdefault(path, set())
    for look in scene.inspections:
        for mount in look.container.mounts:
            if mount.writable and mount.kind in ("volume", "bind") and os.path.isabs(mount.source):
                users.setdefault(mount.source, set()).add(look.service)
    return users


def _in_memory(scene: Scene) -> list[tuple[system.Filesystem, list[str]]]:
    """File systems in memory, which only their container has."""
    found = []
    for look in scene.inspections:
        for mount in look.container.mounts:
            if mount.kind == "tmpfs" and look.running:
                with suppress(OSError):
                    told = os.statvfs(f"{look.root}{mount.target}")
                    size, free = told.f_blocks * told.f_frsize, told.f_bavail * told.f_frsize
                    place = f"{mount.target} of {look.name}"
                    used = told.f_files - told.f_ffree
                    disk = system.Filesystem(place, size, size - free, free, told.f_files, used, (place,))
                    found.append((disk, [look.service]))
    return found


def _docker_root(scene: Scene) -> str:
    if scene.stack:
        with scene.stack.daemon_call("tell its folder") as api:
            return str(api.info()["DockerRootDir"])
    return DOCKER_ROOT


def _full(disk: system.Filesystem, ratio: float, what: str, services: list[str]) -> Cause:
    left = human_size(disk.free) if what == "space" else f"{disk.inodes - disk.inodes_used:,} inodes"
    biggest = (
        f"du --one-file-system --human-readable --max-depth=2 {disk.mountpoint} | sort --human-numeric-sort | tail"
    )
    return Cause.of(
        "disk_full",
        disk.mountpoint,
        CERTAIN if ratio >= FULL or not disk.free else LIKELY,
        f"its {what} is used to {ratio:.1%}, {left} are left",
        f"{biggest}; ansible-playbook maxops.ops.cleanup",
        (f"on it: {', '.join(sorted(disk.paths)[:5])}",),
        tuple(services),
    )


def look_at_memory(_scene: Scene) -> Report:
    """Whether the host has memory left."""
    memory = system.memory()
    seen = f"{human_size(memory.available)} of {human_size(memory.total)} are available"
    if memory.available_ratio >= SHORT_MEMORY:
        return Report(seen)
    kills = (f"the kernel has ended {memory.oom_kills} processes for memory since the host's start",)
    fix = "docker stats --no-stream; ps --sort=-rss -eo pid,user,rss,comm | head"
    return Report(seen, [Cause.of("memory_short", "host", POSSIBLE, seen, fix, kills if memory.oom_kills else ())])


def look_for_oom(scene: Scene) -> Report:
    """Whether the kernel has ended a process inside of a container that itself runs on."""
    report = Report("the kernel has ended no process of a running container for its memory")
    for look in scene.inspections:
        if not look.running:
            continue
        try:
            kills = oom_kills(look.pid)
        except OSError as error:
            report.unknown.append(f"{look.name}: {error.strerror}")
            continue
        if kills:
            limit = f" of {human_size(look.memory_limit)}" if look.memory_limit else ""
            larger = f"{max(2 * look.memory_limit // 1024**2, 256)}m"
            raise_limit = f"docker update --memory {larger} --memory-swap {larger} {look.name}"
            seen = f"the kernel has ended {kills} of its processes at its memory limit{limit} since its start"
            fix = raise_limit if look.memory_limit else f"docker stats --no-stream {look.name}"
            likelihood = LIKELY if look.health == "unhealthy" else POSSIBLE
            report.causes.append(
                Cause.of("out_of_memory", look.service, likelihood, seen, fix, services=(look.service,))
            )
    return report


def oom_kills(pid: int) -> int:
    """Processes of a process's control group that the kernel has ended for memory. Raises OSError when it is gone."""
    with open(f"/proc/{pid}/cgroup", encoding="utf-8") as stream:
        groups = [line.rstrip("\n").split(":", 2) for line in stream]
    for number, controllers, path in groups:
        if "memory" in controllers.split(","):
            return _counter(f"/sys/fs/cgroup/memory{path}/memory.oom_control")
        if number == "0" and not controllers and len(groups) == 1:
            return _counter(f"/sys/fs/cgroup{path}/memory.events")
    return 0


def _counter(path: str) -> int:
    try:
        with open(path, encoding="ascii") as stream:
            return next((int(line.split()[1]) for line in stream if line.startswith("oom_kill ")), 0)
    except FileNotFoundError:  # a control group of another mount, or a kernel that does not count
        return 0
