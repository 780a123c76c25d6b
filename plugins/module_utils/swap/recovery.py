# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Recovery after a killed restore, and removal of the data that restores replaced."""

from __future__ import annotations

from ansible_collections.maxops.ops.plugins.module_utils.systems.access import Access
from ansible_collections.maxops.ops.plugins.module_utils.systems.postgresql.databases import drop
from ansible_collections.maxops.ops.plugins.module_utils.systems.postgresql.session import Session
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError
from ansible_collections.maxops.ops.plugins.module_utils.tools.files import remove_tree
from ansible_collections.maxops.ops.plugins.module_utils.tools.moments import timestamp, utc_now

from .clearing import NotClearedError
from .journal import STARTING, SWAPPING, Journal, Journals
from .swap import Swap, Watcher


def recover(access: Access, journals: Journals | None = None) -> str | None:
    """Recover from a killed restore; returns what was done as text, or None. Call it before reading the stack."""
    journals = journals or Journals(access.project_name)
    if journals.current() is None:
        return None
    with access.locked(f"recovery of {access.describe()}"):
        return recover_locked(access, journals)


def recover_locked(access: Access, journals: Journals, watch: Watcher = lambda _step: None) -> str | None:
    """The same for a job that holds the stack's lock."""
    journal = journals.current()
    if journal is None:
        return None
    interrupted = journal.describe()
    try:
        stack = access.connect()
        swap = Swap(journal, journals, stack, access.server(stack) if journal.databases else None, watch)
        complete = journal.phase == SWAPPING and swap.is_complete()
        if complete or journal.phase == STARTING:
            try:
                remarks = swap.finish()
            except NotClearedError as error:
                swap.back()
                return f"{interrupted} was interrupted; everything was put back as it was before, because {error}"
            return ". ".join(
                [f"{interrupted} was interrupted after its data had been swapped in; it was completed", *remarks]
            )
        swap.back()
        return ". ".join(
            [f"{interrupted} was interrupted; everything was put back as it was before", *swap.remarks_of_back]
        )
    except MaxopsError as error:
        raise MaxopsError(f"{interrupted} was interrupted, and the recovery from it failed: {error}") from error


def expire_previous(access: Access, journals: Journals | None = None) -> tuple[list[str], list[str]]:
    """Remove replaced data that was kept long enough. Only for the holder of the stack's lock.

    Returns the names of the removed databases and folders, and remarks on failures: the next job tries again.
    """
    journals = journals or Journals(access.project_name)
    now = timestamp(utc_now())
    removed: list[str] = []
    try:
        for record in journals.records():
            if record.kept_until is not None and record.kept_until <= now:
                removed += _remove_replaced(access, record)
                journals.forget(record)
    except (MaxopsError, OSError) as error:
        return removed, [f"data that earlier restores replaced could not be removed: {error}; the next job tries again"]
    return removed, []


def _remove_replaced(access: Access, record: Journal) -> list[str]:
    databases = [database.previous for database in record.databases if database.previous]
    if databases:
        stack = access.connect()
        with Session(access.server(stack), "postgres") as session:
            for name in databases:
                drop(session, name)
    folders = [volume.previous for volume in record.volumes if volume.previous]
    for folder in folders:
        remove_tree(folder)
    return databases + folders
