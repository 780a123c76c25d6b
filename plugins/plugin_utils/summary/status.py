# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The status of stacks, as it is printed: one screen for one host, one line per host for many."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.maxops.ops.plugins.module_utils.tools.words import age, duration, human_size
from ansible_collections.maxops.ops.plugins.plugin_utils.text import (
    MESSAGE_WIDTH,
    SHOWN,
    Results,
    aligned,
    failed_row,
    failures_first,
    reason,
    remarks,
    shortened,
)

OVERLOAD = 3
"""Processes that want to run for each processor, from which a host counts as overloaded."""


def state_of(service: Mapping[str, Any]) -> str:
    """State and health in a few words: ``healthy``, ``running``, ``exited (137), out of memory``."""
    if service["state"] == "running":
        return str(service["health"] or "running")
    state = service["state"] if service["exit_code"] is None else f"{service['state']} ({service['exit_code']})"
    return f"{state}, out of memory" if service["oom_killed"] else state


def digest_of(service: Mapping[str, Any]) -> str:
    """The first characters of an image's digest, or of its id if it has no digest."""
    kind, _colon, number = (service["image_digest"] or service["image_id"] or "").rpartition(":")
    return f"{kind}:{number[:12]}" + ("" if service["image_digest"] else " (id)")


def summary(host: str, result: Mapping[str, Any], _check_mode: bool) -> list[str]:
    """One host on one screen."""
    if "services" not in result:
        return [f"{host}: {reason(result)}"]
    tables = [_services(result), _images(result), _volumes(result), _disk(result)]
    lines = [f"{host}: {_head(result)}"]
    for rows, right in tables:
        lines += [f"  {line}" for line in aligned(rows, right)]
    return [*lines, *remarks({"remarks": [*_overload(result), *result["remarks"]]}, SHOWN)]


def table(results: Results) -> list[str]:
    """Many hosts, one line per host, the worst first."""
    rows = [["HOST", "STATE", "SERVICES", "CPU", "MEMORY", "DISK", "VOLUMES", "REMARKS"]]
    for host, result in failures_first(results, _rank):
        if "services" not in result:
            rows.append(failed_row(host, result, len(rows[0])))
            continue
        rows.append(
            [
                host,
                _verdict(result),
                _healthy_count(result),
                _cpu(result),
                human_size(_sum(result["services"], "memory_bytes")),
                _fullest(result),
                human_size(_sum(result["volumes"], "bytes")),
                shortened("; ".join(_notable(result)), MESSAGE_WIDTH),
            ]
        )
    return aligned(rows, right=(3, 4, 5, 6))


def _rank(result: Mapping[str, Any]) -> tuple[bool, int]:
    return result["well"], -len(_notable(result))


def _notable(result: Mapping[str, Any]) -> list[str]:
    services = [service for service in result["services"] if not service["well"]]
    states = [f"{service['service']} {state_of(service)}" for service in services]
    return [*states, *_overload(result), *result["remarks"]]


def _overload(result: Mapping[str, Any]) -> list[str]:
    """A remark on a host with more work than it can do at once; the state of the services does not show it."""
    load, processors = result["host"]["load"][0], result["host"]["processors"]
    if load < OVERLOAD * processors:
        return []
    return [f"load {load:.2f} on {processors} processors: the host is overloaded, and answers may be slow (top)"]


# -- the parts of the screen ----------------------------------------------------------------------------------------


def _head(result: Mapping[str, Any]) -> str:
    host = result["host"]
    used = host["memory_bytes"] - host["memory_available_bytes"]
    memory = f"memory {human_size(used)} of {human_size(host['memory_bytes'])}"
    load = f"load {host['load'][0]:.2f} on {host['processors']} processors"
    disks = [
        f"{disk['mountpoint']} {disk['used_ratio']:.0%} full, {human_size(disk['free'])} free"
        for disk in host["filesystems"]
    ]
    return ", ".join(
        [f"{_verdict(result)}, {_healthy_count(result)} services", load, memory, *disks, duration(result["duration"])]
    )


def _services(result: Mapping[str, Any]) -> tuple[list[list[str]], Sequence[int]]:
    rows = [["SERVICE", "STATE", "SINCE", "RESTARTS", "CPU", "MEMORY", "LIMIT", "NET IN", "NET OUT", "READ", "WRITTEN"]]
    rows += [
        [
            _name(service, result),
            state_of(service),
            age(service["since_seconds"]),
            str(service["restarts"] or ""),
            "" if service["cpu_percent"] is None else f"{service['cpu_percent']:.1f} %",
            _size(service["memory_bytes"]),
            _limit(service, result),
            *(_size(service[f"network_{key}_bytes"]) for key in ("received", "sent")),
            *(_size(service[f"disk_{key}_bytes"]) for key in ("read", "written")),
        ]
        for service in result["services"]
    ]
    rows += [[name, "MISSING", *[""] * 9] for name in result["missing"]]
    return rows, range(2, 11)


def _images(result: Mapping[str, Any]) -> tuple[list[list[str]], Sequence[int]]:
    rows = [["IMAGE", "DIGEST", "AGE", "SIZE", "SERVICES"]]
    by_image: dict[str, list[Mapping[str, Any]]] = {}
    for service in result["services"]:
        by_image.setdefault(service["image_id"], []).append(service)
    for services in by_image.values():
        first = services[0]
        rows.append(
            [
                first["image"] + (" (outdated)" if first["image_outdated"] else ""),
                digest_of(first),
                age(first["image_age_seconds"]),
                _size(first["image_bytes"]),
                ", ".join(dict.fromkeys(service["service"] for service in services)),
            ]
        )
    return rows, (2, 3)


def _volumes(result: Mapping[str, Any]) -> tuple[list[list[str]], Sequence[int]]:
    rows = [["VOLUME", "SIZE", "SERVICES"]]
    rows += [
        [
            volume["name"],
            "?" if volume["bytes"] is None else human_size(volume["bytes"]),
            ", ".join(volume["services"]) or "(not mounted)",
        ]
        for volume in result["volumes"]
    ]
    return rows if result["volumes"] else [], (1,)


def _disk(result: Mapping[str, Any]) -> tuple[list[list[str]], Sequence[int]]:
    usage = result["docker"]["usage"]
    if not usage:
        return [], ()
    rows = [["DOCKER", "COUNT", "IN USE", "SIZE", "RECLAIMABLE"]]
    for row in usage:
        numbers = ("?" if row[key] is None else str(row[key]) for key in ("count", "active"))
        sizes = ("?" if row[key] is None else human_size(row[key]) for key in ("bytes", "reclaimable_bytes"))
        rows.append([row["kind"], *numbers, *sizes])
    return rows, (1, 2, 3, 4)


def _name(service: Mapping[str, Any], result: Mapping[str, Any]) -> str:
    alone = sum(other["service"] == service["service"] for other in result["services"]) == 1
    return str(service["service"] if alone else service["container"])


def _limit(service: Mapping[str, Any], result: Mapping[str, Any]) -> str:
    limit = service["memory_limit_bytes"]
    # For a container without a limit Docker returns the host's memory.
    return human_size(limit) if limit and limit < result["host"]["memory_bytes"] else ""


def _size(value: int | None) -> str:
    return "" if value is None else human_size(value)


def _sum(rows: Sequence[Mapping[str, Any]], key: str) -> float:
    return sum(row[key] or 0 for row in rows)


def _cpu(result: Mapping[str, Any]) -> str:
    return f"{_sum(result['services'], 'cpu_percent'):.0f} %"


def _fullest(result: Mapping[str, Any]) -> str:
    return f"{max((disk['used_ratio'] for disk in result['host']['filesystems']), default=0):.0%}"


def _verdict(result: Mapping[str, Any]) -> str:
    return "healthy" if result["well"] else "UNHEALTHY"


def _healthy_count(result: Mapping[str, Any]) -> str:
    total = len(result["services"]) + len(result["missing"])
    return f"{sum(service['well'] for service in result['services'])} of {total}"
