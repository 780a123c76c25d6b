# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Making a backup set: all parts at once, published whole or not at all. Private to this collection."""

from __future__ import annotations

import os
import socket
import time
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from contextlib import ExitStack
from typing import Any

from ansible_collections.maxops.ops.plugins.module_utils import backup_set, database_part, volume
from ansible_collections.maxops.ops.plugins.module_utils.backup_plan import DatabasePart, Options, Plan, VolumePart, make_plan
from ansible_collections.maxops.ops.plugins.module_utils.config_part import copy_configuration
from ansible_collections.maxops.ops.plugins.module_utils.errors import MaxopsError
from ansible_collections.maxops.ops.plugins.module_utils.files import (
    exclusive_lock,
    free_bytes,
    fsync_folders,
    human_size,
    is_disk_full,
    list_files,
    remove_tree,
    sha256_and_sync,
    stack_lock_path,
    timestamp,
    utc_now,
)
from ansible_collections.maxops.ops.plugins.module_utils.postgresql import Snapshot
from ansible_collections.maxops.ops.plugins.module_utils.process import Cancellation, Priority
from ansible_collections.maxops.ops.plugins.module_utils.progress import Part, Progress
from ansible_collections.maxops.ops.plugins.module_utils.slots import Slots
from ansible_collections.maxops.ops.plugins.module_utils.version import VERSION


def preview(options: Options) -> dict[str, Any]:
    """What :func:`back_up` would do now, as its result would tell it; changes nothing."""
    plan = make_plan(options)
    set_id = backup_set.new_id(utc_now())
    reasons = plan.repository.reasons_to_keep(options.project_name, options.retention, upcoming=set_id)
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


def back_up(options: Options) -> dict[str, Any]:
    """Make one backup set of the stack and apply retention. Raises MaxopsError; then nothing is left behind."""
    started = time.monotonic()
    purpose = f"backup of {options.project_name}"
    plan = make_plan(options)
    with exclusive_lock(stack_lock_path(options.project_name), f'stack "{options.project_name}"', purpose):
        with plan.repository.locked(purpose):
            plan.stack.remove_helpers(plan.repository.path)
            swept = plan.repository.sweep()
            set_id, layout = plan.repository.begin(utc_now())
            try:
                manifest = _Work(options, plan, set_id, layout).run()
                path = plan.repository.publish(set_id)
            except BaseException as error:
                # Before the folder goes: a helper that still writes would make it come back.
                plan.stack.remove_helpers(plan.repository.path)
                remove_tree(layout.path)
                if is_disk_full(error):
                    raise MaxopsError(_disk_full(plan)) from error
                raise
            reasons = plan.repository.reasons_to_keep(options.project_name, options.retention)
            removed = [kept_id for kept_id, why in reasons.items() if not why]
            for kept_id in removed:
                plan.repository.remove(kept_id)
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


def _retention_result(reasons: dict[str, list[str]], removed: list[str]) -> dict[str, Any]:
    return {"kept": {set_id: why for set_id, why in reasons.items() if why}, "removed": removed}


def _disk_full(plan: Plan) -> str:
    return (
        f"the disk filled up while the set was written to {plan.repository.path} ({human_size(free_bytes(plan.repository.path))} "
        "free after the unfinished set was removed): make room, keep fewer sets (retention), or name another repository"
    )


class _Work:
    """The making of one set inside its staging folder."""

    def __init__(self, options: Options, plan: Plan, set_id: str, layout: backup_set.Layout) -> None:
        self.options = options
        self.plan = plan
        self.set_id = set_id
        self.layout = layout
        self.cancellation = Cancellation()
        self.priority = Priority(options.nice, options.ionice)
        self.slots = Slots(options.jobs)
        self.warnings = list(plan.warnings)
        self.snapshots: dict[str, Future[Snapshot]] = {part.name: Future() for part in plan.databases}
        self.open = ExitStack()

    def run(self) -> dict[str, Any]:
        """Write every part and the manifest; all of it is on the disk when this returns."""
        begun = time.monotonic()
        began_at = utc_now()
        with Progress(self.options.progress_file, f"backup {self.set_id}") as progress, self.open:
            passfile = self.open.enter_context(database_part.password_file(self.plan.server))
            groups = self._groups()
            self._open_snapshots([name for name in self.snapshots if name not in {db for _c, _v, dbs in groups for db in dbs}])
            tasks: list[Any] = []
            for part in sorted(self.plan.databases, key=lambda each: each.facts.size, reverse=True):
                tasks.append((self._dump, part, progress.part(f"database {part.name}", part.facts.size), passfile))
            meters = {part.name: progress.part(f"volume {part.name}", part.size) for part in self.plan.volumes}
            # Paused applications come first: their users wait for it.
            tasks = [(self._archive_group, *group, meters) for group in groups] + tasks
            if self.plan.server is not None and self.plan.databases:
                tasks.append((self._dump_globals, passfile))
            tasks.append((self._copy_configuration,))
            results = self._run_all(tasks)
        parts = [part for result in results for part in result]
        manifest = self._manifest(parts, began_at)
        manifest["duration"] = round(time.monotonic() - begun, 3)
        fsync_folders(self.layout.path)
        backup_set.write_manifest(self.layout.manifest, backup_set.seal(manifest))
        return manifest

    def _run_all(self, tasks: list[Any]) -> list[list[dict[str, Any]]]:
        """Run the tasks side by side; the first failure stops all others and is the one that is raised."""
        with ThreadPoolExecutor(max_workers=len(tasks), thread_name_prefix="part") as pool:
            futures = [pool.submit(function, *arguments) for function, *arguments in tasks]
            try:
                for future in as_completed(futures):
                    future.result()
            except BaseException as error:
                self.cancellation.cancel(f"stopped because of another failure: {error}")
                for waiting in self.snapshots.values():
                    waiting.cancel()
                raise
        return [future.result() for future in futures]

    # -- databases ----------------------------------------------------------------------------------------------

    def _open_snapshots(self, names: list[str]) -> None:
        assert self.plan.server is not None or not names  # noqa: S101
        for name in names:
            snapshot = Snapshot(self.plan.server, name, self.cancellation)  # type: ignore[arg-type]
            self.open.enter_context(snapshot)
            self.snapshots[name].set_result(snapshot)

    def _dump(self, part: DatabasePart, meter: Part, passfile: str) -> list[dict[str, Any]]:
        snapshot = self.snapshots[part.name].result()
        workers = database_part.workers(part.facts.size, self.options.jobs)
        with self.slots.taking(workers):
            self.cancellation.check()
            meter.start()
            dumped = database_part.dump(self.plan, self.layout, part, snapshot, workers, passfile, self.cancellation, meter)
        files = self._finish_files(os.path.relpath(self.layout.database(part.name), self.layout.path))
        return [{**dumped, "files": files, **self._measured(files, meter)}]

    def _dump_globals(self, passfile: str) -> list[dict[str, Any]]:
        self.warnings += database_part.dump_globals(self.plan, self.layout, passfile, self.cancellation)
        files = self._finish_files("globals.sql")
        return [{"kind": "globals", "name": "globals", "files": files, "roles": database_part.roles(self.plan)}]

    # -- volumes ------------------------------------------------------------------------------------------------

    def _groups(self) -> list[tuple[tuple[Any, ...], list[VolumePart], list[str]]]:
        """Volumes that are copied together: (containers to pause, volumes, databases to freeze at that moment)."""
        if self.options.quiesce != "pause":
            return [((), [part], []) for part in self.plan.volumes]
        groups: list[tuple[tuple[Any, ...], list[VolumePart], list[str]]] = []
        for part in self.plan.volumes:
            writers, parts = {each.id: each for each in part.writers}, [part]
            for other in [each for each in groups if any(container.id in writers for container in each[0])]:
                groups.remove(other)
                writers.update({each.id: each for each in other[0]})
                parts = other[1] + parts
            groups.append((tuple(writers.values()), parts, []))
        taken: set[str] = set()
        for containers, _parts, databases in groups:
            databases += [name for name in self.snapshots if name not in taken and _uses(containers, name)]
            taken.update(databases)
        return groups

    def _archive_group(
        self, containers: tuple[Any, ...], parts: list[VolumePart], databases: list[str], meters: dict[str, Part]
    ) -> list[dict[str, Any]]:
        with self.slots.taking(min(len(parts), self.options.jobs)):
            self.cancellation.check()
            with self.plan.stack.paused(containers):
                self._open_snapshots(databases)
                with ThreadPoolExecutor(max_workers=len(parts)) as pool:
                    remarks = list(pool.map(lambda part: self._archive(part, meters[part.name]), parts))
        return [self._archived(part, lines, meters[part.name]) for part, lines in zip(parts, remarks)]

    def _archive(self, part: VolumePart, meter: Part) -> list[str]:
        packer = volume.compression(self.plan.packer, self.options.jobs)
        meter.start()

        def watch(gauge: Any) -> None:
            meter.measure = gauge

        target = self.layout.volume(part.name, packer.suffix)
        return volume.archive(part.name, part.folder, target, packer, self.cancellation, self.priority, watch)

    def _archived(self, part: VolumePart, remarks: list[str], meter: Part) -> dict[str, Any]:
        packer = volume.compression(self.plan.packer, self.options.jobs)
        files = self._finish_files(os.path.relpath(self.layout.volume(part.name, packer.suffix), self.layout.path))
        self.warnings += [f"volume {part.name}: {line}" for line in remarks]
        return {
            "kind": "volume",
            "name": part.name,
            "docker_name": part.docker_name,
            "compression": self.plan.packer,
            "source_bytes": part.size,
            "files": files,
            "remarks": remarks,
            **self._measured(files, meter),
        }

    # -- the rest -----------------------------------------------------------------------------------------------

    def _copy_configuration(self) -> list[dict[str, Any]]:
        sources, remarks = copy_configuration(self.plan.stack, self.layout.config)
        self.warnings += remarks
        return [{"kind": "config", "name": "config", "sources": sources, "files": self._finish_files("config")}]

    def _finish_files(self, relative: str) -> list[dict[str, Any]]:
        """Digest and fsync the files of a part, which is one file or a folder of them."""
        path = os.path.join(self.layout.path, relative)
        names = [os.path.join(relative, name) for name in list_files(path)] if os.path.isdir(path) else [relative]
        entries = []
        for name in names:
            self.cancellation.check()
            target = os.path.join(self.layout.path, name)
            if os.path.islink(target):
                entries.append({"path": name, "size": 0, "link": os.readlink(target)})
                continue
            size, digest = sha256_and_sync(target)
            entries.append({"path": name, "size": size, "sha256": digest})
        return entries

    def _measured(self, files: list[dict[str, Any]], meter: Part) -> dict[str, Any]:
        return {"bytes": sum(entry["size"] for entry in files), "duration": round(meter.finish(), 3)}

    def _manifest(self, parts: list[dict[str, Any]], began_at: Any) -> dict[str, Any]:
        files = sorted((entry for part in parts for entry in part.pop("files")), key=lambda entry: entry["path"])
        stack = self.plan.stack
        images = {each.image_id: stack.image_facts(each.image_id) for each in stack.containers}
        return {
            "format": backup_set.FORMAT,
            "set_id": self.set_id,
            "project": self.options.project_name,
            "host": socket.gethostname(),
            "working_dir": stack.working_dir,
            "started": timestamp(began_at),
            "finished": timestamp(utc_now()),
            "quiesce": self.options.quiesce,
            "versions": {"maxops.ops": VERSION, "postgresql": self.plan.server_version, "docker": stack.engine_version()},
            "services": {
                each.service: {"image": each.image, "container": each.name, "state": each.state, **images[each.image_id]}
                for each in stack.containers
            },
            "parts": [part for part in parts if part["kind"] in ("database", "volume")],
            "roles": next((part["roles"] for part in parts if part["kind"] == "globals"), []),
            "config": next((part["sources"] for part in parts if part["kind"] == "config"), []),
            "left_out": self.plan.left_out,
            "warnings": self.warnings,
            "files": files,
        }


def _uses(containers: tuple[Any, ...], database: str) -> bool:
    """True when the environment of one of the containers names the database, alone or at the end of a URL."""
    return any(
        value == database or value.partition("?")[0].rpartition("/")[2] == database
        for container in containers
        for value in container.environment.values()
    )

