# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Making a backup set: all parts at once, published whole or not at all. Private to this collection."""

from __future__ import annotations

import os
import socket
import time
from concurrent.futures import Future
from contextlib import ExitStack, suppress
from functools import partial
from typing import Any, Callable

from ansible_collections.maxops.ops.plugins.module_utils.storage import backup_set
from ansible_collections.maxops.ops.plugins.module_utils.storage.repository.local import Repository
from ansible_collections.maxops.ops.plugins.module_utils.swap.recovery import expire_previous, recover
from ansible_collections.maxops.ops.plugins.module_utils.systems.postgresql.snapshot import Snapshot
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import Cancelled, MaxopsError
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
from ansible_collections.maxops.ops.plugins.module_utils.transfer.configuration import copy_configuration
from ansible_collections.maxops.ops.plugins.module_utils.transfer.database_dump import Dumper

from . import volumes
from .options import Options
from .plan import DatabasePart, Plan, make_plan

Task = Callable[[], "list[dict[str, Any]]"]
"""Makes some parts of the set; gives what the manifest says of each."""


def _preview(options: Options) -> dict[str, Any]:
    """What :func:`back_up` would do now, as its result would tell it; changes nothing."""
    plan = make_plan(options)
    set_id = plan.repository.free_id(utc_now())
    reasons = plan.repository.reasons_to_keep(options.access.project_name, options.retention, set_id)
    return {
        "changed": True,
        "set_id": set_id,
        "path": os.path.join(plan.repository.sets_path, set_id),
        "parts": [
            {"kind": "database", "name": part.name, "source_bytes": part.facts.size, "bytes": part.estimate}
            for part in plan.databases
        ]
        + [
            {"kind": "volume", "name": part.name, "source_bytes": part.size, "bytes": part.estimate}
            for part in plan.volumes
        ],
        **_facts(plan),
        "retention": _retention_result(reasons, [set_id for set_id, why in reasons.items() if not why]),
        "bytes": plan.need,
        "warnings": plan.warnings,
    }


def back_up(options: Options, check_mode: bool = False) -> dict[str, Any]:
    """Make one backup set of the stack and apply retention. Raises MaxopsError; then nothing is left behind."""
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
        swept = plan.repository.sweep()
        set_id, layout = plan.repository.begin(utc_now())
        try:
            manifest = _Work(options, plan, set_id, layout).run()
            path = plan.repository.publish(set_id)
        except BaseException as error:
            _undo(plan, layout)
            if is_disk_full(error):
                raise MaxopsError(_disk_full(plan)) from error
            raise
        reasons, removed = _retain(plan.repository, options, set_id)
    return {
        "changed": True,
        "set_id": set_id,
        "path": path,
        "parts": manifest["parts"],
        **_facts(plan),
        "retention": _retention_result(reasons, removed),
        "bytes": sum(entry["size"] for entry in manifest["files"]),
        "files": len(manifest["files"]),
        "duration": round(time.monotonic() - started, 3),
        "manifest": manifest,
        "swept": swept,
        "warnings": manifest["warnings"],
    }


def _facts(plan: Plan) -> dict[str, Any]:
    return {
        "repository": plan.repository.path,
        "left_out": plan.left_out,
        "compression": {"databases": plan.dump_compression, "volumes": plan.packer},
        "need_bytes": plan.need,
        "free_bytes": plan.free,
    }


def _undo(plan: Plan, layout: backup_set.Layout) -> None:
    """Remove an unfinished set. What cannot be removed now is swept by the next backup, and hides no failure."""
    # Before the folder goes: a helper that still writes would make it come back.
    with suppress(MaxopsError):
        plan.stack.remove_helpers(plan.repository.path)
    with suppress(OSError):
        remove_tree(layout.path)


def _retain(repository: Repository, options: Options, set_id: str) -> tuple[dict[str, list[str]], list[str]]:
    """Remove the sets that may go, after one was made; gives the reasons of the others and what was removed."""
    removed: list[str] = []
    try:
        reasons = repository.reasons_to_keep(options.access.project_name, options.retention, set_id)
        for kept_id in [each for each, why in reasons.items() if not why]:
            if repository.remove(kept_id):
                removed.append(kept_id)
            else:
                reasons[kept_id].append("in use")
    except (Cancelled, OSError) as error:
        cause = f"{error.strerror}: {error.filename}" if isinstance(error, OSError) else "the job was told to stop"
        raise MaxopsError(
            f"backup set {set_id} was made and is whole, but retention did not come to its end ({cause}; "
            f"removed: {', '.join(removed) or 'none'}): mend the cause; the next backup removes what is left"
        ) from error
    return reasons, removed


def _retention_result(reasons: dict[str, list[str]], removed: list[str]) -> dict[str, Any]:
    return {"kept": {set_id: why for set_id, why in reasons.items() if why}, "removed": removed}


def _disk_full(plan: Plan) -> str:
    return (
        f"the disk filled up while the set was written to {plan.repository.path} "
        f"({human_size(free_bytes(plan.repository.path))} free after the unfinished set was removed): "
        "make room, keep fewer sets (retention), or name another repository"
    )


class _Work:
    """The making of one set inside its staging folder."""

    def __init__(self, options: Options, plan: Plan, set_id: str, layout: backup_set.Layout) -> None:
        self.options = options
        self.plan = plan
        self.set_id = set_id
        self.layout = layout
        self.cancellation = Cancellation()
        self.slots = Slots(options.jobs)
        self.warnings = list(plan.warnings)
        self.snapshots: dict[str, Future[Snapshot]] = {part.name: Future() for part in plan.databases}
        self.open = ExitStack()

    def run(self) -> dict[str, Any]:
        """Write every part and the manifest; all of it is on the disk when this returns."""
        begun = time.monotonic()
        began_at = utc_now()
        with self.open, Progress(self.options.progress_file, f"backup {self.set_id}") as progress:
            results = self._run_all(self._tasks(progress))
        parts = [part for result in results for part in result]
        manifest = self._manifest(parts, began_at)
        manifest["duration"] = round(time.monotonic() - begun, 3)
        fsync_folders(self.layout.path)
        sealed = backup_set.seal(manifest)
        backup_set.write_manifest(self.layout.manifest, sealed)
        return sealed

    def _tasks(self, progress: Progress) -> list[Task]:
        groups = volumes.group(self.plan, pause=self.options.quiesce == "pause")
        frozen_later = {name for each in groups for name in each.databases}
        # Rows are frozen before the first file is read, so that a file belongs to every row.
        self._freeze([name for name in self.snapshots if name not in frozen_later])
        passfile = self.open.enter_context(programs.password_file(self.plan.server))
        # First come, first served: paused applications wait for their volumes, so these come first.
        tasks = [
            partial(self._archive, each, [progress.part(f"volume {part.name}", part.size) for part in each.volumes])
            for each in groups
        ]
        for part in sorted(self.plan.databases, key=lambda each: each.facts.size, reverse=True):
            meter = progress.part(f"database {part.name}", part.facts.size)
            tasks.append(partial(self._dump, part, meter, passfile))
        if self.plan.databases:
            tasks.append(partial(self._dump_globals, passfile))
        return [*tasks, self._copy_configuration]

    def _run_all(self, tasks: list[Task]) -> list[list[dict[str, Any]]]:
        """Run the tasks side by side; the first failure stops all others. Raises what broke, not what was stopped."""
        with self.cancellation.stoppable(self._give_up_waiting):
            return run_all(tasks, self.cancellation)

    def _give_up_waiting(self) -> None:
        """Stop the dumps that wait for a snapshot which is never taken."""
        for snapshot in self.snapshots.values():
            snapshot.cancel()

    def _freeze(self, databases: list[str]) -> None:
        for name in databases:
            snapshot = self.open.enter_context(Snapshot(self.plan.require_server(), name, self.cancellation))
            self.snapshots[name].set_result(snapshot)

    # -- parts --------------------------------------------------------------------------------------------------

    def _dump(self, part: DatabasePart, meter: Part, passfile: str) -> list[dict[str, Any]]:
        snapshot = self.snapshots[part.name].result()
        workers = programs.workers(part.facts.size, self.options.jobs)
        with self.slots.taking(workers):
            self.cancellation.check()
            meter.start()
            dumper = Dumper(self.plan.dump_source(), self.layout, passfile, self.cancellation)
            dumped = dumper.dump(part.facts, snapshot, workers, meter)
        return [{**dumped, **self._finish(self.layout.database(part.name), meter)}]

    def _dump_globals(self, passfile: str) -> list[dict[str, Any]]:
        roles, remarks = Dumper(self.plan.dump_source(), self.layout, passfile, self.cancellation).dump_globals()
        self.warnings += remarks
        return [{"kind": "globals", "roles": roles, **self._finish(self.layout.globals)}]

    def _archive(self, group: volumes.Group, meters: list[Part]) -> list[dict[str, Any]]:
        archiver = volumes.Archiver(self.plan, self.layout, self.options, self.cancellation)
        with self.slots.taking(len(group.volumes)):
            self.cancellation.check()
            with self.plan.stack.paused(group.containers):
                self._freeze(group.databases)
                archived = archiver.archive(group, meters)
        self.warnings += [f"volume {part['name']}: {line}" for part in archived for line in part["remarks"]]
        return [{**part, **self._finish(archiver.target(part["name"]), meter)} for part, meter in zip(archived, meters)]

    def _copy_configuration(self) -> list[dict[str, Any]]:
        sources, remarks = copy_configuration(self.plan.stack, self.layout.config)
        self.warnings += remarks
        return [{"kind": "config", "sources": sources, **self._finish(self.layout.config)}]

    def _finish(self, path: str, meter: Part | None = None) -> dict[str, Any]:
        """Digest and fsync the files of a part, which is one file or a folder of them; gives what the manifest says."""
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

    def _manifest(self, parts: list[dict[str, Any]], began_at: Any) -> dict[str, Any]:
        files = sorted((entry for part in parts for entry in part.pop("files")), key=lambda entry: entry["path"])
        stack = self.plan.stack
        images = {each.image_id: stack.image_facts(each.image_id) for each in stack.containers}
        return {
            "format": backup_set.FORMAT,
            "set_id": self.set_id,
            "project": self.options.access.project_name,
            "host": socket.gethostname(),
            "working_dir": stack.working_dir,
            "started": timestamp(began_at),
            "finished": timestamp(utc_now()),
            "quiesce": self.options.quiesce,
            "versions": {
                "maxops.ops": VERSION,
                "postgresql": self.plan.server_version,
                "docker": stack.engine_version(),
            },
            "services": {
                each.service: {
                    "image": each.image,
                    "container": each.name,
                    "state": each.state,
                    **images[each.image_id],
                }
                for each in stack.containers
            },
            "parts": [part for part in parts if part["kind"] in {"database", "volume"}],
            "roles": next((part["roles"] for part in parts if part["kind"] == "globals"), []),
            "config": next((part["sources"] for part in parts if part["kind"] == "config"), []),
            "left_out": self.plan.left_out,
            "warnings": self.warnings,
            "files": files,
        }
