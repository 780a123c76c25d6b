# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Manifests of sets for tests, without files."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import Any

from ansible_collections.maxops.ops.plugins.module_utils.storage.backup_set import new_id
from ansible_collections.maxops.ops.plugins.module_utils.storage.origin import Origin
from ansible_collections.maxops.ops.plugins.module_utils.storage.repository.interface import KeptSet

HERE = Origin("shop", "web1", "a" * 32)
ALL: dict[str, Any] = {"databases": None, "volumes": None, "folders": None, "exclude": []}


def database(name: str = "gitea", rows: int = 100, size: int = 8_000_000, stored: int = 2_000_000) -> dict[str, Any]:
    """A database with all its rows in one table."""
    return {"kind": "database", "name": name, "rows": {"public.t": rows}, "source_bytes": size, "bytes": stored}


def volume(name: str = "data", size: int = 9000, empty: bool = False) -> dict[str, Any]:
    """A volume."""
    return {"kind": "volume", "name": name, "source_bytes": size, "bytes": size // 2, "empty": empty}


def day(number: int, hour: int = 2) -> str:
    """The id of a set of the 1st of November 2026 and the days after it."""
    moment = datetime.datetime(2026, 11, 1, hour, tzinfo=datetime.timezone.utc)
    return new_id(moment + datetime.timedelta(days=number - 1))


def manifest(set_id: str, *parts: dict[str, Any], **more: Any) -> dict[str, Any]:
    """The manifest of a set of the whole stack on this host, without a change; ``more`` are further keys."""
    return {
        "set_id": set_id,
        "project": HERE.project,
        "host": HERE.host,
        "machine_id": HERE.machine_id,
        "scope": ALL,
        "incomplete": [],
        "shrunk": [],
        "parts": list(parts),
        **more,
    }


def kept(set_id: str, *parts: dict[str, Any], **more: Any) -> KeptSet:
    """A set of the whole stack on this host."""
    return KeptSet(set_id, f"/r/sets/{set_id}", manifest(set_id, *parts, **more))


def old(set_id: str, *parts: dict[str, Any], **more: Any) -> KeptSet:
    """A set as earlier versions made it: without machine id, scope and changes."""
    new = ("machine_id", "scope", "incomplete", "shrunk")
    content = {key: value for key, value in manifest(set_id, *parts, **more).items() if key not in new}
    return KeptSet(set_id, f"/r/sets/{set_id}", content)


def only(**chosen: Sequence[str]) -> dict[str, Any]:
    """The scope of a set of some parts: ``databases=["gitea"], volumes=[]``, or ``exclude=["big"]``."""
    return {**ALL, **chosen}
