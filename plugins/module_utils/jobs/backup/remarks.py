# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the operator has to know about a stack although its backup is complete."""

from __future__ import annotations

from ansible_collections.maxops.ops.plugins.module_utils.systems.object_storage import ObjectStorage, object_storage
from ansible_collections.maxops.ops.plugins.module_utils.systems.postgresql.data_folder import advice, risk_of_data

from .options import BackupOptions
from .values import BackupPlan


def report_object_storage(plan: BackupPlan) -> None:
    """One warning for each application that keeps files in object storage; the manifest gets all of them."""
    found: dict[tuple[str, str], ObjectStorage] = {}
    for container in plan.stack.containers:
        root = plan.stack.inspection_of(container).files_root
        for entry in object_storage(container, root):
            found.setdefault((entry.application, entry.what), entry)
    plan.object_storage = [entry.to_dict() for entry in found.values()]
    for application in dict.fromkeys(entry.application for entry in found.values()):
        entries = [entry for entry in found.values() if entry.application == application]
        what = ", ".join(entry.in_words() for entry in entries)
        sources = ", ".join(dict.fromkeys(entry.source for entry in entries))
        plan.warnings.append(
            f"{application} keeps {what} in object storage ({sources}): they are in no set; back up that storage by "
            "its own means"
        )


def report_unclear_cache(plan: BackupPlan, options: BackupOptions) -> None:
    """Warn where several services could be the cache: the volumes of all of them are in the set."""
    problem = plan.roles(options.access).problem("cache_service")
    if problem:
        plan.warnings.append(f"{problem}; until then the set holds the volumes of all of them")


def report_data_folder(plan: BackupPlan, options: BackupOptions) -> None:
    """Warn of a database server whose data is removed together with its container."""
    for container in plan.stack.of_service(plan.roles(options.access).database):
        risk = risk_of_data(container)
        if risk:
            plan.warnings.append(f"the data of PostgreSQL {risk}; {advice(container)}")
