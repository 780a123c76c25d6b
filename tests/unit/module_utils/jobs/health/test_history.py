# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Days until a disk is full, from the samples of earlier runs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.jobs.health.history import (
    days_until_full,
    extended,
    recall,
    remember,
    save,
)
from ansible_collections.maxops.ops.plugins.module_utils.jobs.health.options import HealthOptions
from ansible_collections.maxops.ops.plugins.module_utils.jobs.health.view import View
from ansible_collections.maxops.ops.plugins.module_utils.systems.access import Access

HOUR, DAY, GB = 3600, 86400, 10**9
NOW = 1_800_000_000.0


def growing(hours: int, per_day: float, start: float = 50 * GB) -> list[list[float]]:
    """Hourly samples up to now."""
    return [[NOW - age * HOUR, start + per_day * (hours - age) / 24] for age in range(hours, 0, -1)]


def test_days_of_a_disk_that_grows_evenly() -> None:
    samples = growing(72, 2 * GB)
    assert days_until_full(samples, NOW, 56 * GB, 20 * GB) == pytest.approx(10, rel=0.01)


@pytest.mark.parametrize("per_day", [0, -3 * GB])
def test_a_disk_that_does_not_grow_is_never_full(per_day: float) -> None:
    samples = growing(72, per_day)
    assert days_until_full(samples, NOW, samples[-1][1], 20 * GB) is None


def test_short_history_gives_no_estimate() -> None:
    assert days_until_full(growing(5, 2 * GB), NOW, 51 * GB, 20 * GB) is None
    assert days_until_full([], NOW, 51 * GB, 20 * GB) is None


def test_temporary_peak_does_not_change_the_estimate() -> None:
    samples = growing(96, 1 * GB)
    for sample in samples[40:52]:
        sample[1] += 30 * GB
    assert days_until_full(samples, NOW, 54 * GB, 10 * GB) == pytest.approx(10, rel=0.15)


def test_sample_is_saved_every_half_hour() -> None:
    samples = extended(None, NOW, 10, 100)
    assert samples == [[NOW, 10, 100]]
    assert extended(samples, NOW + 300, 11, 100) == samples
    assert extended(samples, NOW + 1800, 11, 100) == [*samples, [NOW + 1800, 11, 100]]


def test_disk_of_another_size_starts_a_new_history() -> None:
    assert extended([[NOW - DAY, 10, 100]], NOW, 10, 200) == [[NOW, 10, 200]]


def test_old_invalid_and_future_samples_are_dropped() -> None:
    samples = [[NOW - 30 * DAY, 1, 100], "x", [1, 2], [NOW - DAY, 5, 100], [NOW + DAY, 5, 100]]
    assert extended(samples, NOW, 6, 100) == [[NOW - DAY, 5, 100], [NOW, 6, 100]]


def view(folder: Path) -> View:
    return View(HealthOptions(Access("a/b"), state_dir=str(folder / "state")), NOW)


def test_next_run_reads_what_one_run_saved(tmp_path: Path) -> None:
    first = view(tmp_path)
    assert recall(first, "gateway") is None
    remember(first, "gateway", "http://127.0.0.1:9000")
    save(first)
    assert recall(view(tmp_path), "gateway") == "http://127.0.0.1:9000"
    assert [path.name for path in (tmp_path / "state").iterdir()] == ["health-a_b.json"]


def test_file_is_not_written_when_nothing_changed(tmp_path: Path) -> None:
    once = view(tmp_path)
    remember(once, "gateway", "x")
    save(once)
    before = (tmp_path / "state" / "health-a_b.json").stat().st_ino
    again = view(tmp_path)
    remember(again, "gateway", "x")
    save(again)
    assert (tmp_path / "state" / "health-a_b.json").stat().st_ino == before


@pytest.mark.parametrize("text", ["", "[]", "{", json.dumps({"disks": 7})])
def test_damaged_file_is_ignored(tmp_path: Path, text: str) -> None:
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "health-a_b.json").write_text(text)
    assert recall(view(tmp_path), "gateway") is None


def test_unwritable_folder_fails_no_run(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file")
    one = view(tmp_path)
    remember(one, "gateway", "x")
    save(one)
