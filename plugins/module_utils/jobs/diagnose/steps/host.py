# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Disks and memory of the host, as far as they can make a service fail."""

from __future__ import annotations

import os
from contextlib import suppress

from ansible_collections.maxops.ops.plugins.module_utils.systems.host import system
from ansible_collections.maxops.ops.plugins.module_utils.tools.words import human_size

from ..cause import CERTAIN, LIKELY, POSSIBLE, Cause, StepResult
from ..stack_view import StackView

DOCKER_ROOT = "/var/lib/docker"
FULL = 0.995
"""Used share from which a file system counts as full."""
SHORT_MEMORY = 0.05


def check_disks(view: StackView) -> StepResult:
    """Whether a file system that the stack writes to is full, or out of inodes."""
    users = _users_of_paths(view)
    result = StepResult()
    fullest = 0.0
    disks = [
        (disk, sorted({service for path in disk.paths for service in users[path]}))
        for disk in system.filesystems(users)
    ]
    for disk, services in disks + _in_memory(view):
        for ratio, what in ((disk.used_ratio, "space"), (disk.inodes_ratio, "inodes")):
            fullest = max(fullest, ratio)
            if disk.total and ratio >= view.options.disk_ratio:
                result.causes.append(_full(disk, ratio, what, services))
    result.seen = f"the fullest file system of the stack is {fullest:.0%} full"
    return result


def _users_of_paths(view: StackView) -> dict[str, set[str]]:
    """Paths that the stack writes to, with the services that do; an empty set stands for all services."""
    users: dict[str, set[str]] = {}
    for path in (_docker_root(view), (view.stack.working_dir if view.stack else None) or "/"):
        users.setdefault(path, set())
    for inspection in view.inspections:
        for mount in inspection.container.mounts:
            if mount.writable and mount.kind in ("volume", "bind") and os.path.isabs(mount.source):
                users.setdefault(mount.source, set()).add(inspection.service)
    return users


def _in_memory(view: StackView) -> list[tuple[system.Filesystem, list[str]]]:
    """File systems in memory, inside containers."""
    disks = []
    for inspection in view.inspections:
        for mount in inspection.container.mounts:
            if mount.kind == "tmpfs" and inspection.running:
                with suppress(OSError):
                    facts = os.statvfs(f"{inspection.root}{mount.target}")
                    size, free = facts.f_blocks * facts.f_frsize, facts.f_bavail * facts.f_frsize
                    path = f"{mount.target} of {inspection.name}"
                    used = facts.f_files - facts.f_ffree
                    disk = system.Filesystem(path, size, size - free, free, facts.f_files, used, (path,))
                    disks.append((disk, [inspection.service]))
    return disks


def _docker_root(view: StackView) -> str:
    if view.stack:
        with view.stack.daemon_call("name its data folder") as api:
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
        f"{ratio:.1%} of its {what} used, {left} left",
        f"{biggest}; ansible-playbook maxops.ops.cleanup",
        (f"paths on it: {', '.join(sorted(disk.paths)[:5])}",),
        tuple(services),
    )


def check_memory(_view: StackView) -> StepResult:
    """Whether the host has memory left."""
    memory = system.memory()
    seen = f"{human_size(memory.available)} of {human_size(memory.total)} available"
    if memory.available_ratio >= SHORT_MEMORY:
        return StepResult(seen)
    kills = (f"processes that the kernel killed because memory ran out, since the host started: {memory.oom_kills}",)
    fix = "docker stats --no-stream; ps --sort=-rss -eo pid,user,rss,comm | head"
    return StepResult(seen, [Cause.of("memory_short", "host", POSSIBLE, seen, fix, kills if memory.oom_kills else ())])


def check_oom_kills(view: StackView) -> StepResult:
    """Whether the kernel has killed a process inside a container that is still running."""
    result = StepResult("no process of a running container was killed because memory ran out")
    for inspection in view.inspections:
        if not inspection.running:
            continue
        try:
            kills = oom_kills(inspection.pid)
        except OSError as error:
            result.unknown.append(f"{inspection.name}: {error.strerror}")
            continue
        if kills:
            limit = f" of {human_size(inspection.memory_limit)}" if inspection.memory_limit else ""
            larger = f"{max(2 * inspection.memory_limit // 1024**2, 256)}m"
            raise_limit = f"docker update --memory {larger} --memory-swap {larger} {inspection.name}"
            seen = f"the kernel has killed {kills} of its processes at its memory limit{limit} since it started"
            fix = raise_limit if inspection.memory_limit else f"docker stats --no-stream {inspection.name}"
            likelihood = LIKELY if inspection.health == "unhealthy" else POSSIBLE
            result.causes.append(
                Cause.of("out_of_memory", inspection.service, likelihood, seen, fix, services=(inspection.service,))
            )
    return result


def oom_kills(pid: int) -> int:
    """Processes of a process's control group that the kernel killed for memory. Raises OSError when it has ended."""
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
    except FileNotFoundError:  # a control group of another mount, or a kernel that does not count them
        return 0
