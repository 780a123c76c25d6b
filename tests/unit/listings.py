# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Backup sets of known ages and sizes, and the list of them."""

from __future__ import annotations

import datetime
from typing import Any

from ansible_collections.maxops.ops.plugins.module_utils.jobs.backup.listing import ListingOptions, list_backups
from ansible_collections.maxops.ops.plugins.module_utils.storage.repository.local import Repository
from ansible_collections.maxops.ops.tests.unit.sets import CONTENT, make_set

NOW = datetime.datetime(2026, 11, 25, 12, tzinfo=datetime.timezone.utc)


def made(repository: Repository, hours_ago: float, archive: int = 15000, **more: Any) -> str:
    """A set of a size, made so many hours ago; returns its id."""
    content = {**CONTENT, "volumes/assets.tar.zst": b"x" * archive}
    parts = [
        {"kind": "database", "name": "shop", "source_bytes": 9000, "bytes": 2000, "rows": {"public.entry": 2}},
        {"kind": "volume", "name": "assets", "source_bytes": 9000, "bytes": archive},
    ]
    moment = NOW - datetime.timedelta(hours=hours_ago)
    return make_set(repository, moment, content, **{"parts": parts, **more}).name


def listed(repository: Repository, **options: Any) -> dict[str, Any]:
    return list_backups(ListingOptions(**{"project_name": "shop", "repository": repository.path, **options}), NOW)
