# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of a verification."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass

from ansible_collections.maxops.ops.plugins.module_utils.storage.acceptance import Acceptance
from ansible_collections.maxops.ops.plugins.module_utils.storage.verdict import CHECKSUM
from ansible_collections.maxops.ops.plugins.module_utils.systems.access import Access

LATEST, ALL = "latest", "all"


@dataclass(frozen=True)
class VerifyOptions:
    """The operator's options; a budget of None is derived from the size of the set."""

    access: Access
    repository: str
    set: Sequence[str] = (LATEST,)
    level: str = CHECKSUM
    jobs: int = 2
    findings: int = 100
    accept: Sequence[Acceptance] = ()
    cross_check: bool = True
    rehearsal_dir: str | None = None
    rehearsal_budget: int | None = None
    progress_file: str | None = None


def rehearsal_folder(options: VerifyOptions) -> str:
    """A folder used by rehearsals only: what a killed rehearsal left there is removed without asking."""
    if options.rehearsal_dir:
        return os.path.join(os.path.abspath(options.rehearsal_dir), "maxops-rehearsal")
    return os.path.join(os.path.abspath(options.repository), "rehearsal")
