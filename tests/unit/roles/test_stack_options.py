# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One variable sets an option of the stack for all roles, and module_defaults reach the modules behind roles.

The roles run as Ansible runs them, in a copy of the collection whose modules only note what they are given.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from ansible_collections.maxops.ops.tests.unit.noted_roles import notes_of

STACK = {"project_name", "docker_host", "applications"}
CACHE = {"cache_service", "cache_password"}
DATABASE = {"database_service", "database_user", "database_password"}
OPTIONS: dict[str, set[str]] = {
    "backup": STACK | DATABASE | CACHE | {"repository"},
    "backups": {"project_name", "repository"},
    "cache": STACK | CACHE,
    "cleanup": STACK | {"repository"},
    "diagnose": STACK | DATABASE | CACHE,
    "drill": STACK | DATABASE | {"repository"},
    "health": STACK | DATABASE | CACHE | {"repository"},
    "logs": STACK,
    "monitoring": STACK | DATABASE | CACHE | {"repository"},
    "optimize": STACK | DATABASE,
    "restart": STACK | DATABASE,
    "restore": STACK | DATABASE | CACHE | {"repository"},
    "status": STACK,
    "verify": STACK | DATABASE | {"repository"},
}
"""Each role that works on a stack, and the options of the stack that its module takes."""

GROUPS = {
    "maxops": STACK,
    "project": {"project_name"},
    "database": DATABASE,
    "cache": CACHE,
    "repository": {"repository"},
}
EVERYTHING: dict[str, Any] = {name: f"our {name}" for names in OPTIONS.values() for name in names}
EVERYTHING["applications"] = {"openproject": ["web", "worker"], "gitea": ["server"]}
"""Every option of the stack with a value of its own."""


@pytest.fixture(scope="module")
def noted(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, dict[str, Any]]]:
    """What the first module of each role was given, by play and role."""
    fleet = {f"maxops_{name}": value for name, value in EVERYTHING.items()}
    own = {f"{role}_docker_host": f"socket of {role}" for role in OPTIONS}
    in_groups = {
        f"group/maxops.ops.{group}": {name: EVERYTHING[name] for name in names} for group, names in GROUPS.items()
    }
    plays = [
        play("nothing", {}, {}),
        play("fleet", fleet, {}),
        play("groups", {}, in_groups),
        play("own", {**fleet, **own}, in_groups),
    ]
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for note in notes_of(tmp_path_factory.mktemp("roles"), plays, {"changed": False}):
        if note["action"].endswith("check_options"):
            continue  # the first task of each role; it gets no option of the stack
        found.setdefault(note["play"], {}).setdefault(note["role"], note["args"])
    assert all(set(roles) == set(OPTIONS) for roles in found.values())
    return {name: {role: stack_of(given) for role, given in roles.items()} for name, roles in found.items()}


def play(name: str, variables: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
    """A play of all roles."""
    return {
        "name": name,
        "hosts": "localhost",
        "gather_facts": False,
        "vars": {"restore_state": "previous", "restore_confirm": "localhost", **variables},
        "module_defaults": dict(defaults),
        "tasks": [
            {
                "name": f"Role {role}",
                "ansible.builtin.include_role": {
                    "name": f"maxops.ops.{role}",
                    **({"tasks_from": "run"} if role == "monitoring" else {}),
                },
            }
            for role in OPTIONS
        ],
    }


def stack_of(given: Mapping[str, Any]) -> dict[str, Any]:
    """What a module was given of the stack's options."""
    return {name: value for name, value in given.items() if name in EVERYTHING}


def everything_of(role: str) -> dict[str, Any]:
    return {name: EVERYTHING[name] for name in OPTIONS[role]}


# Files and metrics on the host carry the names of the project and the repository, so this role always has both.
OF_MONITORING = {"project_name": "maxoperation", "repository": "/var/backups/maxops"}


def test_without_a_variable_the_modules_own_defaults_hold(noted: Any) -> None:
    expected: dict[str, Any] = {role: {} for role in OPTIONS}
    assert noted["nothing"] == {**expected, "monitoring": OF_MONITORING}


def test_one_variable_of_the_fleet_reaches_every_role(noted: Any) -> None:
    assert noted["fleet"] == {role: everything_of(role) for role in OPTIONS}


def test_module_defaults_reach_the_modules_behind_every_role(noted: Any) -> None:
    expected = {role: everything_of(role) for role in OPTIONS}
    expected["monitoring"].update(OF_MONITORING)
    assert noted["groups"] == expected


def test_a_roles_own_variable_comes_before_both(noted: Any) -> None:
    expected = {role: everything_of(role) for role in OPTIONS}
    for role, options in OPTIONS.items():
        if "docker_host" in options:
            # A scheduled health check uses the options of the role health for this host.
            expected[role]["docker_host"] = f"socket of {'health' if role == 'monitoring' else role}"
    assert noted["own"] == expected
