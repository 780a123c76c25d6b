# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A database's part of a backup set, dumped by the server's own pg_dump."""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Callable

from ansible_collections.maxops.ops.plugins.module_utils.storage.backup_set import Layout
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.stack import Container, HelperSpec, Stack
from ansible_collections.maxops.ops.plugins.module_utils.systems.postgresql.dump_watch import (
    DumpWatch,
    changed_tables,
)
from ansible_collections.maxops.ops.plugins.module_utils.systems.postgresql.session import (
    DatabaseFacts,
    NoFreeConnectionError,
    Server,
    dsn,
    list_roles,
)
from ansible_collections.maxops.ops.plugins.module_utils.systems.postgresql.snapshot import (
    PATIENCE_SECONDS,
    LockedError,
    Snapshot,
    TableName,
    changed,
)
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import Cancelled, MaxopsError
from ansible_collections.maxops.ops.plugins.module_utils.tools.files import (
    free_bytes,
    remove_tree,
    to_json,
    write_atomically,
)
from ansible_collections.maxops.ops.plugins.module_utils.tools.process import Cancellation, StageResult
from ansible_collections.maxops.ops.plugins.module_utils.tools.progress import Part
from ansible_collections.maxops.ops.plugins.module_utils.tools.words import human_size
from ansible_collections.maxops.ops.plugins.module_utils.tools.workers import run_all

from . import programs
from .dump_failures import DatabaseFault, of_database, own_fault
from .dump_remarks import remarks_on

LOCK_WAIT_SECONDS = 5
"""How long pg_dump waits for one lock. Meanwhile it holds others, behind which an application may have to wait."""

PAUSE_SECONDS = 1.0
"""Pause after a dump that met a lock: whoever waited for the dump's locks goes first."""

MOST_YIELDS = 3
"""How often a dump gives way to a session that waits for its locks, before the dump is given up."""

HELPER_CPU_SHARES = 256
"""A quarter of Docker's default for a container: the applications' queries come first."""

_INSIDE_SET = "/maxops/set"


@dataclass(frozen=True)
class DumpSource:
    """The server in ``container`` and how to dump it; the helpers are marked with ``repository``."""

    stack: Stack
    container: Container
    server: Server
    repository: str
    compression: str


class Dumper:
    """Writes databases and roles into the set's staging folder, with the server's own programs."""

    def __init__(self, source: DumpSource, layout: Layout, passfile: str, cancellation: Cancellation) -> None:
        self._source = source
        self._layout = layout
        self._passfile = passfile
        self._cancellation = cancellation

    def dump(self, facts: DatabaseFacts, snapshot: Snapshot, jobs: int, meter: Part) -> dict[str, Any]:
        """Dump one database from its snapshot and count its rows in the same snapshot, at the same time.

        A dump that meets a lock, or that others wait for, is ended and tried again. Raises ChangedError when the
        snapshot no longer shows the rows of a table, so that another one is needed; LockedError when the locks do not
        go away; DatabaseFault when this database cannot be dumped, but others can.
        """
        first, yields = 0.0, 0
        while True:
            folder = self._layout.database(facts.name)
            if os.path.lexists(folder):
                remove_tree(folder)  # of the dump before; pg_dump makes it itself
            try:
                run = _Run(self._source.server, facts.name, snapshot)
            except MaxopsError as error:
                raise own_fault(error) from error
            try:
                return self._attempt(run, facts, snapshot, jobs, meter)
            except LockedError:
                first = first or time.monotonic()
                yields += bool(run.waits)
                if yields >= MOST_YIELDS or time.monotonic() - first > PATIENCE_SECONDS:
                    raise
            self._pause()

    def _pause(self) -> None:
        until = time.monotonic() + PAUSE_SECONDS
        while time.monotonic() < until:
            self._cancellation.check()
            time.sleep(0.05)

    def _attempt(self, run: _Run, facts: DatabaseFacts, snapshot: Snapshot, jobs: int, meter: Part) -> dict[str, Any]:
        folder = os.path.relpath(self._layout.database(facts.name), self._layout.databases)
        argv = ["pg_dump", "--format=directory", f"--jobs={jobs}", f"--compress={self._source.compression}"]
        argv += ["--no-sync", "--no-password", f"--snapshot={snapshot.id}", f"--file={_INSIDE_SET}/{folder}"]
        # The database's own encoding, whatever it sets for its clients: nothing has to be converted.
        argv += [f"--encoding={facts.encoding}", f"--lock-wait-timeout={LOCK_WAIT_SECONDS * 1000}"]
        argv += [self._connection(facts.name)]

        def dump() -> None:
            result = self._run(argv, self._layout.databases, run.scope, run.application)
            if result.failed:
                if "requested snapshot" in result.stderr:
                    snapshot.check()  # its session is gone: that is the cause
                raise _failure(self._source, f'database "{facts.name}"', "pg_dump", result, run.watch.blocker)

        def read() -> tuple[dict[str, int], dict[str, str]]:
            try:
                return snapshot.row_counts(run.scope), snapshot.schema_version(run.scope)
            except MaxopsError as error:
                raise own_fault(error) from error

        with self._cancellation.stoppable(partial(run.scope.cancel, "the job is being stopped")), run.watch:
            meter.measure = run.watch.sent
            try:
                tasks: list[Callable[[], Any]] = [dump, read]
                counts, versions = run_all(tasks, run.scope)[1]
            except MaxopsError as error:
                self._cancellation.check()
                raise run.cause(error) from error
            finally:
                meter.measure = None
            # pg_dump has ended, and its locks with it: what was not proven meanwhile must still be as it was. The
            # session of the watch is still open, so that this needs no further connection.
            run.check_changed()
        return {**self._facts(facts, snapshot), "rows": counts, "schema_version": versions}

    def _facts(self, facts: DatabaseFacts, snapshot: Snapshot) -> dict[str, Any]:
        """Write the properties of the database, and give what the manifest records of it, without its rows."""
        try:
            properties, extensions = snapshot.properties(), snapshot.extensions()
            mismatches = snapshot.collation_mismatches()
        except MaxopsError as error:
            raise own_fault(error) from error
        # A separate file: settings may hold secrets, and the manifest is in the result of every backup.
        write_atomically(self._layout.properties(facts.name), to_json(properties))
        return {
            "kind": "database",
            "name": facts.name,
            "owner": facts.owner,
            "encoding": facts.encoding,
            "collate": facts.collate,
            "ctype": facts.ctype,
            "compression": self._source.compression,
            "source_bytes": facts.size,
            "extensions": extensions,
            "collation_mismatches": mismatches,
            "remarks": remarks_on(facts.name, properties, extensions, mismatches),
        }

    def dump_globals(self) -> tuple[list[str], list[str]]:
        """Write roles and their memberships as SQL; returns the roles' names and remarks on missing passwords."""
        argv = ["pg_dumpall", "--globals-only", f"--file={_INSIDE_SET}/globals.sql", "--no-password"]
        argv += [f"--dbname={self._connection('postgres')}"]
        remarks = []
        result = self._run(argv, self._layout.path, self._cancellation)
        if result.failed and "pg_authid" in result.stderr:
            remarks.append("roles were saved without their passwords: the stack's database user is not a superuser")
            result = self._run([*argv, "--no-role-passwords"], self._layout.path, self._cancellation)
        if result.failed:
            raise _failure(self._source, "the roles (globals)", "pg_dumpall", result)
        return list_roles(self._source.server), remarks

    def _connection(self, database: str) -> str:
        # The helper shares the network of the database's container: there the server is on the loopback address.
        return dsn(host="127.0.0.1", port=str(self._source.server.port), user=self._source.server.user, dbname=database)

    def _run(
        self, argv: list[str], folder: str, cancellation: Cancellation, application: str = "maxops.ops"
    ) -> StageResult:
        spec = HelperSpec(
            image_id=self._source.container.image_id,
            argv=argv,
            key=self._source.repository,
            network_of=self._source.container.id,
            binds=[(folder, _INSIDE_SET, True), (self._passfile, programs.INSIDE_PASSFILE, False)],
            environment={**programs.environment({}), "PGAPPNAME": application},
            cpu_shares=HELPER_CPU_SHARES,
        )
        return self._source.stack.run_helper(spec, cancellation)


class _Run:
    """One run of pg_dump, with a name of its own for its sessions, and a way to end it without ending the job."""

    def __init__(self, server: Server, database: str, snapshot: Snapshot) -> None:
        self.application = f"maxops.ops {uuid.uuid4().hex[:12]}"
        self.scope = Cancellation()
        self.waits = ""
        self._tables: Sequence[TableName] = ()
        self._server, self._database, self._snapshot = server, database, snapshot
        own = (snapshot.process,)
        self.watch = DumpWatch(server, database, self.application, own, snapshot.files(), self._stop)

    def _stop(self, waits: str, tables: Sequence[TableName]) -> None:
        """End this run: another session waits for its locks, or tables had changed before it had them."""
        self.waits, self._tables = waits, tables
        self.scope.cancel(waits or "tables have changed")

    def cause(self, error: MaxopsError) -> MaxopsError:
        """The cause of the run's failure, where the error is a consequence."""
        if isinstance(error, Cancelled) and self._tables:
            return changed(self._database, self._tables)
        if isinstance(error, Cancelled) and self.waits:
            return LockedError(
                f'the dump of database "{self._database}" was ended, because {self.waits}, and applications would '
                "have to wait behind it; back up at a time without schema changes, then run this again"
            )
        return error

    def check_changed(self) -> None:
        """Raise ChangedError when it is not proven that the dump has all rows of every table.

        DatabaseFault when that cannot be read, also without a free connection: the other dumps are good.
        """
        frozen = self._snapshot.files()
        if frozen.keys() <= self.watch.proven:
            return
        try:
            tables = changed_tables(frozen, self.watch.files(), self.watch.proven)
        except NoFreeConnectionError as error:
            reason = f'the server had no free connection to check the tables of database "{self._database}"'
            raise DatabaseFault(
                f"{reason} after its dump", "raise max_connections, or back up at a quieter time"
            ) from error
        except MaxopsError as error:
            raise own_fault(error) from error
        if tables:
            raise changed(self._database, tables)


def _failure(source: DumpSource, subject: str, program: str, result: StageResult, blocker: str = "") -> MaxopsError:
    """The error for a program that failed: of the database (DatabaseFault, ChangedError, LockedError), or any other."""
    if not (programs.disk_full(result) or programs.not_started(result) or programs.lost_server(result)):
        error = of_database(subject, program, result, blocker)
        if error:
            return error
    return MaxopsError(_explain(source, subject, program, result))


def _explain(source: DumpSource, subject: str, program: str, result: StageResult) -> str:
    container = source.container.name
    output, advice = programs.first_error(result), programs.advice_on(result, container)
    if programs.disk_full(result):
        free = human_size(free_bytes(source.repository))
        return (
            f"the disk filled up while {subject} was dumped into {source.repository} ({free} free): "
            "free some space, keep fewer sets (retention), or name another repository"
        )
    if programs.not_started(result):
        return f"Docker could not start the helper container for {subject}: {output}; {advice}"
    if programs.lost_server(result):
        return f"{program} lost the server while it dumped {subject} in container {container}: {output}; {advice}"
    return f"{program} failed on {subject} in container {container}: {output}; {advice}"
