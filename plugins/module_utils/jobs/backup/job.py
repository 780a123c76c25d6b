# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Making a backup set: all parts side by side, published complete or not at all."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from functools import partial
from typing import Any, Callable

from ansible_collections.maxops.ops.plugins.module_utils.storage import backup_set
from ansible_collections.maxops.ops.plugins.module_utils.storage.changes import check_names
from ansible_collections.maxops.ops.plugins.module_utils.swap.recovery import recover
from ansible_collections.maxops.ops.plugins.module_utils.swap.removal import expire_previous
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError
from ansible_collections.maxops.ops.plugins.module_utils.tools.files import (
    free_bytes,
    fsync_folders,
    is_disk_full,
    list_files,
    remove_tree,
    sha256_and_sync,
)
from ansible_collections.maxops.ops.plugins.module_utils.tools.moments import timestamp, utc_now
from ansible_collections.maxops.ops.plugins.module_utils.tools.process import Cancellation
from ansible_collections.maxops.ops.plugins.module_utils.tools.progress import Part, Progress
from ansible_collections.maxops.ops.plugins.module_utils.tools.version import VERSION
from ansible_collections.maxops.ops.plugins.module_utils.tools.words import human_size
from ansible_collections.maxops.ops.plugins.module_utils.tools.workers import Slots, run_all
from ansible_collections.maxops.ops.plugins.module_utils.transfer import programs
from ansible_collections.maxops.ops.plugins.module_utils.transfer.configuration import (
    copy_configuration,
    write_effective,
)
from ansible_collections.maxops.ops.plugins.module_utils.transfer.keys import keys_of, recorded

from . import ending, volumes
from .configuration import report_lacks
from .dumps import Dumps
from .options import BackupOptions
from .pausing import copy_at_rest
from .plan import make_plan
from .values import BackupPlan, DatabasePart

Task = Callable[[], "list[dict[str, Any]]"]
"""Makes some parts of the set; returns their entries for the manifest."""

PartKey = tuple[str, str]
"""Kind and name of a part; roles and configuration have no name."""


def _preview(options: BackupOptions) -> dict[str, Any]:
    """The result that :func:`back_up` would have now; changes nothing."""
    plan = make_plan(options)
    set_id = plan.repository.free_id(utc_now())
    path = os.path.join(plan.repository.sets_path, set_id)
    parts = _planned_parts(plan)
    manifest = {"set_id": set_id, "parts": ending.expected(plan, parts), **ending.identity(plan, options)}
    changes, remarks = ending.shrunk(plan, options, manifest)
    manifest["shrunk"] = [change.to_dict() for change in changes]
    return {
        "changed": True,
        "set_id": set_id,
        "path": path,
        "parts": parts,
        **_facts(plan),
        **_ending(plan, options, manifest, path, check_mode=True),
        "bytes": sum(part["bytes"] for part in parts),
        "warnings": remarks + plan.warnings,
    }


def _planned_parts(plan: BackupPlan) -> list[dict[str, Any]]:
    return [
        {"kind": "database", "name": part.name, "source_bytes": part.facts.size, "bytes": part.estimate}
        for part in plan.databases
    ] + [
        {"kind": part.kind, "name": part.name, "source_bytes": part.size, "bytes": part.estimate}
        for part in plan.volumes
    ]


def back_up(options: BackupOptions, check_mode: bool = False) -> dict[str, Any]:
    """Make one backup set of the stack and apply retention. Raises MaxopsError; then no partial set is left behind.

    The result's ``failure`` is not empty when a set was made and the run failed nevertheless, because it lacks a part.
    """
    check_names(options.accept_changes)
    if check_mode:
        return _preview(options)
    started = time.monotonic()
    purpose = f"backup of {options.access.project_name}"
    recovered = recover(options.access)
    plan = make_plan(options)
    plan.warnings += [recovered] if recovered else []
    with options.access.locked(purpose), plan.repository.locked(purpose):
        plan.warnings += expire_previous(options.access)[1]
        plan.stack.remove_helpers(plan.repository.path)
        removed_leftovers, remarks = plan.repository.clean_staging()
        plan.warnings += remarks
        set_id, layout = plan.repository.begin(utc_now())
        try:
            manifest = Backup(options, plan, set_id, layout).run()
            path = plan.repository.publish(set_id)
        except BaseException as error:
            _undo(plan, layout)
            if is_disk_full(error):
                raise MaxopsError(_disk_full(plan)) from error
            raise
        ended = _ending(plan, options, manifest, path)
    return {
        "changed": True,
        "set_id": set_id,
        "path": path,
        "parts": manifest["parts"],
        **_facts(plan),
        **ended,
        "bytes": sum(entry["size"] for entry in manifest["files"]),
        "files": len(manifest["files"]),
        "duration": round(time.monotonic() - started, 3),
        "manifest": manifest,
        "swept": removed_leftovers,
        # Those of retention come after the manifest.
        "warnings": list(dict.fromkeys(manifest["warnings"] + plan.warnings)),
    }


def _facts(plan: BackupPlan) -> dict[str, Any]:
    return {
        "repository": plan.repository.path,
        "left_out": plan.left_out,
        "compression": {"databases": plan.dump_compression, "volumes": plan.packer},
        "need_bytes": plan.need,
        "free_bytes": plan.free,
    }


def _undo(plan: BackupPlan, layout: backup_set.Layout) -> None:
    """Remove an unfinished set. What cannot be removed now is left to the next backup, so that no failure is hidden."""
    # Before the folder is removed: a helper that still writes would create it again.
    with suppress(MaxopsError):
        plan.stack.remove_helpers(plan.repository.path)
    with suppress(OSError):
        remove_tree(layout.path)


def _ending(
    plan: BackupPlan, options: BackupOptions, manifest: dict[str, Any], path: str, check_mode: bool = False
) -> dict[str, Any]:
    """Apply retention, and say what the set lacks; ``failure`` is why the run failed although it made a set."""
    return {
        "retention": ending.retain(plan, options, manifest["set_id"], manifest, check_mode),
        "incomplete": manifest["incomplete"],
        "shrunk": manifest["shrunk"],
        "failure": ending.failure(manifest, options, path, check_mode),
    }


def _disk_full(plan: BackupPlan) -> str:
    return (
        f"the disk filled up while the set was written to {plan.repository.path} "
        f"({human_size(free_bytes(plan.repository.path))} free after the unfinished set was removed): "
        "free some space, keep fewer sets (retention), or name another repository"
    )


class Backup:
    """Makes one set inside its staging folder."""

    def __init__(self, options: BackupOptions, plan: BackupPlan, set_id: str, layout: backup_set.Layout) -> None:
        self.options = options
        self.plan = plan
        self.set_id = set_id
        self.layout = layout
        self.cancellation = Cancellation()
        self.slots = Slots(options.jobs)
        self.warnings = list(plan.warnings)
        self.dumps = Dumps(plan, layout, self.cancellation)
        self.groups = volumes.group_volumes(plan, pause=options.quiesce == "pause")
        self.untaken: set[PartKey] = set()
        self.open = ExitStack()

    def run(self) -> dict[str, Any]:
        """Write every part and the manifest; all of it is on the disk when this returns."""
        started = time.monotonic()
        started_at = utc_now()
        with self.open, Progress(self.options.progress_file, f"backup {self.set_id}") as progress:
            parts = self._make_parts(progress)
        manifest = self._manifest(parts, started_at)
        changes, remarks = ending.shrunk(self.plan, self.options, manifest)
        manifest["shrunk"] = [change.to_dict() for change in changes]
        manifest["warnings"] = remarks + manifest["warnings"]
        manifest["duration"] = round(time.monotonic() - started, 3)
        fsync_folders(self.layout.path)
        sealed = backup_set.seal(manifest)
        backup_set.write_manifest(self.layout.manifest, sealed)
        return sealed

    def _make_parts(self, progress: Progress) -> list[dict[str, Any]]:
        """Make all parts; databases whose tables changed after their snapshot are made again, with their files."""
        self.open.callback(self.dumps.close)
        passfile = self.open.enter_context(programs.password_file(self.plan.server))
        databases, groups = self.plan.databases, self.groups
        tasks = self._tasks(databases, groups, passfile, progress)
        if databases:
            tasks.append(partial(self._dump_globals, passfile))
        made = _by_key(self._run_all([*tasks, self._copy_configuration]))
        while self.dumps.again:
            for name, reason in self.dumps.again.items():
                self.warnings.append(f'database "{name}" and its files were saved again, because {reason}')
            databases, groups = self._to_save_again(set(self.dumps.again))
            self.dumps.restart(part.name for part in databases)
            made.update(_by_key(self._run_all(self._tasks(databases, groups, passfile, progress))))
        self.dumps.check_any(len(self.plan.volumes))
        self.warnings += self.dumps.warnings
        failed = self.untaken.union(("database", name) for name in self.dumps.failed)
        parts = [part for key, part in made.items() if key not in failed]
        if not any(part["kind"] in ("database", *backup_set.ARCHIVED) for part in parts) and self.untaken:
            raise MaxopsError(f"{' | '.join(self.plan.incomplete)}. Nothing else is left, so no set was made")
        return parts

    def _to_save_again(self, names: set[str]) -> tuple[list[DatabasePart], list[volumes.VolumeGroup]]:
        """The databases and volumes to save again: a newer row needs the newer files of its application."""
        groups = [group for group in self.groups if volumes.holds_files_of(group, names)]
        names = names.union(*(group.databases for group in groups)) - self.dumps.failed.keys()
        return [part for part in self.plan.databases if part.name in names], groups

    def _tasks(
        self,
        databases: Sequence[DatabasePart],
        groups: Sequence[volumes.VolumeGroup],
        passfile: str,
        progress: Progress,
    ) -> list[Task]:
        frozen_later = {name for group in groups for name in group.databases}
        # Rows are frozen before the first file is read, so that every row has its file.
        self.dumps.freeze(part.name for part in databases if part.name not in frozen_later)
        archives = [
            partial(
                self._archive, group, [progress.part(f"{part.kind} {part.name}", part.size) for part in group.parts]
            )
            for group in groups
        ]
        dumps = [
            partial(self._dump, part, progress.part(f"database {part.name}", part.facts.size), passfile)
            for part in sorted(databases, key=lambda part: part.facts.size, reverse=True)
        ]
        # Tasks start in this order: paused applications wait for their volumes, so these come first. Otherwise the
        # databases do: a table that is rewritten before its dump has begun is lost to its snapshot.
        return [*archives, *dumps] if frozen_later else [*dumps, *archives]

    def _run_all(self, tasks: list[Task]) -> list[list[dict[str, Any]]]:
        """Run the tasks side by side; the first failure stops all others, and is the one that is raised."""
        with self.cancellation.stoppable(self.dumps.cancel):
            return run_all(tasks, self.cancellation)

    # -- parts --------------------------------------------------------------------------------------------------

    def _dump(self, part: DatabasePart, meter: Part, passfile: str) -> list[dict[str, Any]]:
        self.dumps.wait(part)
        workers = programs.workers(part.facts.size, self.options.jobs)
        with self.slots.taking(workers):
            self.cancellation.check()
            meter.start()
            dumped = self.dumps.dump(part, passfile, workers, meter)
        return [{**dumped, **self._finish(self.layout.database(part.name), meter)}] if dumped else []

    def _dump_globals(self, passfile: str) -> list[dict[str, Any]]:
        return [{"kind": "globals", "roles": self.dumps.dump_globals(passfile), **self._finish(self.layout.globals)}]

    def _archive(self, group: volumes.VolumeGroup, meters: list[Part]) -> list[dict[str, Any]]:
        archiver = volumes.Archiver(self.plan, self.layout, self.options, self.cancellation)
        meter_of = {(part.kind, part.name): meter for part, meter in zip(group.parts, meters)}
        with self.slots.taking(len(group.volumes)):
            self.cancellation.check()
            archived = self._copy_at_rest(group, archiver, meter_of)
            archived += archiver.archive_later(group, meters)
        self.warnings += [f"{part['kind']} {part['name']}: {line}" for part in archived for line in part["remarks"]]
        return [
            {**part, **self._finish(archiver.target(*key), meter_of[key])}
            for part in archived
            for key in [(part["kind"], part["name"])]
        ]

    def _copy_at_rest(
        self, group: volumes.VolumeGroup, archiver: volumes.Archiver, meter_of: dict[PartKey, Part]
    ) -> list[dict[str, Any]]:
        """Copy the parts of a group within one pause; those that something wrote to meanwhile are not in the set."""
        parts = [part for part in group.volumes if (part.kind, part.name) not in self.untaken]
        archiver.look(parts)
        copied = copy_at_rest(
            self.plan,
            parts,
            self.options.quiesce == "pause",
            lambda parts: archiver.archive(
                volumes.VolumeGroup(list(parts)), [meter_of[part.kind, part.name] for part in parts]
            ),
            lambda: self.dumps.freeze(group.databases),
        )
        self.warnings += copied.warnings
        for part in copied.untaken:
            self.untaken.add((part.kind, part.name))
            with suppress(FileNotFoundError):
                os.unlink(archiver.target(part.kind, part.name))
        return copied.entries

    def _copy_configuration(self) -> list[dict[str, Any]]:
        found = self.plan.configuration
        sources, remarks = copy_configuration(self.plan.stack, self.layout.config, found)
        write_effective(self.plan.stack, found, self.layout.config)
        report_lacks(self.plan, found)
        self.warnings += remarks
        return [{"kind": "config", "sources": sources, **self._finish(self.layout.config)}]

    def _finish(self, path: str, meter: Part | None = None) -> dict[str, Any]:
        """Digest and fsync the files of a part, which is a file or a folder; returns their entries for the manifest."""
        names = [os.path.join(path, name) for name in list_files(path)] if os.path.isdir(path) else [path]
        entries: list[dict[str, Any]] = []
        for name in names:
            self.cancellation.check()
            relative = os.path.relpath(name, self.layout.path)
            if os.path.islink(name):
                entries.append({"path": relative, "size": 0, "link": os.readlink(name)})
                continue
            size, digest = sha256_and_sync(name)
            entries.append({"path": relative, "size": size, "sha256": digest})
        measured = {"files": entries, "bytes": sum(entry["size"] for entry in entries)}
        return {**measured, "duration": round(meter.finish(), 3)} if meter else measured

    def _manifest(self, parts: list[dict[str, Any]], started_at: Any) -> dict[str, Any]:
        files = sorted((entry for part in parts for entry in part.pop("files")), key=lambda entry: entry["path"])
        stack = self.plan.stack
        images = {container.image_id: stack.image_facts(container.image_id) for container in stack.containers}
        return {
            "format": backup_set.format_of(parts),
            "set_id": self.set_id,
            **ending.identity(self.plan, self.options),
            "working_dir": stack.working_dir,
            "started": timestamp(started_at),
            "finished": timestamp(utc_now()),
            "quiesce": self.options.quiesce,
            "versions": {
                "maxops.ops": VERSION,
                "postgresql": self.plan.server_version,
                "docker": stack.engine_version(),
            },
            "server": {"shared_preload_libraries": self.plan.preloaded},
            "services": {
                container.service: {
                    "image": container.image,
                    "container": container.name,
                    "state": container.state,
                    **images[container.image_id],
                }
                for container in stack.containers
            },
            "recognised": self.plan.roles(self.options.access).to_dict(),
            "parts": [part for part in parts if part["kind"] in {"database", *backup_set.ARCHIVED}],
            "roles": next((part["roles"] for part in parts if part["kind"] == "globals"), []),
            "config": next((part["sources"] for part in parts if part["kind"] == "config"), []),
            **recorded(keys_of(stack), self.set_id),
            "left_out": self.plan.left_out,
            "object_storage": self.plan.object_storage,
            "warnings": list(dict.fromkeys(self.warnings)),
            "files": files,
        }


def _by_key(results: list[list[dict[str, Any]]]) -> dict[PartKey, dict[str, Any]]:
    return {(part["kind"], part.get("name", "")): part for result in results for part in result}
