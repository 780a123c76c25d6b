# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs roles as Ansible runs them, in a copy of the collection whose modules only note what they are given."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from ansible_collections.maxops.ops.tests.unit.checkout import ROOT

NOTE = """
import json, os
from ansible.plugins.action import ActionBase

class ActionModule(ActionBase):
    _supports_check_mode = True

    def run(self, tmp=None, task_vars=None):
        role = self._task._role.get_name(include_role_fqcn=False) if self._task._role else ""
        with open(os.environ["NOTES"], "a") as stream:
            note = {"play": self._task.play.name, "role": role, "action": self._task.action, "args": self._task.args}
            stream.write(json.dumps(note, default=str) + chr(10))
        return json.loads(os.environ["ANSWER"])
"""


def notes_of(folder: Path, plays: Sequence[Mapping[str, Any]], answer: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What the modules were given, in order: play, role, action and args. Each module answers the same."""
    copy = folder / "ansible_collections" / "maxops" / "ops"
    (copy / "plugins" / "action").mkdir(parents=True)
    for name in ("roles", "meta", "galaxy.yml"):
        (copy / name).symlink_to(ROOT / name)
    (copy / "plugins" / "modules").symlink_to(ROOT / "plugins" / "modules")
    for path in (ROOT / "plugins" / "modules").glob("*.py"):
        (copy / "plugins" / "action" / path.name).write_text(NOTE)
    (folder / "plays.yml").write_text(yaml.safe_dump(list(plays), sort_keys=False))
    environment = {
        **os.environ,
        "ANSIBLE_COLLECTIONS_PATH": str(folder),
        "NOTES": str(folder / "notes"),
        "ANSWER": json.dumps(answer),
        "NO_COLOR": "1",
    }
    argv = [sys.executable, "-m", "ansible", "playbook", "-i", "localhost,", "-c", "local", str(folder / "plays.yml")]
    done = subprocess.run(argv, cwd=folder, env=environment, check=False, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    return [json.loads(line) for line in (folder / "notes").read_text().splitlines()]
