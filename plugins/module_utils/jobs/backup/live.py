# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Databases whose files lie in a volume or folder: they are never copied while a program writes to them.

A frozen copy is like the files after a power cut: PostgreSQL, MySQL, MongoDB and SQLite recover from it at their start.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.stack import Container, Mount
from ansible_collections.maxops.ops.plugins.module_utils.systems.host.folders import is_inside, system_kind
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError
from ansible_collections.maxops.ops.plugins.module_utils.transfer.live_databases import find_databases

from .options import BackupOptions
from .values import BackupPlan, VolumePart

OF_DATABASE = "belongs to the database server, whose databases are dumped"


@dataclass(frozen=True)
class Found:
    """Databases of a volume or folder in words, the stack's containers that may write to it, and others that do."""

    databases: Sequence[str] = ()
    users: Sequence[Container] = ()
    others: Sequence[str] = ()


def find_in_all(places: Mapping[str, tuple[str, Sequence[str]]], jobs: int) -> dict[str, list[str]]:
    """The databases in several folders, side by side; ``places`` are path and skipped paths of each, by name."""
    with ThreadPoolExecutor(max_workers=max(1, jobs)) as pool:
        found = list(pool.map(lambda place: find_databases(*place), places.values()))
    return dict(zip(places, found))


def at_rest(
    plan: BackupPlan, options: BackupOptions, part: VolumePart, found: Found, named: bool = False
) -> VolumePart | None:
    """The part with its writers, which are paused where it holds a live database; None where it cannot be taken.

    ``named`` is true for a part that the operator asked for. Raises MaxopsError when that one holds the data of the
    server whose databases are dumped: dumping from it and pausing it exclude each other.
    """
    server = plan.database_container if plan.databases else None
    uses_server = server is not None and any(user.id == server.id for user in found.users)
    if server and uses_server and any(database.startswith("PostgreSQL") for database in found.databases):
        if named:
            raise MaxopsError(
                f'{part.label} holds the data of service "{server.service}", whose databases are dumped: leave it out '
                f"of {part.kind}s, or take no databases"
            )
        plan.left_out.append({"kind": part.kind, "name": part.name, "reason": OF_DATABASE})
        return None
    # The server has to answer while its databases are dumped, so it is never paused then.
    writers = tuple(user for user in found.users if user.running and not (server and user.id == server.id))
    if not found.databases:
        return replace(part, writers=writers)
    obstacle = _obstacle(found, server if uses_server else None)
    if obstacle:
        reason, fix = obstacle
        plan.not_taken(part.kind, part.name, f"it holds {listed(found.databases)}, and {reason}", fix)
        return None
    part = replace(part, databases=tuple(found.databases))
    if not writers:
        return part
    services = sorted({writer.service for writer in writers})
    if options.quiesce != "pause":
        plan.warnings.append(
            f"{part.label} holds {listed(found.databases)}: service {', '.join(services)} is paused while it is "
            "copied, because a copy of running files may not start; the copy is as after a power cut, and recovers by "
            "itself"
        )
    return replace(part, writers=writers, live=tuple(found.databases))


def _obstacle(found: Found, server: Container | None) -> tuple[str, str] | None:
    """Why a live database cannot be brought to rest, and the next step."""
    if server:
        return (
            f'service "{server.service}" writes there, which cannot be paused while its databases are dumped',
            "keep those files elsewhere",
        )
    restarting = sorted({user.service for user in found.users if user.state == "restarting"})
    if restarting:
        return (
            f"service {', '.join(restarting)} restarts again and again, so it cannot be paused",
            f"fix or stop that service (docker compose stop {' '.join(restarting)})",
        )
    if found.others:
        return (
            f"{', '.join(found.others)} of another project uses it, which is not paused",
            "stop that container during the backup, or back it up with its own project",
        )
    return None


def may_write(part: VolumePart, container: Container) -> bool:
    """Whether a container may write to a part: it mounts the volume, or for a folder something below or above it."""
    skipped = [os.path.join(part.folder, path) for path in part.skip]

    def writes(mount: Mount) -> bool:
        if not mount.writable or mount.kind not in ("bind", "volume"):
            return False
        if part.kind == "volume":
            return mount.name == part.docker_name
        source = os.path.realpath(mount.source)
        if not is_inside(source, part.folder) and not is_inside(part.folder, source):
            return False
        return not any(is_inside(source, path) for path in skipped) and not (
            mount.kind == "bind" and system_kind(source)
        )

    return any(writes(mount) for mount in container.mounts)


def listed(databases: Sequence[str]) -> str:
    """Databases for a message, at most three in full."""
    shown = ", ".join(databases[:3])
    return shown + (f" and {len(databases) - 3} more databases" if len(databases) > 3 else "")
