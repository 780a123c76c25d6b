# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The addresses that the role users gives to its modules, by what the inventory says about the stack.

The role runs as Ansible runs it, in a copy of the collection whose modules only note what they are given.
"""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.maxops.ops.tests.unit.noted_roles import notes_of

CASES: dict[str, dict[str, Any]] = {
    "nothing": {},
    "port": {"stack_gateway_port": 9100},
    "certificate": {"stack_gateway_port": 443, "stack_tls_certificate": "/etc/ssl/a.pem"},
    "public": {"stack_gateway_port": 9100, "stack_public_url": "https://ops.example.com/"},
    "own": {
        "stack_gateway_port": 9100,
        "users_gitea_url": "https://git.example.com",
        "users_openproject_url": "https://op.example.com",
    },
    "project": {"maxops_project_name": "second", "maxops_docker_host": "unix:///run/two.sock"},
}
ADDRESSES = ("api_url", "fallback_url", "project_name", "docker_host")


@pytest.fixture(scope="module")
def noted(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], dict[str, Any]]:
    """The addresses that each module was given first, by case and module."""
    usual = {"users_people": [], "users_gitea_token": "a", "users_openproject_token": "b", "users_report_only": True}
    plays = [
        {
            "name": name,
            "hosts": "localhost",
            "gather_facts": False,
            "vars": {**usual, **variables},
            "tasks": [{"name": "Role", "ansible.builtin.include_role": {"name": "maxops.ops.users"}}],
        }
        for name, variables in CASES.items()
    ]
    found: dict[tuple[str, str], dict[str, Any]] = {}
    answer = {"changed": False, "gitea": [], "openproject": [], "count": 0, "remarks": [], "failed": False}
    for note in notes_of(tmp_path_factory.mktemp("users"), plays, answer):
        given = {name: value for name, value in note["args"].items() if name in ADDRESSES}
        found.setdefault((note["play"], note["action"].rpartition(".")[2]), given)
    return found


@pytest.mark.parametrize(
    ("case", "gitea", "openproject"),
    [
        ("nothing", {}, {}),
        ("port", {"fallback_url": "http://localhost:9100/git"}, {"fallback_url": "http://localhost:9100"}),
        ("certificate", {"fallback_url": "https://localhost:443/git"}, {"fallback_url": "https://localhost:443"}),
        ("public", {"fallback_url": "https://ops.example.com/git"}, {"fallback_url": "https://ops.example.com"}),
        (
            "project",
            {"project_name": "second", "docker_host": "unix:///run/two.sock"},
            {"project_name": "second", "docker_host": "unix:///run/two.sock"},
        ),
    ],
)
def test_default_addresses_follow_the_stack(noted: Any, case: str, gitea: Any, openproject: Any) -> None:
    assert noted[case, "gitea_user"] == gitea
    assert noted[case, "openproject_user"] == openproject


def test_an_address_of_the_operator_wins(noted: Any) -> None:
    assert noted["own", "gitea_user"]["api_url"] == "https://git.example.com"
    assert noted["own", "openproject_user"]["api_url"] == "https://op.example.com"
