# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role host on hosts that print more than they were asked for, and on those that it cannot prepare."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.maxops.ops.tests.unit.checkout import ROOT

NOISY_SUDO = """#!/bin/bash
# Prints what sudo does on a host whose name is not in /etc/hosts, and what a login shell may print at its end.
echo 'sudo: unable to resolve host op-h1: Name or service not known'
echo '{"not": "ours"}'
while [[ $1 == -* ]]; do if [[ $1 == -u ]]; then shift; fi; shift; done
"$@"
code=$?
echo 'You have new mail in /var/mail/root'
echo 'logout }'
exit "$code"
"""


@pytest.fixture
def prepare(tmp_path: Path) -> Any:
    """Runs the role in check mode, with these variables of the host; gives its exit code and output in one line."""

    def run(**variables: Any) -> tuple[int, str]:
        common = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
        hosts = {"all": {"hosts": {"h1": {**common, **variables}}}}
        # What a role declares as its own only the command line can change.
        own = json.dumps({name: value for name, value in variables.items() if name.startswith("__")})
        (tmp_path / "hosts.yml").write_text(yaml.safe_dump(hosts), encoding="utf-8")
        play = [{"hosts": "all", "gather_facts": False, "roles": ["maxops.ops.host"]}]
        (tmp_path / "play.yml").write_text(yaml.safe_dump(play), encoding="utf-8")
        argv = [sys.executable, "-m", "ansible", "playbook", "--check", "-i", "hosts.yml", "-e", own, "play.yml"]
        environment = {
            **os.environ,
            "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".ansible" / "collections"),
            "ANSIBLE_NOCOLOR": "1",
        }
        done = subprocess.run(
            argv, cwd=tmp_path, env=environment, check=False, capture_output=True, text=True, timeout=120
        )
        return done.returncode, re.sub(r"\s+", " ", done.stdout + done.stderr)

    return run


def noisy(folder: Path) -> dict[str, Any]:
    sudo = folder / "noisy-sudo"
    sudo.write_text(NOISY_SUDO, encoding="utf-8")
    sudo.chmod(0o755)
    return {"ansible_become": True, "ansible_become_exe": str(sudo)}


def test_lines_of_sudo_and_of_the_shell_are_no_part_of_the_answer(prepare: Any, tmp_path: Path) -> None:
    code, output = prepare(**noisy(tmp_path))
    assert code == 0, output
    assert "changed=0" in output
    assert "h1 has everything that the modules of maxops.ops need" in output


def test_what_is_missing_is_found_under_a_noisy_sudo(prepare: Any, tmp_path: Path) -> None:
    code, output = prepare(**noisy(tmp_path), __host_modules=["docker", "maxops_never_installed"])
    assert code != 0
    assert "lacks maxops_never_installed (not installed), and it is a virtual environment" in output


def test_the_pythons_own_output_is_no_part_of_the_answer(prepare: Any, tmp_path: Path) -> None:
    (tmp_path / "chatty.py").write_text("print('chatty: a notice')\nprint('{')\n", encoding="utf-8")
    interpreter = tmp_path / "python"
    interpreter.write_text(f'#!/bin/sh\nPYTHONPATH={tmp_path} exec {sys.executable} "$@"\n', encoding="utf-8")
    interpreter.chmod(0o755)
    code, output = prepare(ansible_python_interpreter=str(interpreter), __host_modules=["docker", "chatty"])
    assert code == 0, output


def test_an_old_python_is_refused_in_one_sentence(prepare: Any) -> None:
    version = ".".join(str(number) for number in sys.version_info[:3])
    code, output = prepare(__host_python_minimum="3.99")
    assert code != 0
    assert f"h1 runs modules with Python {version} (" in output
    assert "this collection needs 3.99 or later. Next: install a later Python on the host" in output


def test_the_minimum_is_that_of_the_documentation() -> None:
    own = yaml.safe_load((ROOT / "roles" / "host" / "vars" / "main.yml").read_text(encoding="utf-8"))
    minimum = own["__host_python_minimum"]
    assert f"Python ≥ {minimum}" in (ROOT / "README.md").read_text(encoding="utf-8")


def test_no_role_reads_the_output_of_a_script_that_sudo_may_add_to() -> None:
    """ansible.builtin.script returns all that the connection prints; a module's result holds its own output only."""
    tasks = [path for path in (ROOT / "roles").rglob("*.yml") if "ansible.builtin.script" in _code(path)]
    assert tasks == []


def _code(path: Path) -> str:
    return json.dumps(yaml.safe_load(path.read_text(encoding="utf-8")))
