# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a restore says about the moment that it goes back to, and about each part."""

from __future__ import annotations

import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from ansible_collections.maxops.ops.plugins.module_utils.jobs.restore.result import about_moment, parts
from ansible_collections.maxops.ops.plugins.module_utils.jobs.restore.volumes import LoadVolume
from ansible_collections.maxops.ops.plugins.module_utils.storage.repository.interface import KeptSet
from ansible_collections.maxops.ops.plugins.module_utils.storage.repository.local import Repository
from ansible_collections.maxops.ops.plugins.module_utils.storage.verdict import LevelResult, Verdict
from ansible_collections.maxops.ops.plugins.module_utils.swap.journal import Journal, VolumeSwap
from ansible_collections.maxops.ops.tests.unit.sets import CONTENT, make_set

MADE = datetime.datetime(2026, 11, 30, 13, 24, 40, tzinfo=datetime.timezone.utc)
NOW = MADE + datetime.timedelta(minutes=18, seconds=5)


def made(repository: Repository) -> KeptSet:
    make_set(repository, MADE, CONTENT)
    [kept] = repository.sets()
    return kept


def test_the_moment_and_age_of_a_set_that_was_never_verified(tmp_path: Path) -> None:
    repository = Repository(str(tmp_path))
    assert about_moment(made(repository), str(tmp_path), NOW) == {
        "made": "2026-11-30T13:24:40Z",
        "age": 1085,
        "verified": None,
    }


def test_the_highest_level_of_verification(tmp_path: Path) -> None:
    repository = Repository(str(tmp_path))
    kept = made(repository)
    results = {
        "checksum": LevelResult(True, "2026-11-30T15:00:00Z", 1.0),
        "rehearse": LevelResult(False, "2026-11-30T14:00:00Z", 9.0),
    }
    digest = (kept.manifest or {}).get("sha256")
    repository.record(Verdict(kept.set_id, str(digest), results))
    assert about_moment(kept, str(tmp_path), NOW)["verified"] == {
        "level": "rehearse",
        "passed": False,
        "time": "2026-11-30T14:00:00Z",
    }


def test_without_a_set_there_is_no_moment(tmp_path: Path) -> None:
    assert about_moment(None, str(tmp_path), NOW) == {"made": None, "age": None, "verified": None}


def test_the_size_of_chosen_files_is_that_of_what_was_unpacked() -> None:
    part = {"kind": "volume", "name": "gitea-data", "source_bytes": 14_800_000}
    swap = VolumeSwap("/srv/found", "/srv/found", "/srv/found.new", None)
    journal = Journal("20261130T150000Z", "shop", "set x", volumes=[swap])
    plan: Any = SimpleNamespace(
        databases=[],
        volumes=[LoadVolume(part, SimpleNamespace(), swap, ["git/team.git"])],
        journal=journal,
        stack=SimpleNamespace(project_name="shop"),
    )
    [planned] = parts(plan, {})
    assert planned["source_bytes"] is None
    [loaded] = parts(plan, {"/srv/found.new": {"duration": 0.1, "source_bytes": 512_000}})
    assert (loaded["name"], loaded["source_bytes"], loaded["previous"]) == ("gitea-data", 512_000, None)
    plan.volumes[0].members = ()
    assert parts(plan, {})[0]["source_bytes"] == 14_800_000
