# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The choice of a set and of its parts, and the formats of times."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.storage import backup_set
from ansible_collections.maxops.ops.plugins.module_utils.storage.repository.local import Repository
from ansible_collections.maxops.ops.plugins.module_utils.storage.source import choose_set, moment, source_of_set
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError

SETS = ["20261121T020000Z", "20261122T020000Z", "20261123T020000Z", "20261124T020000Z"]


def utc(*numbers: int) -> datetime.datetime:
    return datetime.datetime(*numbers, tzinfo=datetime.timezone.utc)


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """Four sets of this stack; the second is of another one, the last has no manifest."""
    for set_id in SETS:
        folder = tmp_path / "sets" / set_id
        folder.mkdir(parents=True)
        project = "other" if set_id == SETS[1] else "this"
        parts = [
            {"kind": "database", "name": "gitea"},
            {"kind": "database", "name": "openproject"},
            {"kind": "volume", "name": "gitea-data", "docker_name": f"{project}_gitea-data"},
        ]
        manifest = {"format": 1, "set_id": set_id, "project": project, "parts": parts, "files": []}
        if set_id != SETS[3]:
            backup_set.write_manifest(str(folder / "manifest.json"), backup_set.seal(manifest))
    return Repository(str(tmp_path))


def test_choosing_a_set(repository: Repository) -> None:
    assert choose_set(repository, "this", "latest", None).set_id == SETS[2]
    assert choose_set(repository, "this", "latest", "2026-11-23T01:59:59Z").set_id == SETS[0]
    assert choose_set(repository, "this", "latest", SETS[2]).set_id == SETS[2]
    assert choose_set(repository, "other", "latest", None).set_id == SETS[1]
    assert choose_set(repository, "this", SETS[1], None).set_id == SETS[1]


@pytest.mark.parametrize(
    ("which", "before", "message"),
    [
        ("20200101T000000Z", None, "its newest: 20261124T020000Z of \\?, 20261123T020000Z of this"),
        (SETS[3], None, "manifest.json is missing"),
        ("latest_verified", None, 'no verified set of stack "this"'),
        ("latest", "2026-11-20", "no complete set of stack"),
    ],
)
def test_no_such_set(repository: Repository, which: str, before: str | None, message: str) -> None:
    with pytest.raises(MaxopsError, match=message):
        choose_set(repository, "this", which, before)


@pytest.mark.parametrize(
    ("databases", "volumes", "chosen"),
    [
        (None, None, ["gitea", "openproject", "gitea-data"]),
        (["openproject"], None, ["openproject"]),
        (None, ["gitea-data"], ["gitea-data"]),
        (None, ["this_gitea-data"], ["gitea-data"]),
        (["gitea", "gitea"], ["gitea-data"], ["gitea", "gitea-data"]),
        ([], None, []),
    ],
)
def test_parts(
    repository: Repository, databases: list[str] | None, volumes: list[str] | None, chosen: list[str]
) -> None:
    source = source_of_set(choose_set(repository, "this", "latest", None), "this", databases, volumes)
    assert [part["name"] for part in [*source.databases, *source.volumes]] == chosen


def test_parts_that_are_not_there(repository: Repository) -> None:
    with pytest.raises(MaxopsError, match=r"has no database redmine \(it has gitea, openproject\)"):
        source_of_set(choose_set(repository, "this", "latest", None), "this", ["redmine"], None)


def test_another_stack_has_to_be_named(repository: Repository) -> None:
    kept = choose_set(repository, "this", SETS[1], None)
    with pytest.raises(MaxopsError, match="name that stack in source_project"):
        source_of_set(kept, "this", None, None)
    assert source_of_set(kept, "other", None, None).databases


def test_which_files_are_needed(repository: Repository) -> None:
    kept = choose_set(repository, "this", "latest", None)
    paths = ["manifest.json", "globals.sql", "databases/gitea/toc.dat", "databases/gitea2/toc.dat", "config/.env"]
    paths += ["volumes/gitea-data.tar.zst", "volumes/gitea-data2.tar.zst"]
    database = source_of_set(kept, "this", ["gitea"], None)
    assert [path for path in paths if database.needs(path)] == paths[:3]
    volume = source_of_set(kept, "this", None, ["gitea-data"])
    assert [path for path in paths if volume.needs(path)] == ["manifest.json", "volumes/gitea-data.tar.zst"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-23T02:00:00Z", utc(2026, 11, 23, 2)),
        ("2026-11-23T11:00:00+09:00", utc(2026, 11, 23, 2)),
        ("2026-11-23 02:00", utc(2026, 11, 23, 2)),
        ("2026-11-23", utc(2026, 11, 23)),
        ("20261123T020000Z", utc(2026, 11, 23, 2)),
    ],
)
def test_moments(text: str, expected: datetime.datetime) -> None:
    assert moment(text) == expected


def test_invalid_time() -> None:
    with pytest.raises(MaxopsError, match="is not a time"):
        moment("last night")
