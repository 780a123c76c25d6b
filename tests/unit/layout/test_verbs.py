# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One word per verb: the playbook's name leads to its role, module, job, summary and tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.maxops.ops.tests.unit.checkout import ROOT
from ansible_collections.maxops.ops.tests.unit.layout.content import load
from ansible_collections.maxops.ops.tests.unit.layout.verbs import EXCEPTIONS, HELPERS, OF_ALL, verb_of, violations

WRONG = {
    "playbook": ("playbooks/tune.yml", "tune is missing among the roles"),
    "role": ("roles/tending/tasks/main.yml", "tending of the roles has neither a playbook"),
    "module": ("plugins/modules/database_care.py", "database_care of the modules has neither a playbook"),
    "job": ("plugins/module_utils/jobs/care/job.py", "care of the jobs has neither a playbook"),
    "summary": ("plugins/plugin_utils/summary/care.py", "care of the summaries has neither a playbook"),
    "tests of a job": ("tests/unit/module_utils/jobs/diagnosis/test_job.py", "diagnosis has no job"),
    "tests of a summary": ("tests/unit/plugin_utils/summary/test_care.py", "test_care.py has no summary"),
}


def tree(folder: Path) -> Path:
    """A tree of empty files with the names of the collection."""
    verbs = {path.stem: verb_of(path.stem) for path in (ROOT / "playbooks").glob("*.yml")}
    names = [f"playbooks/{playbook}.yml" for playbook in verbs]
    for verb in verbs.values():
        names += [f"plugins/modules/{module}.py" for module in verb.modules]
        names += [f"roles/{verb.role}/tasks/main.yml"] if verb.role else []
        names += [f"plugins/plugin_utils/summary/{verb.summary}.py"] if verb.summary else []
        if verb.job:
            names += [
                f"plugins/module_utils/jobs/{verb.job}/job.py",
                f"tests/unit/module_utils/jobs/{verb.job}/test_x.py",
            ]
    names += [f"roles/{role}/tasks/main.yml" for role in HELPERS]
    names += [f"plugins/modules/{module}.py" for module in OF_ALL]
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


def test_every_name_is_the_word_of_its_verb() -> None:
    assert violations(ROOT) == []


def test_a_tree_of_these_names_has_no_violation(tmp_path: Path) -> None:
    assert violations(tree(tmp_path)) == []


@pytest.mark.parametrize("kind", WRONG)
def test_wrong_name_is_detected(kind: str, tmp_path: Path) -> None:
    name, message = WRONG[kind]
    folder = tree(tmp_path)
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).touch()
    assert any(message in sentence for sentence in violations(folder)), violations(folder)


def test_a_job_without_tests_is_detected(tmp_path: Path) -> None:
    (tree(tmp_path) / "tests/unit/module_utils/jobs/optimize").rename(tmp_path / "elsewhere")
    assert "the job optimize has no folder of tests" in violations(tmp_path)


def test_every_exception_has_its_playbook() -> None:
    assert [name for name in EXCEPTIONS if not (ROOT / "playbooks" / f"{name}.yml").exists()] == []


def test_playbook_runs_the_role_of_its_verb() -> None:
    for path in (ROOT / "playbooks").glob("*.yml"):
        included = [
            task["ansible.builtin.include_role"]["name"].removeprefix("maxops.ops.")
            for play in load(path)
            for task in play["tasks"]
            if "ansible.builtin.include_role" in task
        ]
        own = verb_of(path.stem).role
        assert [role for role in included if role == own or role not in HELPERS] == [own], path.name
