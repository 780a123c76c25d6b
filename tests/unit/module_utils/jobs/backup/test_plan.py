# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a backup is compressed, and what it learns from the last set."""

from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.jobs.backup import plan as backup_plan
from ansible_collections.maxops.ops.plugins.module_utils.jobs.backup.options import BackupOptions
from ansible_collections.maxops.ops.plugins.module_utils.jobs.backup.values import BackupPlan, VolumePart
from ansible_collections.maxops.ops.plugins.module_utils.storage.repository.local import Repository
from ansible_collections.maxops.ops.plugins.module_utils.systems.access import Access
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError
from ansible_collections.maxops.ops.tests.unit.kept_sets import database, day, kept, volume
from ansible_collections.maxops.ops.tests.unit.stacks import stack_of


def test_newest_own_set_that_has_a_part_gives_the_estimate() -> None:
    sets = [kept(day(1), volume("data", 100), database(size=9, stored=3)), kept(day(2), volume("data", 60))]
    assert backup_plan._previous_parts(sets) == {("volume", "data"): (60, 30), ("database", "gitea"): (9, 3)}
    assert backup_plan._previous_parts([]) == {}


def packer_of(compression: str, *volumes: VolumePart) -> BackupPlan:
    plan = BackupPlan(stack_of(), Repository("/r"), volumes=list(volumes))
    backup_plan._choose_compression(plan, BackupOptions(Access("shop"), "/r", compression=compression))
    return plan


VOLUME = VolumePart("data", "shop_data", "/nowhere", 1, 1, ())


@pytest.mark.parametrize("compression", ["zstd", "gzip", "none"])
def test_compression_is_the_chosen_one(compression: str) -> None:
    plan = packer_of(compression, VOLUME)
    assert (plan.packer, plan.warnings) == (compression, [])


def test_compression_is_zstd_where_the_host_has_it_and_else_a_remark(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("tar", "gzip", "zstd"):
        (tmp_path / name).touch(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert packer_of("auto", VOLUME).packer == "zstd"
    (tmp_path / "zstd").unlink()
    plan = packer_of("auto", VOLUME)
    assert plan.packer == "gzip"
    assert "zstd is not installed" in plan.warnings[0]
    assert "maxops.ops.host" in plan.warnings[0]
    assert packer_of("auto").warnings == []


@pytest.mark.parametrize(("missing", "compression"), [("zstd", "zstd"), ("gzip", "auto"), ("tar", "none")])
def test_missing_program_is_reported_before_the_backup_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, missing: str, compression: str
) -> None:
    for name in {"tar", "gzip"} - {missing}:
        (tmp_path / name).touch(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MaxopsError, match=rf'the program "{missing}" is not installed'):
        packer_of(compression, VOLUME)
    packer_of(compression)
