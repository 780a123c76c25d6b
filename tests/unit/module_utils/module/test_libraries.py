# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A module imports only the libraries that it uses, and starts without them all."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from ansible_collections.maxops.ops.tests.unit.checkout import ROOT
from ansible_collections.maxops.ops.tests.unit.module_utils.module.test_options import fragments_of

LIBRARIES: dict[str, set[str]] = {
    "alert": {"apprise", "requests"},
    "backup": {"docker", "psycopg2"},
    "backup_info": set(),
    "cache": {"docker"},
    "cleanup": {"docker"},
    "diagnose": {"docker", "psycopg2"},
    "gitea_admin": {"docker", "requests"},
    "gitea_user": {"requests"},
    "health_check": {"psycopg2"},
    "logs": {"docker"},
    "metrics": set(),
    "openproject_user": {"requests"},
    "optimize": {"docker", "psycopg2"},
    "restart": {"docker", "psycopg2"},
    "restore": {"docker", "psycopg2"},
    "status": set(),
    "verify": {"docker", "psycopg2"},
}
"""Module → libraries that it tries to import while it is imported."""

BLOCKED = """
import importlib, json, sys

class Blocker:
    tried = set()

    def find_spec(self, name, path=None, target=None):
        library = name.partition(".")[0]
        if library in {"apprise", "docker", "psycopg2", "requests"}:
            self.tried.add(library)
            raise ImportError(f"{library} is not installed here")

sys.meta_path.insert(0, Blocker())
importlib.import_module("ansible_collections.maxops.ops.plugins.modules." + sys.argv[1])
print(json.dumps(sorted(Blocker.tried)))
"""


def tried_by(module: str) -> set[str]:
    """Libraries that a module tries to import in a process in which none of them is there."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT / ".ansible" / "collections")}
    done = subprocess.run(
        [sys.executable, "-c", BLOCKED, module], check=True, capture_output=True, text=True, env=environment
    )
    return set(json.loads(done.stdout))


@pytest.mark.parametrize("module", LIBRARIES)
def test_module_imports_only_the_libraries_that_it_uses(module: str) -> None:
    assert tried_by(module) == LIBRARIES[module]


def test_documentation_asks_for_no_other_library() -> None:
    for module, libraries in LIBRARIES.items():
        fragments = fragments_of(module)
        assert ("stack.docker" in fragments) == ("docker" in libraries), module
        assert ("stack.database" in fragments) == ("psycopg2" in libraries), module
