# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A wrong type is one sentence with the option, its value and what it has to be."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.maxops.ops.plugins.plugin_utils.actions.option_types import READ_AS_LISTS, wrong_types
from ansible_collections.maxops.ops.tests.unit.checkout import ROOT
from ansible_collections.maxops.ops.tests.unit.layout.content import load


def load_options(role: str) -> set[str]:
    specs = load(ROOT / "roles" / role / "meta" / "argument_specs.yml")
    return set(specs["argument_specs"]["main"]["options"])


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


def test_a_text_for_a_list_that_the_role_itself_reads_is_refused_without_its_value() -> None:
    [sentence] = of_role("monitoring", monitoring_alert_urls="mailtos://user:secret@example.com")
    assert sentence == (
        """monitoring_alert_urls is a text, not a list: write -e '{"monitoring_alert_urls": ["…"]}', """
        "or a list in the inventory"
    )
    assert of_role("monitoring", monitoring_alert_urls=["mailtos://user:secret@example.com"]) == []
    assert len(of_role("stack", stack_gateway_trusted_proxies="10.0.0.0/8")) == 1


def test_the_lists_that_roles_read_are_options() -> None:
    options = {name for role in ("monitoring", "stack") for name in load_options(role)}
    assert set(READ_AS_LISTS) - options == set()
