# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Space that a rehearsal needs, and the stop of one that uses more."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.rehearsal import space as verify_space
from ansible_collections.maxops.ops.plugins.module_utils.rehearsal.space import Space
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import Cancelled, MaxopsError
from ansible_collections.maxops.ops.plugins.module_utils.tools.process import Cancellation

MB = 1000 * 1000


def parts(database: int, volume: int) -> list[dict[str, Any]]:
    return [{"kind": "database", "source_bytes": database}, {"kind": "volume", "source_bytes": volume}]


def test_space_that_a_rehearsal_needs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verify_space, "free_bytes", lambda _path: 10_000 * MB)
    space = verify_space.plan(str(tmp_path), parts(1000 * MB, 2000 * MB), None)
    assert space.need == (100 + 1100 + 1000 + 2100) * MB
    assert space.budget == space.need * 1.5
    # The log of large databases ends at max_wal_size.
    assert verify_space.plan(str(tmp_path), parts(4000 * MB, 0), None).need == (100 + 4400 + 1100) * MB


def test_too_little_budget_or_disk_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(MaxopsError, match=r"rehearsal_budget allows 50\.0 MB: raise it"):
        verify_space.plan(str(tmp_path), parts(0, 0), 50 * MB)
    monkeypatch.setattr(verify_space, "free_bytes", lambda _path: 615 * MB)
    verify_space.plan(str(tmp_path), [], None)
    with pytest.raises(MaxopsError, match=r"where 615\.0 MB are free and 512\.0 MB must stay free"):
        verify_space.plan(str(tmp_path), parts(0, 10 * MB), None)


def wait_for(cancellation: Cancellation) -> None:
    """Work until the work is stopped."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        cancellation.check()
        time.sleep(0.02)


def test_work_that_writes_too_much_is_stopped(tmp_path: Path) -> None:
    cancellation = Cancellation()
    with verify_space.watched(str(tmp_path), Space(1, 2 * MB, 9), cancellation) as usage:
        (tmp_path / "file").write_bytes(b"x" * 3 * MB)
        with pytest.raises(Cancelled, match=r"more than its budget of 2\.0 MB"):
            wait_for(cancellation)
    assert usage.peak >= 3 * MB


def test_work_on_a_full_disk_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cancellation = Cancellation()
    monkeypatch.setattr(verify_space, "free_bytes", lambda _path: 100 * MB)
    with (
        verify_space.watched(str(tmp_path), Space(1, 2**40, 9), cancellation),
        pytest.raises(Cancelled, match=r"only 100\.0 MB are free"),
    ):
        wait_for(cancellation)
