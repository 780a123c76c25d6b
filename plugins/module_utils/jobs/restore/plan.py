# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan of a restore: what replaces what, and what blocks it. Changes nothing."""

from __future__ import annotations

import datetime
import os
from collections.abc import Mapping
from contextlib import nullcontext, suppress
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.maxops.ops.plugins.module_utils.storage.source import RestoreSource
from ansible_collections.maxops.ops.plugins.module_utils.swap.journal import (
    NAME_LIMIT,
    DatabaseSwap,
    Journal,
    Journals,
    VolumeSwap,
    new_name,
    previous_name,
)
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker import services
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.container import on_host
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.installation import refuse_unusual
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.stack import Container, Stack
from ansible_collections.maxops.ops.plugins.module_utils.systems.postgresql import databases
from ansible_collections.maxops.ops.plugins.module_utils.systems.postgresql.session import Server, Session
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError
from ansible_collections.maxops.ops.plugins.module_utils.tools.files import free_bytes, nearest_existing
from ansible_collections.maxops.ops.plugins.module_utils.tools.moments import timestamp, utc_now
from ansible_collections.maxops.ops.plugins.module_utils.tools.words import human_size
from ansible_collections.maxops.ops.plugins.module_utils.transfer.load_memory import LoadMemory
from ansible_collections.maxops.ops.plugins.module_utils.transfer.programs import with_server_image
from ansible_collections.maxops.ops.plugins.module_utils.transfer.roles import missing_roles

from .applications import plan_effects
from .databases import SERVERS_OWN, extension_remarks, memory_remarks, not_replaced, share_memory
from .folders import check_nothing_mounted_below
from .options import RestoreOptions, check_options, find_source
from .previous import bring_back, newest_whole
from .secrets import Restored, secrets_that_differ
from .services import Affected, find_affected, remarks_on
from .volumes import LoadVolume, plan_volumes

MARGIN = 64 * 1000 * 1000
INDEX_ALLOWANCE = 1.1
"""A loaded database is rarely larger than it was before; sorting its indexes takes some more."""
WAL_LIMIT = 1100 * 1000 * 1000
"""Bytes of write-ahead log that loading may leave before a checkpoint removes them (max_wal_size)."""


@dataclass
class LoadDatabase:
    """A database to load: ``part`` holds owner, encoding, collate, ctype, source_bytes and, for a set, rows."""

    part: dict[str, Any]
    swap: DatabaseSwap


@dataclass
class SpaceNeed:
    """The bytes that the restore needs on one file system of the host, and those that are free."""

    path: str
    need: int
    free: int


@dataclass
class RestorePlan:
    """Everything that a restore needs to know before it starts.

    ``users`` are the containers that use the data, ``affected`` those of them that have to stop, and ``sick`` the names
    of those that are not healthy now.
    ``servers`` are the services of the database and the cache, which stay up.
    ``effects`` are sentences about sessions, caches, search indexes and SSH keys.
    """

    journal: Journal
    stack: Stack
    source: RestoreSource | None = None
    container: Container | None = None
    server: Server | None = None
    server_version: str | None = None
    servers: tuple[str, ...] = ()
    databases: list[LoadDatabase] = field(default_factory=list)
    volumes: list[LoadVolume] = field(default_factory=list)
    users: list[Container] = field(default_factory=list)
    affected: list[Container] = field(default_factory=list)
    sick: set[str] = field(default_factory=set)
    spaces: list[SpaceNeed] = field(default_factory=list)
    new_roles: list[str] = field(default_factory=list)
    memory: LoadMemory | None = None
    expected_downtime: float | None = None
    effects: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)

    def require_server(self) -> Server:
        """The server; a plan that holds databases always has one."""
        if self.server is None:
            raise MaxopsError("no database was planned, so there is no server")
        return self.server

    def require_container(self) -> Container:
        """The server's container; a plan that holds databases always has one."""
        if self.container is None:
            raise MaxopsError("no database was planned, so there is no database container")
        return self.container

    def require_memory(self) -> LoadMemory:
        """The memory of the load; a plan that loads databases always has it."""
        if self.memory is None:
            raise MaxopsError("no database was planned, so no memory was shared")
        return self.memory

    def require_source(self) -> RestoreSource:
        """The set or file; a plan that loads data always has one."""
        if self.source is None:
            raise MaxopsError("this restore loads no data, so there is no source")
        return self.source


def make_plan(options: RestoreOptions, journals: Journals) -> RestorePlan:
    """Make the plan. Raises MaxopsError for anything that would stop the restore later, except damaged data."""
    check_options(options)
    restore_id = journals.free_id()
    source = None if options.previous else find_source(options)
    label = "the data that was replaced last" if source is None else source.label
    kept_until = timestamp(utc_now() + datetime.timedelta(days=options.keep_previous))
    journal = Journal(
        restore_id, options.access.project_name, label, disposable=source is not None, kept_until=kept_until
    )
    stack = options.access.connect()
    refuse_unusual(stack, "restore")
    plan = RestorePlan(journal, stack, source)
    plan.servers = options.access.roles(plan.stack).servers
    if source is None:
        _plan_previous(plan, options, journals)
    else:
        _connect(plan, options, bool(source.databases))
        _plan_databases(plan, options, source)
        plan.volumes = plan_volumes(plan.stack, restore_id, options, source, plan.remarks)
        _check_targets(plan, options)
        _check_space(plan, options)
        plan.remarks += source.remarks
        if source.databases:
            restored = Restored(
                [load.swap.name for load in plan.databases],
                [load.swap.folder for load in plan.volumes if not load.members],
            )
            plan.remarks += secrets_that_differ(source, plan.stack, restored)
        journal.databases = [load.swap for load in plan.databases]
        journal.volumes = [load.swap for load in plan.volumes]
    plan.remarks += remarks_on(plan.stack, plan_services(plan, journals))
    _plan_effects(plan)
    measured = [record.downtime for record in journals.records() if record.downtime is not None]
    plan.expected_downtime = 0.0 if not plan.affected else measured[-1] if measured else None
    return plan


def _plan_effects(plan: RestorePlan) -> None:
    manifest = (plan.source.kept.manifest if plan.source and plan.source.kept else None) or {}
    started = services.by_service(plan.affected)
    paused = manifest.get("quiesce") == "pause"
    effects = plan_effects(plan.stack, plan.journal, plan.servers, started, paused)
    plan.journal.clearings, plan.journal.regenerate = effects.clearings, effects.regenerate
    plan.effects = effects.sentences
    plan.remarks += effects.remarks


def _connect(plan: RestorePlan, options: RestoreOptions, needed: bool) -> None:
    if needed:
        plan.container = options.access.database_container(plan.stack)
        plan.server = options.access.server_in(plan.container, plan.stack)


# -- databases ----------------------------------------------------------------------------------------------------


def _plan_databases(plan: RestorePlan, options: RestoreOptions, source: RestoreSource) -> None:
    if not source.databases:
        return
    with Session(plan.require_server(), "postgres") as session:
        plan.server_version = session.version
        check_version(plan)
        plan.container, remarks = with_server_image(plan.stack, plan.require_container(), session.version)
        plan.remarks += remarks
        present = databases.databases(session)
        for part in list(source.databases):
            name = options.into.get(part["name"], part["name"])
            if name in SERVERS_OWN:
                plan.remarks.append(not_replaced(name, name in (options.databases or ())))
                source.databases.remove(part)
                continue
            running = name if name in present else None
            like = databases.like(session, running, plan.require_server().user) if source.file else {}
            swap = _database_swap(plan.journal.id, part["name"], name, present)
            _record_size(plan.journal, session, swap)
            plan.databases.append(LoadDatabase({**like, **part}, swap))
            _check_prepared(session, name)
            plan.remarks += extension_remarks(session, part, name)
        limit = plan.stack.inspection_of(plan.require_container()).memory_limit
        # One job more than the option where there are several databases: see the slots of the job.
        plan.memory = share_memory(session, limit, options.jobs + (len(plan.databases) > 1))
        plan.remarks += memory_remarks(plan.memory, options.jobs, plan.require_container().name)
        if source.kept:
            plan.new_roles = missing_roles(session, source.layout.globals)
        _check_owners(plan, databases.roles(session))


def _database_swap(restore_id: str, original: str, name: str, present: Mapping[str, bool]) -> DatabaseSwap:
    if name != original and name in present:
        raise MaxopsError(f'database "{name}" exists already; give another name in into, or drop it first')
    previous = previous_name(name, restore_id) if name in present else None
    return DatabaseSwap(name, new_name(name, restore_id), previous)


def _record_size(journal: Journal, session: Session, swap: DatabaseSwap) -> None:
    if swap.previous:
        # It is only shown: a database that cannot be measured, as on a bad disk, is restored all the same.
        with suppress(MaxopsError):
            journal.sizes[swap.previous] = databases.size(session, swap.name)


def check_version(plan: RestorePlan) -> None:
    """Refuse data of a newer PostgreSQL, where its version is known."""
    version = plan.source.version if plan.source else None
    if version and plan.server_version and _major(version) > _major(plan.server_version):
        raise MaxopsError(
            f"{plan.require_source().label} was made with PostgreSQL {version}, "
            f"container {plan.require_server().container} runs "
            f"{plan.server_version}: an older server cannot read it; start the stack with the newer image first"
        )


def _major(version: str) -> int:
    return int(version.partition(".")[0])


def _check_prepared(session: Session, name: str) -> None:
    if databases.prepared_transactions(session, name):
        raise MaxopsError(
            f'database "{name}" holds prepared transactions, so it cannot be renamed; end those in pg_prepared_xacts '
            "first, with COMMIT PREPARED or ROLLBACK PREPARED"
        )


def _check_owners(plan: RestorePlan, present: set[str]) -> None:
    for load in plan.databases:
        owner = load.part["owner"]
        if owner not in present and owner not in plan.new_roles:
            raise MaxopsError(
                f'database "{load.part["name"]}" belongs to role "{owner}", which neither the server nor the set has; '
                f'create it first (CREATE ROLE "{owner}")'
            )


# -- back to the replaced data --------------------------------------------------------------------------------------


def _plan_previous(plan: RestorePlan, options: RestoreOptions, journals: Journals) -> None:
    """Plan to swap in the data that the newest record names."""
    records = [record for record in journals.records() if record.replaced]
    _connect(plan, options, any(record.databases for record in records))
    with Session(plan.server, "postgres") if plan.server else nullcontext() as session:
        present = databases.databases(session) if session else {}

        def exists(name: str) -> bool:
            return name in present or os.path.isdir(name)

        record = newest_whole(records, exists, options.access.describe(), plan.remarks)
        restore_id = plan.journal.id
        bring_back(plan.journal, record)
        for database in record.databases:
            if database.previous and session:
                _check_prepared(session, database.name)
                name = database.name if database.name in present else None
                kept = previous_name(name, restore_id) if name else None
                swapped = DatabaseSwap(database.name, database.previous, kept)
                plan.journal.databases.append(swapped)
                _record_size(plan.journal, session, swapped)
        for volume in record.volumes:
            if volume.previous:
                kept = f"{volume.folder}.maxops-previous-{restore_id}" if os.path.lexists(volume.folder) else None
                swap = VolumeSwap(volume.name, volume.folder, volume.previous, kept, kind=volume.kind)
                check_nothing_mounted_below(f'{volume.kind} "{volume.name}"', volume.folder)
                plan.journal.volumes.append(swap)


# -- all together ---------------------------------------------------------------------------------------------------


def _check_targets(plan: RestorePlan, options: RestoreOptions) -> None:
    names = {load.part["name"] for load in plan.databases} | {load.part["name"] for load in plan.volumes}
    unknown = [name for name in options.into if name not in names]
    if unknown:
        raise MaxopsError(
            f"into names {', '.join(unknown)}, which is not restored (restored: {', '.join(sorted(names))})"
        )
    targets = [load.swap.name for load in plan.databases]
    twice = sorted({name for name in targets if targets.count(name) > 1 or len(name.encode()) > NAME_LIMIT})
    if twice:
        raise MaxopsError(
            f"into gives the name {', '.join(twice)} twice, or it is longer than {NAME_LIMIT} bytes; choose others"
        )


def _check_space(plan: RestorePlan, options: RestoreOptions) -> None:
    """Check the free space: data is loaded beside the running data, on the same file systems."""
    needs: dict[int, SpaceNeed] = {}

    def add(path: str, need: float) -> None:
        path = nearest_existing(path)
        space = needs.setdefault(os.stat(path).st_dev, SpaceNeed(path, MARGIN, free_bytes(path)))
        space.need += int(need)

    for load in plan.volumes:
        # The size of single members is only known after they are unpacked.
        add(load.swap.new, 0 if load.members else load.part["source_bytes"])
    if plan.container and plan.databases:
        inside = plan.container.environment.get("PGDATA", "/var/lib/postgresql/data")
        data = on_host(inside, plan.container.mounts)
        size = sum(load.part["source_bytes"] for load in plan.databases)
        if data != inside:
            add(data, size * INDEX_ALLOWANCE + min(size, WAL_LIMIT))
        else:
            plan.remarks.append(
                f"the data of {plan.container.name} is not on a volume, so its free space was not checked"
            )
    plan.spaces = list(needs.values())
    for space in plan.spaces:
        if space.need > space.free and options.space_check:
            raise MaxopsError(
                f"{space.path} has {human_size(space.free)} free, and the restored data may need "
                f"{human_size(space.need)} beside the running data: free some space, restore fewer parts at a time "
                "(databases, volumes, folders), or set space_check to false to try anyway"
            )


def plan_services(plan: RestorePlan, journals: Journals) -> Affected:
    """Find the containers that use the swapped data, and those of them that have to stop and start."""
    found = find_affected(plan.stack, plan.journal, journals, plan.server, plan.servers)
    plan.users, plan.affected, plan.sick = found.users, found.containers, found.sick
    return found
