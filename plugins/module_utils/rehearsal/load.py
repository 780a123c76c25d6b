# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Loads a set into a rehearsal's server and folders: roles first, then databases and volumes in parallel."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Callable

from ansible_collections.maxops.ops.plugins.module_utils.storage.backup_set import archive_of, archived_parts
from ansible_collections.maxops.ops.plugins.module_utils.storage.findings import HOST, PRODUCTION, SET
from ansible_collections.maxops.ops.plugins.module_utils.storage.subject import Subject
from ansible_collections.maxops.ops.plugins.module_utils.systems.host.system import memory
from ansible_collections.maxops.ops.plugins.module_utils.systems.postgresql import databases
from ansible_collections.maxops.ops.plugins.module_utils.systems.postgresql.session import (
    Session,
    identifier,
    passfile_entry,
)
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import Cancelled, HostFault, MaxopsError
from ansible_collections.maxops.ops.plugins.module_utils.tools.process import Cancellation
from ansible_collections.maxops.ops.plugins.module_utils.tools.progress import Progress
from ansible_collections.maxops.ops.plugins.module_utils.tools.workers import Slots, run_all
from ansible_collections.maxops.ops.plugins.module_utils.transfer import database_load, volume_unpack
from ansible_collections.maxops.ops.plugins.module_utils.transfer.dump_contents import SINGLE_DATABASE
from ansible_collections.maxops.ops.plugins.module_utils.transfer.load_failures import LoadError
from ansible_collections.maxops.ops.plugins.module_utils.transfer.load_memory import LoadMemory, share
from ansible_collections.maxops.ops.plugins.module_utils.transfer.load_target import Target, target_of
from ansible_collections.maxops.ops.plugins.module_utils.transfer.programs import workers
from ansible_collections.maxops.ops.plugins.module_utils.transfer.roles import create_missing_roles

from .area import Folders, RehearsalArea
from .server import ThrowawayServer
from .values import Outcome, Source

RESTORE = "restore"
"""Check of findings about a part that could not be restored."""

TAKE_ANOTHER = "Take another set; this part cannot be restored."


def note_step(subject: Subject, name: str, since: float) -> None:
    """Record how long a step of the rehearsal took; ``since`` is the monotonic clock at its start."""
    subject.steps[f"rehearse {name}"] = round(time.monotonic() - since, 3)


@dataclass
class Unpacking:
    """Unpacks the volumes and folders of one set, each into its place in ``volumes``.

    A part that cannot be unpacked becomes a finding of the subject.
    """

    subject: Subject
    volumes: Mapping[str, str]
    slots: Slots
    cancellation: Cancellation
    progress: Progress

    def tasks(self) -> list[Callable[[], None]]:
        """One task for each part; they may run at once."""
        return [partial(self._unpack, part) for part in archived_parts(self.subject.manifest)]

    def _unpack(self, part: dict[str, Any]) -> None:
        name, kind = part["name"], part["kind"]
        archive = archive_of(self.subject.path, self.subject.manifest, part)
        folder = self.volumes[name]
        os.mkdir(folder, mode=0o700)
        meter = self.progress.part(f"{kind} {name}", int(part["source_bytes"]))
        with self.slots.taking(1):
            begun = time.monotonic()
            meter.start()

            def watch(gauge: Callable[[], int]) -> None:
                meter.measure = gauge

            try:
                # The copy is removed soon: writing it must not slow down the running stack's disk.
                volume_unpack.extract(name, archive, folder, self.cancellation, on_start=watch, kind=kind)
            except (Cancelled, HostFault):
                raise
            except MaxopsError as error:
                self.subject.critical(RESTORE, f'{kind} "{name}"', str(error), "files", TAKE_ANOTHER)
            finally:
                meter.finish()
                note_step(self.subject, f"{kind} {name}", begun)


@dataclass
class Loading:
    """Loads one set into a throw-away server; a part that cannot be restored becomes a finding of the subject.

    ``volumes`` are the places for volumes and folders, by their name; ``loaded`` is the loading result of each
    restored database.
    """

    area: RehearsalArea
    subject: Subject
    source: Source
    folders: Folders
    volumes: dict[str, str]
    throwaway: ThrowawayServer
    outcome: Outcome
    cancellation: Cancellation
    progress: Progress
    loaded: dict[str, dict[str, Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Create as many slots as jobs; a large database takes several."""
        self._slots = Slots(self.area.jobs)
        self._loads = Slots(self.area.jobs)

    def _memory(self) -> LoadMemory:
        with Session(self.throwaway.server, "postgres", self.cancellation) as session:
            own = databases.setting_bytes(session, "maintenance_work_mem")
        return share(0, memory().available, own, self.area.jobs)

    def run(self) -> dict[str, dict[str, Any]]:
        """Create roles, then load all databases and volumes at once; gives the loading result of each database."""
        passfile = os.path.join(self.folders.folder, "pgpass")
        descriptor = os.open(passfile, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(passfile_entry("nobody", "none"))
        target = target_of(
            self.area.stack,
            self.source.server_image.id,
            self.throwaway.server,
            self.area.key,
            passfile,
            self._memory(),
            socket_folder=self.folders.socket,
        )
        target = self._make_room(target)
        # Later sessions read the restored databases, and fire no event trigger of theirs either.
        self.throwaway.server = target.server
        self._loads = Slots(target.memory.jobs)
        for library in self.throwaway.not_loaded:
            seen = f"is not in {self.source.server_image.name}, so the rehearsal's server runs without it"
            self.subject.notice(
                RESTORE, f"library {library}", seen, "shared_preload_libraries of the set's server", cause=HOST
            )
        begun = time.monotonic()
        with target.session(self.cancellation) as session:
            self.outcome.postgresql = session.version
            self._check_major(session.version)
            self._create_roles(session)
        note_step(self.subject, "roles", begun)
        largest_first = sorted(self.source.databases, key=lambda part: int(part["source_bytes"]), reverse=True)
        tasks: list[Callable[[], None]] = [partial(self._load, target, part) for part in largest_first]
        tasks += Unpacking(self.subject, self.volumes, self._slots, self.cancellation, self.progress).tasks()
        run_all(tasks, self.cancellation)
        return self.loaded

    def _make_room(self, target: Target) -> Target:
        """Drop the new server's empty database ``postgres`` where the set has one of that name."""
        names = [part["name"] for part in self.source.databases]
        target = replace(target, maintenance=databases.outside_of(names))
        if "postgres" in names:
            with target.session(self.cancellation) as session:
                databases.drop(session, "postgres")
        return target

    def _check_major(self, version: str) -> None:
        made_with = ((self.subject.manifest or {}).get("versions") or {}).get("postgresql")
        if made_with and _major(version) < _major(str(made_with)):
            raise MaxopsError(
                f"set {self.subject.set_id} comes from PostgreSQL {made_with}, and this host only has an image with "
                f"{version} ({self.source.server_image.name}), which cannot read it: copy the set's own image to this "
                "host"
            )

    def _create_roles(self, session: Session) -> None:
        if self.source.file:
            for name in sorted(set(self.source.roles) - databases.roles(session)):
                session.run("create a role in", f"CREATE ROLE {identifier(name)}")
            return
        if not self.source.databases:
            return
        try:
            create_missing_roles(session, self.subject.layout.globals)
        except (Cancelled, HostFault):
            raise
        except MaxopsError as error:
            self.throwaway.check()
            self.subject.critical(RESTORE, "globals.sql", str(error), "roles that can be created", TAKE_ANOTHER)

    def _load(self, target: Target, part: dict[str, Any]) -> None:
        name = part["name"]
        count = min(workers(int(part["source_bytes"]), self.area.jobs), target.memory.jobs)
        meter = self.progress.part(f"database {name}", int(part["source_bytes"]))
        # The memory first: a database that waits for it takes no slot from the volumes.
        with self._loads.taking(count), self._slots.taking(count):
            begun = time.monotonic()
            meter.start()
            try:
                if self.source.file:
                    loaded = database_load.load_file(
                        target, self.source.file, part, None, name, self.cancellation, meter
                    )
                else:
                    loaded = database_load.load_set_database(
                        target, self.subject.layout, part, name, count, self.cancellation, meter
                    )
            except (Cancelled, HostFault):
                raise
            except MaxopsError as error:
                self.throwaway.check()
                fix = error.fix if isinstance(error, LoadError) else ""
                cause = PRODUCTION if fix else SET
                fix = f"Production is like this too: {fix}" if fix else TAKE_ANOTHER
                self.subject.critical(RESTORE, f'database "{name}"', str(error), "a database", fix, cause)
                return
            finally:
                meter.finish()
                note_step(self.subject, f"database {name}", begun)
        self._report(name, loaded)
        self.loaded[name] = loaded
        self.outcome.rows[name] = loaded["rows"]

    def _report(self, name: str, loaded: Mapping[str, Any]) -> None:
        """Remarks of the load, and what a restore loads only after the swap."""
        subject = f'database "{name}"'
        for remark in loaded["remarks"]:
            self.subject.warning(RESTORE, subject, remark, cause=HOST)
        for fault in loaded["faults"]:
            self.subject.warning(RESTORE, subject, fault, cause=PRODUCTION)
        for note in loaded["notes"]:
            self.subject.notice(RESTORE, subject, note, cause=HOST)
        for extension in loaded.get("left_out", ()):
            seen = f"was not rehearsed: it works only in the one database that {SINGLE_DATABASE[extension]} names"
            self.subject.warning(RESTORE, f"extension {extension} of {name}", seen, "its rows", cause=HOST)


def _major(version: str) -> int:
    return int(version.partition(".")[0])
