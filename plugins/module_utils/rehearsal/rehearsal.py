# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bringing a backup set back into a throw-away server, and comparing what came back with the manifest.

The interface, for any job that wants to try something on a copy of the data:

* :class:`RehearsalArea` (area.py) names the folder, the Docker daemon, the jobs and the budget; ``with area.opened()``
  takes the only turn on this host and removes what a killed rehearsal left.
* :class:`Source` (values.py) says what to bring back and with which image; image.py finds the one that made a set.
* :class:`Subject` (storage) is the set: its folder, its manifest (already read), and where findings and times go.
* ``with restored(area, subject, source, cancellation, progress) as rehearsal`` gives the running server
  (``rehearsal.server``, by its socket in ``rehearsal.folders.socket``) and the volumes as folders of this host
  (``rehearsal.volumes``). All of it is gone after the block, whatever happens to this process.
* ``rehearsal.compare()`` and ``rehearsal.cross_check()`` make findings; :func:`rehearse` does both and is all that a
  verification needs.

What is wrong with the set becomes a finding of the subject; what is wrong with the host is raised as MaxopsError. The
messages name the options ``rehearsal_dir`` and ``rehearsal_budget``: every module over this layer calls them so.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ansible_collections.maxops.ops.plugins.module_utils.storage.subject import Subject
from ansible_collections.maxops.ops.plugins.module_utils.storage.verdict import REHEARSE
from ansible_collections.maxops.ops.plugins.module_utils.systems.postgresql.session import Server
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import Cancelled, MaxopsError
from ansible_collections.maxops.ops.plugins.module_utils.tools.process import Cancellation
from ansible_collections.maxops.ops.plugins.module_utils.tools.progress import Progress

from . import compare, space
from .area import Folders, RehearsalArea
from .content import Content
from .load import Loading, note_step
from .server import ThrowawayServer, bootstrap_user, throwaway_server
from .values import Outcome, Source


def rehearse(
    area: RehearsalArea,
    subject: Subject,
    source: Source,
    cancellation: Cancellation,
    progress: Progress,
    cross_check: bool = True,
) -> Outcome:
    """Bring a set, or a legacy dump, back and compare it with its manifest; ``cross_check`` compares rows with files.

    What is wrong with the set becomes a finding. Raises MaxopsError for what is wrong with the host.
    """
    with restored(area, subject, source, cancellation, progress) as rehearsal:
        rehearsal.compare()
        if cross_check and not source.file:
            rehearsal.cross_check()
    return rehearsal.outcome


@contextmanager
def restored(
    area: RehearsalArea, subject: Subject, source: Source, cancellation: Cancellation, progress: Progress
) -> Iterator[Rehearsal]:
    """Bring a set back for the block: a running server and folders with the volumes, removed at its end.

    Raises MaxopsError for what is wrong with the host: no room, no memory, more written than the budget allows.
    """
    needed = space.plan(area.folder, [*source.databases, *subject.parts("volume")], area.budget)
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
    """A set that was brought back; made by :func:`restored`."""

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
        self.outcome = Outcome(source.image.name)
        self.loaded: dict[str, dict[str, Any]] = {}
        """What loading gave of each database that came back."""
        self.volumes = {
            part["name"]: os.path.join(folders.folder, f"volume-{number}")
            for number, part in enumerate(subject.parts("volume"))
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
        """Start the server and bring everything back into it; the server is gone after the block."""
        begun = time.monotonic()
        server = throwaway_server(
            self.area.stack,
            self.source.image.id,
            self._bootstrap_user(),
            self.folders.data,
            self.folders.socket,
            self.area.key,
            self._cancellation,
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
        """Roles, rows, extensions and sequences against the manifest; what differs becomes a finding."""
        begun = time.monotonic()
        compare.compare(self._content(), self.source.databases, self.loaded)
        note_step(self.subject, "compare", begun)

    def cross_check(self) -> None:
        """Rows against files, by what is known of the applications; what differs becomes a finding."""
        begun = time.monotonic()
        self.outcome.content = compare.cross_check(self._content(), self.loaded)
        note_step(self.subject, "cross-check", begun)

    def _content(self) -> Content:
        return Content(
            self.subject,
            self.server,
            self.volumes,
            self.area.stack,
            self.area.key,
            self.folders.folder,
            self.area.jobs,
            self._cancellation,
        )

    def _bootstrap_user(self) -> str:
        """The set's own first superuser: what other roles were granted, was granted by that one."""
        try:
            with open(self.subject.layout.globals, encoding="utf-8") as stream:
                text = stream.read()
        except (OSError, UnicodeError):
            return "maxops"
        return bootstrap_user(text)
