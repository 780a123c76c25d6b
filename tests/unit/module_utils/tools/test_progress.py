# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The progress file of a job, which never makes the work fail."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.tools import progress
from ansible_collections.maxops.ops.plugins.module_utils.tools.progress import Part, Progress
from ansible_collections.maxops.ops.tests.unit.children import wait_until


@pytest.fixture(autouse=True)
def _quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "INTERVAL", 0.01)


def read(path: Path) -> dict[str, Any]:
    data: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return data


# -- a part ---------------------------------------------------------------------------------------------------------


def test_part_waits_runs_and_is_done() -> None:
    part = Part("volume data", 100)
    assert part.snapshot() == {
        "name": "volume data",
        "state": "waiting",
        "unit": "bytes",
        "done": 0,
        "total": 100,
        "rate": 0,
    }
    part.start()
    part.measure = lambda: 40
    time.sleep(0.02)
    running = part.snapshot()
    assert (running["state"], running["done"], running["total"]) == ("running", 40, 100)
    assert 0 < running["rate"] < 40 / 0.02
    seconds = part.finish()
    assert seconds >= 0.02
    done = part.snapshot()
    assert (done["state"], done["done"], done["rate"]) == ("done", 100, int(100 / seconds))


def test_rate_of_a_part_that_is_done_stays_as_it_was() -> None:
    part = Part("x", 1_000_000)
    part.start()
    time.sleep(0.01)
    part.finish()
    first = part.snapshot()
    time.sleep(0.02)
    assert part.snapshot() == first


def test_figure_never_goes_back_and_never_beyond_its_total() -> None:
    part = Part("x", 100)
    part.start()
    for measured, done, total in ((50, 50, 100), (30, 50, 100), (180, 180, 180)):
        part.measure = lambda measured=measured: measured
        actual = part.snapshot()
        assert (actual["done"], actual["total"]) == (done, total)
    part.finish()
    assert part.snapshot()["done"] == 180


def test_figure_that_cannot_be_had_is_not_asked_for_again() -> None:
    asked = []

    def gone() -> int:
        asked.append(1)
        raise ProcessLookupError

    part = Part("x", 100)
    part.start()
    part.measure = gone
    assert part.snapshot()["done"] == part.snapshot()["done"] == 0
    assert asked == [1]


# -- the file -------------------------------------------------------------------------------------------------------


def test_file_tells_how_far_each_part_is_while_they_work(tmp_path: Path) -> None:
    path = tmp_path / "progress.json"
    with Progress(str(path), "backup 20261123T020000Z") as progress:
        first = progress.part("database 상점", 100)
        progress.part("volume data", 5, "files")
        first.start()
        first.measure = lambda: 60
        wait_until(lambda: path.exists() and read(path)["parts"][0]["done"] == 60, "the figure is written")
        actual = read(path)
    assert (actual["job"], actual["finished"]) == ("backup 20261123T020000Z", False)
    assert [(part["name"], part["state"], part["unit"]) for part in actual["parts"]] == [
        ("database 상점", "running", "bytes"),
        ("volume data", "waiting", "files"),
    ]
    assert read(path)["finished"] is True
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_reader_never_sees_half_a_file(tmp_path: Path) -> None:
    path = tmp_path / "progress.json"
    with Progress(str(path), "x" * 100_000) as progress:
        wait_until(path.exists, "it is written")
        deadline = time.monotonic() + 0.2
        while time.monotonic() < deadline:
            assert len(read(path)["job"]) == 100_000
            progress.part("y" * 10_000)


def test_failed_job_is_finished_too(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), Progress(str(tmp_path / "progress.json"), "backup"):
        raise RuntimeError
    assert read(tmp_path / "progress.json")["finished"] is True


def test_unwritable_path_only_stops_the_display(tmp_path: Path) -> None:
    with Progress(str(tmp_path / "nowhere" / "progress.json"), "backup") as progress:
        part = progress.part("x", 1)
        part.start()
        time.sleep(0.05)
        part.finish()
    assert list(tmp_path.iterdir()) == []


def test_without_a_path_no_thread_runs() -> None:
    before = threading.active_count()
    with Progress(None, "backup") as progress:
        progress.part("x", 1).start()
        assert threading.active_count() == before
