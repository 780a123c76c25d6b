# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The addresses that the role users gives to its modules, by what the inventory says about the stack.

The role runs as Ansible runs it, in a copy of the collection whose modules only note what they are given.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.maxops.ops.tests.unit.checkout import ROOT

NOTE = """
import json, os
from ansible.plugins.action import ActionBase

class ActionModule(ActionBase):
    _supports_check_mode = True

    def run(self, tmp=None, task_vars=None):
        with open(os.environ["NOTES"], "a") as stream:
            note = {"play": self._task.play.name, "action": self._task.action.split(".")[-1], "args": self._task.args}
            stream.write(json.dumps(note, default=str) + chr(10))
        return {"changed": False, "gitea": [], "openproject": [], "count": 0, "remarks": [], "failed": False}
"""
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
    folder: Path = tmp_path_factory.mktemp("users")
    copy = folder / "ansible_collections" / "maxops" / "ops"
    (copy / "plugins" / "action").mkdir(parents=True)
    for name in ("roles", "meta", "galaxy.yml"):
        (copy / name).symlink_to(ROOT / name)
    (copy / "plugins" / "modules").symlink_to(ROOT / "plugins" / "modules")
    for path in (ROOT / "plugins" / "modules").glob("*.py"):
        (copy / "plugins" / "action" / path.name).write_text(NOTE)
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
    (folder / "plays.yml").write_text(yaml.safe_dump(plays, sort_keys=False))
    environment = {
        **os.environ,
        "ANSIBLE_COLLECTIONS_PATH": str(folder),
        "NOTES": str(folder / "notes"),
        "NO_COLOR": "1",
    }
    argv = [sys.executable, "-m", "ansible", "playbook", "-i", "localhost,", "-c", "local", str(folder / "plays.yml")]
    done = subprocess.run(argv, cwd=folder, env=environment, check=False, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for line in (folder / "notes").read_text().splitlines():
        note = json.loads(line)
        given = {name: value for name, value in note["args"].items() if name in ADDRESSES}
        found.setdefault((note["play"], note["action"]), given)
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
