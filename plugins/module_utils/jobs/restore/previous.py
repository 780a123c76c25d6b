# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which replaced data ``state=previous`` brings back: that of the newest restore, never older data in silence."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ansible_collections.maxops.ops.plugins.module_utils.swap.journal import Journal
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError


def newest_whole(records: Sequence[Journal], exists: Callable[[str], bool], whose: str, remarks: list[str]) -> Journal:
    """The record of the data that was replaced last; ``records`` are the oldest first, ``whose`` is for messages.

    A newer record of which nothing is left is passed over with a remark. Raises MaxopsError for a newer one of which
    only a part is left, and when there is none.
    """
    # What is left of data whose removal has begun is not whole.
    for record in reversed([record for record in records if record.replaced]):
        left = [name for name in record.replaced if exists(name)]
        missing = [name for name in record.replaced if name not in left]
        if not missing and not record.expiring:
            return record
        if record.expiring or not left:
            cause = "its removal has begun" if record.expiring else f"missing: {', '.join(missing)}"
            remarks.append(
                f"the data that was replaced by {record.describe()} is newer and cannot be brought back ({cause}), so "
                "older data is taken"
            )
            continue
        raise MaxopsError(
            f"the data that was replaced by {record.describe()} is not whole (missing: {', '.join(missing)}); "
            f"restore a set instead, or remove what is left of it ({', '.join(left)}) to go back to older replaced data"
        )
    raise MaxopsError(f"no data that a restore replaced is kept for {whose}; restore a set instead")


def bring_back(journal: Journal, record: Journal) -> None:
    """Note in a journal which data it swaps back: that which ``record`` replaced.

    Twice in a row it is the data of the first restore again, so the text names that one, however often it is done.
    """
    journal.origin = record.origin or [record.source, record.id]
    journal.is_undone = not record.is_undone if record.origin else True
    source, started = journal.origin
    if journal.is_undone:
        journal.source = f"the data that was replaced by the restore of {source} started at {started}"
    else:
        journal.source = f"the data of {source}, restored at {started} and in use until {record.id}"
