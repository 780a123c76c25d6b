# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Docker's disk usage in the forms of API 1.41, 1.51 and 1.53."""

from __future__ import annotations

from dataclasses import astuple

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.disk_usage import (
    build_cache_records,
    unknown_kinds,
    usage_of,
)
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError

NEW = {
    "ImageUsage": {"ActiveCount": 6, "TotalCount": 20, "TotalSize": 1_600_000_000, "Reclaimable": 700_000_000},
    "ContainerUsage": {"ActiveCount": 6, "TotalCount": 7, "TotalSize": 5_000},
    "VolumeUsage": {"ActiveCount": 2, "TotalCount": 3, "TotalSize": 90, "Reclaimable": 30},
    "BuildCacheUsage": {"ActiveCount": 1, "TotalCount": 44, "TotalSize": 9_000_000_000, "Reclaimable": 8_000_000_000},
}


def test_sums_since_api_1_53() -> None:
    assert [astuple(usage) for usage in usage_of(NEW)] == [
        ("images", 20, 6, 1_600_000_000, 700_000_000),
        ("containers", 7, 6, 5_000, 0),
        ("volumes", 3, 2, 90, 30),
        ("build cache", 44, 1, 9_000_000_000, 8_000_000_000),
    ]


@pytest.mark.parametrize("plural", [False, True])
def test_names_of_drafts_of_the_new_form(plural: bool) -> None:
    names = (
        ("ImagesUsage", "ContainersUsage", "VolumesUsage")
        if plural
        else ("ImageUsage", "ContainerUsage", "VolumeUsage")
    )
    answer = {
        names[0]: {"ActiveImages": 6, "TotalImages": 20, "TotalSize": 1600},
        names[1]: {"TotalContainers": 7, "TotalSize": 0},
        names[2]: {"TotalVolumes": 3, "TotalSize": 90},
        "BuildCacheUsage": {"TotalBuildCacheRecords": 44, "TotalSize": 900},
    }
    assert [(usage.count, usage.size) for usage in usage_of(answer)] == [(20, 1600), (7, 0), (3, 90), (44, 900)]


def test_both_forms_in_one_answer_count_once() -> None:
    old = {"LayersSize": 1, "Images": [{"Size": 1}], "Containers": [], "Volumes": [], "BuildCache": []}
    assert usage_of({**old, **NEW}) == usage_of(NEW)


def test_zeros_that_are_left_out_are_zeros() -> None:
    empty = {"ImageUsage": {}, "ContainerUsage": {}, "BuildCacheUsage": {}}
    assert [astuple(usage)[1:] for usage in usage_of(empty)] == [(0, 0, 0, 0)] * 3
    assert build_cache_records(empty) == []


@pytest.mark.parametrize("answer", [{}, {"Sizes": {"Images": 1}}, {"ImageUsage": None}])
def test_unknown_form_is_unknown_and_never_zero(answer: dict[str, object]) -> None:
    rows = usage_of(answer)
    assert unknown_kinds(rows) == ["images", "containers", "build cache"]
    assert [astuple(row)[1:] for row in rows] == [(None, None, None, None)] * 3
    with pytest.raises(MaxopsError, match="docker builder prune"):
        build_cache_records(answer)


def test_records_of_the_build_cache_in_both_forms() -> None:
    record = {"ID": "x", "Size": 5, "InUse": False}
    assert build_cache_records({"BuildCache": [record]}) == [record]
    assert build_cache_records({"BuildCache": None}) == []
    assert build_cache_records({"BuildCacheUsage": {"TotalCount": 1, "Items": [record]}}) == [record]
    both = {"BuildCacheUsage": {"TotalCount": 1, "TotalSize": 5}, "BuildCache": [record]}
    assert build_cache_records(both) == [record], "a daemon of API 1.52 may send both"
    with pytest.raises(MaxopsError, match="does not list the records"):
        build_cache_records({"BuildCacheUsage": {"TotalCount": 1, "TotalSize": 5}, "BuildCache": None})
    with pytest.raises(MaxopsError, match="does not list the records"):
        build_cache_records({"BuildCacheUsage": {"TotalCount": 1, "TotalSize": 5}})
