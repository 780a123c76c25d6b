# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Layers are folders: who may import whom in plugins/module_utils, and proof that the rules notice a violation."""

from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.maxops.ops.tests.unit.checkout import ROOT
from ansible_collections.maxops.ops.tests.unit.layout.imports import PACKAGE, names_of, violations

UTILS = ROOT / "plugins" / "module_utils"

A_GOOD_TREE = {
    "module/frame.py": f"from {PACKAGE}.tools.errors import MaxopsError",
    "jobs/backup/job.py": f"from {PACKAGE}.storage import verdict\nfrom .plan import Plan",
    "jobs/backup/plan.py": f"from {PACKAGE}.systems.docker.stack import Stack\nclass Plan: pass",
    "jobs/restore/job.py": f"from {PACKAGE}.swap.swap import Swap",
    "swap/swap.py": f"from {PACKAGE}.tools.errors import MaxopsError\nclass Swap: pass",
    "transfer/roles.py": f"from {PACKAGE}.systems.postgresql.session import Session",
    "storage/verdict.py": "import json",
    "systems/docker/stack.py": "import docker\nclass Stack: pass",
    "systems/postgresql/session.py": f"import psycopg2\nfrom {PACKAGE}.systems.docker.stack import Stack",
    "systems/access.py": f"from {PACKAGE}.systems.docker.stack import Stack\n"
    f"from {PACKAGE}.systems.postgresql.session import Session",
    "systems/redis.py": f"from {PACKAGE}.tools.errors import MaxopsError",
    "tools/errors.py": "class MaxopsError(Exception): pass",
    "tools/http/client.py": "import requests\nfrom ..errors import MaxopsError",
}

WRONG = {
    "flat file": ("backup_job.py", "", "is in none of the layers"),
    "unknown layer": ("wings/job.py", "", "is in none of the layers"),
    "upward": ("storage/verdict.py", f"from {PACKAGE}.jobs.backup.plan import Plan", "is in a higher layer"),
    "upward, inside a function": (
        "tools/errors.py",
        f"def late():\n    from {PACKAGE}.storage import verdict",
        "is in a higher layer",
    ),
    "job to job": (
        "jobs/restore/job.py",
        f"from {PACKAGE}.jobs.backup.plan import Plan",
        "a job imports no other job",
    ),
    "swap to transfer": ("swap/swap.py", f"from {PACKAGE}.transfer import roles", "do not know each other"),
    "transfer to swap": ("transfer/roles.py", f"from {PACKAGE}.swap.swap import Swap", "do not know each other"),
    "system to system": ("systems/redis.py", f"from {PACKAGE}.systems.postgresql.session import Session", "no other"),
    "system to the whole stack": ("systems/redis.py", f"from {PACKAGE}.systems.access import Access", "no other"),
    "circle of files": (
        "jobs/backup/plan.py",
        "from .job import back_up",
        "these files import each other in a circle: jobs.backup.job, jobs.backup.plan",
    ),
    "circle of folders": (
        "systems/docker/stack.py",
        f"from {PACKAGE}.systems.postgresql.session import Session",
        "these folders import each other in a circle",
    ),
    "library": ("transfer/roles.py", "import psycopg2", "imports psycopg2, which only"),
    "library, by from": ("jobs/backup/plan.py", "from docker.errors import APIError", "imports docker, which only"),
    "ansible below the layer module": (
        "tools/errors.py",
        "from ansible.module_utils.basic import AnsibleModule",
        "imports ansible, which only",
    ),
    "full name inside a folder": (
        "jobs/backup/job.py",
        f"from {PACKAGE}.jobs.backup.plan import Plan",
        "write it relatively",
    ),
    "relative across folders": ("jobs/backup/job.py", "from ...storage import verdict", "write its full name"),
    "a file that is not there": ("storage/verdict.py", f"from {PACKAGE}.tools.moment import now", "is no file of"),
}


def test_module_utils_keeps_to_the_layers() -> None:
    assert violations(UTILS) == []
    assert len(names_of(UTILS)) > 100


def test_no_file_is_left_flat() -> None:
    assert [path.name for path in UTILS.glob("*.py")] == ["__init__.py"]


def planted(folder: Path, tree: dict[str, str]) -> Path:
    for name, text in tree.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text + "\n", encoding="utf-8")
    return folder


def test_good_tree_breaks_no_rule(tmp_path: Path) -> None:
    assert violations(planted(tmp_path, A_GOOD_TREE)) == []


@pytest.mark.parametrize("kind", WRONG)
def test_wrong_import_is_noticed(kind: str, tmp_path: Path) -> None:
    name, text, complaint = WRONG[kind]
    found = violations(planted(tmp_path, {**A_GOOD_TREE, name: text}))
    assert any(complaint in sentence for sentence in found), found


def test_rules_do_not_pass_over_an_empty_tree(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="asked about nothing"):
        violations(tmp_path)
