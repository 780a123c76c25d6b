# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Recovery after a killed restore."""

from __future__ import annotations

from ansible_collections.maxops.ops.plugins.module_utils.systems.access import Access
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError

from .clearing import NotClearedError
from .journal import STARTING, SWAPPING, Journals
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
        server = access.server(stack) if journal.databases else None
        swap = Swap(journal, journals, stack, server, watch, access.roles(stack).servers)
        complete = journal.phase == SWAPPING and swap.is_complete()
        if complete or journal.phase == STARTING:
            done = "was interrupted after its data had been swapped in; it was completed"
            try:
                remarks = swap.finish()
            except NotClearedError as error:
                done = f"was interrupted; everything was put back as it was before, because {error}"
                remarks = swap.back()
        else:
            done = "was interrupted; everything was put back as it was before"
            remarks = swap.back()
        return ". ".join([f"{interrupted} {done}", *remarks])
    except (MaxopsError, OSError) as error:
        cause = str(error)
        if isinstance(error, OSError):
            cause = f"{error.filename or 'a file'}: {error.strerror or error}; fix that, then run this again"
        raise MaxopsError(f"{interrupted} was interrupted, and the recovery from it failed: {cause}") from error
