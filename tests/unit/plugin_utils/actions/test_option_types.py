# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A wrong type is one sentence with the option, its value and what it has to be."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.maxops.ops.plugins.plugin_utils.actions.option_types import wrong_types
from ansible_collections.maxops.ops.tests.unit.checkout import ROOT


def of_role(role: str, **variables: Any) -> list[str]:
    return wrong_types(str(ROOT / "roles" / role), {"other": 1, **variables}, dict)


@pytest.mark.parametrize(
    ("role", "name", "value", "sentence"),
    [
        ("backup", "backup_jobs", "abc", 'backup_jobs is "abc", which is not a whole number'),
        ("backup", "backup_space_check", "maybe", 'backup_space_check is "maybe", which is not true or false'),
        ("optimize", "optimize_lock_wait", "long", 'optimize_lock_wait is "long", which is not a number'),
        ("backup", "backup_retention", "7", 'backup_retention is "7", which is not a dictionary'),
        ("monitoring", "monitoring_test", {}, "monitoring_test is of type dict, which is not true or false"),
    ],
)
def test_wrong_type_is_one_sentence(role: str, name: str, value: Any, sentence: str) -> None:
    assert of_role(role, **{name: value}) == [sentence]


def test_value_that_is_no_choice_is_shown_with_the_choices() -> None:
    [sentence] = of_role("backup", backup_compression="lz4")
    assert sentence == "value of backup_compression must be one of: auto, zstd, gzip, none, got: lz4"


def test_right_values_and_those_that_can_be_converted_are_accepted() -> None:
    assert of_role("backup", backup_jobs="4", backup_databases="a,b", backup_space_check="yes") == []
