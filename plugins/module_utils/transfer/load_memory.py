# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How much memory a load may take of a server, so that the running server beside it is never short of it."""

from __future__ import annotations

from dataclasses import dataclass

from ansible_collections.maxops.ops.plugins.module_utils.tools.words import human_size

MIB = 1024 * 1024
USEFUL = 64 * MIB
"""Bytes below which fewer jobs with more memory each are better: PostgreSQL's default of maintenance_work_mem."""
ENOUGH = 256 * MIB
"""Bytes beyond which building an index is hardly faster."""
SHARE = 4
"""All jobs together take at most one part of this many of the memory."""


@dataclass(frozen=True)
class LoadMemory:
    """Memory of a load: ``jobs`` at the same time with ``each`` bytes (maintenance_work_mem).

    ``limit`` is the memory in bytes that this is a share of; ``limited`` is true where it is the container's limit,
    and false where it is what the host has available.
    """

    jobs: int
    each: int
    limit: int
    limited: bool

    def describe(self) -> str:
        """The memory in words."""
        size = human_size(self.limit)
        return f"its limit is {size}" if self.limited else f"this host had {size} available"

    def to_dict(self) -> dict[str, int]:
        """The share as data, for a result."""
        return {"jobs": self.jobs, "maintenance_work_mem": self.each, "limit": self.limit}


def share(container_limit: int, available: int, own: int, jobs: int) -> LoadMemory:
    """How ``jobs`` jobs share the memory of a server; all amounts in bytes.

    ``container_limit`` is the limit of the server's container, 0 for none: then it is what the host has available.
    ``own`` is the server's own maintenance_work_mem, of which a job never gets less: the operator chose it.
    """
    limit = container_limit or available
    budget = limit // SHARE
    fewest = max(own, USEFUL)
    count = max(1, min(jobs, budget // fewest))
    each = max(own, min(ENOUGH, budget // count))
    return LoadMemory(count, each // 1024 * 1024, limit, bool(container_limit))
