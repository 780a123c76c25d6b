# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""First, last and full names from the fields of the list."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.maxops.ops.plugins.plugin_utils.people.names import of


@pytest.mark.parametrize(
    ("row", "names"),
    [
        ({"full_name": "김민수"}, ("민수", "김", "김민수")),
        ({"full_name": "남궁민수"}, ("민수", "남궁", "남궁민수")),
        ({"full_name": "남궁"}, ("궁", "남", "남궁")),
        ({"full_name": "김 민수"}, ("민수", "김", "김 민수")),
        ({"full_name": "Alice B. Kim"}, ("Alice B.", "Kim", "Alice B. Kim")),
        ({"first_name": "민수", "last_name": "김"}, ("민수", "김", "김민수")),
        ({"first_name": "Alice", "last_name": "Kim"}, ("Alice", "Kim", "Alice Kim")),
        ({"first_name": "A", "last_name": "K", "full_name": "Alice Kim"}, ("A", "K", "Alice Kim")),
        ({"full_name": "Cher"}, None),
        ({"first_name": "Alice"}, None),
        ({}, None),
    ],
)
def test_names(row: dict[str, str], names: tuple[str, str, str] | None) -> None:
    assert of(row) == names


@given(st.text(min_size=1, max_size=30))
def test_names_from_any_text(full: str) -> None:
    names = of({"full_name": full})
    assert names is None or (names.first and names.last and names.full == full.strip())
