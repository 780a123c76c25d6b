# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The watchdog recovers the stack after a job that could not put everything back."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any, cast

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.swap import guard
from ansible_collections.maxops.ops.plugins.module_utils.swap.guard import guarded
from ansible_collections.maxops.ops.plugins.module_utils.systems.access import Access


class NoAccess:
    """Access to nothing."""

    def load_drivers(self) -> None:
        """Nothing to load."""


ACCESS = cast(Access, NoAccess())


@pytest.mark.parametrize("is_needed", [False, True])
def test_the_watchdog_works_only_where_it_is_needed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_needed: bool
) -> None:
    tries = tmp_path / "tries"

    def recover(_access: Any) -> str:
        with tries.open("a") as stream:
            stream.write("x")
        if tries.stat().st_size == 1:
            raise OSError(28, "No space left on device")
        (tmp_path / "recovered").touch()
        return "done"

    monkeypatch.setattr(guard, "recover", recover)
    with guarded(ACCESS) as watchdog:
        watchdog.is_needed = is_needed
    deadline = time.monotonic() + 5
    while is_needed and not (tmp_path / "recovered").exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert (tmp_path / "recovered").exists() is is_needed
