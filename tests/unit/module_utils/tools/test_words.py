# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sizes and durations as people read them."""

from __future__ import annotations

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.tools.words import age, duration, human_size


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (0, "0.0 s"),
        (0.94, "0.9 s"),
        (9.94, "9.9 s"),
        (9.96, "10 s"),
        (42, "42 s"),
        (119.4, "119 s"),
        (119.6, "2 min 00 s"),
        (185, "3 min 05 s"),
        (3599.7, "60 min 00 s"),
        (7322, "122 min 02 s"),
    ],
)
def test_durations_as_people_read_them(value: float, words: str) -> None:
    assert duration(value) == words


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, ""),
        (-3, "0 s"),
        (0, "0 s"),
        (36, "36 s"),
        (119, "119 s"),
        (120, "2 min"),
        (3564, "59 min"),
        (3600, "60 min"),
        (7199, "119 min"),
        (7200, "2 h"),
        (170_640, "47 h"),
        (200_000, "2 d"),
        (259_200, "3 d"),
    ],
)
def test_age_in_one_unit(value: float | None, words: str) -> None:
    assert age(value) == words


@pytest.mark.parametrize(
    ("size", "words"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (999_949, "999.9 kB"),
        (999_950, "1.0 MB"),
        (14_200_000, "14.2 MB"),
        (1_400_000_000, "1.4 GB"),
        (5e15, "5000.0 TB"),
    ],
)
def test_sizes_as_people_read_them(size: float, words: str) -> None:
    assert human_size(size) == words
