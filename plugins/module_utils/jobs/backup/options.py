# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of a backup."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from ansible_collections.maxops.ops.plugins.module_utils.storage.retention import Policy
from ansible_collections.maxops.ops.plugins.module_utils.systems.access import Access

WARN, FAIL = "warn", "fail"
"""What a run does about a part that has shrunk and was not accepted."""


@dataclass(frozen=True)
class BackupOptions:
    """The operator's options of a backup; lists that are None mean "all"."""

    access: Access
    repository: str
    databases: Sequence[str] | None = None
    volumes: Sequence[str] | None = None
    folders: Sequence[str] | None = None
    exclude: Sequence[str] = ()
    jobs: int = 2
    compression: str = "auto"
    quiesce: str = "none"
    retention: Policy = field(default_factory=Policy)
    accept_changes: Sequence[str] = ()
    on_change: str = WARN
    nice: int = 10
    ionice: str = "best-effort"
    space_check: bool = True
    progress_file: str | None = None
