# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Facts about containers, images and Docker's disk usage, from the daemon's answers."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.disk_usage import usage_of
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.inspection import Inspection, PublishedPort
from ansible_collections.maxops.ops.plugins.module_utils.tools.moments import parse_docker


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


def disk_usage(answer: Mapping[str, Any]) -> list[dict[str, Any]]:
    """``docker system df``: one row per kind of object; values that the daemon did not report are None."""
    return [
        {
            "kind": usage.kind,
            "count": usage.count,
            "active": usage.active,
            "bytes": usage.size,
            "reclaimable_bytes": usage.reclaimable,
        }
        for usage in usage_of(answer)
    ]
