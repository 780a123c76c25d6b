# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A database's part of a backup set, dumped by the server's own pg_dump."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Callable

from ansible_collections.maxops.ops.plugins.module_utils.storage.backup_set import Layout
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.stack import Container, HelperSpec, Stack
from ansible_collections.maxops.ops.plugins.module_utils.systems.postgresql.session import (
    DatabaseFacts,
    Server,
    dsn,
    list_roles,
)
from ansible_collections.maxops.ops.plugins.module_utils.systems.postgresql.snapshot import CopyMeter, Snapshot
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError
from ansible_collections.maxops.ops.plugins.module_utils.tools.files import free_bytes, to_json, write_atomically
from ansible_collections.maxops.ops.plugins.module_utils.tools.process import Cancellation, StageResult
from ansible_collections.maxops.ops.plugins.module_utils.tools.progress import Part
from ansible_collections.maxops.ops.plugins.module_utils.tools.words import human_size
from ansible_collections.maxops.ops.plugins.module_utils.tools.workers import run_all

from . import programs

LOCK_WAIT_SECONDS = 120
"""How long pg_dump waits for a table that another session has locked exclusively."""

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
        """Dump one database from its snapshot and count its rows in the same snapshot, at the same time."""
        folder = os.path.relpath(self._layout.database(facts.name), self._layout.databases)
        argv = ["pg_dump", "--format=directory", f"--jobs={jobs}", f"--compress={self._source.compression}"]
        argv += ["--no-sync", "--no-password", f"--snapshot={snapshot.id}", f"--file={_INSIDE_SET}/{folder}"]
        argv += [f"--lock-wait-timeout={LOCK_WAIT_SECONDS * 1000}", self._connection(facts.name)]

        def dump() -> None:
            result = self._run(argv, self._layout.databases)
            if result.failed:
                raise MaxopsError(_explain(self._source, f'database "{facts.name}"', "pg_dump", result))

        with _watching(self._source.server, facts.name, meter):
            # Counting may wait for the same lock that stopped the dump: a failure of one stops both.
            tasks: list[Callable[[], Any]] = [dump, snapshot.row_counts]
            counts = run_all(tasks, self._cancellation)[1]
        # A separate file: settings may hold secrets, and the manifest is in the result of every backup.
        write_atomically(self._layout.properties(facts.name), to_json(snapshot.properties()))
        return {
            "kind": "database",
            "name": facts.name,
            "owner": facts.owner,
            "encoding": facts.encoding,
            "collate": facts.collate,
            "ctype": facts.ctype,
            "compression": self._source.compression,
            "source_bytes": facts.size,
            "rows": counts,
            "extensions": snapshot.extensions(),
            "schema_version": snapshot.schema_version(),
        }

    def dump_globals(self) -> tuple[list[str], list[str]]:
        """Write roles and their memberships as SQL; returns the roles' names and remarks on missing passwords."""
        argv = ["pg_dumpall", "--globals-only", f"--file={_INSIDE_SET}/globals.sql", "--no-password"]
        argv += [f"--dbname={self._connection('postgres')}"]
        remarks = []
        result = self._run(argv, self._layout.path)
        if result.failed and "pg_authid" in result.stderr:
            remarks.append("roles were saved without their passwords: the stack's database user is not a superuser")
            result = self._run([*argv, "--no-role-passwords"], self._layout.path)
        if result.failed:
            raise MaxopsError(_explain(self._source, "the roles (globals)", "pg_dumpall", result))
        return list_roles(self._source.server), remarks

    def _connection(self, database: str) -> str:
        # The helper shares the network of the database's container: there the server is on the loopback address.
        return dsn(host="127.0.0.1", port=str(self._source.server.port), user=self._source.server.user, dbname=database)

    def _run(self, argv: list[str], folder: str) -> StageResult:
        spec = HelperSpec(
            image_id=self._source.container.image_id,
            argv=argv,
            key=self._source.repository,
            network_of=self._source.container.id,
            binds=[(folder, _INSIDE_SET, True), (self._passfile, programs.INSIDE_PASSFILE, False)],
            environment=programs.environment({}),
            cpu_shares=HELPER_CPU_SHARES,
        )
        return self._source.stack.run_helper(spec, self._cancellation)


@contextmanager
def _watching(server: Server, database: str, meter: Part) -> Iterator[None]:
    """Drive the meter by the server's own report of the dump's progress."""
    try:
        session = CopyMeter(server, database)
    except MaxopsError:
        yield  # only the progress display is missing
        return
    meter.measure = session.read
    try:
        yield
    finally:
        meter.measure = None
        session.close()


def _explain(source: DumpSource, subject: str, program: str, result: StageResult) -> str:
    container = source.container.name
    output, advice = programs.first_error(result), programs.advice_on(result, container)
    if programs.disk_full(result):
        free = human_size(free_bytes(source.repository))
        return (
            f"the disk filled up while {subject} was dumped into {source.repository} ({free} free): "
            "free some space, keep fewer sets (retention), or name another repository"
        )
    if "lock timeout" in result.stderr:
        return (
            f"{subject} could not be dumped: another session has held a table locked for {LOCK_WAIT_SECONDS} seconds "
            f"({output}); is a migration running? Wait until it has finished, then run this again"
        )
    if programs.not_started(result):
        return f"Docker could not start the helper container for {subject}: {output}; {advice}"
    if programs.lost_server(result):
        return f"{program} lost the server while it dumped {subject} in container {container}: {output}; {advice}"
    return f"{program} failed on {subject} in container {container}: {output}; {advice}"
