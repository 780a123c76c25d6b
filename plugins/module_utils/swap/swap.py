# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Swapping the running data for the loaded data, undoing it, and finishing an interrupted swap.

The rule: an interrupted restore is undone, unless every name had been changed already; then it is completed, because
applications may have worked on the new data since. Each step checks the current state before it acts, so it can safely
be repeated. While names are changed, the databases accept no connections, even over crashes and restarts.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Callable

from ansible_collections.maxops.ops.plugins.module_utils.systems.docker import services
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.stack import Container, Stack
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.volumes import remove_volume
from ansible_collections.maxops.ops.plugins.module_utils.systems.postgresql import databases
from ansible_collections.maxops.ops.plugins.module_utils.systems.postgresql.session import (
    Server,
    ServerGoneError,
    Session,
)
from ansible_collections.maxops.ops.plugins.module_utils.tools.files import fsync_path, remove_tree

from .journal import LOADING, REVERTING, STARTING, STOPPING, SWAPPING, Journal, Journals, VolumeSwap

Watcher = Callable[[str], Any]
"""Gets the name of each step before it runs; an exception that it raises is a failure of that step."""

RECOVERY_SECONDS = 300
"""How long a crashed server, for example after a full disk, may take to accept connections again.

On a busy disk it flushes its whole data folder and replays its log first, which takes minutes.
"""


def helper_key(project: str) -> str:
    """The label value of the helper containers that a restore of this stack starts."""
    return f"restore of {project}"


class Swap:
    """Carries out the swap of one journal, or undoes it."""

    def __init__(
        self, journal: Journal, journals: Journals, stack: Stack, server: Server | None, watch: Watcher
    ) -> None:
        self.journal = journal
        self.swap_seconds = 0.0
        self._journals = journals
        self._stack = stack
        self._server = server
        self._watch = watch

    # -- forward ------------------------------------------------------------------------------------------------

    def stop(self, affected: Sequence[Container]) -> None:
        """Stop the running containers; the journal on the disk names them before."""
        self.journal.services = services.by_service(affected)
        self._enter(STOPPING)
        self._watch("stop services")
        services.stop(self._stack, self.journal.services)
        self._watch("services stopped")

    def swap(self) -> None:
        """Change all names, and allow connections again."""
        started = time.monotonic()
        self._enter(SWAPPING)
        self._watch("lock databases")
        with self._session() as session:
            if session:
                self._lock_out(session)
            for volume in self.journal.volumes:
                self._watch(f"move {volume.kind} {volume.name}")
                self._move_in(volume)
            if session:
                self._watch("rename databases")
                self._rename(session, forward=True)
            self._watch("names changed")
            self._enter(STARTING)
            self._watch("unlock databases")
            if session:
                databases.let_in(session, [database.name for database in self.journal.databases])
        self.swap_seconds = time.monotonic() - started

    def start(self) -> list[Container]:
        """Start the services that ran; returns their containers."""
        self._watch("start services")
        containers = services.start(self._stack, self.journal.services)
        self._watch("services started")
        return containers

    def finish(self) -> None:
        """Complete a swap that was interrupted after the names had been changed."""
        self._enter(STARTING)
        with self._session() as session:
            if session:
                databases.let_in(session, [database.name for database in self.journal.databases])
        self.start()
        self.close()

    def close(self) -> None:
        """Keep the record of the replaced data: the new data is in use now."""
        self._watch("keep the replaced data")
        for record in self._journals.records():
            if self.journal.loaded & set(record.replaced):
                self._journals.forget(record)
        if self.journal.replaced:
            self._journals.keep(self.journal)
        else:
            self._journals.drop()

    # -- back ---------------------------------------------------------------------------------------------------

    def back(self) -> None:
        """Put everything back as it was before the restore, start the services, and remove the loaded data."""
        deadline = time.monotonic() + RECOVERY_SECONDS
        while True:
            try:
                return self._go_back()
            except ServerGoneError:
                if time.monotonic() >= deadline:
                    raise
            time.sleep(0.5)

    def _go_back(self) -> None:
        stopped = self.journal.phase != LOADING
        self._enter(REVERTING)
        self._watch("go back")
        with self._session() as session:
            if stopped:
                self._change_back(session)
                self._watch("start services again")
                services.start(self._stack, self.journal.services)
            self._watch("remove the loaded data")
            if self.journal.disposable:
                self._remove_loaded(session)
        self._watch("drop the journal")
        self._journals.drop()

    def _change_back(self, session: Session | None) -> None:
        present = databases.databases(session) if session else {}
        moved = [volume for volume in self.journal.volumes if _is_moved(volume)]
        renamed = self._is_renamed(present)
        if moved or renamed:
            # Docker's restart policy may have started them, after a reboot of the host.
            services.stop(self._stack, self.journal.services)
        if session and renamed:
            self._lock_out(session)
        for volume in moved:
            self._watch(f"move {volume.kind} {volume.name} back")
            _move_back(volume)
        if session and renamed:
            self._watch("rename databases back")
            self._rename(session, forward=False)
        if session:
            replaced = [database.name for database in self.journal.databases if database.previous]
            existing = databases.databases(session)
            databases.let_in(session, [name for name in replaced if name in existing])

    def _remove_loaded(self, session: Session | None) -> None:
        self._stack.remove_helpers(helper_key(self.journal.project))
        for database in self.journal.databases if session else []:
            databases.drop(session, database.new)  # type: ignore[arg-type]
        for volume in self.journal.volumes:
            remove_tree(volume.new)
            if volume.made:
                remove_volume(self._stack, volume.made)

    # -- the current state ------------------------------------------------------------------------------------------

    def is_complete(self) -> bool:
        """True when every name has been changed."""
        with self._session() as session:
            present = databases.databases(session) if session else {}
        volumes = [_is_moved(volume) and not os.path.lexists(volume.new) for volume in self.journal.volumes]
        return all(volumes) and (not self.journal.databases or self._is_renamed(present))

    def _is_renamed(self, present: dict[str, bool]) -> bool:
        """True when the databases are renamed; all of them were in one transaction."""
        return bool(self.journal.databases) and all(
            database.new not in present
            and database.name in present
            and (database.previous is None or database.previous in present)
            for database in self.journal.databases
        )

    def _rename(self, session: Session, forward: bool) -> None:
        pairs = []
        for database in self.journal.databases:
            if database.previous:
                pairs.append((database.name, database.previous))
            pairs.append((database.new, database.name))
        if not forward:
            pairs = [(new, old) for old, new in reversed(pairs)]
        with session.transaction():
            for pair in pairs:
                databases.rename(session, *pair)
                self._watch(f"database {pair[0]} renamed")

    def _lock_out(self, session: Session) -> None:
        present = databases.databases(session)
        names = [
            name for database in self.journal.databases for name in (database.name, database.new) if name in present
        ]
        databases.lock_out(session, names)

    def _move_in(self, volume: VolumeSwap) -> None:
        if volume.previous:
            os.rename(volume.folder, volume.previous)
            self._watch(f"{volume.kind} {volume.name} half moved")
        os.rename(volume.new, volume.folder)
        fsync_path(os.path.dirname(volume.folder))

    def _enter(self, phase: str) -> None:
        self.journal.phase = phase
        self._journals.write(self.journal)

    @contextmanager
    def _session(self) -> Iterator[Session | None]:
        if self._server is None:
            yield None
            return
        with Session(self._server, "postgres") as session:
            yield session


def _is_moved(volume: VolumeSwap) -> bool:
    """True when at least one of the two renames is done."""
    if volume.previous:
        return os.path.lexists(volume.previous)
    return os.path.lexists(volume.folder) and not os.path.lexists(volume.new)


def _move_back(volume: VolumeSwap) -> None:
    if os.path.lexists(volume.folder):
        os.rename(volume.folder, volume.new)
    if volume.previous:
        os.rename(volume.previous, volume.folder)
    fsync_path(os.path.dirname(volume.folder))
