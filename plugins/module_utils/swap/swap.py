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
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, Callable

from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.stack import Container, Stack
from ansible_collections.maxops.ops.plugins.module_utils.systems.postgresql import databases
from ansible_collections.maxops.ops.plugins.module_utils.systems.postgresql.session import (
    Server,
    ServerGoneError,
    Session,
)
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import Cancelled, MaxopsError
from ansible_collections.maxops.ops.plugins.module_utils.tools.files import fsync_path
from ansible_collections.maxops.ops.plugins.module_utils.tools.process import signals_ignored

from . import clearing, clearing_files
from .journal import (
    LOADING,
    REVERTING,
    STARTING,
    STOPPING,
    SWAPPING,
    Journal,
    Journals,
    Leftovers,
    VolumeSwap,
)
from .removal import Removal
from .running import Running

Watcher = Callable[[str], Any]
"""Gets the name of each step before it runs; an exception that it raises is a failure of that step."""

RECOVERY_SECONDS = 300
"""How long a crashed server, for example after a full disk, may take to accept connections again.

On a busy disk it flushes its whole data folder and replays its log first, which takes minutes.
"""

ONE_SHOT_SECONDS = 900
"""How long one-time services may take when a recovery runs them."""


def helper_key(project: str) -> str:
    """The label value of the helper containers that a restore of this stack starts."""
    return f"restore of {project}"


class Swap:
    """Carries out the swap of one journal, or undoes it."""

    def __init__(
        self,
        journal: Journal,
        journals: Journals,
        stack: Stack,
        server: Server | None,
        watch: Watcher,
        servers: Collection[str],
    ) -> None:
        self.journal = journal
        self.swap_seconds = 0.0
        self.touched_sessions = False
        self.remarks_of_back: list[str] = []
        self._journals = journals
        self._stack = stack
        self._server = server
        self._watch = watch
        self._running = Running(journal, journals, stack, servers)
        self._is_back: list[str] | None = None

    # -- forward ------------------------------------------------------------------------------------------------

    def stop(self, affected: Sequence[Container], users: Sequence[Container]) -> None:
        """Stop the affected containers; the journal on the disk names them before. ``users`` may also be down."""
        self._running.plan(affected, users)
        self._enter(STOPPING)
        self._watch("stop services")
        self._running.stop()
        self._watch("services stopped")

    def swap(self) -> None:
        """Change all names, and allow connections again."""
        started = time.monotonic()
        self._enter(SWAPPING)
        self._watch("lock databases")
        with self._session() as session:
            if session:
                self._lock_out(session)
            self._running.keep_down(strict=True)
            for volume in self.journal.volumes:
                self._watch(f"move {volume.kind} {volume.name}")
                self._move_in(volume)
            if session:
                self._watch("rename databases")
                self._rename(session, forward=True)
            self._watch("names changed")
            self._running.names_changed()
            self._enter(STARTING)
            self._watch("unlock databases")
            if session:
                databases.let_in(session, [database.name for database in self.journal.databases])
        self.swap_seconds = time.monotonic() - started

    def clear(self) -> list[str]:
        """Empty what the stopped applications keep about the replaced data; returns remarks.

        Raises NotClearedError when something is left that must not meet the new data.
        """
        if not self.journal.clearings:
            return []
        self._watch("clear sessions")
        self.touched_sessions = True
        remarks = clearing.clear(self._stack, self.journal)
        self.journal.cleared = True
        # What something else has started on the new data with the old sessions is restarted too.
        self.journal.renamed = None
        self._running.names_changed()
        self._journals.write(self.journal)
        self._watch("sessions cleared")
        return remarks

    def regenerate(self, seconds: float = 0.0) -> list[str]:
        """Let the started applications write their keys again; returns remarks, as :func:`clearing.regenerate`."""
        self._watch("write keys again")
        return clearing.regenerate(self._stack, self.journal, seconds)

    def start(self, seconds: float) -> list[Container]:
        """Run the one-time services, then start the services that ran; returns the containers of the latter.

        Raises MaxopsError when a one-time service fails, or does not end within about ``seconds``.
        """
        self._watch("start services")
        containers = self._running.start(seconds)
        self._watch("services started")
        return containers

    def start_watchers(self) -> list[str]:
        """Start what starts and stops containers by itself, when the services are healthy; returns remarks."""
        try:
            return self._running.start_watchers()
        except Cancelled:
            raise
        except MaxopsError as error:
            names = ", ".join(self.journal.watchers)
            return [f"{names} may not have been started: {error}"]

    def finish(self) -> list[str]:
        """Complete a swap that was interrupted after the names had been changed; returns remarks.

        Raises NotClearedError before anything is started: the swap can still be undone.
        """
        self._running.names_changed()
        self._enter(STARTING)
        with self._session() as session:
            if session:
                databases.let_in(session, [database.name for database in self.journal.databases])
        remarks = []
        if self.journal.clearings and not self.journal.cleared:
            # Docker's restart policy may have started them, after a reboot of the host.
            self._running.stop()
            remarks += self.clear()
        self._watch("start services")
        remarks += self._running.finish_start(ONE_SHOT_SECONDS)
        self._watch("services started")
        remarks += self.regenerate(clearing.START_SECONDS)
        remarks += [
            f"extension {', '.join(extensions)} of database {name} may be missing with its rows, because it is loaded "
            f"after the swap: restore again, or run CREATE EXTENSION {extensions[0]} there and enter its rows"
            for name, extensions in self.journal.extensions.items()
            if extensions
        ]
        self.journal.extensions = {}
        self.close()
        return remarks

    def close(self) -> None:
        """Keep the record of the replaced data: the new data is in use now."""
        self._watch("keep the replaced data")
        clearing_files.remove_copies(self._stack, self.journal)
        with suppress(MaxopsError, OSError):
            # Roles that an earlier restore left behind: this one has found them, so they are in use now.
            leftovers = self._journals.leftovers()
            roles = {name: number for name, number in leftovers.roles.items() if name not in self.journal.set_roles}
            if roles != leftovers.roles:
                leftovers.roles = roles
                self._journals.leave(leftovers)
        for record in self._journals.records():
            if self.journal.loaded & set(record.replaced):
                self._journals.forget(record)
        if self.journal.replaced:
            self._journals.keep(self.journal)
        else:
            self._journals.drop()

    # -- back ---------------------------------------------------------------------------------------------------

    def back(self) -> list[str]:
        """Put everything back as it was before the restore, start the services, and remove the loaded data.

        Returns remarks: on what could not be removed, which later jobs try again. It cannot be stopped by a signal.
        """
        deadline = time.monotonic() + RECOVERY_SECONDS
        with signals_ignored():
            while True:
                try:
                    return self._go_back()
                except ServerGoneError:
                    if time.monotonic() >= deadline:
                        raise
                time.sleep(0.5)

    def _go_back(self) -> list[str]:
        stopped = self.journal.phase != LOADING
        self._enter(REVERTING)
        self._watch("go back")
        with self._session() as session:
            if stopped and self._is_back is None:
                if self.journal.changed_back:
                    # They run already, or cannot: to stop them again would only take them away from people.
                    self._running.names_were_changed_back()
                else:
                    self._change_back(session)
                    self._running.changed_back()
                self._watch("start services again")
                self._is_back = self._running.start_again()
            self._watch("remove the loaded data")
            remarks = self._remove_loaded(session)
        self._watch("drop the journal")
        clearing_files.remove_copies(self._stack, self.journal)
        self._journals.drop()
        return [*self.remarks_of_back, *(self._is_back or []), *remarks]

    def _change_back(self, session: Session | None) -> None:
        # A killed job may have asked the daemon to stop them: then they still run now and end later. Docker's restart
        # policy may have started them, after a reboot of the host.
        self._running.stop()
        present = databases.databases(session) if session else {}
        moved = [volume for volume in self.journal.volumes if _is_moved(volume)]
        renamed = self._is_renamed(present)
        if session and renamed:
            self._lock_out(session)
        if moved or renamed:
            self._running.keep_down(strict=False)
            if self.journal.cleared:
                self._watch("clear sessions again")
                self.remarks_of_back = clearing.clear_again(self._stack, self.journal)
            self.remarks_of_back += clearing_files.put_back(self._stack, self.journal)
        for volume in moved:
            self._watch(f"move {volume.kind} {volume.name} back")
            _move_back(volume)
        if session and renamed:
            self._watch("rename databases back")
            self._rename(session, forward=False)
        if moved or renamed:
            self._running.names_changed(again=True)
        if session:
            replaced = [database.name for database in self.journal.databases if database.previous]
            existing = databases.databases(session)
            databases.let_in(session, [name for name in replaced if name in existing])

    def _remove_loaded(self, session: Session | None) -> list[str]:
        """Remove what was loaded; what cannot be removed is written to the list of leftovers."""
        volumes = self.journal.volumes
        names = Leftovers(folders=[path for path in map(_stray, volumes) if os.path.lexists(path)])
        if self.journal.disposable:
            self._stack.remove_helpers(helper_key(self.journal.project))
            names.databases = [database.new for database in self.journal.databases if session]
            names.roles = dict(self.journal.roles) if session else {}
            names.folders += [volume.new for volume in volumes]
            names.volumes = [volume.made for volume in volumes if volume.made]
        problems = Removal(stack=self._stack, session=session).remove(names)
        if problems:
            leftovers = self._journals.leftovers()
            leftovers.databases += [name for name in names.databases if name not in leftovers.databases]
            leftovers.folders += [name for name in names.folders if name not in leftovers.folders]
            leftovers.roles.update(names.roles)
            leftovers.volumes += [name for name in names.volumes if name not in leftovers.volumes]
            self._journals.leave(leftovers)
        return [f"{problem}; later jobs try again" for problem in problems]

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
        names = {name for each in self.journal.databases for name in (each.name, each.new, each.previous or "")}
        with Session(self._server, databases.outside_of(names)) as session:
            yield session


def _is_moved(volume: VolumeSwap) -> bool:
    """True when at least one of the two renames is done."""
    if volume.previous:
        return os.path.lexists(volume.previous)
    return os.path.lexists(volume.folder) and not os.path.lexists(volume.new)


def _stray(volume: VolumeSwap) -> str:
    """The name for a folder that something made where the volume's was missing for a moment."""
    return f"{volume.new}.stray"


def _move_back(volume: VolumeSwap) -> None:
    if os.path.lexists(volume.folder) and os.path.lexists(volume.new):
        with suppress(OSError):
            os.rmdir(volume.folder)
        if os.path.lexists(volume.folder):
            os.rename(volume.folder, _stray(volume))
    if os.path.lexists(volume.folder):
        os.rename(volume.folder, volume.new)
    if volume.previous:
        os.rename(volume.previous, volume.folder)
    fsync_path(os.path.dirname(volume.folder))
