# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A recovery that fails says why, also when the disk is at fault."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.swap.journal import Journal, Journals
from ansible_collections.maxops.ops.plugins.module_utils.swap.recovery import recover_locked
from ansible_collections.maxops.ops.plugins.module_utils.systems.access import Access
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError


class FullDisk:
    """Access that fails as on a full disk."""

    def connect(self) -> Any:
        raise OSError(28, "No space left on device", "/v/data")


def test_a_fault_of_the_disk_is_explained(tmp_path: Path) -> None:
    journals = Journals("shop", str(tmp_path))
    journals.write(Journal("X", "shop", "set X"))
    with pytest.raises(MaxopsError, match="the recovery from it failed: /v/data: No space left on device; fix that"):
        recover_locked(cast(Access, FullDisk()), journals)
    assert journals.exists()
