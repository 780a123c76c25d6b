# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Configuration that is missing makes the set incomplete, until it is excluded by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.jobs.backup.configuration import (
    plan_configuration,
    report_lacks,
)
from ansible_collections.maxops.ops.plugins.module_utils.jobs.backup.options import BackupOptions
from ansible_collections.maxops.ops.plugins.module_utils.jobs.backup.values import BackupPlan, VolumePart
from ansible_collections.maxops.ops.plugins.module_utils.storage.repository.local import Repository
from ansible_collections.maxops.ops.plugins.module_utils.systems.access import Access
from ansible_collections.maxops.ops.plugins.module_utils.transfer.configuration_files import Lack
from ansible_collections.maxops.ops.tests.unit.stacks import CONFIG_FILES, WORKING_DIR, bind, container, stack_of


def planned(folder: str, *exclude: str) -> BackupPlan:
    labels = {WORKING_DIR: folder, CONFIG_FILES: f"{folder}/docker-compose.yml"}
    plan = BackupPlan(stack_of(container("app", labels=labels)), Repository("/nowhere"))
    plan_configuration(plan, BackupOptions(Access("shop"), "/nowhere", exclude=exclude))
    return plan


def test_stack_without_compose_files_is_incomplete() -> None:
    plan = planned("/gone")
    [sentence] = plan.incomplete
    assert sentence.startswith(
        'configuration "Compose files" is not in the set: no Compose file and no .env of this stack was found on this '
        "host (labels name /gone/docker-compose.yml): the set cannot start the applications again; "
    )
    assert sentence.endswith(", or name it in exclude")


@pytest.mark.parametrize("pattern", ["Compose files", "Compose*"])
def test_compose_files_are_accepted_as_missing_by_name(pattern: str) -> None:
    plan = planned("/gone", pattern)
    assert plan.incomplete == []
    assert plan.left_out == [{"kind": "configuration", "name": "Compose files", "reason": "excluded"}]


@pytest.mark.parametrize(("pattern", "taken"), [("*latest*", True), ("*/latest/.env", False)])
def test_pattern_for_names_leaves_out_no_file_whose_path_matches_it(tmp_path: Path, pattern: str, taken: bool) -> None:
    folder = tmp_path / "latest"
    folder.mkdir()
    (folder / ".env").touch()
    files = planned(str(folder), pattern, "Compose files").configuration.files
    assert [file.path for file in files] == ([".env"] if taken else [])


def test_configuration_inside_a_folder_that_is_left_out_is_taken(tmp_path: Path) -> None:
    (tmp_path / "data/nginx").mkdir(parents=True)
    (tmp_path / ".env").touch()
    mounts = [bind(f"{tmp_path}/data", "/data", writable=True), bind(f"{tmp_path}/data/nginx", "/etc/nginx")]
    app = container("app", *mounts, labels={WORKING_DIR: str(tmp_path)})
    plan = BackupPlan(stack_of(app), Repository("/nowhere"))
    plan.volumes = [VolumePart(f"{tmp_path}/data", "", f"{tmp_path}/data", 1, 1, (), kind="folder")]
    options = BackupOptions(Access("shop"), "/nowhere", exclude=["Compose files"])
    plan_configuration(plan, options)
    assert [file.path for file in plan.configuration.files] == [".env"]
    plan.volumes = []
    plan_configuration(plan, options)
    assert [file.path for file in plan.configuration.files] == ["data/nginx", ".env"]


def test_file_that_could_not_be_read_makes_the_set_incomplete_once() -> None:
    plan = planned("/gone", "Compose files")
    plan.configuration.lacks.append(Lack("/x/.env", "it could not be read", "see why", "…"))
    report_lacks(plan, plan.configuration)
    report_lacks(plan, plan.configuration)
    assert len(plan.incomplete) == 1
    assert plan.incomplete[0].startswith('configuration "/x/.env" is not in the set: it could not be read; see why')
