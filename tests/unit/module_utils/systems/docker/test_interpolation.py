# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Variables in a Compose file's value are filled in as Compose does."""

from __future__ import annotations

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.interpolation import (
    UnsetVariable,
    interpolate,
)

VARIABLES = {"A": "one", "EMPTY": "", "B_2": "two"}


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("plain", "plain"),
        ("$A/x", "one/x"),
        ("${A}/${B_2}.env", "one/two.env"),
        ("a$$A", "a$A"),
        ("$", "$"),
        ("5$ and $.", "5$ and $."),
        ("${EMPTY}", ""),
        ("${EMPTY:-x}", "x"),
        ("${EMPTY-x}", ""),
        ("${NO-x}", "x"),
        ("${NO:-${A}/y}", "one/y"),
        ("${NO:-}", ""),
        ("${A:+set}", "set"),
        ("${EMPTY:+set}", ""),
        ("${EMPTY+set}", "set"),
        ("${A:?must be set}", "one"),
    ],
)
def test_value(text: str, filled: str) -> None:
    assert interpolate(text, VARIABLES) == filled


@pytest.mark.parametrize("text", ["$NO", "${NO}/x", "${NO:?must be set}", "${EMPTY:?x}", "${A:-}${NO}"])
def test_variable_without_a_value_is_named(text: str) -> None:
    with pytest.raises(UnsetVariable, match=r"^(NO|EMPTY)$"):
        interpolate(text, VARIABLES)


def test_text_that_is_no_variable_is_an_unset_one() -> None:
    with pytest.raises(UnsetVariable, match="-x"):
        interpolate("${-x}", VARIABLES)
