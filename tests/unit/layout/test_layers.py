# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The import rules of plugins/module_utils, and proof that each rule detects a violation."""

from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.maxops.ops.tests.unit.checkout import ROOT
from ansible_collections.maxops.ops.tests.unit.layout.imports import PACKAGE, names_of, violations

UTILS = ROOT / "plugins" / "module_utils"

CORRECT = {
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
    "flat file": ("backup_job.py", "", "is not in one of the layers"),
    "unknown layer": ("features/job.py", "", "is not in one of the layers"),
    "upward": ("storage/verdict.py", f"from {PACKAGE}.jobs.backup.plan import Plan", "is in a higher layer"),
    "upward, inside a function": (
        "tools/errors.py",
        f"def late():\n    from {PACKAGE}.storage import verdict",
        "is in a higher layer",
    ),
    "job to job": (
        "jobs/restore/job.py",
        f"from {PACKAGE}.jobs.backup.plan import Plan",
        "a job must not import another job",
    ),
    "swap to transfer": ("swap/swap.py", f"from {PACKAGE}.transfer import roles", "must not import each other"),
    "transfer to swap": ("transfer/roles.py", f"from {PACKAGE}.swap.swap import Swap", "must not import each other"),
    "system to system": (
        "systems/redis.py",
        f"from {PACKAGE}.systems.postgresql.session import Session",
        "may import",
    ),
    "system to the whole stack": (
        "systems/redis.py",
        f"from {PACKAGE}.systems.access import Access",
        "may import",
    ),
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
    "missing file": ("storage/verdict.py", f"from {PACKAGE}.tools.moment import now", "is not a file of"),
}


def test_module_utils_follows_the_import_rules() -> None:
    assert violations(UTILS) == []
    assert len(names_of(UTILS)) > 100


def test_every_file_is_in_a_layer() -> None:
    assert [path.name for path in UTILS.glob("*.py")] == ["__init__.py"]


def write_tree(folder: Path, tree: dict[str, str]) -> Path:
    for name, text in tree.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text + "\n", encoding="utf-8")
    return folder


def test_correct_tree_has_no_violation(tmp_path: Path) -> None:
    assert violations(write_tree(tmp_path, CORRECT)) == []


@pytest.mark.parametrize("kind", WRONG)
def test_wrong_import_is_detected(kind: str, tmp_path: Path) -> None:
    name, text, message = WRONG[kind]
    sentences = violations(write_tree(tmp_path, {**CORRECT, name: text}))
    assert any(message in sentence for sentence in sentences), sentences


def test_rules_do_not_accept_an_empty_tree(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="checked nothing"):
        violations(tmp_path)
