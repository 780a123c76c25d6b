# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A database's part of a backup set, dumped by the server's own pg_dump. Private to this collection."""

from __future__ import annotations

import fcntl
import os
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import Any

from ansible_collections.maxops.ops.plugins.module_utils import postgresql
from ansible_collections.maxops.ops.plugins.module_utils.backup_plan import DatabasePart, Plan
from ansible_collections.maxops.ops.plugins.module_utils.backup_set import Layout
from ansible_collections.maxops.ops.plugins.module_utils.errors import MaxopsError
from ansible_collections.maxops.ops.plugins.module_utils.files import free_bytes, human_size, to_json, write_atomically
from ansible_collections.maxops.ops.plugins.module_utils.process import Cancellation, StageResult
from ansible_collections.maxops.ops.plugins.module_utils.progress import Part
from ansible_collections.maxops.ops.plugins.module_utils.stack import HelperSpec

WORKER_SHARE = 128 * 1000 * 1000
"""Bytes of database that make one more pg_dump worker worth its start."""

LOCK_WAIT_SECONDS = 120
"""How long pg_dump waits for a table that somebody holds an exclusive lock on."""

HELPER_CPU_SHARES = 256
"""A quarter of what Docker gives a container: the applications' queries come first."""

PASSFILE_SECONDS = 600
"""Age from which a password file that nobody has locked is a killed job's."""

_LOST = ("connection to server", "server closed", "terminating connection", "lost synchronization")
_PASSFILE = "maxops-pgpass-"
_INSIDE_SET = "/maxops/set"
_INSIDE_PASSFILE = "/maxops/pgpass"


def workers(size: int, jobs: int) -> int:
    """How many parallel workers a database of so many bytes deserves."""
    return max(1, min(jobs, -(-size // WORKER_SHARE)))


@contextmanager
def password_file(server: postgresql.Server | None) -> Iterator[str]:
    """A password file for the server's own programs, in memory and for root only, gone after the block."""
    folder = "/dev/shm" if os.path.isdir("/dev/shm") else tempfile.gettempdir()  # noqa: S108 - a fresh name is made in it
    _sweep_passwords(folder)
    descriptor, path = tempfile.mkstemp(prefix=_PASSFILE, dir=folder)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            fcntl.flock(descriptor, fcntl.LOCK_SH)
            if server is not None:
                stream.write(postgresql.passfile_entry(server.user, server.password))
                stream.flush()
            yield path
    finally:
        os.unlink(path)


def _sweep_passwords(folder: str) -> None:
    """Remove what killed jobs left: files that no process has locked. A young one may be about to be locked."""
    for name in os.listdir(folder):
        if not name.startswith(_PASSFILE):
            continue
        with suppress(OSError):  # somebody else's, or in use
            descriptor = os.open(os.path.join(folder, name), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if time.time() - os.fstat(descriptor).st_mtime > PASSFILE_SECONDS:
                    os.unlink(os.path.join(folder, name))
            finally:
                os.close(descriptor)


class Dumper:
    """Writes databases and roles into the set's staging folder, with the server's own programs."""

    def __init__(self, plan: Plan, layout: Layout, passfile: str, cancellation: Cancellation) -> None:
        self._plan = plan
        self._layout = layout
        self._passfile = passfile
        self._cancellation = cancellation
        self._server = plan.require_server()

    def dump(self, part: DatabasePart, snapshot: postgresql.Snapshot, jobs: int, meter: Part) -> dict[str, Any]:
        """Dump one database from its snapshot and count its rows in the same snapshot, at the same time."""
        folder = os.path.relpath(self._layout.database(part.name), self._layout.databases)
        argv = ["pg_dump", "--format=directory", f"--jobs={jobs}", f"--compress={self._plan.dump_compression}"]
        argv += ["--no-sync", "--no-password", f"--snapshot={snapshot.id}", f"--file={_INSIDE_SET}/{folder}"]
        argv += [f"--lock-wait-timeout={LOCK_WAIT_SECONDS * 1000}", self._connection(part.name)]
        with _watching(self._server, part.name, meter), ThreadPoolExecutor(1, thread_name_prefix="count") as pool:
            counting = pool.submit(snapshot.row_counts)
            ended = self._run(argv, self._layout.databases)
            if ended.failed:
                cause = _explain(self._plan, f'database "{part.name}"', "pg_dump", ended)
                # Counting may wait for the very lock that the dump has given up on.
                self._cancellation.cancel(f"stopped because of another failure: {cause}")
                raise MaxopsError(cause)
            counts = counting.result()
        # A file of its own: settings may hold secrets, and the manifest is shown to everybody who runs a backup.
        write_atomically(self._layout.properties(part.name), to_json(snapshot.properties()))
        return {
            "kind": "database",
            "name": part.name,
            "owner": part.facts.owner,
            "encoding": part.facts.encoding,
            "collate": part.facts.collate,
            "ctype": part.facts.ctype,
            "compression": self._plan.dump_compression,
            "source_bytes": part.facts.size,
            "rows": counts,
            "extensions": snapshot.extensions(),
            "schema_version": snapshot.schema_version(),
        }

    def dump_globals(self) -> tuple[list[str], list[str]]:
        """Write roles and their memberships as SQL; gives the roles' names and remarks on what could not be read."""
        argv = ["pg_dumpall", "--globals-only", f"--file={_INSIDE_SET}/globals.sql", "--no-password"]
        argv += [f"--dbname={self._connection('postgres')}"]
        remarks = []
        ended = self._run(argv, self._layout.path)
        if ended.failed and "pg_authid" in ended.stderr:
            remarks.append("roles were saved without their passwords: the stack's database user is no superuser")
            ended = self._run([*argv, "--no-role-passwords"], self._layout.path)
        if ended.failed:
            raise MaxopsError(_explain(self._plan, "the roles (globals)", "pg_dumpall", ended))
        return postgresql.list_roles(self._server), remarks

    def _connection(self, database: str) -> str:
        # The helper shares the network of the database's container: there the server is on the loopback address.
        return postgresql.dsn(host="127.0.0.1", port=str(self._server.port), user=self._server.user, dbname=database)

    def _run(self, argv: list[str], folder: str) -> StageResult:
        container = self._plan.require_container()
        spec = HelperSpec(
            image_id=container.image_id,
            argv=argv,
            key=self._plan.repository.path,
            network_of=container.id,
            binds=[(folder, _INSIDE_SET, True), (self._passfile, _INSIDE_PASSFILE, False)],
            environment={
                "PGPASSFILE": _INSIDE_PASSFILE,
                "PGAPPNAME": "maxops.ops",
                "PGCONNECT_TIMEOUT": "10",
                "PGOPTIONS": postgresql.NO_LIMITS,
                "LC_ALL": "C",
            },
            cpu_shares=HELPER_CPU_SHARES,
        )
        return self._plan.stack.run_helper(spec, self._cancellation)


@contextmanager
def _watching(server: postgresql.Server, database: str, meter: Part) -> Iterator[None]:
    """Have the server's own account of the dump's progress drive the meter."""
    try:
        session = postgresql.CopyMeter(server, database)
    except MaxopsError:
        yield  # only the display is poorer
        return
    meter.measure = session.read
    try:
        yield
    finally:
        meter.measure = None
        session.close()


def _explain(plan: Plan, subject: str, program: str, ended: StageResult) -> str:
    container = plan.require_container().name
    said = (
        "; ".join(line.strip() for line in ended.stderr.splitlines()[-4:] if line.strip())
        or f"exit code {ended.returncode}"
    )
    if "No space left on device" in ended.stderr or "Disk quota exceeded" in ended.stderr:
        free = human_size(free_bytes(plan.repository.path))
        return (
            f"the disk filled up while {subject} was dumped into {plan.repository.path} ({free} free): "
            "make room, keep fewer sets (retention), or name another repository"
        )
    if "lock timeout" in ended.stderr:
        return (
            f"{subject} could not be dumped: another session has held a table locked for {LOCK_WAIT_SECONDS} seconds "
            f"({said}); is a migration running? Wait until it has ended, then run this again"
        )
    if ended.returncode == 125 or "response from daemon" in ended.stderr:
        return (
            f"Docker could not start the helper container for {subject}: {said}; was container {container} stopped or "
            f"restarted meanwhile? See docker ps -a and docker logs --tail=50 {container}, then run this again"
        )
    if any(text in ended.stderr for text in _LOST):
        return (
            f"{program} lost the server while it dumped {subject} in container {container}: {said}; "
            f"was the container stopped or restarted? See docker logs --tail=50 {container}, then run this again"
        )
    return f"{program} failed on {subject} in container {container}: {said}; mend the cause, then run this again"
