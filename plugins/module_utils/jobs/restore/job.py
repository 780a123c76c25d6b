# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Restoring a stack: loaded beside the running data, checked, swapped in, and put back if anything fails."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from functools import partial
from typing import Any, Callable

from ansible_collections.maxops.ops.plugins.module_utils.storage.checksum import check_set
from ansible_collections.maxops.ops.plugins.module_utils.storage.findings import worst_in_words
from ansible_collections.maxops.ops.plugins.module_utils.storage.legacy_dumps import check_file
from ansible_collections.maxops.ops.plugins.module_utils.storage.repository.local import Repository
from ansible_collections.maxops.ops.plugins.module_utils.swap.guard import guarded
from ansible_collections.maxops.ops.plugins.module_utils.swap.journal import LOADING, Journals
from ansible_collections.maxops.ops.plugins.module_utils.swap.recovery import recover_locked
from ansible_collections.maxops.ops.plugins.module_utils.swap.removal import expire_previous
from ansible_collections.maxops.ops.plugins.module_utils.swap.swap import Swap, Watcher, helper_key
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker import services
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.volumes import make_volume
from ansible_collections.maxops.ops.plugins.module_utils.systems.postgresql.snapshot import Snapshot
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError
from ansible_collections.maxops.ops.plugins.module_utils.tools.files import size_of_tree
from ansible_collections.maxops.ops.plugins.module_utils.tools.process import Cancellation
from ansible_collections.maxops.ops.plugins.module_utils.tools.progress import Part, Progress
from ansible_collections.maxops.ops.plugins.module_utils.tools.workers import Slots, run_all
from ansible_collections.maxops.ops.plugins.module_utils.transfer import programs
from ansible_collections.maxops.ops.plugins.module_utils.transfer.database_load import load_file, load_set_database
from ansible_collections.maxops.ops.plugins.module_utils.transfer.load_target import Target, target_of
from ansible_collections.maxops.ops.plugins.module_utils.transfer.programs import password_file
from ansible_collections.maxops.ops.plugins.module_utils.transfer.roles import create_missing_roles, roles_of
from ansible_collections.maxops.ops.plugins.module_utils.transfer.volume_pack import MAX_REMARKS
from ansible_collections.maxops.ops.plugins.module_utils.transfer.volume_unpack import extract, put_on_disk

from .databases import load_extensions
from .discard import discard
from .effects import check_files
from .options import RestoreOptions
from .plan import LoadDatabase, RestorePlan, check_version, make_plan, plan_services
from .result import facts, parts
from .volumes import LoadVolume


def _preview(options: RestoreOptions) -> dict[str, Any]:
    """The result that :func:`restore` would have now; changes nothing."""
    journals = Journals(options.access.project_name)
    interrupted = journals.current()
    if interrupted:
        raise MaxopsError(
            f"{interrupted.describe()} was interrupted, and the next run recovers from it first, so the plan of this "
            "one is not known yet; run it without check mode, or run a backup, which recovers from it too"
        )
    if options.discard:
        return discard(options, journals, check_mode=True)
    plan = make_plan(options, journals)
    with _held(plan, options), Progress(options.progress_file, "restore") as progress:
        remarks = _verify(plan, options, Cancellation(), progress)
    return {
        **facts(plan, options.repository),
        "changed": True,
        "parts": parts(plan, {}),
        "warnings": plan.remarks + remarks,
    }


def restore(options: RestoreOptions, check_mode: bool = False, watch: Watcher = lambda _step: None) -> dict[str, Any]:
    """Restore, and put everything back as it was if that fails. ``watch`` gets the name of each step before it runs."""
    if check_mode:
        return _preview(options)
    access = options.access
    purpose = f"restore of {access.project_name}"
    journals = Journals(access.project_name)
    with guarded(access) as watchdog, access.locked(purpose):
        try:
            recovered = recover_locked(access, journals, watch)
            if options.discard:
                return {**discard(options, journals, check_mode=False), "recovered": recovered}
            plan = make_plan(options, journals)
            plan.stack.remove_helpers(helper_key(access.project_name))
            with _held(plan, options), Progress(options.progress_file, purpose) as progress:
                result = Restore(options, plan, journals, watch, progress).run()
        except BaseException:
            # Not everything was put back: the watchdog tries it again, as it does after a kill.
            watchdog.is_needed = journals.exists()
            raise
        result["recovered"] = recovered
        result["expired"], remarks = expire_previous(access, journals)
        result["warnings"] += remarks
    return result


@contextmanager
def _held(plan: RestorePlan, options: RestoreOptions) -> Iterator[None]:
    kept = plan.source.kept if plan.source else None
    with Repository(options.repository).holding(kept.set_id) if kept else nullcontext():
        yield


def _verify(plan: RestorePlan, options: RestoreOptions, cancellation: Cancellation, progress: Progress) -> list[str]:
    """Refuse damaged data, unless the set's id is given as ``force``; returns remarks on damage that was accepted."""
    source = plan.source
    if source is None:
        return []
    if source.file:
        check_file(source, cancellation)
        check_version(plan)
        return []
    set_id = source.label if source.kept is None else source.kept.set_id
    meter = progress.part(f"checksums of set {set_id}")
    findings = check_set(source.layout.path, options.jobs, cancellation, meter, source.needs)
    if findings.passed:
        return []
    damage = worst_in_words(findings.all())
    if options.force != set_id:
        raise MaxopsError(
            f"set {set_id} is damaged, nothing was touched: {damage} To restore it anyway: force={set_id}"
        )
    return [f"restored by force although the set is damaged: {damage}"]


class Restore:
    """One restore."""

    def __init__(
        self, options: RestoreOptions, plan: RestorePlan, journals: Journals, watch: Watcher, progress: Progress
    ) -> None:
        self.options = options
        self.plan = plan
        self.journals = journals
        self.watch = watch
        self.progress = progress
        self.cancellation = Cancellation()
        # One more than the option: the largest database takes all of them, and its last index leaves processors idle.
        self.slots = Slots(options.jobs + 1)
        self.loads = Slots(plan.memory.jobs if plan.memory else 1)
        self.swap = Swap(plan.journal, journals, plan.stack, plan.server, watch, plan.servers)
        self.remarks = list(plan.remarks)
        self.loaded: dict[str, dict[str, Any]] = {}
        self.steps: dict[str, float] = {}

    def run(self) -> dict[str, Any]:
        """All steps, from the check of the set to the record of the replaced data; returns the result."""
        started = time.monotonic()
        with self._timed("verify"):
            self.remarks += _verify(self.plan, self.options, self.cancellation, self.progress)
        self.watch("write the journal")
        self.journals.write(self.plan.journal)
        try:
            with self._timed("load"):
                self._load()
            self._swap_in()
        except BaseException as error:
            self._go_back(error)
            raise
        self.swap.close()
        return {
            **facts(self.plan, self.options.repository),
            "changed": True,
            "parts": parts(self.plan, self.loaded),
            "steps": self.steps,
            "downtime": self.plan.journal.downtime,
            "swap_seconds": round(self.swap.swap_seconds, 3),
            "duration": round(time.monotonic() - started, 3),
            "warnings": self.remarks,
        }

    def _go_back(self, error: BaseException) -> None:
        """Put everything back, and raise the failure together with the state of the stack."""
        touched = self.plan.journal.phase != LOADING
        cause = f"{error.filename}: {error.strerror}" if isinstance(error, OSError) else str(error)
        with self._timed("back"):
            try:
                left = self.swap.back()
            except (MaxopsError, OSError) as second:
                raise MaxopsError(
                    f"{cause}. Not everything could be put back: {second}. A process in the background tries it "
                    "again for 10 minutes (the system log has its result); later, fix that and run any restore or "
                    "backup of this stack: it puts the rest back before it begins"
                ) from error
        if isinstance(error, (MaxopsError, OSError)):
            state = (
                "Everything was put back, the applications run on the data that they had before"
                if touched
                else "The running data was not touched, and the loaded data is removed"
            )
            if self.swap.touched_sessions:
                state += "; sessions and caches were deleted: everybody signs in again"
            raise MaxopsError(". ".join([cause, state, *left])) from error

    # -- loading ------------------------------------------------------------------------------------------------

    def _load(self) -> None:
        """Load all parts side by side; the first failure stops all others and is the one that is raised."""
        with password_file(self.plan.server) as passfile:
            run_all(self._tasks(passfile), self.cancellation)
        self.watch("all is loaded")

    def _tasks(self, passfile: str) -> list[Callable[[], None]]:
        """The largest database first and with all workers; everything else one after another beside it.

        One worker alone builds its last index; the data of the volumes is written to the disk meanwhile.
        """
        databases = self._database_tasks(self._target(passfile)) if self.plan.databases else []
        volumes: list[Callable[[], None]] = []
        for volume in self.plan.volumes:
            meter = self.progress.part(volume.label, volume.part["source_bytes"])
            volumes.append(partial(self._load_volume, volume, meter))
        return [*databases[:1], *volumes, *databases[1:]]

    def _database_tasks(self, target: Target) -> list[Callable[[], None]]:
        self._make_roles(target)
        tasks: list[Callable[[], None]] = []
        for load in sorted(self.plan.databases, key=lambda load: int(load.part["source_bytes"]), reverse=True):
            size = int(load.part["source_bytes"])
            meter = self.progress.part(f"database {load.part['name']}", size)
            workers = 1 if tasks else min(programs.workers(size, self.options.jobs), self.loads.total)
            tasks.append(partial(self._load_database, load, workers, target, meter))
        return tasks

    def _target(self, passfile: str) -> Target:
        container = self.plan.require_container()
        key = helper_key(self.options.access.project_name)
        server = self.plan.require_server()
        memory = self.plan.require_memory()
        return target_of(self.plan.stack, container.image_id, server, key, passfile, memory, network_of=container.id)

    def _make_roles(self, target: Target) -> None:
        if self.plan.source and self.plan.source.kept:
            with target.session(self.cancellation) as session:
                path = self.plan.source.layout.globals
                self.plan.journal.set_roles = roles_of(path)
                self.plan.new_roles = create_missing_roles(session, path, self._note_roles)

    def _note_roles(self, created: dict[str, int]) -> None:
        """Record the roles on the disk before they exist for others, so that a failed restore takes them back."""
        self.plan.journal.roles = created
        self.journals.write(self.plan.journal)

    def _load_database(self, load: LoadDatabase, workers: int, target: Target, meter: Part) -> None:
        name, new = load.part["name"], load.swap.new
        # The memory first: a database that waits for it takes no slot from the volumes.
        with self.loads.taking(workers), self.slots.taking(workers):
            self.cancellation.check()
            self.watch(f"load database {name}")
            meter.start()
            source = self.plan.require_source()
            if source.file:
                properties = self._current_properties(load)
                loaded = load_file(target, source.file, load.part, properties, new, self.cancellation, meter)
            else:
                loaded = load_set_database(target, source.layout, load.part, new, workers, self.cancellation, meter)
                self._check_rows(name, loaded.pop("differences"))
                self.plan.journal.extensions[load.swap.name] = loaded.pop("left_out")
        said = [*loaded.pop("faults"), *loaded.pop("remarks"), *loaded.pop("notes")]
        self.remarks += [f"database {name}: {line}" for line in said]
        self.loaded[new] = {**loaded, "duration": round(meter.finish(), 3)}
        self.watch(f"database {name} loaded")

    def _current_properties(self, load: LoadDatabase) -> dict[str, Any] | None:
        """The properties of the running database, which a legacy dump does not contain: they are kept."""
        if load.swap.previous is None:
            return None
        with Snapshot(self.plan.require_server(), load.swap.name, self.cancellation) as snapshot:
            return snapshot.properties()

    def _check_rows(self, name: str, differences: list[dict[str, Any]]) -> None:
        if not differences:
            return
        tables = ", ".join(
            f"{difference['table']}: {difference['found']} instead of {difference['expected']}"
            for difference in differences[:5]
        )
        text = f'database "{name}" was loaded with other numbers of rows than the manifest has: {tables}'
        forced = self.plan.source and self.plan.source.kept and self.plan.source.kept.set_id == self.options.force
        if not forced:
            raise MaxopsError(f"{text}; take another set")
        self.remarks.append(text)

    def _load_volume(self, load: LoadVolume, meter: Part) -> None:
        name, swap = load.part["name"], load.swap
        with self.slots.taking(1):
            self.cancellation.check()
            self.watch(f"load {load.label}")
            meter.start()
            if swap.made:
                make_volume(self.plan.stack, swap.made)
            os.mkdir(swap.new, mode=0o700)

            def gauge(measure: Callable[[], int]) -> None:
                meter.measure = measure

            remarks = extract(
                name, load.archive, swap.new, self.cancellation, load.members, gauge, kind=load.part["kind"]
            )
        put_on_disk(swap.new, self.cancellation)
        self.remarks += [f"{load.label}: {line}" for line in remarks[:MAX_REMARKS]]
        self.loaded[swap.new] = {"duration": round(meter.finish(), 3)}
        if load.members:
            self.loaded[swap.new]["source_bytes"] = size_of_tree(swap.new)
        self.watch(f"{load.label} loaded")

    # -- the swap -----------------------------------------------------------------------------------------------

    def _swap_in(self) -> None:
        # Loading took some time: the containers that run now are the ones to stop.
        self.plan.stack.refresh()
        plan_services(self.plan, self.journals)
        check_files(self.plan.stack, self.plan.journal, loaded=True)
        stopped = time.monotonic()
        with self._timed("stop"):
            self.swap.stop(self.plan.affected, self.plan.users)
        with self._timed("swap"):
            self.swap.swap()
        self._load_extensions()
        with self._timed("clear"):
            self.remarks += [remark for remark in self.swap.clear() if remark not in self.remarks]
        with self._timed("start"):
            containers = self.swap.start(self.options.health_timeout)
        with self._timed("health"):
            seconds = self.options.health_timeout
            self.remarks += services.wait_healthy(self.plan.stack, containers, seconds, self.plan.sick)
        self.plan.journal.downtime = round(time.monotonic() - stopped, 3) if self.plan.affected else 0.0
        self.watch("healthy")
        # First: as long as it fails, people cannot work.
        self.remarks[:0] = self.swap.regenerate()
        self.remarks += self.swap.start_watchers()

    def _load_extensions(self) -> None:
        """Load what works only in a database of its final name."""
        journal = self.plan.journal
        waiting = [load for load in self.plan.databases if journal.extensions.get(load.swap.name)]
        if not waiting:
            return
        with password_file(self.plan.server) as passfile:
            target, layout = self._target(passfile), self.plan.require_source().layout
            for load in waiting:
                name = load.swap.name
                extensions = journal.extensions[name]
                self.remarks += load_extensions(target, layout, load.part, name, extensions, self.cancellation)
        journal.extensions = {}
        self.journals.write(journal)

    @contextmanager
    def _timed(self, step: str) -> Iterator[None]:
        started = time.monotonic()
        try:
            yield
        finally:
            self.steps[step] = round(time.monotonic() - started, 3)
