# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Removing the data that earlier restores replaced, before its time is over, to free its space."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from ansible_collections.maxops.ops.plugins.module_utils.swap.journal import Journals
from ansible_collections.maxops.ops.plugins.module_utils.swap.kept import kept_data
from ansible_collections.maxops.ops.plugins.module_utils.swap.removal import expire_previous
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError
from ansible_collections.maxops.ops.plugins.module_utils.tools.moments import timestamp, utc_now

from .options import RestoreOptions, check_options

NOTHING: dict[str, Any] = {
    "set_id": None,
    "file": None,
    "made": None,
    "age": None,
    "verified": None,
    "kept": [],
    "kept_until": None,
    "services": [],
    "expected_downtime": 0.0,
    "new_roles": [],
    "memory": None,
    "effects": [],
    "space": [],
    "parts": [],
}
"""What is in every result of a restore, where nothing is restored."""


def discard(options: RestoreOptions, journals: Journals, check_mode: bool) -> dict[str, Any]:
    """Remove all kept data of the stack; without check mode only for the holder of the stack's lock.

    What cannot be removed now is a remark, and the next job tries again. Raises MaxopsError where that is all of it.
    """
    check_options(options)
    found = kept_data(journals)
    if not found:
        raise MaxopsError(
            f"no data that a restore replaced is kept for {options.access.describe()}; there is nothing to remove"
        )
    names = [part["kept_as"] for entry in found for part in entry["parts"]]
    result = {**NOTHING, "source": "the data that restores replaced", "changed": True, "discarded": found}
    if check_mode:
        return {**result, "warnings": []}
    now = timestamp(utc_now())
    for record in journals.records():
        if record.replaced:
            record.kept_until = now
            journals.write_record(record)
    removed, remarks = expire_previous(options.access, journals)
    left = [name for name in names if name not in removed]
    if left and not remarks:
        remarks = [f"{', '.join(left)} had been removed before"]
    if not set(names) & set(removed):
        raise MaxopsError(f"nothing was removed: {' | '.join(remarks)}")
    result["discarded"] = [entry for each in found for entry in [_of_parts(each, removed)] if entry["parts"]]
    return {**result, "expired": removed, "warnings": remarks}


def _of_parts(entry: Mapping[str, Any], names: Collection[str]) -> dict[str, Any]:
    """The entry with only those parts that are kept under one of the names."""
    parts = [part for part in entry["parts"] if part["kept_as"] in names]
    return {**entry, "bytes": sum(part["bytes"] or 0 for part in parts), "parts": parts}
