# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A complete health check, as far as it works without a stack."""

from __future__ import annotations

from pathlib import Path

from ansible_collections.maxops.ops.plugins.module_utils.jobs.health.job import check_health
from ansible_collections.maxops.ops.plugins.module_utils.jobs.health.options import HealthOptions
from ansible_collections.maxops.ops.plugins.module_utils.systems.access import Access


def test_check_mode_saves_nothing_for_the_next_run(tmp_path: Path) -> None:
    options = HealthOptions(
        Access("maxoperation", "unix:///nowhere.sock"),
        repository=str(tmp_path),
        state_dir=str(tmp_path / "state"),
        checks=("disk",),
    )
    assert check_health(options, check_mode=True)["counts"]["ok"] > 0
    assert not (tmp_path / "state").exists()
    check_health(options)
    assert [path.name for path in (tmp_path / "state").iterdir()] == ["health-maxoperation.json"]
