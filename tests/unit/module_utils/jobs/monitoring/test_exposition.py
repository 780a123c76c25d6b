# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Valid Prometheus text, whatever names and numbers it contains."""

from __future__ import annotations

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.jobs.monitoring.exposition import Family, exposition


def test_family_has_help_type_and_sorted_labels() -> None:
    family = Family("maxops_x", "gauge", "What it is.")
    family.add(1, {"b": "2", "a": "1"})
    assert exposition([family]).splitlines() == [
        "# HELP maxops_x What it is.",
        "# TYPE maxops_x gauge",
        'maxops_x{a="1",b="2"} 1',
    ]


def test_family_without_a_sample_is_left_out() -> None:
    assert exposition([Family("maxops_x", "gauge", "What it is.")]) == ""


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ('C:\\new "disk"\n', r"C:\\new \"disk\"\n"),
        ("저장소", "저장소"),
        ("bad\udcffname", r"bad\\udcffname"),
    ],
)
def test_label_is_escaped(value: str, written: str) -> None:
    family = Family("maxops_x", "gauge", "one\ntwo\\")
    family.add(1, {"name": value})
    lines = exposition([family]).splitlines()
    assert lines[0] == r"# HELP maxops_x one\ntwo\\"
    assert lines[2] == f'maxops_x{{name="{written}"}} 1'


def test_reserved_or_invalid_label_is_left_out() -> None:
    family = Family("maxops_x", "gauge", "x")
    family.add(1, {"__name__": "y", "no-name": "z", "good": "1"})
    assert exposition([family]).splitlines()[2] == 'maxops_x{good="1"} 1'


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (3.0, "3"),
        (0.1, "0.1"),
        (1e300, None),
        (float("inf"), "+Inf"),
        (float("-inf"), "-Inf"),
        (float("nan"), "NaN"),
        (True, "1"),
        (12345678901234, "12345678901234"),
    ],
)
def test_number_is_written_exactly(value: float, written: str | None) -> None:
    family = Family("maxops_x", "gauge", "x")
    family.add(value, {})
    text = exposition([family]).split()[-1]
    assert text == written if written else float(text) == value


@pytest.mark.parametrize("value", [None, "many", [1]])
def test_value_that_is_not_a_number_is_left_out(value: object) -> None:
    family = Family("maxops_x", "gauge", "x")
    family.add(value, {})
    assert family.samples == []


def test_duplicate_sample_is_written_once() -> None:
    family = Family("maxops_x", "gauge", "x")
    family.add(1, {"a": "1"})
    family.add(2, {"a": "1"})
    assert [line for line in exposition([family]).splitlines() if not line.startswith("#")] == ['maxops_x{a="1"} 2']
