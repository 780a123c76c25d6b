# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Roles and playbooks: names, defaults and their argument specs."""

from __future__ import annotations

import pytest

from ansible_collections.maxops.ops.tests.unit.checkout import ROOT
from ansible_collections.maxops.ops.tests.unit.layout.content import load, playbooks, roles


@pytest.mark.parametrize("role", roles)
def test_role_defaults_equal_its_argument_specs(role: str) -> None:
    defaults = load(ROOT / "roles" / role / "defaults" / "main.yml") or {}
    options = load(ROOT / "roles" / role / "meta" / "argument_specs.yml")["argument_specs"]["main"].get("options", {})
    without_default = {name for name, option in options.items() if option.get("required") or "default" not in option}
    assert set(defaults) - set(options) == set(), "defaults without an argument spec"
    assert set(options) - set(defaults) - without_default == set(), (
        "options with a default that defaults/main.yml lacks"
    )
    for name, value in defaults.items():
        documented = options[name].get("default")
        # A default that reads a variable cannot be documented as a value.
        if documented is not None and not (isinstance(value, str) and "{{" in value):
            assert documented == value, name


@pytest.mark.parametrize("role", roles)
def test_role_names_its_variables_after_itself(role: str) -> None:
    defaults = load(ROOT / "roles" / role / "defaults" / "main.yml") or {}
    internal = ROOT / "roles" / role / "vars" / "main.yml"
    assert [name for name in defaults if not name.startswith(f"{role}_")] == []
    if internal.exists():
        assert [name for name in load(internal) or {} if not name.startswith(f"__{role}_")] == []


@pytest.mark.parametrize("role", roles)
def test_role_readme_lists_every_option(role: str) -> None:
    options = load(ROOT / "roles" / role / "meta" / "argument_specs.yml")["argument_specs"]["main"].get("options", {})
    readme = (ROOT / "roles" / role / "README.md").read_text(encoding="utf-8")
    assert [name for name in options if f"`{name}`" not in readme] == []


@pytest.mark.parametrize("playbook", playbooks)
def test_playbook_is_short_and_for_any_hosts(playbook: str) -> None:
    for play in load(ROOT / "playbooks" / f"{playbook}.yml"):
        assert play["hosts"] == "{{ maxops_target | default(target | default('maxops')) }}"
        assert play["gather_facts"] is False
        assert len(play["tasks"]) <= 3
        for task in play["tasks"]:
            role = task.get("ansible.builtin.include_role", {}).get("name", "")
            assert role.startswith("maxops.ops.") or any(key.startswith("maxops.ops.") for key in task), task["name"]


FAIL_BY_THEMSELVES = {"deploy", "drill", "health", "monitor", "restart", "restore", "users"}
"""Playbooks whose roles show the results and fail where they have to; that of the schedule fails at once."""


@pytest.mark.parametrize("playbook", sorted(set(playbooks) - FAIL_BY_THEMSELVES))
def test_playbook_shows_a_summary_also_where_every_host_failed(playbook: str) -> None:
    plays = load(ROOT / "playbooks" / f"{playbook}.yml")
    work, summary, outcome = [task for play in plays for task in play["tasks"]]
    assert work["vars"] == {"__maxops_summary_follows": True}
    assert summary["run_once"] is True
    assert outcome["maxops.ops.outcome"] == summary["maxops.ops.summary"]
    assert "run_once" not in outcome
    # A batch in which every host failed would end a play of several batches.
    assert ("serial" in plays[0]) == (len(plays) == 2)
    assert all("serial" not in play for play in plays[1:])
