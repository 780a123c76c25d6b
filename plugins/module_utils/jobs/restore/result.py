# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The result of a restore, and of its plan in check mode."""

from __future__ import annotations

import datetime
from typing import Any

from ansible_collections.maxops.ops.plugins.module_utils.storage.backup_set import moment_of
from ansible_collections.maxops.ops.plugins.module_utils.storage.repository.interface import KeptSet
from ansible_collections.maxops.ops.plugins.module_utils.storage.repository.local import Repository
from ansible_collections.maxops.ops.plugins.module_utils.storage.verdict import LEVELS
from ansible_collections.maxops.ops.plugins.module_utils.swap.journal import DatabaseSwap, VolumeSwap
from ansible_collections.maxops.ops.plugins.module_utils.tools.moments import timestamp, utc_now

from .plan import RestorePlan


def about_moment(kept: KeptSet | None, repository: str, now: datetime.datetime) -> dict[str, Any]:
    """When the set was started, its age in seconds, and its last verification of the highest level.

    All are None without a set; ``verified`` is None for a set that was never verified.
    """
    if kept is None:
        return {"made": None, "age": None, "verified": None}
    made = moment_of(kept.set_id)
    verdict = Repository(repository).verdict(kept)
    results = verdict.results if verdict else {}
    highest = next((level for level in reversed(LEVELS) if level in results), None)
    verified = None
    if highest:
        verified = {"level": highest, "passed": results[highest].passed, "time": results[highest].time}
    return {"made": timestamp(made), "age": int((now - made).total_seconds()), "verified": verified}


def facts(plan: RestorePlan, repository: str) -> dict[str, Any]:
    """What the result says about the plan: its source, what is kept, what stops, and the space."""
    journal, kept = plan.journal, plan.source.kept if plan.source else None
    return {
        "source": journal.source,
        "set_id": kept.set_id if kept else None,
        **about_moment(kept, repository, utc_now()),
        "file": plan.source.file if plan.source else None,
        "kept": journal.replaced,
        "kept_until": journal.kept_until if journal.replaced else None,
        "services": sorted({container.service for container in plan.affected}),
        "expected_downtime": plan.expected_downtime,
        "new_roles": plan.new_roles,
        "memory": plan.memory.to_dict() if plan.memory else None,
        "effects": plan.effects,
        "space": [{"path": space.path, "need": space.need, "free": space.free} for space in plan.spaces],
    }


def parts(plan: RestorePlan, loaded: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """One entry for each database, volume and folder: its names in the source and here, and what it replaces."""
    originals = {load.swap.new: load.part for load in plan.databases}
    originals.update({load.swap.new: load.part for load in plan.volumes})
    chosen = {load.swap.new for load in plan.volumes if load.members}
    prefix = f"{plan.stack.project_name}_"

    def part(kind: str, swap: DatabaseSwap | VolumeSwap) -> dict[str, Any]:
        original = originals.get(swap.new, {})
        return {
            "kind": kind,
            "name": original.get("name") or (swap.name[len(prefix) :] if swap.name.startswith(prefix) else swap.name),
            "target": swap.name,
            # How much the chosen files are is known when they are unpacked.
            "source_bytes": None if swap.new in chosen else original.get("source_bytes"),
            "previous": swap.previous,
            **loaded.get(swap.new, {}),
        }

    databases = [part("database", swap) for swap in plan.journal.databases]
    return databases + [part(swap.kind, swap) for swap in plan.journal.volumes]
