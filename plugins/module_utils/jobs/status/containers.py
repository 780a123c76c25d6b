# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Facts about containers, images and Docker's disk usage, from the daemon's answers."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.inspection import Inspection, PublishedPort
from ansible_collections.maxops.ops.plugins.module_utils.tools.moments import parse_docker

DISK_USAGE = "/system/df?type=image&type=container&type=build-cache"
"""Without volumes, whose sizes take long; a daemon before version 23 ignores the filter and returns everything."""


def container_facts(inspection: Inspection, now: datetime.datetime) -> dict[str, Any]:
    """One container of the stack: its state, since when, and the ports that it publishes."""
    running = inspection.state in ("running", "paused")
    since = inspection.started if running else inspection.finished
    return {
        "service": inspection.service,
        "container": inspection.name,
        "state": inspection.state,
        "health": inspection.health or None,
        "exit_code": None if running else inspection.exit_code,
        "oom_killed": inspection.oom_killed,
        "restarts": inspection.restarts,
        "since_seconds": max(0, round((now - since).total_seconds())) if since else None,
        "image": inspection.container.image,
        "image_id": inspection.container.image_id,
        "ports": published_ports(inspection.bound),
        "well": inspection.ready,
    }


def published_ports(ports: Iterable[PublishedPort]) -> list[str]:
    """Ports of the host that a container publishes, as ``127.0.0.1:9000->8080``; IPv4 and IPv6 are shown once."""
    published = {}
    for port in ports:
        anywhere = port.address in ("0.0.0.0", "::")  # noqa: S104 - read, not bound
        inside = f"{port.target}" if port.protocol == "tcp" else f"{port.target}/{port.protocol}"
        published[f"{'*' if anywhere else port.address}:{port.port}->{inside}"] = port.port
    return sorted(published, key=lambda text: (published[text], text))


def usage(stats: Mapping[str, Any]) -> dict[str, Any]:
    """Resource use of a container, from one answer of the daemon's stats; None for values that it does not contain."""
    memory = stats.get("memory_stats") or {}
    detail = memory.get("stats") or {}
    used = memory.get("usage")
    if used is not None:
        # As docker stats counts: file cache that the kernel may drop at any time is not counted.
        used = max(0, used - detail.get("inactive_file", detail.get("total_inactive_file", 0)))
    networks = (stats.get("networks") or {}).values()
    read, written = _disk_bytes(stats.get("blkio_stats") or {})
    return {
        "cpu_percent": cpu_percent(stats),
        "memory_bytes": used,
        "memory_limit_bytes": memory.get("limit"),
        "network_received_bytes": sum(network.get("rx_bytes", 0) for network in networks),
        "network_sent_bytes": sum(network.get("tx_bytes", 0) for network in networks),
        "disk_read_bytes": read,
        "disk_written_bytes": written,
        "processes": (stats.get("pids_stats") or {}).get("current"),
    }


def cpu_percent(stats: Mapping[str, Any]) -> float | None:
    """Share of one processor, in percent, between the daemon's two samples; 200 is two processors."""
    now, before = stats.get("cpu_stats") or {}, stats.get("precpu_stats") or {}
    try:
        used = now["cpu_usage"]["total_usage"] - before["cpu_usage"]["total_usage"]
        passed = now["system_cpu_usage"] - before["system_cpu_usage"]
    except KeyError:
        return None
    processors = now.get("online_cpus") or len(now["cpu_usage"].get("percpu_usage") or [1])
    return round(used / passed * processors * 100, 2) if passed > 0 and used >= 0 else None


def _disk_bytes(stats: Mapping[str, Any]) -> tuple[int, int]:
    totals = {"read": 0, "write": 0}
    for entry in stats.get("io_service_bytes_recursive") or ():
        kind = str(entry.get("op", "")).lower()
        if kind in totals:
            totals[kind] += entry.get("value", 0)
    return totals["read"], totals["write"]


def image_facts(data: Mapping[str, Any], now: datetime.datetime) -> dict[str, Any]:
    """One image: its id, digests, version and age."""
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


def disk_usage(usage: Mapping[str, Any]) -> list[dict[str, Any]]:
    """``docker system df``: one row per kind of object, with its size and the unused part of it."""
    images = usage.get("Images") or []
    containers = usage.get("Containers") or []
    cache = usage.get("BuildCache") or []
    # Layers are shared, so removing an unused image frees less than its size: only the layers that no other image has.
    unused = [image for image in images if not image.get("Containers")]
    freed = sum(max(0, image.get("Size", 0) - max(0, image.get("SharedSize", 0))) for image in unused)
    running = ("running", "paused", "restarting")
    stopped = [container for container in containers if container.get("State") not in running]
    rows = [
        _row("images", len(images), len(images) - len(unused), usage.get("LayersSize") or 0, freed),
        _row(
            "containers",
            len(containers),
            len(containers) - len(stopped),
            _sum(containers, "SizeRw"),
            _sum(stopped, "SizeRw"),
        ),
    ]
    if usage.get("Volumes") is not None:
        volumes = [volume.get("UsageData") or {} for volume in usage["Volumes"]]
        idle = [volume for volume in volumes if volume.get("RefCount") == 0]
        rows.append(_row("volumes", len(volumes), len(volumes) - len(idle), _sum(volumes, "Size"), _sum(idle, "Size")))
    idle = [entry for entry in cache if not entry.get("InUse")]
    rows.append(_row("build cache", len(cache), len(cache) - len(idle), _sum(cache, "Size"), _sum(idle, "Size")))
    return rows


def _row(kind: str, count: int, active: int, size: int, reclaimable: int) -> dict[str, Any]:
    return {"kind": kind, "count": count, "active": active, "bytes": size, "reclaimable_bytes": reclaimable}


def _sum(rows: Iterable[Mapping[str, Any]], key: str) -> int:
    # The daemon returns -1 for an unknown size.
    return sum(max(0, row.get(key) or 0) for row in rows)
