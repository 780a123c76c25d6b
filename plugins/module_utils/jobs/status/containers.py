# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the stack's containers, images and the daemon's disk are, in numbers, from the daemon's own answers.

Private to this collection.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.inspection import Inspection, PublishedPort
from ansible_collections.maxops.ops.plugins.module_utils.tools.moments import parse_docker

DISK_USAGE = "/system/df?type=image&type=container&type=build-cache"
"""Without volumes, whose sizes take long; a daemon before version 23 does not know the difference and tells all."""


def container_facts(seen: Inspection, now: datetime.datetime) -> dict[str, Any]:
    """One container of the stack: how it is, since when, and what it publishes."""
    running = seen.state in ("running", "paused")
    since = seen.started if running else seen.finished
    return {
        "service": seen.service,
        "container": seen.name,
        "state": seen.state,
        "health": seen.health or None,
        "exit_code": None if running else seen.exit_code,
        "oom_killed": seen.oom_killed,
        "restarts": seen.restarts,
        "since_seconds": max(0, round((now - since).total_seconds())) if since else None,
        "image": seen.container.image,
        "image_id": seen.container.image_id,
        "ports": published_ports(seen.bound),
        "well": seen.ready,
    }


def published_ports(ports: Iterable[PublishedPort]) -> list[str]:
    """Ports of the host that lead into a container, as ``127.0.0.1:9000->8080``; both families of one are one."""
    found = {}
    for each in ports:
        anywhere = each.address in ("0.0.0.0", "::")  # noqa: S104 - read, not bound
        inside = f"{each.target}" if each.protocol == "tcp" else f"{each.target}/{each.protocol}"
        found[f"{'*' if anywhere else each.address}:{each.port}->{inside}"] = each.port
    return sorted(found, key=lambda place: (found[place], place))


def usage(stats: Mapping[str, Any]) -> dict[str, Any]:
    """What a container uses, from one answer of the daemon's stats; None where it does not tell."""
    memory = stats.get("memory_stats") or {}
    detail = memory.get("stats") or {}
    used = memory.get("usage")
    if used is not None:
        # As docker stats counts: pages of files that the kernel may drop at any time are not the container's.
        used = max(0, used - detail.get("inactive_file", detail.get("total_inactive_file", 0)))
    networks = (stats.get("networks") or {}).values()
    read, written = _disk_bytes(stats.get("blkio_stats") or {})
    return {
        "cpu_percent": cpu_percent(stats),
        "memory_bytes": used,
        "memory_limit_bytes": memory.get("limit"),
        "network_received_bytes": sum(each.get("rx_bytes", 0) for each in networks),
        "network_sent_bytes": sum(each.get("tx_bytes", 0) for each in networks),
        "disk_read_bytes": read,
        "disk_written_bytes": written,
        "processes": (stats.get("pids_stats") or {}).get("current"),
    }


def cpu_percent(stats: Mapping[str, Any]) -> float | None:
    """Share of one processor, in percent, between the daemon's two looks; 200 is two processors."""
    now, before = stats.get("cpu_stats") or {}, stats.get("precpu_stats") or {}
    try:
        used = now["cpu_usage"]["total_usage"] - before["cpu_usage"]["total_usage"]
        passed = now["system_cpu_usage"] - before["system_cpu_usage"]
    except KeyError:
        return None
    processors = now.get("online_cpus") or len(now["cpu_usage"].get("percpu_usage") or [1])
    return round(used / passed * processors * 100, 2) if passed > 0 and used >= 0 else None


def _disk_bytes(told: Mapping[str, Any]) -> tuple[int, int]:
    totals = {"read": 0, "write": 0}
    for each in told.get("io_service_bytes_recursive") or ():
        kind = str(each.get("op", "")).lower()
        if kind in totals:
            totals[kind] += each.get("value", 0)
    return totals["read"], totals["write"]


def image_facts(data: Mapping[str, Any], now: datetime.datetime) -> dict[str, Any]:
    """An image: what identifies it, and how old it is."""
    created = parse_docker(data.get("Created"))
    labels = (data.get("Config") or {}).get("Labels") or {}
    return {
        "id": data["Id"],
        "digests": data.get("RepoDigests") or [],
        "tags": data.get("RepoTags") or [],
        "version": labels.get("org.opencontainers.image.version"),
        "created": data.get("Created"),
        "age_seconds": max(0, round((now - created).total_seconds())) if created else None,
        "bytes": data.get("Size"),
    }


def disk_usage(told: Mapping[str, Any]) -> list[dict[str, Any]]:
    """``docker system df``: a row for each kind of thing that takes room, and what of it nobody uses."""
    images = told.get("Images") or []
    containers = told.get("Containers") or []
    cache = told.get("BuildCache") or []
    # Layers are shared, so an unused image frees less than its size: only what is its own.
    unused = [each for each in images if not each.get("Containers")]
    freed = sum(max(0, each.get("Size", 0) - max(0, each.get("SharedSize", 0))) for each in unused)
    stopped = [each for each in containers if each.get("State") not in ("running", "paused", "restarting")]
    rows = [
        _row("images", len(images), len(images) - len(unused), told.get("LayersSize") or 0, freed),
        _row(
            "containers",
            len(containers),
            len(containers) - len(stopped),
            _sum(containers, "SizeRw"),
            _sum(stopped, "SizeRw"),
        ),
    ]
    if told.get("Volumes") is not None:
        volumes = [each.get("UsageData") or {} for each in told["Volumes"]]
        idle = [each for each in volumes if each.get("RefCount") == 0]
        rows.append(_row("volumes", len(volumes), len(volumes) - len(idle), _sum(volumes, "Size"), _sum(idle, "Size")))
    idle = [each for each in cache if not each.get("InUse")]
    rows.append(_row("build cache", len(cache), len(cache) - len(idle), _sum(cache, "Size"), _sum(idle, "Size")))
    return rows


def _row(kind: str, count: int, active: int, size: int, reclaimable: int) -> dict[str, Any]:
    return {"kind": kind, "count": count, "active": active, "bytes": size, "reclaimable_bytes": reclaimable}


def _sum(things: Iterable[Mapping[str, Any]], key: str) -> int:
    # -1 is how the daemon says that it does not know.
    return sum(max(0, each.get(key) or 0) for each in things)
