# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a complete backup still says: object storage, and data that goes with its container."""

from __future__ import annotations

from ansible_collections.maxops.ops.plugins.module_utils.jobs.backup.options import BackupOptions
from ansible_collections.maxops.ops.plugins.module_utils.jobs.backup.remarks import (
    report_data_folder,
    report_object_storage,
)
from ansible_collections.maxops.ops.plugins.module_utils.jobs.backup.values import BackupPlan
from ansible_collections.maxops.ops.plugins.module_utils.storage.repository.local import Repository
from ansible_collections.maxops.ops.plugins.module_utils.systems.access import Access
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.stack import Container
from ansible_collections.maxops.ops.tests.unit.stacks import container, stack_of, volume_mount


def plan_of(*containers: Container) -> BackupPlan:
    return BackupPlan(stack_of(*containers), Repository("/r"))


def test_object_storage_is_said_once_for_each_application() -> None:
    fog = {"OPENPROJECT_ATTACHMENTS__STORAGE": "fog"}
    minio = {"GITEA__attachment__STORAGE_TYPE": "minio", "GITEA__lfs__STORAGE_TYPE": "minio"}
    plan = plan_of(
        container("web", environment=fog), container("worker", environment=fog), container("gitea", environment=minio)
    )
    report_object_storage(plan)
    assert [(entry["application"], entry["what"], entry["type"]) for entry in plan.object_storage] == [
        ("OpenProject", "attachments", "fog"),
        ("Gitea", "attachment", "minio"),
        ("Gitea", "lfs", "minio"),
    ]
    openproject, gitea = plan.warnings
    assert openproject == (
        "OpenProject keeps attachments in object storage (OPENPROJECT_ATTACHMENTS__STORAGE=fog): they are in no set; "
        "back up that storage by its own means"
    )
    assert gitea.startswith(
        "Gitea keeps attachments, LFS objects in object storage (GITEA__attachment__STORAGE_TYPE=minio, "
        "GITEA__lfs__STORAGE_TYPE=minio): "
    )


def test_files_in_folders_need_no_remark() -> None:
    plan = plan_of(container("web", environment={"OPENPROJECT_ATTACHMENTS__STORAGE": "file"}), container("gitea"))
    report_object_storage(plan)
    assert (plan.object_storage, plan.warnings) == ([], [])


def test_data_of_the_server_in_an_unnamed_volume_is_said() -> None:
    plan = plan_of(container("postgres", volume_mount("0a" * 32, target="/var/lib/postgresql/data")))
    report_data_folder(plan, BackupOptions(Access("shop"), "/r"))
    [warning] = plan.warnings
    assert warning.startswith(
        "the data of PostgreSQL lies in an unnamed volume (0a0a0a0a0a0a): `docker compose down -v`"
    )
    assert "/var/lib/postgresql/data of service postgres" in warning
    report_data_folder(plan, BackupOptions(Access("shop", database_service="other"), "/r"))
    assert len(plan.warnings) == 1
