# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which services a restore stops and starts, and what the operator has to know about them before."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from ansible_collections.maxops.ops.plugins.module_utils.swap.journal import Journal, Journals
from ansible_collections.maxops.ops.plugins.module_utils.swap.users import one_shots, users_of_data, watchers
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker import services
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.stack import Container, Stack
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.symptoms import quote
from ansible_collections.maxops.ops.plugins.module_utils.systems.postgresql import databases
from ansible_collections.maxops.ops.plugins.module_utils.systems.postgresql.session import Server, Session


@dataclass
class Affected:
    """``users`` are the containers that use the data, ``containers`` those of them that stop and start.

    ``sick`` are the names of those that are not healthy now.
    """

    users: list[Container] = field(default_factory=list)
    containers: list[Container] = field(default_factory=list)
    sick: set[str] = field(default_factory=set)


def find_affected(
    stack: Stack, journal: Journal, journals: Journals, server: Server | None, servers: Collection[str]
) -> Affected:
    """Find the containers that use the swapped data, and those of them that have to stop and start."""
    names = [database.name for database in journal.databases]
    addresses: set[str] = set()
    if server and names:
        with Session(server, "postgres") as session:
            addresses = {address for name in names for address in databases.client_addresses(session, name)}
    users = users_of_data(stack.containers, journal, servers, addresses)
    # What an earlier restore has stopped and could not start again belongs to the running services.
    owed = {name for names in journals.leftovers().services.values() for name in names}
    chosen = [each for each in users if services.is_in_use(each) or each.name in owed]
    return Affected(users, chosen, {each.name for each in chosen if each.name in owed or not _is_well(stack, each)})


def _is_well(stack: Stack, container: Container) -> bool:
    inspection = stack.inspection_of(container)
    return not inspection.crashing and inspection.health != "unhealthy"


def remarks_on(stack: Stack, affected: Affected) -> list[str]:
    """What the operator has to know about the services before the restore."""
    first = one_shots(stack, affected.containers, affected.users)
    remarks = [
        f"{container.name} runs to its end on the restored data before the other services start" for container in first
    ]
    remarks += [
        f"{container.name} starts and stops other containers, so it stops first and starts last"
        for container in (watchers(stack.containers, affected.containers) if affected.containers else [])
    ]
    present = {container.service for container in stack.containers}
    for container in affected.containers:
        remarks += [
            f"{container.name} waits for service {service}, which has no container, so it does not run before: "
            f"create it ({stack.compose.command('up', '--no-start', service)})"
            for service in sorted(container.needs_completed - present)
        ]
        if container.state == "paused":
            remarks.append(f"{container.name} uses the restored data and is paused: it runs after the restore")
        elif not services.is_up(container):
            remarks.append(f"{container.name} was left down by an earlier restore: it is started with the others")
        elif container.name in affected.sick:
            output = quote(stack.inspection_of(container).health_output)
            said = f', its health check says "{output}"' if output else ""
            remarks.append(
                f"{container.name} is not healthy now{said}: the restore does not wait for it as for the others, and "
                "stays even if it is not healthy afterwards"
            )
    skipped = {container.id for container in [*affected.containers, *first]}
    return remarks + [
        f"{container.name} uses the restored data, was {container.state} before and stays so: "
        f"docker start {container.name} starts it"
        for container in affected.users
        if container.id not in skipped
    ]
