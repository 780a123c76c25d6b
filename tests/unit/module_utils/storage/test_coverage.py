# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the stack has, as its sets show it, and what a set lacks of it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.storage import coverage
from ansible_collections.maxops.ops.tests.unit.kept_sets import ALL, database, day, kept, manifest, old, only, volume

GITEA, OPENPROJECT, DATA = ("database", "gitea"), ("database", "openproject"), ("volume", "data")
FULL = (database("gitea"), database("openproject"), volume("data"))
MISSING = {"kind": "volume", "name": "data", "accepted": False}


@pytest.mark.parametrize(
    ("part", "empty"),
    [
        (database(rows=1), False),
        (database(rows=0), True),
        ({**database(), "rows": {}}, True),
        (volume(), False),
        (volume(size=4096, empty=True), True),
        ({"kind": "volume", "name": "data", "source_bytes": 0, "bytes": 45}, True),
        ({"kind": "database", "name": "gitea"}, False),
    ],
)
def test_empty_parts(part: dict[str, Any], empty: bool) -> None:
    assert coverage.is_empty(part) is empty


def test_scope_is_what_the_options_choose() -> None:
    options = SimpleNamespace(databases=("gitea",), volumes=None, folders=None, exclude=["big*"])
    scope = coverage.scope_of(options)
    assert scope == {"databases": ["gitea"], "volumes": None, "folders": None, "exclude": ["big*"]}
    made = manifest(day(1), scope=scope)
    assert not coverage.is_whole(made)
    assert coverage.is_whole(manifest(day(1), scope=only(exclude=["big*"])))
    assert [
        coverage.is_in_scope(made, key) for key in (GITEA, OPENPROJECT, DATA, ("volume", "big-one"), ("folder", "/srv"))
    ] == [True, False, True, False, True]
    assert coverage.is_in_scope(manifest(day(1), scope=only(volumes=["shop_data"])), DATA)
    assert not coverage.is_in_scope({"parts": []}, GITEA)


def test_stack_has_what_its_newest_whole_set_and_later_ones_have() -> None:
    sets = [kept(day(1), *FULL), kept(day(2), database("gitea"), scope=only(databases=["gitea"], volumes=[]))]
    assert coverage.stack_parts(sets) == {GITEA, OPENPROJECT, DATA}
    sets.append(kept(day(3), database("wiki"), scope=only(databases=["wiki"], volumes=[])))
    assert coverage.stack_parts(sets) == {GITEA, OPENPROJECT, DATA, ("database", "wiki")}
    assert coverage.lacking(sets[1], coverage.stack_parts(sets)) == [OPENPROJECT, ("database", "wiki"), DATA]


def test_part_that_is_gone_is_no_part_of_the_stack() -> None:
    sets = [kept(day(1), *FULL), kept(day(2), *FULL[:2])]
    assert coverage.stack_parts(sets) == {GITEA, OPENPROJECT}
    assert coverage.retired(sets) == {DATA}
    unaccepted = [kept(day(1), *FULL), kept(day(2), *FULL[:2], shrunk=[MISSING])]
    assert coverage.retired(unaccepted) == set()
    came_back = [*sets, kept(day(3), *FULL)]
    assert coverage.retired(came_back) == set()


def test_part_that_could_not_be_taken_is_a_part_of_the_stack() -> None:
    lack = [{"kind": "volume", "name": "data", "reason": "x", "fix": "y"}]
    sets = [kept(day(1), *FULL), kept(day(2), *FULL[:2], incomplete=lack)]
    assert coverage.stack_parts(sets) == {GITEA, OPENPROJECT, DATA}
    assert coverage.retired(sets) == set()


def test_excluded_part_counts_for_two_days() -> None:
    def excluded(number: int) -> Any:
        return kept(day(number), *FULL[:2], scope=only(exclude=["data"]))

    assert DATA in coverage.stack_parts([kept(day(1), *FULL), excluded(2), excluded(3)])
    assert DATA not in coverage.stack_parts([kept(day(1), *FULL), excluded(2), excluded(4)])
    assert coverage.retired([kept(day(1), *FULL), excluded(41)]) == set()
    assert coverage.retired([kept(day(1), *FULL), excluded(42)]) == {DATA}


def test_sets_of_earlier_versions_are_taken_together() -> None:
    sets = [old(day(1), *FULL), old(day(2), database("gitea")), old(day(3), database("gitea"))]
    assert coverage.stack_parts(sets) == {GITEA, OPENPROJECT, DATA}
    assert coverage.stack_parts([*sets, old(day(60), database("gitea"))]) == {GITEA}
    assert coverage.stack_parts([]) == set()


def test_content_is_neither_empty_nor_in_doubt() -> None:
    made = manifest(day(1), database("gitea", rows=0), database("openproject"), volume("data"), shrunk=[MISSING])
    assert coverage.content_of(made) == {OPENPROJECT}
    assert coverage.content_of(None) == set()
    assert ALL["exclude"] == []


def test_pattern_for_names_takes_no_folder_out_of_the_scope_of_a_set() -> None:
    made = manifest(day(1), scope=only(exclude=["*test*"]))
    assert coverage.is_in_scope(made, ("folder", "/opt/greatest/gitea"))
    assert not coverage.is_in_scope(made, ("database", "test_1"))
