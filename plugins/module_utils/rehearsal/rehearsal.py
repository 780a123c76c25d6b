# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The level ``rehearse``: bring everything back somewhere else, and compare. Private to this collection."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from typing import Any, Callable

from ansible_collections.maxops.ops.plugins.module_utils.storage.subject import Subject
from ansible_collections.maxops.ops.plugins.module_utils.storage.verdict import REHEARSE
from ansible_collections.maxops.ops.plugins.module_utils.systems.postgresql import databases as postgresql_admin
from ansible_collections.maxops.ops.plugins.module_utils.systems.postgresql.session import (
    Session,
    identifier,
    passfile_entry,
)
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import Cancelled, MaxopsError
from ansible_collections.maxops.ops.plugins.module_utils.tools.process import Cancellation
from ansible_collections.maxops.ops.plugins.module_utils.tools.progress import Progress
from ansible_collections.maxops.ops.plugins.module_utils.tools.workers import Slots
from ansible_collections.maxops.ops.plugins.module_utils.transfer import database_load, volume_unpack
from ansible_collections.maxops.ops.plugins.module_utils.transfer import roles as roles_load
from ansible_collections.maxops.ops.plugins.module_utils.transfer.programs import workers

from . import compare
from . import gitea as verify_gitea
from . import openproject as verify_openproject
from . import space as verify_space
from .content import Content
from .image import Image
from .server import ThrowawayServer, throwaway_server
from .workshop import Place, Workshop

RESTORE = "restore"
"""Check of findings about a part that could not be brought back."""

TAKE_ANOTHER = "Take another set; this part does not come back."

# The server's own words for what is the host's fault and not the set's.
_HOST_FAULTS = re.compile(
    r"No space left|Disk quota exceeded|out of memory|could not resize shared memory|Docker could"
)


@dataclass
class Outcome:
    """What a rehearsal measured and counted."""

    image: str
    postgresql: str = ""
    recovery_seconds: float = 0.0
    written_bytes: int = 0
    rows: dict[str, dict[str, int]] = field(default_factory=dict)
    content: dict[str, dict[str, int]] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """The outcome as data."""
        return dict(vars(self))


@dataclass
class Source:
    """What is brought back: databases as in a manifest, read by ``image``; ``file`` is a dump of the old way.

    ``roles`` are those that such a file takes for granted.
    """

    image: Image
    databases: Sequence[dict[str, Any]]
    file: str | None = None
    roles: Sequence[str] = ()


def rehearse(
    workshop: Workshop, subject: Subject, source: Source, cancellation: Cancellation, progress: Progress
) -> Outcome:
    """Bring a set, or a dump of the old way, back and compare it with its manifest.

    What is wrong with the set becomes a finding. Raises MaxopsError for what is wrong with the host.
    """
    space = verify_space.plan(workshop.folder, [*source.databases, *subject.parts("volume")], workshop.budget)
    started = time.monotonic()
    with workshop.place(subject.set_id) as place, verify_space.watched(place.folder, space, cancellation) as usage:
        try:
            outcome = _Rehearsal(workshop, subject, source, place, cancellation, progress).run()
        except Cancelled:
            if usage.stopped:
                raise MaxopsError(usage.stopped) from None
            raise
    outcome.written_bytes = usage.peak
    subject.steps[REHEARSE] = round(time.monotonic() - started, 3)
    return outcome


class _Rehearsal:
    def __init__(
        self,
        workshop: Workshop,
        subject: Subject,
        source: Source,
        place: Place,
        cancellation: Cancellation,
        progress: Progress,
    ) -> None:
        self.workshop = workshop
        self.subject = subject
        self.source = source
        self.place = place
        self.cancellation = cancellation
        self.progress = progress
        self.slots = Slots(workshop.jobs)
        self.outcome = Outcome(source.image.name)
        self.loaded: dict[str, dict[str, Any]] = {}
        self.volumes = {
            part["name"]: os.path.join(place.folder, f"volume-{number}")
            for number, part in enumerate(subject.parts("volume"))
        }

    def run(self) -> Outcome:
        """All steps, each with its time."""
        begun = time.monotonic()
        server = throwaway_server(
            self.workshop.stack,
            self.source.image.id,
            self._bootstrap_user(),
            self.place.data,
            self.place.socket,
            self.workshop.key,
            self.cancellation,
        )
        with server as throwaway:
            self._step("server", begun)
            try:
                self._bring_back(throwaway)
                self.outcome.recovery_seconds = round(time.monotonic() - begun, 3)
                self._compare(throwaway)
            except Cancelled:
                raise
            except MaxopsError:
                throwaway.check()
                raise
        return self.outcome

    def _step(self, name: str, since: float) -> float:
        now = time.monotonic()
        self.subject.steps[f"rehearse {name}"] = round(now - since, 3)
        return now

    # -- bringing it back -------------------------------------------------------------------------------------------

    def _bootstrap_user(self) -> str:
        """The set's own first superuser: what other roles were granted, was granted by that one."""
        try:
            with open(self.subject.layout.globals, encoding="utf-8") as stream:
                text = stream.read()
        except (OSError, UnicodeError):
            return "maxops"
        return bootstrap_user(text)

    def _bring_back(self, throwaway: ThrowawayServer) -> None:
        passfile = os.path.join(self.place.folder, "pgpass")
        descriptor = os.open(passfile, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(passfile_entry("nobody", "none"))
        target = database_load.target_of(
            self.workshop.stack,
            self.source.image.id,
            throwaway.server,
            self.workshop.key,
            passfile,
            socket_folder=self.place.socket,
        )
        begun = time.monotonic()
        with Session(throwaway.server, "postgres", self.cancellation) as session:
            self.outcome.postgresql = session.version
            self._check_major(session.version)
            self._make_roles(session, throwaway)
        self._step("roles", begun)
        largest_first = sorted(self.source.databases, key=lambda part: int(part["source_bytes"]), reverse=True)
        volumes = self.subject.parts("volume")
        with ThreadPoolExecutor(len(largest_first) + len(volumes) + 1, thread_name_prefix="rehearse") as pool:
            futures = [pool.submit(self._load, target, part, throwaway) for part in largest_first]
            futures += [pool.submit(self._unpack, part) for part in volumes]
            try:
                for future in as_completed(futures):
                    future.result()
            except BaseException as error:
                self.cancellation.cancel(f"stopped because of another failure: {error}")
                raise

    def _check_major(self, version: str) -> None:
        made_with = ((self.subject.manifest or {}).get("versions") or {}).get("postgresql")
        if made_with and _major(version) < _major(str(made_with)):
            raise MaxopsError(
                f"set {self.subject.set_id} comes from PostgreSQL {made_with}, and this host only has an image with "
                f"{version} ({self.source.image.name}), which cannot read it: bring the set's own image along"
            )

    def _make_roles(self, session: Session, throwaway: ThrowawayServer) -> None:
        if self.source.file:
            for name in sorted(set(self.source.roles) - postgresql_admin.roles(session)):
                session.run("make a role in", f"CREATE ROLE {identifier(name)}")
            return
        if not self.source.databases:
            return
        try:
            roles_load.create_missing_roles(session, self.subject.layout.globals)
        except Cancelled:
            raise
        except MaxopsError as error:
            throwaway.check()
            self.subject.critical(RESTORE, "globals.sql", str(error), "roles that can be made", TAKE_ANOTHER)

    def _load(self, target: database_load.Target, part: dict[str, Any], throwaway: ThrowawayServer) -> None:
        name = part["name"]
        count = workers(int(part["source_bytes"]), self.workshop.jobs)
        meter = self.progress.part(f"database {name}", int(part["source_bytes"]))
        with self.slots.taking(count):
            begun = time.monotonic()
            meter.start()
            try:
                if self.source.file:
                    loaded = database_load.load_file(
                        target, self.source.file, part, None, name, self.cancellation, meter
                    )
                else:
                    loaded = database_load.load_set_database(
                        target, self.subject.layout, part, name, count, self.cancellation, meter
                    )
            except Cancelled:
                raise
            except MaxopsError as error:
                throwaway.check()
                if _HOST_FAULTS.search(str(error)):
                    raise
                self.subject.critical(RESTORE, f'database "{name}"', str(error), "a database", TAKE_ANOTHER)
                return
            finally:
                meter.finish()
                self._step(f"database {name}", begun)
        self.loaded[name] = loaded
        self.outcome.rows[name] = loaded["rows"]

    def _unpack(self, part: dict[str, Any]) -> None:
        name = part["name"]
        [archive] = [
            os.path.join(self.subject.path, entry["path"])
            for entry in (self.subject.manifest or {})["files"]
            if os.path.join(self.subject.path, entry["path"]).startswith(self.subject.layout.volume(name, ".tar"))
        ]
        folder = self.volumes[name]
        os.mkdir(folder, mode=0o700)
        meter = self.progress.part(f"volume {name}", int(part["source_bytes"]))
        with self.slots.taking(1):
            begun = time.monotonic()
            meter.start()

            def watch(gauge: Callable[[], int]) -> None:
                meter.measure = gauge

            try:
                # What is thrown away soon must not make the running stack wait for its disk.
                volume_unpack.extract(name, archive, folder, self.cancellation, on_start=watch)
            except Cancelled:
                raise
            except MaxopsError as error:
                if "disk filled up" in str(error):
                    raise
                self.subject.critical(RESTORE, f'volume "{name}"', str(error), "files", TAKE_ANOTHER)
            finally:
                meter.finish()
                self._step(f"volume {name}", begun)

    # -- comparing --------------------------------------------------------------------------------------------------

    def _compare(self, throwaway: ThrowawayServer) -> None:
        begun = time.monotonic()
        server, manifest = throwaway.server, self.subject.manifest or {}
        compare.compare_roles(self.subject, server, manifest.get("roles", []))
        for part in self.source.databases:
            name = part["name"]
            if name in self.loaded:
                compare.compare_rows(self.subject, name, self.loaded[name].get("differences", []))
                expected = part.get("extensions", {})
                compare.compare_database(self.subject, server, name, expected, self.cancellation)
        begun = self._step("compare", begun)
        if self.workshop.cross_check and not self.source.file:
            self._cross_check(throwaway)
            self._step("cross-check", begun)

    def _cross_check(self, throwaway: ThrowawayServer) -> None:
        content = Content(
            self.subject,
            throwaway.server,
            self.volumes,
            self.workshop.stack,
            self.workshop.key,
            self.place.folder,
            self.workshop.jobs,
            self.cancellation,
        )
        for name in self.loaded:
            with Session(throwaway.server, name, self.cancellation) as session:
                for application in (verify_openproject, verify_gitea):
                    if application.applies(session):
                        self._ask(content, application, session, name)

    def _ask(self, content: Content, application: Any, session: Session, name: str) -> None:
        if not self.volumes:
            found = "its files cannot be compared, for the set holds no volume"
            self.subject.warning("content", f"database {name}", found, "its application's volume")
            return
        self.outcome.content[application.NAME] = application.check(content, session)


def _major(version: str) -> int:
    return int(version.partition(".")[0])


def bootstrap_user(globals_text: str) -> str:
    """The role that a server was set up with: the one that granted, else the first superuser."""
    granted = re.search(rf"GRANTED BY ({_NAME});", globals_text)
    superuser = re.search(rf"^ALTER ROLE ({_NAME}) WITH SUPERUSER\b", globals_text, re.MULTILINE)
    match = granted or superuser
    if not match:
        return "maxops"
    name = match.group(1)
    return name[1:-1].replace('""', '"') if name.startswith('"') else name


_NAME = r'"(?:[^"]|"")+"|[\w$]+'
