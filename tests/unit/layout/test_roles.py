# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Roles and playbooks: names, defaults and their argument specs."""

from __future__ import annotations

import re

import pytest

from ansible_collections.maxops.ops.tests.unit.checkout import ROOT
from ansible_collections.maxops.ops.tests.unit.layout.content import load, playbooks, roles

TARGETS = "{{ query('maxops.ops.targets', maxops_target | default(target | default('maxops'))) }}"
AT_ONCE = "{{ query('maxops.ops.at_once', maxops_serial | default('100%')) | first }}"


@pytest.mark.parametrize("role", roles)
def test_role_first_refuses_misspelt_options(role: str) -> None:
    first = load(ROOT / "roles" / role / "tasks" / "main.yml")[0]
    assert first == {
        "name": "Check the names of the options",
        "maxops.ops.check_options": None,
        "tags": ["always"],
    }


@pytest.mark.parametrize("role", roles)
def test_conditions_convert_boolean_options(role: str) -> None:
    """The string "false" of an INI inventory or of -e is true in Jinja."""
    specs = load(ROOT / "roles" / role / "meta" / "argument_specs.yml")["argument_specs"]
    options = {name: option for spec in specs.values() for name, option in spec.get("options", {}).items()}
    booleans = [name for name, option in options.items() if option.get("type") == "bool"]
    texts = [path.read_text(encoding="utf-8") for path in (ROOT / "roles" / role).glob("tasks/*.yml")]
    texts += [path.read_text(encoding="utf-8") for path in (ROOT / "roles" / role).glob("vars/*.yml")]
    texts += [path.read_text(encoding="utf-8") for path in (ROOT / "roles" / role).glob("templates/*.j2")]
    # An argument of a module, which converts it: the whole value.
    unconverted = [
        line.strip()
        for text in texts
        for line in text.splitlines()
        for name in booleans
        if re.search(rf"\b{name}\b(?! \| bool)", line) and not re.fullmatch(rf'\s*\w+: "{{{{ {name} }}}}"', line)
    ]
    assert unconverted == []
    assigned = re.findall(r"set_fact:(?:\n\s+.+)+", "\n".join(texts))
    assert [name for name in booleans for text in assigned if f"{{{{ {name} }}}}" in text] == []


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
        assert play["hosts"] == TARGETS, "any other expression ends with exit code 0 where no host matches"
        # A batch of hosts that are down would end the play. restart stops at the first failure on purpose.
        assert "serial" not in play or playbook == "restart"
        assert play.get("throttle", AT_ONCE) == AT_ONCE
        assert play["gather_facts"] is False
        assert len(play["tasks"]) <= 3
        for task in play["tasks"]:
            role = task.get("ansible.builtin.include_role", {}).get("name", "")
            assert role.startswith("maxops.ops.") or any(key.startswith("maxops.ops.") for key in task), task["name"]


FAIL_BY_THEMSELVES = {"deploy", "drill", "health", "host", "monitor", "restart", "restore", "users"}
"""Playbooks whose roles show the results and fail where they have to; that of the schedule fails at once."""


@pytest.mark.parametrize("playbook", sorted(set(playbooks) - FAIL_BY_THEMSELVES))
def test_playbook_shows_a_summary_also_where_every_host_failed(playbook: str) -> None:
    [play] = load(ROOT / "playbooks" / f"{playbook}.yml")
    work, summary, outcome = play["tasks"]
    assert work["vars"]["__maxops_summary_follows"] is True
    assert summary["run_once"] is True
    assert outcome["maxops.ops.outcome"] == summary["maxops.ops.summary"]
    assert "run_once" not in outcome


@pytest.mark.parametrize("playbook", sorted(set(playbooks) - {"health", "monitor"}))
def test_playbook_checks_types_with_a_message_of_one_line(playbook: str) -> None:
    included = [task for play in load(ROOT / "playbooks" / f"{playbook}.yml") for task in play["tasks"]]
    for task in [task for task in included if "ansible.builtin.include_role" in task]:
        role = task["ansible.builtin.include_role"]
        assert role["rolespec_validate"] is False, "Ansible prints the whole argument spec"
        assert task["vars"]["__maxops_check_types"] is True, "else nothing checks the types"
        name = role["name"].rpartition(".")[2]
        assert "maxops.ops.check_options" in load(ROOT / "roles" / name / "tasks" / "main.yml")[0]
