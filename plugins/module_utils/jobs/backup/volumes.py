# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The part of a volume or folder in a backup set, and which of them are copied within one pause."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Callable

from ansible_collections.maxops.ops.plugins.module_utils.storage.backup_set import Layout
from ansible_collections.maxops.ops.plugins.module_utils.systems.applications import uses_database
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.stack import Container
from ansible_collections.maxops.ops.plugins.module_utils.tools.process import Cancellation, Priority
from ansible_collections.maxops.ops.plugins.module_utils.tools.progress import Part
from ansible_collections.maxops.ops.plugins.module_utils.tools.workers import run_all
from ansible_collections.maxops.ops.plugins.module_utils.transfer import volume_pack

from .options import BackupOptions
from .values import BackupPlan, VolumePart


@dataclass
class VolumeGroup:
    """Volumes and folders that are copied together while ``containers`` are paused and ``databases`` are frozen.

    ``later`` are copied after the pause: their rows are in a database that was copied in it.
    """

    volumes: list[VolumePart]
    containers: list[Container] = field(default_factory=list)
    databases: list[str] = field(default_factory=list)
    later: list[VolumePart] = field(default_factory=list)

    @property
    def parts(self) -> list[VolumePart]:
        """All parts of the group, in the order in which they are copied."""
        return self.volumes + self.later


def group_volumes(plan: BackupPlan, pause: bool) -> list[VolumeGroup]:
    """One group for each volume and folder; with ``pause``, one for all that share an application that writes to them.

    What holds a live database is copied in a pause anyway, and before the other files of the same application: as for
    a dumped database, rows are frozen before the first file is read.
    """
    groups: list[VolumeGroup] = []
    for part in plan.volumes:
        new = VolumeGroup([part], list(part.writers) if pause or part.live else [])
        for other in [group for group in groups if _overlap(group.containers, new.containers)]:
            groups.remove(other)
            own_ids = {container.id for container in new.containers}
            new.containers += [container for container in other.containers if container.id not in own_ids]
            new.volumes += other.volumes
        groups.append(new)
    if not pause:
        return _files_after_rows(groups)
    unassigned = [part.name for part in plan.databases]
    for group in groups:
        group.databases = [name for name in unassigned if uses_database(group.containers, name)]
        unassigned = [name for name in unassigned if name not in group.databases]
    return groups


def holds_files_of(group: VolumeGroup, databases: Iterable[str]) -> bool:
    """Whether an application that writes to a volume of the group uses one of the databases."""
    writers = [*group.containers, *(writer for part in group.parts for writer in part.writers)]
    return any(name in group.databases or uses_database(writers, name) for name in databases)


def _files_after_rows(groups: Sequence[VolumeGroup]) -> list[VolumeGroup]:
    """The groups, with each unpaused part behind the paused one whose application writes to both."""
    paused = [group for group in groups if group.containers]
    rest = []
    for group in groups:
        first = next((other for other in paused if _overlap(other.containers, group.volumes[0].writers)), None)
        if first is None or group in paused:
            rest.append(group)
        else:
            first.later += group.volumes
    return rest


def _overlap(some: Sequence[Container], others: Sequence[Container]) -> bool:
    return bool({container.id for container in some} & {container.id for container in others})


class Archiver:
    """Writes the volumes and folders of a group into the set's staging folder."""

    def __init__(self, plan: BackupPlan, layout: Layout, options: BackupOptions, cancellation: Cancellation) -> None:
        self._layout = layout
        self._packer = volume_pack.compression(plan.packer, options.jobs)
        self._priority = Priority(options.nice, options.ionice)
        self._cancellation = cancellation
        self._odd: dict[tuple[str, str], volume_pack.Odd] = {}

    def look(self, parts: Sequence[VolumePart]) -> None:
        """Look for what no archive can hold: before the pause, because this reads every folder of the parts."""
        find = [
            partial(volume_pack.find_odd, part.folder, self._cancellation, part.skip, self._priority) for part in parts
        ]
        found = run_all(find, self._cancellation) if find else []
        self._odd.update({(part.kind, part.name): odd for part, odd in zip(parts, found)})

    def target(self, kind: str, name: str) -> str:
        """The archive's path in staging."""
        return self._layout.archive(kind, name, self._packer.suffix)

    def archive(self, group: VolumeGroup, meters: Sequence[Part]) -> list[dict[str, Any]]:
        """Archive what is copied in the pause, side by side; returns entries for the manifest, in their order."""
        # A failure stops the others: otherwise an application would stay paused while they are copied in vain.
        return self._archive_all(group.volumes, meters)

    def archive_later(self, group: VolumeGroup, meters: Sequence[Part]) -> list[dict[str, Any]]:
        """The same for what is copied after the pause; ``meters`` are those of all parts of the group."""
        return self._archive_all(group.later, meters[len(group.volumes) :])

    def _archive_all(self, parts: Sequence[VolumePart], meters: Sequence[Part]) -> list[dict[str, Any]]:
        tasks = [partial(self._archive, part, meter) for part, meter in zip(parts, meters)]
        return run_all(tasks, self._cancellation) if tasks else []

    def _archive(self, part: VolumePart, meter: Part) -> dict[str, Any]:
        meter.start()
        started = time.monotonic()

        def watch(gauge: Callable[[], int]) -> None:
            meter.measure = gauge

        target = self.target(part.kind, part.name)
        os.makedirs(os.path.dirname(target), mode=0o700, exist_ok=True)
        with suppress(FileNotFoundError):
            os.unlink(target)  # of the copy before, when a database and its files are saved again
        remarks = volume_pack.archive(
            part.name,
            part.folder,
            target,
            self._packer,
            self._cancellation,
            self._priority,
            watch,
            kind=part.kind,
            skip=part.skip,
            odd=self._odd.get((part.kind, part.name)),
        )
        return {
            **part.facts(),
            "compression": self._packer.name,
            "empty": not has_files(part.folder),
            "remarks": remarks,
            "copy_seconds": round(time.monotonic() - started, 3),
        }


def has_files(folder: str) -> bool:
    """True when there is anything but folders below a folder; ends with the first one that it finds."""
    return any(files for _folder, _folders, files in os.walk(folder))
