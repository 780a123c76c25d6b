# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A load never takes more than a quarter of a server's memory, except for what the server itself would take."""

from __future__ import annotations

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.transfer.load_memory import share

MIB = 1024 * 1024
GIB = 1024 * MIB


@pytest.mark.parametrize(
    ("limit", "available", "own", "jobs", "expected"),
    [
        (260 * MIB, 8 * GIB, 64 * MIB, 4, (1, 65 * MIB)),
        (128 * MIB, 8 * GIB, 64 * MIB, 4, (1, 64 * MIB)),
        (GIB, 8 * GIB, 64 * MIB, 4, (4, 64 * MIB)),
        (GIB, 8 * GIB, 64 * MIB, 2, (2, 128 * MIB)),
        (0, 8 * GIB, 64 * MIB, 4, (4, 256 * MIB)),
        (0, GIB, 64 * MIB, 1, (1, 256 * MIB)),
        (4 * GIB, 8 * GIB, GIB, 4, (1, GIB)),
        (16 * GIB, 8 * GIB, GIB, 4, (4, GIB)),
        (4 * GIB, 8 * GIB, 16 * MIB, 4, (4, 256 * MIB)),
        (512 * MIB, 8 * GIB, 16 * MIB, 4, (2, 64 * MIB)),
    ],
)
def test_share_of_each_job(limit: int, available: int, own: int, jobs: int, expected: tuple[int, int]) -> None:
    shared = share(limit, available, own, jobs)
    assert (shared.jobs, shared.each) == expected
    if own <= 64 * MIB < (limit or available) // 4:
        assert shared.jobs * shared.each <= (limit or available) // 4


def test_words_and_data() -> None:
    assert share(260 * MIB, GIB, 64 * MIB, 2).describe() == "its limit is 272.6 MB"
    assert share(0, 2_000_000_000, 64 * MIB, 2).describe() == "this host had 2.0 GB available"
    assert share(GIB, GIB, 64 * MIB, 2).to_dict() == {
        "jobs": 2,
        "maintenance_work_mem": 128 * MIB,
        "limit": GIB,
    }
