# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The choice of a set and of its parts, and the formats of times."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from pathlib import Path

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.storage import backup_set
from ansible_collections.maxops.ops.plugins.module_utils.storage.changes import Change
from ansible_collections.maxops.ops.plugins.module_utils.storage.origin import Origin
from ansible_collections.maxops.ops.plugins.module_utils.storage.repository.interface import KeptSet
from ansible_collections.maxops.ops.plugins.module_utils.storage.repository.local import Repository
from ansible_collections.maxops.ops.plugins.module_utils.storage.source import choose_set, source_of_set
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError
from ansible_collections.maxops.ops.tests.unit.kept_sets import HERE, database, day, kept, only, volume

SETS = ["20261121T020000Z", "20261122T020000Z", "20261123T020000Z", "20261124T020000Z"]


def chosen_set(repository: Repository, project: str, which: str, before: str | None) -> KeptSet:
    return choose_set(repository, Origin(project, "web1"), which, before)[0]


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
    assert chosen_set(repository, "this", "latest", None).set_id == SETS[2]
    assert chosen_set(repository, "this", "latest", "2026-11-23T01:59:59Z").set_id == SETS[0]
    assert chosen_set(repository, "this", "latest", SETS[2]).set_id == SETS[2]
    assert chosen_set(repository, "other", "latest", None).set_id == SETS[1]
    assert chosen_set(repository, "this", SETS[1], None).set_id == SETS[1]


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
        chosen_set(repository, "this", which, before)


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
    source = source_of_set(chosen_set(repository, "this", "latest", None), "this", databases, volumes)
    assert [part["name"] for part in [*source.databases, *source.volumes]] == chosen


def test_parts_that_are_not_there(repository: Repository) -> None:
    with pytest.raises(MaxopsError, match=r"has no database redmine \(it has gitea, openproject\)"):
        source_of_set(chosen_set(repository, "this", "latest", None), "this", ["redmine"], None)


def test_another_stack_has_to_be_named(repository: Repository) -> None:
    kept = chosen_set(repository, "this", SETS[1], None)
    with pytest.raises(MaxopsError, match="name that stack in source_project"):
        source_of_set(kept, "this", None, None)
    assert source_of_set(kept, "other", None, None).databases


def test_which_files_are_needed(repository: Repository) -> None:
    kept = chosen_set(repository, "this", "latest", None)
    paths = ["manifest.json", "globals.sql", "databases/gitea/toc.dat", "databases/gitea2/toc.dat", "config/.env"]
    paths += ["volumes/gitea-data.tar.zst", "volumes/gitea-data2.tar.zst"]
    database = source_of_set(kept, "this", ["gitea"], None)
    assert [path for path in paths if database.needs(path)] == paths[:3]
    volume = source_of_set(kept, "this", None, ["gitea-data"])
    assert [path for path in paths if volume.needs(path)] == ["manifest.json", "volumes/gitea-data.tar.zst"]


# -- partial sets, other hosts, losses -------------------------------------------------------------------------------

FULL = (database("gitea"), database("openproject"), volume("data"))
GITEA_ONLY = only(databases=["gitea"], volumes=[])


class Sets(Repository):
    """A repository of given sets, some of them verified."""

    def __init__(self, *given: KeptSet, verified: Sequence[str] = ()) -> None:
        super().__init__("/r")
        self.given = given
        self.verified = verified

    def sets(self) -> list[KeptSet]:
        return list(self.given)

    def is_verified(self, kept: KeptSet) -> bool:
        return kept.set_id in self.verified


def chosen_of(repository: Repository, which: str = "latest", *wanted: tuple[str, str]) -> tuple[str, list[str]]:
    chosen, remarks = choose_set(repository, HERE, which, None, wanted)
    return chosen.set_id, remarks


def test_latest_is_the_newest_set_with_everything_and_says_what_the_newer_ones_lack() -> None:
    partial = [kept(day(number), database("gitea"), scope=GITEA_ONLY) for number in (2, 3, 4)]
    assert chosen_of(Sets(kept(day(1), *FULL), *partial)) == (
        day(1),
        [
            (
                f"set {day(1)} was chosen although {day(4)} is newer: that one lacks database openproject, "
                "volume data, or has lost data of it; name it to take it nevertheless"
            )
        ],
    )


def test_named_part_comes_from_the_newest_set_that_has_it() -> None:
    sets = Sets(kept(day(1), *FULL), kept(day(2), database("gitea"), scope=GITEA_ONLY))
    assert chosen_of(sets, "latest", ("database", "gitea")) == (day(2), [])
    assert chosen_of(sets, "latest", ("database", "openproject"))[0] == day(1)
    assert chosen_of(sets, "latest", ("volume", "data"), ("database", "gitea"))[0] == day(1)
    assert chosen_of(sets, day(2), ("database", "openproject")) == (day(2), [])


def test_volume_may_be_named_as_docker_does() -> None:
    named = {**volume("data"), "docker_name": "shop_data"}
    sets = Sets(kept(day(1), named), kept(day(2), database("gitea"), scope=GITEA_ONLY))
    assert chosen_of(sets, "latest", ("volume", "shop_data"))[0] == day(1)


def test_without_a_set_of_everything_the_one_with_the_most_is_chosen_and_says_what_it_lacks() -> None:
    sets = Sets(
        kept(day(1), database("gitea"), database("openproject"), scope=only(volumes=[])),
        kept(day(2), volume("data"), scope=only(databases=[])),
    )
    chosen, remarks = chosen_of(sets)
    assert (chosen, remarks[0]) == (
        day(1),
        f"volume data is not in set {day(1)}: the newest set that has it is {day(2)}",
    )


def test_newest_verified_set_of_a_part_does_not_hide_the_verified_set_of_everything() -> None:
    sets = [kept(day(1), *FULL), kept(day(2), database("gitea"), scope=GITEA_ONLY), kept(day(3), *FULL)]
    assert chosen_of(Sets(*sets, verified=[day(1), day(2)]), "latest_verified")[0] == day(1)


def test_loss_is_said_and_a_named_part_comes_from_before_it() -> None:
    loss = Change("database", "gitea", "empty", day(1), "rows", 100, 0).to_dict()
    after = kept(day(2), database("gitea", rows=0), *FULL[1:], shrunk=[loss])
    sets = Sets(kept(day(1), *FULL), after)
    assert chosen_of(sets) == (
        day(2),
        [
            (
                f'set {day(2)} was made after a loss: database "gitea": 100 rows in {day(1)}, now 0; to get back '
                "what was there, name that set"
            )
        ],
    )
    chosen, remarks = chosen_of(sets, "latest", ("database", "gitea"))
    assert chosen == day(1)
    assert f"although {day(2)} is newer: that one lacks database gitea, or has lost data of it" in remarks[0]


def test_part_that_has_vanished_is_said() -> None:
    loss = Change("volume", "data", "missing", day(1), "bytes", 9000, 0).to_dict()
    sets = Sets(kept(day(1), *FULL), kept(day(2), *FULL[:2], shrunk=[loss]))
    assert chosen_of(sets) == (
        day(2),
        [f"volume data is not in set {day(2)}: the newest set that has it is {day(1)}"],
    )


def test_set_that_could_not_take_a_part_is_not_the_latest_and_says_so_when_it_is_named() -> None:
    lack = [{"kind": "volume", "name": "data", "reason": "it cannot be read", "fix": "y"}]
    sets = Sets(kept(day(1), *FULL), kept(day(2), *FULL[:2], incomplete=lack))
    assert chosen_of(sets)[0] == day(1)
    assert chosen_of(sets, day(2))[1] == [f'volume "data" is not in set {day(2)}: it cannot be read']


def test_another_hosts_set_is_taken_only_where_this_host_has_none_and_is_named() -> None:
    other = {"host": "web2", "machine_id": "b" * 32}
    sets = [kept(day(1), *FULL), kept(day(2), *FULL, **other), kept(day(3), *FULL, host="web3", machine_id="c" * 32)]
    assert chosen_of(Sets(*sets)) == (day(1), [])
    assert chosen_of(Sets(*sets), day(2))[1] == [
        f"set {day(2)} was made on another host, web2; sets of web3 are there too"
    ]
    assert chosen_of(Sets(*sets[1:])) == (
        day(3),
        [
            (
                f"set {day(3)} was made on another host, web3; this host (web1) has no set of its own in this "
                "repository; sets of web2 are there too"
            )
        ],
    )
    with pytest.raises(MaxopsError, match=r"has no verified set .*; a set of another host can be named by its id"):
        choose_set(Sets(*sets, verified=[day(2)]), HERE, "latest_verified", None)


def test_set_of_a_renamed_host_is_its_own() -> None:
    assert chosen_of(Sets(kept(day(1), *FULL, host="before"))) == (
        day(1),
        [f"set {day(1)} was made when this host (web1) was called before"],
    )
