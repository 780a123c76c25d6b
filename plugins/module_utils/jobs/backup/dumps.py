# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The databases' part of a backup: their snapshots, their dumps, and what happens when one of them fails."""

from __future__ import annotations

import os
from collections.abc import Iterable
from concurrent.futures import Future
from contextlib import suppress
from typing import Any

from ansible_collections.maxops.ops.plugins.module_utils.storage.backup_set import Layout
from ansible_collections.maxops.ops.plugins.module_utils.systems.postgresql.snapshot import (
    ChangedError,
    LockedError,
    Snapshot,
)
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError
from ansible_collections.maxops.ops.plugins.module_utils.tools.files import remove_tree, write_atomically
from ansible_collections.maxops.ops.plugins.module_utils.tools.process import Cancellation
from ansible_collections.maxops.ops.plugins.module_utils.tools.progress import Part
from ansible_collections.maxops.ops.plugins.module_utils.transfer.database_dump import Dumper
from ansible_collections.maxops.ops.plugins.module_utils.transfer.dump_failures import DatabaseFault, own_fault

from .values import BackupPlan, DatabasePart

MOST_TRIES = 3
"""How often a database is saved again because its tables changed meanwhile, the first time included."""

NO_ROLES = (
    "-- The roles could not be read: see left_out in the manifest.\n-- PostgreSQL database cluster dump complete\n"
)
"""What stands in the file of the roles when there are none: a restore then uses the server's own roles."""


class Dumps:
    """The snapshots and dumps of one backup. A database that fails for a reason of its own is left out of the set."""

    def __init__(self, plan: BackupPlan, layout: Layout, cancellation: Cancellation) -> None:
        self.again: dict[str, str] = {}
        """Databases to be saved again, because their tables changed after the snapshot; and the reason."""
        self.failed: dict[str, MaxopsError] = {}
        """Databases that are left out, because they could not be dumped."""
        self.warnings: list[str] = []
        self._plan = plan
        self._layout = layout
        self._cancellation = cancellation
        self._tries = {part.name: 1 for part in plan.databases}
        self._snapshots: dict[str, Future[Snapshot]] = {name: Future() for name in self._tries}

    # -- snapshots --------------------------------------------------------------------------------------------------

    def freeze(self, names: Iterable[str]) -> None:
        """Take the snapshots of databases. One that cannot be opened is left out when its turn to be dumped comes."""
        for name in names:
            self._freeze(name)

    def _freeze(self, name: str) -> None:
        if name in self.failed:
            return  # it stays left out when the other databases of its application are saved again
        try:
            snapshot = Snapshot(self._plan.require_server(), name, self._cancellation)
        except MaxopsError as error:
            fault = own_fault(error)
            if not isinstance(fault, DatabaseFault):
                raise
            self._snapshots[name].set_exception(fault)
        else:
            self._snapshots[name].set_result(snapshot)

    def cancel(self) -> None:
        """Stop the dumps that wait for a snapshot which will not be taken."""
        for snapshot in self._snapshots.values():
            snapshot.cancel()

    def close(self, names: Iterable[str] | None = None) -> None:
        """End snapshots, all by default."""
        for name in self._snapshots if names is None else names:
            snapshot = self._snapshots[name]
            if snapshot.done() and not snapshot.cancelled() and not snapshot.exception():
                with suppress(MaxopsError):
                    snapshot.result().close()

    def restart(self, names: Iterable[str]) -> None:
        """Prepare to save databases again, each from a new snapshot."""
        chosen = [name for name in names if name not in self.failed]
        self.close(chosen)
        for name in chosen:
            self._snapshots[name] = Future()
            self._tries[name] += 1
        self.again = {}

    # -- dumps ------------------------------------------------------------------------------------------------------

    def wait(self, part: DatabasePart) -> None:
        """Wait until the snapshot of a database was taken, or could not be taken."""
        self._snapshots[part.name].exception()

    def dump(self, part: DatabasePart, passfile: str, workers: int, meter: Part) -> dict[str, Any] | None:
        """Dump one database; returns its entry for the manifest, or None when it failed or is to be saved again.

        Raises MaxopsError for what concerns more than this database.
        """
        try:
            snapshot = self._snapshots[part.name].result()
            dumper = Dumper(self._plan.dump_source(), self._layout, passfile, self._cancellation)
            dumped = dumper.dump(part.facts, snapshot, workers, meter)
        except ChangedError as error:
            self._discard(part.name)
            if self._tries[part.name] < MOST_TRIES:
                self.again[part.name] = _reason(error)[0]
            else:
                self._leave_out(part.name, error)
            return None
        except (DatabaseFault, LockedError) as error:
            self._discard(part.name)
            self._leave_out(part.name, error)
            return None
        self.warnings += [f'database "{part.name}": {line}' for line in dumped["remarks"]]
        return dumped

    def _discard(self, name: str) -> None:
        """Remove what was dumped, and end the snapshot, so that the server can clean up behind it."""
        self.close([name])
        folder = self._layout.database(name)
        if os.path.lexists(folder):
            remove_tree(folder)

    def _leave_out(self, name: str, error: MaxopsError) -> None:
        self.failed[name] = error
        self._plan.not_taken("database", name, *_reason(error))

    def dump_globals(self, passfile: str) -> list[str]:
        """Dump the roles; returns their names. Without them the set is made, and they are recorded as not taken."""
        try:
            roles, remarks = Dumper(self._plan.dump_source(), self._layout, passfile, self._cancellation).dump_globals()
        except DatabaseFault as error:
            fix = f"{error.fix}; a role name of another encoding is renamed in a database of that encoding"
            self._plan.not_taken("globals", "roles", error.reason, fix)
            write_atomically(self._layout.globals, NO_ROLES)
            return []
        self.warnings += remarks
        return roles

    def check_any(self, others: int) -> None:
        """Raise the first failure when no database could be dumped, and the set would hold no data at all.

        ``others`` is the number of volumes and folders in the set. Locks that concern every database are a failure,
        too: another moment is better.
        """
        if not self._tries or len(self.failed) < len(self._tries):
            return
        errors = list(self.failed.values())
        if not others or all(isinstance(error, LockedError) for error in errors):
            raise errors[0]


def _reason(error: MaxopsError) -> tuple[str, str]:
    """Reason and next step of an error."""
    if isinstance(error, DatabaseFault):
        return error.reason, error.fix
    reason, _separator, fix = str(error).partition("; ")
    return reason, fix or "run this again"
