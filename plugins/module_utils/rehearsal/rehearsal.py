# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Restores a backup set into a throw-away server, and compares the copy with the manifest.

The interface, for any job that needs a copy of the data:

* :class:`RehearsalArea` (area.py) names the folder, the Docker daemon, the jobs and the budget; ``with area.opened()``
  locks the folder for one rehearsal and removes what a killed rehearsal left.
* :class:`Source` (values.py) says what to restore and with which image; image.py finds the image that made a set.
* :class:`Subject` (storage) is the set: its folder, its manifest (already read), and the place for findings and times.
* ``with restored(area, subject, source, cancellation, progress) as rehearsal`` gives the running server
  (``rehearsal.server``, by its socket in ``rehearsal.folders.socket``), and volumes and folders as folders of this host
  (``rehearsal.volumes``). All of it is removed after the block, even if this process is killed.
* ``rehearsal.compare()`` and ``rehearsal.cross_check()`` create findings; :func:`rehearse` does both and is all that a
  verification needs.

A fault of the set becomes a finding of the subject; a fault of the host is raised as MaxopsError. The messages name the
options ``rehearsal_dir`` and ``rehearsal_budget``: every module above this layer uses these names.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ansible_collections.maxops.ops.plugins.module_utils.storage.backup_set import archived_parts
from ansible_collections.maxops.ops.plugins.module_utils.storage.subject import Subject
from ansible_collections.maxops.ops.plugins.module_utils.storage.verdict import REHEARSE
from ansible_collections.maxops.ops.plugins.module_utils.systems.postgresql.session import Server
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import Cancelled, MaxopsError
from ansible_collections.maxops.ops.plugins.module_utils.tools.process import Cancellation
from ansible_collections.maxops.ops.plugins.module_utils.tools.progress import Progress
from ansible_collections.maxops.ops.plugins.module_utils.tools.workers import Slots, run_all

from . import compare, space
from .area import Folders, RehearsalArea
from .content import Content
from .live import Live
from .load import Loading, Unpacking, note_step
from .server import ThrowawayServer, bootstrap_user, preload_libraries, throwaway_server
from .values import Outcome, Source


def rehearse(
    area: RehearsalArea,
    subject: Subject,
    source: Source,
    cancellation: Cancellation,
    progress: Progress,
    cross_check: bool = True,
    live: Live | None = None,
) -> Outcome:
    """Restore a set, or a legacy dump, and compare it with its manifest; ``cross_check`` compares rows with files.

    ``live`` tells the set's own faults from those of the running application. A fault of the set becomes a finding.
    Raises MaxopsError for a fault of the host.
    """
    with restored(area, subject, source, cancellation, progress) as rehearsal:
        rehearsal.compare()
        if not cross_check:
            rehearsal.outcome.not_compared.append("the applications' rows with their files (cross_check is off)")
        elif not source.file:
            rehearsal.cross_check(live)
    return rehearsal.outcome


@contextmanager
def restored(
    area: RehearsalArea, subject: Subject, source: Source, cancellation: Cancellation, progress: Progress
) -> Iterator[Rehearsal]:
    """Restore a set for the block: a running server and folders with the volumes, removed at its end.

    Raises MaxopsError for a fault of the host: no free space, no memory, more written than the budget allows.
    """
    needed = space.plan(area.folder, [*source.databases, *archived_parts(subject.manifest)], area.budget)
    started = time.monotonic()
    with area.folders(subject.set_id) as folders, space.watched(folders.folder, needed, cancellation) as usage:
        rehearsal = Rehearsal(area, subject, source, folders, cancellation, progress)
        try:
            with rehearsal.running():
                yield rehearsal
        except Cancelled:
            if usage.stopped:
                raise MaxopsError(usage.stopped) from None
            raise
    rehearsal.outcome.written_bytes = usage.peak
    subject.steps[REHEARSE] = round(time.monotonic() - started, 3)


class Rehearsal:
    """A restored copy of a set, created by :func:`restored`."""

    def __init__(
        self,
        area: RehearsalArea,
        subject: Subject,
        source: Source,
        folders: Folders,
        cancellation: Cancellation,
        progress: Progress,
    ) -> None:
        self.area = area
        self.subject = subject
        self.source = source
        self.folders = folders
        self.outcome = Outcome(source.image.name if source.image else "")
        self.loaded: dict[str, dict[str, Any]] = {}
        """The loading result of each restored database."""
        self.volumes = {
            part["name"]: os.path.join(folders.folder, f"volume-{number}")
            for number, part in enumerate(archived_parts(subject.manifest))
        }
        self._cancellation = cancellation
        self._progress = progress
        self._throwaway: ThrowawayServer | None = None

    @property
    def server(self) -> Server:
        """How to reach the throw-away server, as its superuser and without a password."""
        if self._throwaway is None:
            raise MaxopsError("the throw-away server of this rehearsal is not running")
        return self._throwaway.server

    @contextmanager
    def running(self) -> Iterator[None]:
        """Start the server and load everything into it; the server is gone after the block.

        A set without databases needs no server: only its volumes and folders are unpacked.
        """
        begun = time.monotonic()
        if self.source.image is None:
            slots = Slots(self.area.jobs)
            unpacking = Unpacking(self.subject, self.volumes, slots, self._cancellation, self._progress)
            run_all(unpacking.tasks(), self._cancellation)
            self.outcome.recovery_seconds = round(time.monotonic() - begun, 3)
            yield
            return
        server = throwaway_server(
            self.area.stack,
            self.source.server_image.id,
            self._bootstrap_user(),
            self.folders.data,
            self.folders.socket,
            self.area.key,
            self._cancellation,
            preload_libraries(self.subject.manifest),
        )
        with server as throwaway:
            self._throwaway = throwaway
            note_step(self.subject, "server", begun)
            try:
                self.loaded = Loading(
                    self.area,
                    self.subject,
                    self.source,
                    self.folders,
                    self.volumes,
                    throwaway,
                    self.outcome,
                    self._cancellation,
                    self._progress,
                ).run()
                self.outcome.recovery_seconds = round(time.monotonic() - begun, 3)
                yield
            except Cancelled:
                raise
            except MaxopsError:
                throwaway.check()
                raise
            finally:
                self._throwaway = None

    def compare(self) -> None:
        """Compare roles, rows, extensions and sequences with the manifest; each difference becomes a finding."""
        begun = time.monotonic()
        compare.compare(self._content(), self.source.databases, self.loaded)
        note_step(self.subject, "compare", begun)

    def cross_check(self, live: Live | None = None) -> None:
        """Compare the applications' rows with their files; each difference becomes a finding."""
        begun = time.monotonic()
        content = self._content()
        if live:
            content.live = live
        self.outcome.content = compare.cross_check(content, self.loaded)
        self.outcome.not_covered += content.not_covered
        self.outcome.not_compared += content.not_compared
        note_step(self.subject, "cross-check", begun)

    def _content(self) -> Content:
        return Content(
            self.subject,
            self.server if self._throwaway else None,
            {**self.volumes, **self._places_inside()},
            self.area.stack,
            self.area.key,
            self.folders.folder,
            self.area.jobs,
            self._cancellation,
        )

    def _places_inside(self) -> dict[str, str]:
        """Folders that services mount, and whose files are in a folder above them."""
        return {
            name: os.path.join(self.volumes[part["name"]], path)
            for part in archived_parts(self.subject.manifest)
            for name, path in part.get("inside", {}).items()
        }

    def _bootstrap_user(self) -> str:
        """The set's own first superuser: it granted the other roles their rights."""
        try:
            with open(self.subject.layout.globals, encoding="utf-8") as stream:
                text = stream.read()
        except (OSError, UnicodeError):
            return "maxops"
        return bootstrap_user(text)
