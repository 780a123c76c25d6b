# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Messages name the variable that an operator types, and nothing else in them is changed."""

from __future__ import annotations

import pytest

from ansible_collections.maxops.ops.plugins.plugin_utils.actions.variables import Role
from ansible_collections.maxops.ops.plugins.plugin_utils.actions.wording import in_variables
from ansible_collections.maxops.ops.tests.unit.checkout import ROOT
from ansible_collections.maxops.ops.tests.unit.layout.content import load


def said(role: str, text: str) -> str:
    folder = ROOT / "roles" / role
    names = Role(role, str(folder), load(folder / "defaults" / "main.yml")).variables()
    return str(in_variables({"msg": text}, lambda: names)["msg"])


@pytest.mark.parametrize(
    ("role", "text", "shown"),
    [
        ("status", "set project_name to one of them, or", "set maxops_project_name to one of them, or"),
        ("status", "correct docker_host (maxops_docker_host): there", "correct maxops_docker_host: there"),
        ("restore", "correct the option file", "correct the option restore_file"),
        ("restore", "that it was made of in source_project", "that it was made of in restore_source_project"),
        ("restore", "To restore it anyway: force=2026", "To restore it anyway: restore_force=2026"),
        ("restore", "give another name in into, or drop it", "give another name in restore_into, or drop it"),
        (
            "restore",
            "correct the options databases, volumes and folders",
            "correct the options restore_databases, restore_volumes and restore_folders",
        ),
        (
            "restore",
            "give exactly one of set, before and file (before may come with set latest)",
            "give exactly one of restore_set, restore_before and restore_file (before may come with set latest)",
        ),
        ("backup", "or name it in exclude", "or name it in backup_exclude"),
        ("backup", "or set space_check to false to try anyway", "or set backup_space_check to false to try anyway"),
        ("health", "see (ss -ltnp), or set gateway_url", "see (ss -ltnp), or set health_gateway_url"),
        ("verify", "a backup with quiesce pause does not have this", "a backup with quiesce pause does not have this"),
        ("backup", "a backup with quiesce pause", "a backup with backup_quiesce pause"),
        ("logs", "raise the timeout", "raise the timeout"),
        ("restore", "set 20261123T020000Z was made on another host", "set 20261123T020000Z was made on another host"),
        ("restore", "and its databases, volumes and folders", "and its databases, volumes and folders"),
        ("restore", "restore_state=previous swaps it back", "restore_state=previous swaps it back"),
        ("restore", "docker compose --project-name x --file /a/file", "docker compose --project-name x --file /a/file"),
        ("backup", 'the folder "/srv/project_name" is', 'the folder "/srv/project_name" is'),
        ("cache", "or name the right service in cache_service", "or name the right service in maxops_cache_service"),
    ],
)
def test_options_become_variables(role: str, text: str, shown: str) -> None:
    assert said(role, text) == shown


def test_advice_anywhere_in_a_result_is_changed_and_nothing_else_is() -> None:
    result = {
        "remarks": ["raise step_timeout"],
        "findings": [{"seen": "step_timeout", "fix": "raise step_timeout"}],
        "name": "step_timeout",
        "count": 3,
    }
    assert in_variables(result, lambda: {"step_timeout": "diagnose_step_timeout"}) == {
        "remarks": ["raise diagnose_step_timeout"],
        "findings": [{"seen": "step_timeout", "fix": "raise diagnose_step_timeout"}],
        "name": "step_timeout",
        "count": 3,
    }


def test_changed_failure_is_printed_with_the_changed_message() -> None:
    names = {"docker_host": "maxops_docker_host"}
    failure = {"failed": True, "msg": "name its socket in docker_host", "exception": "the first message"}
    assert in_variables(failure, lambda: names) == {"failed": True, "msg": "name its socket in maxops_docker_host"}
    other = {"failed": True, "msg": "no space", "exception": "a traceback"}
    assert in_variables(other, lambda: names) == other


def test_a_result_without_advice_needs_no_names() -> None:
    result = {"changed": False, "remarks": [], "msg": ""}
    assert in_variables(result, lambda: pytest.fail("a file was read")) is result


def test_a_task_in_no_role_keeps_the_words_of_the_module() -> None:
    assert in_variables({"msg": "set project_name to x"}, dict) == {"msg": "set project_name to x"}
