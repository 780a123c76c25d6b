# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the options for the repository of backup sets and its retention."""

from __future__ import annotations


class ModuleDocFragment:
    """Options of the repository; the part ``retention`` has the rules of which sets are kept."""

    DOCUMENTATION = r"""
options:
  repository:
    description:
      - Folder of the host that keeps the backup sets.
    type: path
    default: /var/backups/maxops
notes:
  - C(group/maxops.ops.repository) in C(module_defaults) sets O(repository) for all modules that have it.
"""

    RETENTION = r"""
options:
  retention:
    description:
      - Which sets of this stack and host to keep after a backup. Without any rule all are kept. Sets of other hosts and
        stacks in the same repository are never removed.
      - The newest set and the newest verified set are always kept, and so are, for each part (database, volume), the
        newest set and the newest verified set that has it.
      - A rule counts, for each set, the sets that hold all its parts. A set of some parts never uses up the number of
        sets that have more.
    type: dict
    suboptions:
      keep_last:
        description: Keep this many of the newest sets.
        type: int
        default: 0
      daily:
        description: Keep the newest set of each of this many days (UTC) that have one.
        type: int
        default: 0
      weekly:
        description: Keep the newest set of each of this many weeks that have one.
        type: int
        default: 0
      monthly:
        description: Keep the newest set of each of this many months that have one.
        type: int
        default: 0
"""
