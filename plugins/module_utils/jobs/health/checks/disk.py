# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Health of the disks: space used, inodes used, and the days until they are full."""

from __future__ import annotations

import os
from collections.abc import Iterator

from ansible_collections.maxops.ops.plugins.module_utils.systems.host.system import Filesystem, filesystems
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError
from ansible_collections.maxops.ops.plugins.module_utils.tools.finding import OK, Finding, judged, judged_low, worst

from ..history import days_until_full, disk_samples, extended, remember
from ..view import View

CHECK = "disk"
UNITS = ((1e12, "TB"), (1e9, "GB"), (1e6, "MB"))


def check_disk(view: View) -> Iterator[Finding]:
    """Every file system that the stack, Docker or the backups can fill."""
    history = {}
    for disk in filesystems(_paths(view)):
        samples = extended(disk_samples(view, disk.mountpoint), view.now, disk.used, disk.total)
        history[disk.mountpoint] = samples
        yield _judge(view, disk, days_until_full(samples, view.now, disk.used, disk.free))
    remember(view, "disks", history)


def _paths(view: View) -> list[str]:
    paths = ["/", view.options.repository]
    try:
        stack = view.stack()
    except MaxopsError:
        return [*paths, "/var/lib/docker"]
    roots = {inspection.docker_root for inspection in stack.inspections} - {""}
    mounts = [mount for inspection in stack.inspections for mount in inspection.container.mounts]
    sources = [mount.source for mount in mounts if mount.writable and mount.source]
    return [*paths, *sorted(roots or {"/var/lib/docker"}), *sources]


def _judge(view: View, disk: Filesystem, days: float | None) -> Finding:
    labels = {"mountpoint": disk.mountpoint}
    view.measure("disk_used_ratio", round(disk.used_ratio, 6), **labels)
    view.measure("disk_inodes_used_ratio", round(disk.inodes_ratio, 6), **labels)
    view.measure("disk_free_bytes", disk.free, **labels)
    used, inodes = disk.used_ratio * 100, disk.inodes_ratio * 100
    used_state = judged(used, view.limit(CHECK, "used_warning"), view.limit(CHECK, "used_critical"))
    inodes_state = judged(inodes, view.limit(CHECK, "inodes_warning"), view.limit(CHECK, "inodes_critical"))
    seen = [f"{used:.0f} % used, {_size(disk.free)} free"]
    limits = [f"{view.limit(CHECK, 'used_warning'):g} %"]
    days_state = OK
    if days is not None:
        view.measure("disk_days_until_full", round(days, 2), **labels)
        days_state = judged_low(days, view.limit(CHECK, "days_warning"), view.limit(CHECK, "days_critical"))
        if days < 1000:
            seen.append(f"full in {days:.1f} days at the current rate")
        if days_state != OK:
            limits.append(f"at least {view.limit(CHECK, 'days_warning'):g} days until full")
    if inodes_state != OK:
        seen.append(f"{inodes:.0f} % of its inodes used")
        limits.append(f"{view.limit(CHECK, 'inodes_warning'):g} % of the inodes")
    state = worst([used_state, inodes_state, days_state])
    holds = ", ".join(
        os.path.basename(os.path.dirname(path)) if path.endswith("/_data") else path for path in disk.paths
    )
    return Finding(
        CHECK,
        disk.mountpoint,
        state,
        "; ".join(seen),
        "; ".join(limits),
        (f"it holds {holds}",),
        f"see what uses it: du -xh -d2 {disk.mountpoint} | sort -h | tail -20; free space with ansible-playbook "
        "maxops.ops.cleanup"
        if state != OK
        else "",
    )


def _size(size: float) -> str:
    for unit, name in UNITS:
        if size >= unit:
            return f"{size / unit:.1f} {name}"
    return f"{size / 1e3:.0f} kB"
