# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Databases of the applications that are on no server of the stack: no set has them, and the run says so."""

from __future__ import annotations

from collections.abc import Collection

from ansible_collections.maxops.ops.plugins.module_utils.systems.applications import (
    DatabaseLogin,
    database_logins,
    gitea_settings,
    is_gitea,
)
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.inspection import Inspection
from ansible_collections.maxops.ops.plugins.module_utils.systems.kinds import LOCAL
from ansible_collections.maxops.ops.plugins.module_utils.systems.stores import is_openproject

from .options import BackupOptions
from .values import BackupPlan, is_excluded

THERE = "back it up there by its own means"
_FILES = ("postgres", "sqlite3")
"""Gitea's kinds of databases that are found in another way, or are files in its volume."""


def report_no_server(plan: BackupPlan, options: BackupOptions) -> None:
    """Say that the stack has no PostgreSQL server; a database of an application that is elsewhere is not taken.

    Gitea with SQLite or MySQL needs none: its files are in the set.
    """
    logins = [login for inspection in plan.stack.inspections for login in _logins(inspection)]
    for login in {_name(login): login for login in logins}.values():
        _not_taken(plan, options, _name(login), login.service, login.host, login.source)
    _report_other_kinds(plan, options)
    if not logins and not _needs_no_server(plan):
        missing = plan.stack.not_found("PostgreSQL server", "database_service")
        plan.warnings.append(f"the set has no databases: {missing}")


def report_elsewhere(plan: BackupPlan, options: BackupOptions, present: Collection[str]) -> None:
    """Report the applications' databases that are outside of the stack, which has a server for something else.

    ``present`` are the names on the stack's server. A database of that name may be the same one, reached by another
    address, so it is only a warning.
    """
    inside = _hosts(plan)
    members = {service for each in plan.roles(options.access).applications.values() for service in each}
    logins = [
        login
        for inspection in plan.stack.inspections
        if inspection.service in members
        for login in _logins(inspection)
        if login.host.lower().rstrip(".") not in inside
    ]
    for login in {_name(login): login for login in logins}.values():
        if _name(login) not in present:
            _not_taken(plan, options, _name(login), login.service, login.host, login.source)
        elif not is_excluded(_name(login), options.exclude):
            plan.warnings.append(
                f'service {login.service} has its database "{_name(login)}" on {login.host} ({login.source}), which is '
                "not known as an address of this stack, and the set has the database of that name of the stack's own "
                "server; make sure that it is the one in use"
            )
    _report_other_kinds(plan, options)


def _report_other_kinds(plan: BackupPlan, options: BackupOptions) -> None:
    """Report a MySQL or SQL Server database of Gitea outside of the stack; one inside is in a volume."""
    inside = _hosts(plan)
    for inspection in plan.stack.inspections:
        settings = gitea_settings(inspection.container, inspection.files_root) if is_gitea(inspection.container) else {}
        kind = settings.get(("database", "DB_TYPE"), "postgres").strip().lower()
        address = settings.get(("database", "HOST"), "").strip()
        host = address.rpartition(":")[0] or address
        if kind in _FILES or host in LOCAL or host.startswith("/") or host.lower().rstrip(".") in inside:
            continue
        name = settings.get(("database", "NAME"), "") or "gitea"
        _not_taken(plan, options, name, inspection.service, host, f"{kind}, [database] HOST")


def _not_taken(plan: BackupPlan, options: BackupOptions, name: str, service: str, host: str, source: str) -> None:
    if any(entry["kind"] == "database" and entry["name"] == name for entry in plan.left_out):
        return
    if is_excluded(name, options.exclude):
        plan.left_out.append({"kind": "database", "name": name, "reason": "excluded"})
        return
    if host.lower().rstrip(".") in _hosts(plan):
        reason = f"service {service} has it on {host} ({source}), which was not recognised as a PostgreSQL server"
        plan.not_taken("database", name, reason, "name that server's service in database_service")
        return
    reason = f"service {service} has it on {host} ({source}), which is no server of this stack"
    plan.not_taken("database", name, reason, THERE)


def _logins(inspection: Inspection) -> list[DatabaseLogin]:
    logins = database_logins(inspection.container, inspection.files_root)
    return [login for login in logins if login.host not in LOCAL]


def _name(login: DatabaseLogin) -> str:
    """A login without a database leads to the one that has the user's name."""
    return login.database or login.user


def _hosts(plan: BackupPlan) -> set[str]:
    """Every name and address that leads to a container of the stack."""
    names = {
        name
        for one in plan.stack.inspections
        for name in (one.service, one.name, *one.aliases, *one.container.addresses)
    }
    # Docker's own name server also knows a name with its network behind it.
    networks = {network for one in plan.stack.inspections for network in one.networks}
    return {name.lower() for name in names} | {f"{name}.{network}".lower() for name in names for network in networks}


def _needs_no_server(plan: BackupPlan) -> bool:
    """True where every application is a Gitea that says that its database is another one."""
    entries = plan.stack.inspections
    settings = [gitea_settings(entry.container, entry.files_root) for entry in entries if is_gitea(entry.container)]
    kinds = {found.get(("database", "DB_TYPE"), "postgres") for found in settings}
    return bool(kinds) and "postgres" not in kinds and not any(is_openproject(entry.container) for entry in entries)
