# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Removal of data that restores replaced, and of what failed restores left behind.

What cannot be removed now is reported and tried again by each later job; it never stops one.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from ansible_collections.maxops.ops.plugins.module_utils.systems.access import Access
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker import volumes
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.stack import Stack
from ansible_collections.maxops.ops.plugins.module_utils.systems.postgresql.databases import drop
from ansible_collections.maxops.ops.plugins.module_utils.systems.postgresql.roles import drop_created
from ansible_collections.maxops.ops.plugins.module_utils.systems.postgresql.session import ServerGoneError, Session
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError
from ansible_collections.maxops.ops.plugins.module_utils.tools.files import remove_tree
from ansible_collections.maxops.ops.plugins.module_utils.tools.moments import timestamp, utc_now

from . import mounts
from .journal import Journal, Journals, Leftovers


def expire_previous(access: Access, journals: Journals | None = None) -> tuple[list[str], list[str]]:
    """Remove replaced data that was kept long enough, and leftovers. Only for the holder of the stack's lock.

    Returns the names of the removed databases and folders, and remarks on failures: the next job tries again.
    """
    journals = journals or Journals(access.project_name)
    now = timestamp(utc_now())
    removed: list[str] = []
    remarks: list[str] = []
    try:
        due = [
            record
            for record in journals.records()
            if record.expiring or (record.kept_until is not None and record.kept_until <= now)
        ]
        leftovers = journals.leftovers()
        if not due and not leftovers.removable:
            return [], []
        removal = Removal(access)
        for record in due:
            done, left = _expire(removal, journals, record)
            removed += done
            remarks += left
        if leftovers:
            removal.sweep(leftovers)
            journals.leave(leftovers)
            remarks += removal.remarks
    except (MaxopsError, OSError) as error:
        remarks.append(f"data that earlier restores replaced could not be removed: {error}; the next job tries again")
    return removed, remarks


def _expire(removal: Removal, journals: Journals, record: Journal) -> tuple[list[str], list[str]]:
    """Remove the replaced data of one record: all of it, or nothing of it while a folder is in use."""
    folders = [volume.previous for volume in record.volumes if volume.previous]
    used = {folder: users for folder in folders for users in [mounts.users_of(folder)] if users}
    if used:
        text = "; ".join(f"{folder} is still used by {', '.join(users)}" for folder, users in used.items())
        advice = "restart the container of that process; the next job tries again"
        return [], [f"data that {record.describe()} replaced was not removed: {text}; {advice}"]
    if not record.expiring:
        # From here on it is not whole any more, and restore_state=previous must not take it.
        record.expiring = True
        journals.write_record(record)
    databases = [database.previous for database in record.databases if database.previous]
    failed = Leftovers(databases, folders)
    problems = removal.remove(failed)
    done = [name for name in record.replaced if name not in {*failed.databases, *failed.folders}]
    if not problems:
        journals.forget(record)
    return done, [
        f"{problem}; it was replaced by {record.describe()}, the next job tries again" for problem in problems
    ]


class Removal:
    """Removes databases, folders and volumes; what fails is kept in the list that it was given."""

    def __init__(
        self, access: Access | None = None, stack: Stack | None = None, session: Session | None = None
    ) -> None:
        self.remarks: list[str] = []
        self._access = access
        self._stack = stack
        self._session = session

    def remove(self, names: Leftovers) -> list[str]:
        """Remove everything in the list, and take out of it what is gone; returns the problems.

        Raises ServerGoneError when the database server ends meanwhile.
        """
        problems: list[str] = []
        names.databases = self._each(names.databases, problems, self._drop, "database")
        if names.roles:
            # After the databases, in which they own objects; all at once, because one may be a member of another.
            several = self._each([", ".join(names.roles)], problems, lambda _names: self._drop_roles(names), "role")
            names.roles = names.roles if several else {}
        names.folders = self._each(names.folders, problems, remove_folder, "folder")
        names.volumes = self._each(names.volumes, problems, self._remove_volume, "volume")
        return problems

    def sweep(self, names: Leftovers) -> None:
        """Try again to remove what earlier restores left behind."""
        problems = self.remove(names)
        self.remarks = [
            f"a failed restore left this behind: {problem}; the next job tries again" for problem in problems
        ]

    @staticmethod
    def _each(names: Iterable[str], problems: list[str], remove: Any, kind: str) -> list[str]:
        failed = []
        for name in names:
            try:
                remove(name)
            except (MaxopsError, OSError) as error:  # noqa: PERF203 - one failure must not keep the others
                if isinstance(error, ServerGoneError):
                    raise
                failed.append(name)
                cause = f"{error.filename}: {error.strerror}" if isinstance(error, OSError) else str(error)
                problems.append(f'{kind} "{name}" could not be removed: {cause}')
        return failed

    def _drop(self, name: str) -> None:
        with self._server_session() as session:
            drop(session, name)

    def _drop_roles(self, names: Leftovers) -> None:
        with self._server_session() as session:
            drop_created(session, names.roles)

    @contextmanager
    def _server_session(self) -> Iterator[Session]:
        if self._session is not None:
            yield self._session
        elif self._access is not None:
            with Session(self._access.server(self._connect()), "postgres") as session:
                yield session
        else:
            raise MaxopsError("there is no access to the database server")

    def _remove_volume(self, name: str) -> None:
        """Remove a volume that was made for a restore, unless there are files in it: then it is someone's own."""
        stack = self._connect()
        facts = volumes.volume_facts(stack, name)
        folder = str((facts or {}).get("Mountpoint") or "")
        with suppress(FileNotFoundError):
            if not folder or os.listdir(folder):
                return
        volumes.remove_volume(stack, name)

    def _connect(self) -> Stack:
        if self._stack is None:
            if self._access is None:
                raise MaxopsError("there is no access to the stack")
            self._stack = self._access.connect()
        return self._stack


def remove_folder(folder: str) -> None:
    """Remove a folder with all that can be removed in it. Raises OSError or MaxopsError when something is left."""
    users = mounts.users_of(folder)
    if users:
        raise MaxopsError(f"it is still used by {', '.join(users)}; restart the container of that process")
    remove_tree(folder)
