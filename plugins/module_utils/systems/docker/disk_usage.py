# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Docker's disk usage, from both forms of the daemon's answer.

Up to API 1.51 the answer lists objects (``Images``, ``LayersSize`` …); since 1.53 it has sums (``ImageUsage`` …), and
lists of objects only with ``verbose``. A daemon of 1.52 may send both.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError

PATH = "/system/df?type=image&type=container&type=build-cache"
"""Without volumes, whose sizes take long; a daemon before version 23 ignores the filter and returns everything."""

RUNNING = ("running", "paused", "restarting")


@dataclass(frozen=True)
class Usage:
    """One kind of object: how many there are, how many are in use, their bytes, and those that no object needs.

    A value is None where the daemon did not report it.
    """

    kind: str
    count: int | None = None
    active: int | None = None
    size: int | None = None
    reclaimable: int | None = None


def usage_of(answer: Mapping[str, Any]) -> list[Usage]:
    """``docker system df``: images, containers, volumes (only where they were measured) and build cache."""
    volumes = _sums("volumes", answer, ("VolumeUsage", "VolumesUsage")) or _volumes(answer.get("Volumes"))
    return [
        _sums("images", answer, ("ImageUsage", "ImagesUsage")) or _images(answer) or Usage("images"),
        _sums("containers", answer, ("ContainerUsage", "ContainersUsage"))
        or _containers(answer)
        or Usage("containers"),
        *([volumes] if volumes else []),
        _sums("build cache", answer, ("BuildCacheUsage",)) or _build_cache(answer) or Usage("build cache"),
    ]


def build_cache_records(answer: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The records of the build cache. Raises MaxopsError where the answer has them in no known form."""
    sums = answer.get("BuildCacheUsage")
    known = isinstance(sums, Mapping)
    if isinstance(sums, Mapping) and (sums.get("Items") is not None or not _number(sums, "Total", without="TotalSize")):
        return list(sums.get("Items") or [])
    if answer.get("BuildCache") or (not known and "BuildCache" in answer):
        return list(answer["BuildCache"] or [])
    raise MaxopsError(
        "the daemon's answer does not list the records of the build cache in a form that this version knows; "
        "remove it by hand (docker builder prune), and report this as a fault of maxops.ops"
    )


def unknown_kinds(rows: Iterable[Usage]) -> list[str]:
    """The kinds that the daemon reported in no known form."""
    return [row.kind for row in rows if row.size is None]


def _sums(kind: str, answer: Mapping[str, Any], names: Iterable[str]) -> Usage | None:
    """The form since API 1.53, which leaves out zeros."""
    sums = next((answer[name] for name in names if isinstance(answer.get(name), Mapping)), None)
    if sums is None:
        return None
    return Usage(
        kind,
        _number(sums, "Total", without="TotalSize"),
        _number(sums, "Active"),
        max(0, int(sums.get("TotalSize") or 0)),
        max(0, int(sums.get("Reclaimable") or 0)),
    )


def _number(sums: Mapping[str, Any], start: str, without: str = "") -> int:
    """The number whose name begins so: TotalCount, or TotalImages."""
    return next((int(value or 0) for name, value in sums.items() if name.startswith(start) and name != without), 0)


def _images(answer: Mapping[str, Any]) -> Usage | None:
    if "Images" not in answer and "LayersSize" not in answer:
        return None
    images = answer.get("Images") or []
    # Layers are shared, so removing an unused image frees less than its size: only the layers that no other image has.
    unused = [image for image in images if not image.get("Containers")]
    freed = sum(max(0, image.get("Size", 0) - max(0, image.get("SharedSize", 0))) for image in unused)
    return Usage("images", len(images), len(images) - len(unused), int(answer.get("LayersSize") or 0), freed)


def _containers(answer: Mapping[str, Any]) -> Usage | None:
    if "Containers" not in answer:
        return None
    containers = answer["Containers"] or []
    stopped = [container for container in containers if container.get("State") not in RUNNING]
    active = len(containers) - len(stopped)
    return Usage("containers", len(containers), active, _sum(containers, "SizeRw"), _sum(stopped, "SizeRw"))


def _volumes(volumes: Any) -> Usage | None:
    if volumes is None:
        return None
    measured = [volume.get("UsageData") or {} for volume in volumes]
    idle = [volume for volume in measured if volume.get("RefCount") == 0]
    return Usage("volumes", len(volumes), len(volumes) - len(idle), _sum(measured, "Size"), _sum(idle, "Size"))


def _build_cache(answer: Mapping[str, Any]) -> Usage | None:
    if "BuildCache" not in answer:
        return None
    records = answer["BuildCache"] or []
    idle = [record for record in records if not record.get("InUse")]
    return Usage("build cache", len(records), len(records) - len(idle), _sum(records, "Size"), _sum(idle, "Size"))


def _sum(rows: Iterable[Mapping[str, Any]], key: str) -> int:
    # The daemon returns -1 for an unknown size.
    return sum(max(0, row.get(key) or 0) for row in rows)
