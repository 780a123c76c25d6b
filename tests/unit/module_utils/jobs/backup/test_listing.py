# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The list of backups, with remarks on those that need attention."""

from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.jobs.backup import listing as listing_job
from ansible_collections.maxops.ops.plugins.module_utils.storage.changes import Change
from ansible_collections.maxops.ops.plugins.module_utils.storage.repository.local import Repository
from ansible_collections.maxops.ops.plugins.module_utils.storage.retention import Policy
from ansible_collections.maxops.ops.plugins.module_utils.storage.verdict import LevelResult, Verdict
from ansible_collections.maxops.ops.tests.unit.kept_sets import ALL, HERE, only
from ansible_collections.maxops.ops.tests.unit.listings import listed, made


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(str(tmp_path / "repository"))


def test_newest_comes_first_with_all_that_is_known(repository: Repository) -> None:
    old, new = made(repository, 30), made(repository, 6)
    kept = repository.sets()[0]
    result = LevelResult(True, "2026-11-24T07:00:00Z", 9.0, recovery_seconds=41.0)
    repository.record(Verdict(old, kept.manifest["sha256"]).extended("rehearse", result))
    listing = listed(repository, retention=Policy(keep_last=1))
    assert [backup["set_id"] for backup in listing["sets"]] == [new, old]
    assert (listing["newest"], listing["healthy"], listing["remarks"]) == (new, True, [])
    assert listing["sets"][0]["age_hours"] == 6
    assert listing["sets"][0]["parts"][0] == {
        "kind": "database",
        "name": "shop",
        "bytes": 2000,
        "source_bytes": 9000,
        "rows": 2,
    }
    assert listing["sets"][0]["verdict"] is None
    # The next backup is the newest then, so that today's newest has no reason to stay.
    assert listing["sets"][0]["retention"] == {"keep": False, "reasons": []}
    assert listing["sets"][1]["retention"] == {"keep": True, "reasons": ["newest verified"]}
    assert listing["sets"][1]["verdict"]["recovery_seconds"] == 41.0


def test_without_rules_there_is_no_retention(repository: Repository) -> None:
    made(repository, 1)
    assert listed(repository)["sets"][0]["retention"] is None


@pytest.mark.parametrize(("hours", "allowed", "healthy"), [(25, 26, True), (27, 26, False), (99, 0, True)])
def test_newest_set_that_is_too_old(repository: Repository, hours: float, allowed: float, healthy: bool) -> None:
    made(repository, hours)
    listing = listed(repository, max_age_hours=allowed)
    assert listing["healthy"] is healthy
    assert healthy or "the newest backup is 27 hours old, and 26 are allowed" in listing["remarks"][0]


@pytest.mark.parametrize(
    ("archive", "remark"),
    [(15000, None), (19000, None), (20000, "larger"), (10000, "smaller"), (86, "smaller")],
)
def test_newest_set_whose_size_jumped_or_dropped(repository: Repository, archive: int, remark: str | None) -> None:
    for day in range(5, 0, -1):
        made(repository, 24 * day, archive=15000 + day)
    newest = made(repository, 1, archive=archive)
    remarks = listed(repository)["remarks"]
    if remark is None:
        assert remarks == []
    else:
        assert f'volume "assets" of the newest set {newest} is' in remarks[-1]
        assert remark in remarks[-1]
        assert "verify it" in remarks[-1]


def test_one_odd_set_among_the_earlier_ones_does_not_matter(repository: Repository) -> None:
    for day, archive in ((4, 15000), (3, 15000), (2, 10), (1, 15000)):
        made(repository, 24 * day, archive=archive)
    made(repository, 1)
    assert listed(repository)["remarks"] == []


def test_part_that_earlier_sets_had(repository: Repository) -> None:
    made(repository, 30)
    database = {"kind": "database", "name": "shop", "source_bytes": 9000, "bytes": 2000}
    newest = made(repository, 1, parts=[database])
    assert listed(repository)["remarks"] == [
        f'volume "assets" is missing from the newest set {newest}, and earlier sets have it'
    ]


def test_sets_of_others_are_listed_and_not_counted(repository: Repository) -> None:
    made(repository, 2)
    made(repository, 1, archive=10, project="other")
    listing = listed(repository, retention=Policy(keep_last=1))
    assert [backup["project"] for backup in listing["sets"]] == ["other", "shop"]
    assert listing["sets"][0]["retention"] is None
    assert listing["remarks"] == []


def test_incomplete_set(repository: Repository) -> None:
    set_id = made(repository, 1)
    Path(repository.sets_path, set_id, "manifest.json").write_text("{")
    listing = listed(repository)
    assert listing["newest"] is None
    assert f"set {set_id} cannot be used" in listing["remarks"][1]
    assert 'no complete set of stack "shop"' in listing["remarks"][0]


def test_nothing_there(repository: Repository, tmp_path: Path) -> None:
    assert "there is no repository" in listed(repository)["remarks"][0]
    assert list(tmp_path.iterdir()) == []


def test_dumps_of_the_old_way(repository: Repository) -> None:
    daily = Path(repository.path, "daily")
    daily.mkdir(parents=True)
    for name in ("gitea_20261124_020000.sql.gz", "gitea_20261125_020000.sql", "gitea_20261399_020000.sql", "notes"):
        (daily / name).write_text("x")
    listing = listed(repository)
    assert [(dump["set_id"], dump["database"], dump["age_hours"]) for dump in listing["dumps"]] == [
        ("gitea_20261125_020000", "gitea", 10),
        ("gitea_20261124_020000", "gitea", 34),
        ("gitea_20261399_020000", "gitea", None),
    ]
    assert listing["remarks"] == []


# -- parts, losses, hosts -------------------------------------------------------------------------------------------

OWN = {"host": HERE.host, "machine_id": HERE.machine_id, "scope": ALL, "shrunk": [], "incomplete": []}
SHOP = {"kind": "database", "name": "shop", "source_bytes": 9000, "bytes": 2000, "rows": {"public.entry": 2}}


@pytest.fixture
def this_host(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing_job, "here", lambda _project: HERE)


@pytest.mark.usefixtures("this_host")
def test_deliberately_partial_set_is_no_remark_and_shows_what_it_lacks(repository: Repository) -> None:
    made(repository, 30, **OWN)
    made(repository, 1, **{**OWN, "parts": [SHOP], "scope": only(volumes=[])})
    listing = listed(repository)
    assert listing["remarks"] == []
    assert listing["sets"][0]["missing"] == [{"kind": "volume", "name": "assets"}]
    assert listing["sets"][1]["missing"] == []


@pytest.mark.usefixtures("this_host")
def test_loss_is_a_remark_and_holds_every_set(repository: Repository) -> None:
    first = made(repository, 30, **OWN)
    change = Change("database", "shop", "empty", first, "rows", 2, 0)
    empty = {**SHOP, "rows": {"public.entry": 0}}
    assets = {"kind": "volume", "name": "assets", "source_bytes": 9000, "bytes": 15000}
    for hours in (3, 2):
        made(repository, hours, **{**OWN, "parts": [empty, assets], "shrunk": [change.to_dict()]})
    listing = listed(repository, retention=Policy(keep_last=1))
    assert listing["remarks"][0] == (
        f'database "shop": 2 rows in {first}, now 0; retention removes nothing until it is fixed, or accepted by name '
        'or pattern (accept_changes: ["database shop"])'
    )
    assert [kept["retention"]["keep"] for kept in listing["sets"]] == [True, True, True]
    assert listing["sets"][0]["retention"]["reasons"] == ["retention is on hold"]


@pytest.mark.usefixtures("this_host")
def test_sets_of_another_host_are_listed_and_not_counted(repository: Repository) -> None:
    made(repository, 1, **{**OWN, "host": "web2", "machine_id": "b" * 32})
    listing = listed(repository, retention=Policy(keep_last=1))
    assert listing["remarks"] == [
        (
            f'{repository.path} has no complete set of stack "shop" of this host, only of web2: make one '
            "(ansible-playbook maxops.ops.backup)"
        )
    ]
    assert (listing["newest"], listing["other_hosts"], listing["host"]) == (None, ["web2"], "web1")
    assert (listing["sets"][0]["host"], listing["sets"][0]["retention"]) == ("web2", None)


@pytest.mark.usefixtures("this_host")
def test_part_that_could_not_be_taken_is_a_remark(repository: Repository) -> None:
    lack = {"kind": "volume", "name": "assets", "reason": "it cannot be read", "fix": "x"}
    set_id = made(repository, 1, **{**OWN, "parts": [SHOP], "incomplete": [lack]})
    listing = listed(repository)
    assert listing["remarks"] == [f'volume "assets" is not in set {set_id}: it cannot be read']
    assert listing["sets"][0]["missing"] == [{"kind": "volume", "name": "assets"}]
