# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which configuration a backup takes, and what of it is missing."""

from __future__ import annotations

from functools import partial

from ansible_collections.maxops.ops.plugins.module_utils.transfer.configuration_files import (
    Configuration,
    find_configuration,
)
from ansible_collections.maxops.ops.plugins.module_utils.transfer.configuration_merge import merge_configuration

from .options import BackupOptions
from .values import BackupPlan, is_excluded


def plan_configuration(plan: BackupPlan, options: BackupOptions) -> None:
    """Add the configuration to the plan, after its other parts, and what of it cannot be taken."""
    excluded = partial(is_excluded, patterns=options.exclude)
    parts = {part.folder: part.skip for part in plan.volumes}
    found = find_configuration(plan.stack, excluded, avoid=[plan.repository.path], parts=parts)
    merge_configuration(plan.stack, found, excluded)
    plan.configuration = found
    plan.left_out += found.left_out
    plan.warnings += found.warnings
    report_lacks(plan, found)


def report_lacks(plan: BackupPlan, found: Configuration) -> None:
    """Record what cannot be taken; each is recorded once."""
    known = {entry["name"] for entry in plan.left_out if entry["kind"] == "configuration"}
    for lack in found.lacks:
        if lack.name not in known:
            plan.not_taken("configuration", lack.name, lack.reason, lack.fix)
