# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which databases a backup takes, and which it leaves out."""

from __future__ import annotations

from collections.abc import Sequence

from ansible_collections.maxops.ops.plugins.module_utils.systems.postgresql.inventory import (
    ListedDatabase,
    take_inventory,
)
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError
from ansible_collections.maxops.ops.plugins.module_utils.transfer.programs import with_server_image

from .elsewhere import report_elsewhere, report_no_server
from .options import BackupOptions
from .values import BackupPlan, DatabasePart, PreviousParts, estimate_of, is_excluded, quoted

DUMP_RATIO = 0.6
"""Stored bytes for each byte of a database, until a first set gives a better number; prose takes about 0.25."""

KEPT_BY_RESTORE = "__maxops_"
"""Part of the names of databases that a restore has replaced; they are gone again after some days."""

OPEN_IT = 'run ALTER DATABASE "{name}" ALLOW_CONNECTIONS true'
DROP_IT = 'run DROP DATABASE "{name}"'
RENAME_IT = "rename it in a database of its own encoding (ALTER DATABASE … RENAME TO …)"


def plan_databases(plan: BackupPlan, options: BackupOptions, previous: PreviousParts) -> None:
    """Add the databases to the plan, with the server. Raises MaxopsError for a named database that is missing."""
    if options.databases is not None and not options.databases:
        return
    roles = plan.roles(options.access)
    if options.databases is None and not roles.database and not roles.problem("database_service"):
        report_no_server(plan, options)
        return
    container = options.access.database_container(plan.stack)
    plan.server = options.access.server_in(container, plan.stack)
    inventory = take_inventory(plan.server)
    plan.server_version, plan.preloaded = inventory.version, inventory.preloaded
    plan.database_container, remarks = with_server_image(plan.stack, container, plan.server_version)
    plan.warnings += remarks
    if options.databases is None:
        wanted = choose(plan, options, inventory.databases)
        report_elsewhere(plan, options, {database.name for database in inventory.databases})
    else:
        wanted = named(container.name, options.databases, inventory.databases)
    for database in wanted:
        if is_excluded(database.name, options.exclude):
            plan.left_out.append({"kind": "database", "name": database.name, "reason": "excluded"})
            continue
        estimate = estimate_of(previous.get(("database", database.name)), database.facts.size, DUMP_RATIO)
        plan.databases.append(DatabasePart(database.facts, estimate))


def named(container: str, names: Sequence[str], listed: Sequence[ListedDatabase]) -> list[ListedDatabase]:
    """The databases of the option ``databases``. Raises MaxopsError for one that is missing or cannot be dumped."""
    by_name = {database.name: database for database in listed}
    chosen = [by_name[name] for name in dict.fromkeys(names) if name in by_name]
    missing = [name for name in dict.fromkeys(names) if name not in by_name]
    if missing:
        there = [database.name for database in listed if not database.built_in and _problem(database) is None]
        raise MaxopsError(
            f"container {container} has no database {quoted(missing)} (it has {quoted(there)}); "
            "correct the option databases"
        )
    for database in chosen:
        problem = _problem(database)
        if problem:
            raise MaxopsError(f'database "{database.name}" of container {container} {problem[0]}; {problem[1]}')
    return chosen


def choose(plan: BackupPlan, options: BackupOptions, listed: Sequence[ListedDatabase]) -> list[ListedDatabase]:
    """All databases that hold something and can be dumped; the others are left out by name."""
    chosen = []
    for database in listed:
        name, problem = database.name, _problem(database)
        if name in ("template0", "template1"):
            if database.tables:
                plan.left_out.append({"kind": "database", "name": name, "reason": "a template of the server"})
                plan.warnings.append(
                    f'template database "{name}" holds tables ({database.tables}) and is not in the set: '
                    "every new database gets a copy of them; move them to a database of their own"
                )
        elif database.built_in and not database.tables and not problem:
            continue  # the database postgres, without anything in it
        elif problem is None or is_excluded(name, options.exclude):
            chosen.append(database)
        elif KEPT_BY_RESTORE in name:
            plan.left_out.append({"kind": "database", "name": name, "reason": "kept by a restore"})
        elif database.invalid:
            plan.left_out.append({"kind": "database", "name": name, "reason": problem[0]})
            plan.warnings.append(f'database "{name}" is not in the set: it {problem[0]}; {problem[1]}')
        else:
            plan.not_taken("database", name, problem[0], problem[1])
    return chosen


def _problem(database: ListedDatabase) -> tuple[str, str] | None:
    """Why a database cannot be dumped, and what to do about it."""
    if database.invalid:
        return "is invalid: a DROP DATABASE was interrupted", DROP_IT.format(name=database.name)
    if not database.open:
        return "accepts no connections (ALLOW_CONNECTIONS false)", OPEN_IT.format(name=database.name)
    if not database.readable:
        return "has a name, or an owner with a name, that is not valid UTF-8", RENAME_IT
    return None
