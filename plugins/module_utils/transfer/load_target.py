# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The PostgreSQL server that a database is loaded into, and the settings of all sessions that load."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Callable

from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.stack import HelperSpec, Stack
from ansible_collections.maxops.ops.plugins.module_utils.systems.postgresql import databases
from ansible_collections.maxops.ops.plugins.module_utils.systems.postgresql.session import Server, Session, dsn
from ansible_collections.maxops.ops.plugins.module_utils.tools.process import Cancellation, StageResult

from . import programs
from .load_memory import LoadMemory

INSIDE_SOURCE = "/maxops/source"
INSIDE_SOCKET = "/maxops/socket"

_SETTINGS = {
    # No part is needed before the end, and every later commit writes it to the disk together with its own data.
    "synchronous_commit": "off",
    # The jobs already keep all processors busy.
    "max_parallel_maintenance_workers": "0",
}
YIELDING = {"deadlock_timeout": "10ms"}
"""Autovacuum starts on a table as soon as it is loaded, and releases its lock to a waiting session only after this
time: by default a second for every index and for every table to analyze. Only a superuser may change it."""


@dataclass(frozen=True)
class Target:
    """A PostgreSQL server to load into.

    ``server`` is how this process reaches it; its sessions fire no event triggers and keep secrets out of the server's
    log, where its user may choose that. ``address`` is how its own programs reach it, from inside the container that
    ``run`` starts for them. It takes a command, the folder of this host that the command may read at
    ``/maxops/source``, and a way to stop. ``maintenance`` is the database of sessions that work on others.
    """

    server: Server
    address: str
    run: Callable[[Sequence[str], str, Mapping[str, str], Cancellation], StageResult]
    memory: LoadMemory
    maintenance: str = "postgres"

    def dsn(self, database: str) -> str:
        """A connection string for the server's own programs."""
        server = self.server
        return dsn(host=self.address, port=str(server.port), user=server.user, dbname=database)

    @contextmanager
    def session(self, cancellation: Cancellation | None = None) -> Iterator[Session]:
        """A session for work on other databases."""
        with Session(self.server, self.maintenance, cancellation) as session:
            yield session

    @property
    def fires_event_triggers(self) -> bool:
        """True where the sessions of the load fire event triggers: before PostgreSQL 17, or without a superuser."""
        return "event_triggers" not in dict(self.server.settings)

    def settings(self, session: Session) -> dict[str, str]:
        """Settings of the programs that load, by name."""
        settings = {**_SETTINGS, **dict(self.server.settings), "maintenance_work_mem": f"{self.memory.each // 1024}kB"}
        compressible = databases.lz4_candidates(session)
        if databases.is_superuser(session):
            settings.update(YIELDING)
        else:
            compressible.discard("wal_compression")
        return {**settings, **dict.fromkeys(sorted(compressible), "lz4")}


def target_of(
    stack: Stack,
    image_id: str,
    server: Server,
    key: str,
    passfile: str,
    memory: LoadMemory,
    network_of: str | None = None,
    socket_folder: str | None = None,
) -> Target:
    """The server of a container, reached over that container's network or through its socket's folder on this host."""
    binds = [(passfile, programs.INSIDE_PASSFILE, False)]
    if socket_folder:
        binds.append((socket_folder, INSIDE_SOCKET, True))

    def run(argv: Sequence[str], folder: str, settings: Mapping[str, str], cancellation: Cancellation) -> StageResult:
        mounts = [(folder, INSIDE_SOURCE, False), *binds]
        spec = HelperSpec(image_id, argv, key, network_of, mounts, environment=programs.environment(settings))
        return stack.run_helper(spec, cancellation)

    with Session(server, "postgres") as session:
        quiet = databases.quiet_settings(session)
    server = replace(server, settings=(*server.settings, *quiet.items()))
    return Target(server, INSIDE_SOCKET if socket_folder else "127.0.0.1", run, memory)
