# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which variables are misspelt options, and which variable an operator sets for an option of a module."""

from __future__ import annotations

import re
from typing import Any

import pytest

from ansible_collections.maxops.ops.plugins.plugin_utils.actions import variables
from ansible_collections.maxops.ops.plugins.plugin_utils.actions.variables import FLEET, MADE_BY_ROLES, Role, misspelt
from ansible_collections.maxops.ops.tests.reference import generate
from ansible_collections.maxops.ops.tests.unit.checkout import ROOT
from ansible_collections.maxops.ops.tests.unit.layout.content import load, roles


def role(name: str) -> Role:
    return Role(name, str(ROOT / "roles" / name), load(ROOT / "roles" / name / "defaults" / "main.yml") or {})


def refused(name: str, variable: str, own: tuple[str, ...] = ()) -> list[str]:
    """What the role says about a variable of the inventory that it refuses."""
    return misspelt(role(name), [*role(name).defaults, variable], [], own).refused


def warned(name: str, variable: str, own: tuple[str, ...] = ()) -> list[str]:
    """What the role says about a variable of the inventory that it lets pass."""
    return misspelt(role(name), [*role(name).defaults, variable], [], own).doubtful


def typed(name: str, variable: str, own: tuple[str, ...] = ()) -> list[str]:
    """What the role says about a variable of the command line, in a playbook of the collection."""
    found = misspelt(role(name), [*role(name).defaults, variable], [variable], own)
    assert found.doubtful == []
    return found.refused


@pytest.mark.parametrize(
    ("name", "variable", "meant"),
    [
        ("backup", "backup_databses", "backup_databases"),
        ("health", "health_check", "health_checks"),
        ("restore", "restore_database", "restore_databases"),
        ("restore", "restore_Databases", "restore_databases"),
        ("verify", "verify_sets", "verify_set"),
        ("stack", "stack_gateway_prot", "stack_gateway_port"),
        ("users", "users_flie", "users_file"),
        ("logs", "maxops_projct_name", "maxops_project_name"),
        ("monitoring", "monitoring_alert_url", "monitoring_alert_urls"),
    ],
)
def test_a_misspelt_option_is_refused_with_a_guess(name: str, variable: str, meant: str) -> None:
    assert refused(name, variable) == [f"{variable} is no option of {name}; did you mean {meant}?"]


@pytest.mark.parametrize(
    ("name", "variable"), [("backup", "backup_xyzzy"), ("host", "host_name"), ("stack", "stack_id")]
)
def test_a_name_that_resembles_no_option_is_refused_only_on_the_command_line(name: str, variable: str) -> None:
    sentence = f"{variable} is no option of {name}; ansible-doc -t role maxops.ops.{name} lists them."
    assert typed(name, variable) == [sentence]
    assert refused(name, variable) == []
    assert warned(name, variable) == [sentence]


@pytest.mark.parametrize(
    ("name", "variable", "guess"),
    [
        ("users", "users_password", "users_passwords_file"),
        ("stack", "stack_project", "stack_project_name"),
        ("health", "health_check_url", "health_checks"),
        ("status", "maxops_owner", ""),
    ],
)
def test_a_variable_of_the_inventory_that_may_be_for_something_else_is_warned_of(
    name: str, variable: str, guess: str
) -> None:
    assert refused(name, variable) == []
    [sentence] = warned(name, variable)
    assert sentence.startswith(f"{variable} is no option of {name}; ")
    assert not guess or sentence.endswith(f"did you mean {guess}?")
    assert warned(name, variable, (variable,)) == []


@pytest.mark.parametrize(
    ("name", "variable"),
    [
        ("backup", "backup_databases"),  # an option without a default
        ("backup", "backup_result"),  # what the role registers
        ("backup", "backups_size_chnge"),  # another role's prefix
        ("backup", "backup"),
        ("backup", "__backup_stack"),
        ("backups", "backup_retention"),
        ("backups", "backup_databses"),  # refused by the role backup
        ("cache", "cache_service"),
        ("monitoring", "monitoring_health"),
        ("drill", "ansible_host"),
        ("status", "http_port"),
    ],
)
def test_other_variables_are_allowed(name: str, variable: str) -> None:
    assert refused(name, variable) == warned(name, variable) == []


@pytest.mark.parametrize("own", [("backup_window",), ("backup_win*",), ("other", "backup_?indow")])
def test_variables_of_the_operators_own_are_allowed(own: tuple[str, ...]) -> None:
    assert typed("backup", "backup_window") != []
    assert typed("backup", "backup_window", own) == []
    assert warned("backup", "backup_window") != []
    assert warned("backup", "backup_window", own) == []


@pytest.mark.parametrize(
    ("name", "variable", "meant"),
    [
        ("backup", "project_name", "maxops_project_name"),
        ("backup", "databases", "backup_databases"),
        ("restore", "source_project", "restore_source_project"),
        ("restore", "force", "restore_force"),
        ("restore", "into", "restore_into"),
        ("restore", "restor_databases", "restore_databases"),
        ("users", "file", "users_file"),
        ("verify", "set", "verify_set"),
        ("restart", "service", "restart_services"),
        ("restore", "database", "restore_databases"),
        ("health", "check", "health_checks"),
        ("status", "projectname", "maxops_project_name"),
        ("restart", "host", "target"),
        ("restore", "hosts", "target"),
        ("backup", "limit", "target"),
        ("backup", "traget", "target"),
        ("backup", "targets", "target"),
        ("restore", "confirmed", "confirm"),
        ("health", "healt_checks", "health_checks"),
    ],
)
def test_a_word_of_the_command_line_is_refused_with_the_variable(name: str, variable: str, meant: str) -> None:
    assert typed(name, variable) == [f"{variable} is no option of {name}; did you mean {meant}?"]
    assert refused(name, variable) == []
    assert typed(name, variable, (variable,)) == []


@pytest.mark.parametrize(
    ("name", "variable"),
    [
        ("backup", "target"),
        ("restore", "set"),
        ("restore", "confirm"),
        ("backup", "confirm"),
        ("backup", "customer"),
        ("backup", "job"),
        ("backup", "environment"),
        ("restore", "ticket"),
        ("users", "user"),
        ("backup", "ansible_user"),
        ("backup", "awx_job_id"),
        ("backup", "tower_job_id"),
        ("drill", "verify_level"),  # an option of another role
    ],
)
def test_other_words_of_the_command_line_are_allowed(name: str, variable: str) -> None:
    assert typed(name, variable) == []


@pytest.mark.parametrize("name", roles)
def test_every_option_of_every_role_is_known_to_every_role(name: str) -> None:
    options = {option for other in roles for option in role(other).options()}
    assert len(options) > 150
    assert misspelt(role(name), sorted(options | set(FLEET)), sorted(options | set(FLEET)), ()) == ([], [])


def test_an_ordinary_run_reads_no_file(monkeypatch: pytest.MonkeyPatch) -> None:
    known = role("backup")
    monkeypatch.setattr(variables, "_options_in", lambda _path: pytest.fail("a file was read"))
    assert misspelt(
        known, [*known.defaults, *FLEET, "backup_result", "inventory_hostname"], ["maxops_confirm"], ()
    ) == ([], [])


def test_variables_of_the_fleet_are_those_of_the_reference() -> None:
    assert set(generate.words()["variables"]) - set(FLEET) == set(), "add them to FLEET in plugin_utils/actions"


def test_what_roles_register_is_known() -> None:
    for name in roles:
        for path in (ROOT / "roles" / name / "tasks").glob("*.yml"):
            text = path.read_text(encoding="utf-8")
            names = re.findall(r"register: (\w+)", text) + re.findall(r"set_fact:\n\s+(\w+):", text)
            made = {made for made in names if not made.startswith("__")}
            assert made - {f"{name}_result", *MADE_BY_ROLES} - role(name).options() == set(), path


@pytest.mark.parametrize(
    ("name", "option", "variable"),
    [
        ("backup", "project_name", "maxops_project_name"),
        ("backup", "databases", "backup_databases"),
        ("restore", "set", "restore_set"),
        ("restore", "confirm", "maxops_confirm"),
        ("cache", "cache_service", "maxops_cache_service"),
        ("monitoring", "repository", "maxops_repository"),
        ("drill", "accept", "drill_accept"),
        ("drill", "report_dir", "drill_report_dir"),
    ],
)
def test_variable_of_an_option(name: str, option: str, variable: str) -> None:
    assert role(name).variables()[option] == variable


def test_own_playbooks_are_those_beside_the_roles(tmp_path: Any) -> None:
    assert role("backup").runs_in_own_playbook(str(ROOT / "playbooks"))
    assert not role("backup").runs_in_own_playbook(str(tmp_path))
