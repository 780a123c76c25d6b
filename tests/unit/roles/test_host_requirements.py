# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the role host finds missing: also a pair of versions that do not work together."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ansible_collections.maxops.ops.tests.unit.checkout import ROOT

SCRIPT = ROOT / "roles" / "host" / "files" / "requirements.py"


def missing(folder: Path, **versions: str) -> dict[str, str]:
    """The modules with a problem, for packages of these versions."""
    for name, version in versions.items():
        (folder / f"{name}.py").write_text(f'__version__ = "{version}"\n')
    argv = [sys.executable, str(SCRIPT), "docker,requests", "sh"]
    environment = {**os.environ, "PYTHONPATH": str(folder)}
    done = subprocess.run(argv, check=True, capture_output=True, text=True, env=environment)
    found: dict[str, str] = json.loads(done.stdout)["modules"]
    return found


def test_docker_before_7_1_does_not_work_with_requests_2_32(tmp_path: Path) -> None:
    assert missing(tmp_path, docker="6.1.3", requests="2.32.3") == {
        "docker": "6.1.3 does not work with requests 2.32.3, docker 7.1 or later does"
    }


@pytest.mark.parametrize(
    ("docker", "requests"), [("5.0.3", "2.28.1"), ("7.1.0", "2.32.3"), ("6.1.3", "2.31.0"), ("7.1.0.dev1", "2.33.0")]
)
def test_other_pairs_are_fine(tmp_path: Path, docker: str, requests: str) -> None:
    assert missing(tmp_path, docker=docker, requests=requests) == {}
