# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The data that restores replaced and that is still kept: what it is, how large, since when and until when."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from typing import Any

from ansible_collections.maxops.ops.plugins.module_utils.tools.moments import UTC, parse_moment, timestamp, utc_now

from .journal import Journal, Journals

SECONDS = 5.0
"""How long folders are measured: a folder of repositories may hold millions of files."""


def kept_data(journals: Journals) -> list[dict[str, Any]]:
    """One entry for each restore whose replaced data is kept, the newest first. Raises MaxopsError for a broken record.

    ``bytes`` of a database is its size when it was replaced, None where that was not recorded; a folder is measured,
    None where that takes longer than SECONDS for all together.
    """
    deadline = time.monotonic() + SECONDS
    return [_entry(record, deadline) for record in reversed(journals.records()) if record.replaced]


def _size(folder: str, deadline: float) -> int | None:
    total = 0
    for top, _folders, names in os.walk(folder):
        if time.monotonic() > deadline:
            return None
        for name in names:
            with suppress(OSError):
                total += os.lstat(os.path.join(top, name)).st_size
    return total


def _entry(record: Journal, deadline: float) -> dict[str, Any]:
    parts: list[dict[str, Any]] = [
        {"kind": "database", "name": swap.name, "kept_as": swap.previous, "bytes": record.sizes.get(swap.previous)}
        for swap in record.databases
        if swap.previous
    ]
    for volume in record.volumes:
        if volume.previous:
            size = _size(volume.previous, deadline) if os.path.isdir(volume.previous) else None
            parts.append({"kind": volume.kind, "name": volume.name, "kept_as": volume.previous, "bytes": size})
    return {
        "replaced_by": record.describe(),
        "replaced": timestamp(parse_moment(record.id, utc_now(), "id", UTC)),
        "kept_until": record.kept_until,
        "bytes": sum(part["bytes"] or 0 for part in parts),
        "parts": parts,
    }
