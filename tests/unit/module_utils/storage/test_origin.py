# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which sets of a shared repository are this host's own."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.storage.origin import Origin, Ownership
from ansible_collections.maxops.ops.plugins.module_utils.storage.repository.interface import KeptSet
from ansible_collections.maxops.ops.tests.unit.kept_sets import HERE, day, kept, old

OTHER_ID = "b" * 32


def days(sets: list[KeptSet]) -> list[str]:
    return [entry.set_id for entry in sets]


def split(*sets: KeptSet, origin: Origin = HERE) -> Ownership:
    return origin.split(sets)


@pytest.mark.parametrize(
    ("made_on", "own"),
    [
        ({}, True),
        ({"machine_id": OTHER_ID}, False),
        ({"machine_id": OTHER_ID, "host": "web2"}, False),
        ({"machine_id": None}, True),
        ({"machine_id": None, "host": "web2"}, False),
        ({"project": "other"}, None),
    ],
)
def test_one_set(made_on: dict[str, Any], own: bool | None) -> None:
    ownership = split(kept(day(1), **made_on))
    assert (len(ownership.own), len(ownership.others)) == {True: (1, 0), False: (0, 1), None: (0, 0)}[own]


def test_old_set_counts_as_own_when_its_host_fits() -> None:
    ownership = split(old(day(1)), old(day(2), host="web2"), kept(day(3)))
    assert (days(ownership.own), days(ownership.others)) == ([day(1), day(3)], [day(2)])
    assert ownership.other_hosts == ["web2"]


def test_host_without_machine_id_goes_by_its_name() -> None:
    nameless = Origin("shop", "web1")
    ownership = split(kept(day(1)), kept(day(2), host="web2"), kept(day(3), machine_id=None), origin=nameless)
    assert (days(ownership.own), days(ownership.others)) == ([day(1), day(3)], [day(2)])


def test_renamed_host_keeps_its_sets() -> None:
    before = [kept(day(1), host="first"), kept(day(2), host="second")]
    assert days(split(*before).own) == [day(1), day(2)]
    ownership = split(*before, kept(day(3)))
    assert (days(ownership.own), ownership.others, ownership.former) == (
        [day(1), day(2), day(3)],
        [],
        ["first", "second"],
    )
    assert ownership.remarks() == []
    assert "the sets of first, second have this host's machine id" in split(*before).remarks()[0]
    ownership = split(*before, kept(day(3)), kept(day(4)))
    assert [ownership.is_former(entry) for entry in ownership.own] == [True, True, False, False]
    ownership = split(*before, kept(day(3)), kept(day(42)))
    assert [ownership.is_former(entry) for entry in ownership.own] == [False, True, False, False]


def test_clone_with_the_same_machine_id_is_another_host() -> None:
    ownership = split(kept(day(1), host="clone"), kept(day(2)), kept(day(3), host="clone"), kept(day(4)))
    assert (days(ownership.own), days(ownership.others)) == ([day(2), day(4)], [day(1), day(3)])
    assert ownership.clones == ["clone"]
    assert "clone and this host (web1) have the same machine id" in ownership.remarks()[0]


def test_set_without_a_manifest_belongs_to_no_host() -> None:
    ownership = split(KeptSet(day(1), "/r", None, "damaged"))
    assert (ownership.own, ownership.others) == ([], [])
