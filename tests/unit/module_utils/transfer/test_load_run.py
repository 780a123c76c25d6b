# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows are compared table by table, and those of hash partitions as a whole."""

from __future__ import annotations

from ansible_collections.maxops.ops.plugins.module_utils.transfer.load_run import row_differences

ROOTS = {"public.h0": "public.h", "public.h1": "public.h"}


def test_tables_that_differ_or_are_missing_on_one_side() -> None:
    assert row_differences({"a": 1, "b": 2, "c": 3}, {"a": 1, "b": 5, "d": 4}) == [
        {"table": "b", "expected": 2, "found": 5},
        {"table": "c", "expected": 3, "found": None},
        {"table": "d", "expected": None, "found": 4},
    ]
    assert row_differences({"a": 0}, {"a": 0}) == []


def test_hash_partitions_are_compared_as_a_whole() -> None:
    assert row_differences({"public.h0": 1, "public.h1": 2}, {"public.h0": 3, "public.h1": 0}, ROOTS) == []
    assert row_differences({"public.h": 3}, {"public.h0": 3, "public.h1": 0}, ROOTS) == []
    assert row_differences({"public.h0": 1, "public.h1": 2}, {"public.h0": 2, "public.h1": 0}, ROOTS) == [
        {"table": "public.h", "expected": 3, "found": 2}
    ]
    assert row_differences({"public.h0": 1, "public.h1": 2}, {"public.h0": 3, "public.h1": 0}) != []
