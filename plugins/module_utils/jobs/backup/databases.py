# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which databases a backup takes, and which it leaves out."""

from __future__ import annotations

from ansible_collections.maxops.ops.plugins.module_utils.systems.postgresql.session import (
    list_closed_databases,
    list_databases,
)
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError
from ansible_collections.maxops.ops.plugins.module_utils.transfer.programs import with_server_image

from .options import BackupOptions
from .values import BackupPlan, DatabasePart, PreviousParts, estimate_of, is_excluded, quoted

DUMP_RATIO = 0.6
"""Stored bytes for each byte of a database, until a first set gives a better number; prose takes about 0.25."""


def plan_databases(plan: BackupPlan, options: BackupOptions, previous: PreviousParts) -> None:
    """Add the databases to the plan, with the server. Raises MaxopsError for a named database that is missing."""
    if options.databases is not None and not options.databases:
        return
    container = options.access.database_container(plan.stack)
    plan.server = options.access.server_in(container, plan.stack)
    plan.server_version, listed = list_databases(plan.server)
    plan.database_container, remarks = with_server_image(plan.stack, container, plan.server_version)
    plan.warnings += remarks
    databases = {database.name: database for database in listed}
    wanted = list(databases) if options.databases is None else list(dict.fromkeys(options.databases))
    missing = [name for name in wanted if name not in databases]
    if missing:
        raise MaxopsError(
            f"container {container.name} has no database {quoted(missing)} (it has {quoted(databases)}); "
            "correct the option databases"
        )
    if options.databases is None:
        _report_closed_databases(plan, options)
    for name in wanted:
        if is_excluded(name, options.exclude):
            plan.left_out.append({"kind": "database", "name": name, "reason": "excluded"})
            continue
        estimate = estimate_of(previous.get(("database", name)), databases[name].size, DUMP_RATIO)
        plan.databases.append(DatabasePart(databases[name], estimate))


def _report_closed_databases(plan: BackupPlan, options: BackupOptions) -> None:
    for name in list_closed_databases(plan.require_server()):
        kept_by_restore = "__maxops_" in name
        reason = "kept by a restore" if kept_by_restore else "accepts no connections (ALLOW_CONNECTIONS false)"
        plan.left_out.append({"kind": "database", "name": name, "reason": reason})
        if not kept_by_restore and not is_excluded(name, options.exclude):
            plan.warnings.append(
                f'database "{name}" is not in the set: it accepts no connections; run ALTER DATABASE … '
                "ALLOW_CONNECTIONS true, or name it in exclude if that is intended"
            )
