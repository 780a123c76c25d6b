# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan of a backup: what it takes, how, and whether there is enough space. Changes nothing."""

from __future__ import annotations

import shutil
from collections.abc import Sequence

from ansible_collections.maxops.ops.plugins.module_utils.storage.coverage import parts_of
from ansible_collections.maxops.ops.plugins.module_utils.storage.origin import here
from ansible_collections.maxops.ops.plugins.module_utils.storage.repository.interface import KeptSet
from ansible_collections.maxops.ops.plugins.module_utils.storage.repository.local import Repository
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.installation import refuse_unusual
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError
from ansible_collections.maxops.ops.plugins.module_utils.tools.files import free_bytes
from ansible_collections.maxops.ops.plugins.module_utils.tools.process import require_program
from ansible_collections.maxops.ops.plugins.module_utils.tools.words import human_size

from .configuration import plan_configuration
from .databases import plan_databases
from .folders import plan_volumes
from .host_folders import plan_folders
from .options import BackupOptions
from .remarks import report_data_folder, report_object_storage, report_unclear_cache
from .values import BackupPlan, PreviousParts

MARGIN = 64 * 1000 * 1000


def make_plan(options: BackupOptions) -> BackupPlan:
    """Make the plan of a backup. Raises MaxopsError for anything that would stop the backup later."""
    repository = Repository(options.repository)
    repository.check_usable()
    stack = options.access.connect()
    refuse_unusual(stack, "backup")
    plan = BackupPlan(stack, repository, here(options.access.project_name))
    plan.warnings += repository.remarks()
    ownership = repository.of(plan.origin)
    plan.warnings += ownership.remarks()
    previous = _previous_parts(ownership.own)
    plan_databases(plan, options, previous)
    plan_volumes(plan, options, previous)
    plan_folders(plan, options, previous)
    plan_configuration(plan, options)
    report_object_storage(plan)
    report_data_folder(plan, options)
    report_unclear_cache(plan, options)
    if not plan.databases and not plan.volumes:
        if plan.incomplete:
            raise MaxopsError(f"{' | '.join(plan.incomplete)}. Nothing else is left to back up, so no set was made")
        raise MaxopsError(
            f'no part of project "{options.access.project_name}" is left to back up; '
            "check databases, volumes, folders and exclude"
        )
    _choose_compression(plan, options)
    estimates = [part.estimate for part in plan.databases] + [part.estimate for part in plan.volumes]
    plan.need = sum(estimates) + MARGIN
    plan.free = free_bytes(repository.path)
    # Leftovers of killed jobs are removed before anything is written, so their space counts as free.
    free = plan.free + repository.leftover_bytes()
    if options.space_check and plan.need > free:
        raise MaxopsError(
            f"repository {repository.path} has {human_size(free)} free and this backup may need "
            f"{human_size(plan.need)}: "
            "free some space, keep fewer sets (retention), or set space_check to false to try anyway"
        )
    return plan


def _choose_compression(plan: BackupPlan, options: BackupOptions) -> None:
    wanted = options.compression
    if plan.databases:
        plan.dump_compression = _dump_compression(plan, wanted)
    plan.packer = wanted
    if wanted == "auto":
        plan.packer = "zstd" if shutil.which("zstd") else "gzip"
        if plan.packer == "gzip" and plan.volumes:
            plan.warnings.append(
                "zstd is not installed on this host, so volumes are compressed with gzip, many times slower; "
                "the playbook maxops.ops.host installs it"
            )
    if plan.volumes:
        for program in ("tar", plan.packer):
            if program != "none":
                require_program(program)


def _dump_compression(plan: BackupPlan, wanted: str) -> str:
    if wanted == "none":
        return "0"
    if wanted == "gzip":
        return "6"
    container = plan.require_container()
    # pg_dump checks its compression before it connects: with a host that does not exist, it shows whether it has zstd.
    probe = [
        "pg_dump",
        "--format=custom",
        "--compress=zstd:1",
        "--file=/dev/null",
        "--host=/nowhere",
        "--dbname=postgres",
    ]
    _code, output = plan.stack.execute(container, probe)
    if "/nowhere" in output:
        return "zstd:1"
    if wanted == "zstd":
        raise MaxopsError(
            f"pg_dump in container {container.name} (PostgreSQL {plan.server_version}) has no zstd: "
            "set compression to auto or gzip, or move to PostgreSQL 16 or later"
        )
    return "1"


def _previous_parts(own: Sequence[KeptSet]) -> PreviousParts:
    """(kind, name) → (source bytes, stored bytes) in the newest set of this host that has the part."""
    return {key: (part["source_bytes"], part["bytes"]) for kept in own for key, part in parts_of(kept.manifest).items()}
