# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Loading a database of a backup set, or a legacy dump, into a new database.

Shared by the restore, which uses the running server, and the rehearsal, which uses a throw-away container.
The caller drops a new database that could not be loaded.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Callable

from ansible_collections.maxops.ops.plugins.module_utils.storage.backup_set import Layout
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.stack import HelperSpec, Stack
from ansible_collections.maxops.ops.plugins.module_utils.systems.postgresql import databases
from ansible_collections.maxops.ops.plugins.module_utils.systems.postgresql.session import Server, Session, dsn
from ansible_collections.maxops.ops.plugins.module_utils.systems.postgresql.snapshot import Snapshot
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError
from ansible_collections.maxops.ops.plugins.module_utils.tools.process import Cancellation, StageResult
from ansible_collections.maxops.ops.plugins.module_utils.tools.progress import Part

from . import programs

INSIDE_SOURCE = "/maxops/source"
INSIDE_SOCKET = "/maxops/socket"

_SETTINGS = {
    # No part is needed before the end, and every later commit writes it to the disk together with its own data.
    "synchronous_commit": "off",
    "maintenance_work_mem": "256MB",
    # The jobs already keep all processors busy.
    "max_parallel_maintenance_workers": "0",
}
_YIELDING = {"deadlock_timeout": "10ms"}
"""Autovacuum starts on a table as soon as it is loaded, and releases its lock to a waiting session only after this
time: by default a second for every index and for every table to analyze. Only a superuser may change it."""

# Both exit codes count: psql takes a truncated stream for the end of the file, so gunzip's code is needed too.
_PSQL_SCRIPT = """
file=$1; shift
case $file in
  *.gz)
    failed=$({ { gunzip -c "$file" || echo "gunzip failed" >&3; } | "$@" >&2 || echo "psql failed" >&3; } 3>&1)
    test -z "$failed" || { echo "$failed" >&2; exit 3; } ;;
  *) exec "$@" <"$file" ;;
esac
"""


@dataclass(frozen=True)
class Target:
    """A PostgreSQL server to load into.

    ``server`` is how this process reaches it; ``address`` is how its own programs do, from inside the container that
    ``run`` starts for them. It takes a command, the folder of this host that the command may read at
    ``/maxops/source``, and a way to stop.
    """

    server: Server
    address: str
    run: Callable[[Sequence[str], str, Mapping[str, str], Cancellation], StageResult]

    def dsn(self, database: str) -> str:
        """A connection string for the server's own programs."""
        server = self.server
        return dsn(host=self.address, port=str(server.port), user=server.user, dbname=database)

    @contextmanager
    def session(self, cancellation: Cancellation | None = None) -> Iterator[Session]:
        """A session on the database ``postgres``."""
        with Session(self.server, "postgres", cancellation) as session:
            yield session


def target_of(
    stack: Stack,
    image_id: str,
    server: Server,
    key: str,
    passfile: str,
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

    return Target(server, INSIDE_SOCKET if socket_folder else "127.0.0.1", run)


def load_set_database(
    target: Target,
    layout: Layout,
    part: Mapping[str, Any],
    name: str,
    jobs: int,
    cancellation: Cancellation,
    meter: Part,
) -> dict[str, Any]:
    """Make the database ``name`` and load a part of the manifest into it, with its owner, properties and settings.

    Returns ``rows``, and as ``differences`` the tables whose number of rows differs from the manifest.
    """
    properties = _read_properties(layout.properties(part["name"]))
    with target.session(cancellation) as session:
        databases.create(session, name, part, properties)
    argv = ["pg_restore", "--format=directory", f"--jobs={jobs}", "--exit-on-error", "--no-password"]
    argv += [f"--dbname={target.dsn(name)}", INSIDE_SOURCE]
    seconds = _load(target, argv, layout.database(part["name"]), part["name"], name, cancellation, meter)
    if properties:
        with target.session(cancellation) as session:
            databases.apply_properties(session, name, part["owner"], properties)
    rows = _count_and_analyze(target, name, cancellation)
    return {"rows": rows, "differences": row_differences(part["rows"], rows), "load_seconds": seconds}


def load_file(
    target: Target,
    path: str,
    like: Mapping[str, Any],
    properties: Mapping[str, Any] | None,
    name: str,
    cancellation: Cancellation,
    meter: Part,
) -> dict[str, Any]:
    """Make the database ``name`` and load a legacy dump into it, ``.sql`` or ``.sql.gz``, in one transaction.

    ``like`` has owner, encoding, collate and ctype; ``properties`` are not in such a dump. Returns ``rows``.
    """
    with target.session(cancellation) as session:
        databases.create(session, name, like, properties)
    psql = ["psql", "--no-psqlrc", "--quiet", "--no-password", "--set=ON_ERROR_STOP=1", "--single-transaction"]
    psql += [f"--dbname={target.dsn(name)}"]
    inside = f"{INSIDE_SOURCE}/{os.path.basename(path)}"
    argv = ["sh", "-c", _PSQL_SCRIPT, "sh", inside, *psql]
    seconds = _load(target, argv, os.path.dirname(path), os.path.basename(path), name, cancellation, meter)
    if properties:
        with target.session(cancellation) as session:
            databases.apply_properties(session, name, like["owner"], properties)
    return {"rows": _count_and_analyze(target, name, cancellation), "load_seconds": seconds}


def row_differences(expected: Mapping[str, int], loaded: Mapping[str, int]) -> list[dict[str, Any]]:
    """Tables whose exact number of rows differs from the expected one; None where a table is missing on one side."""
    return [
        {"table": table, "expected": expected.get(table), "found": loaded.get(table)}
        for table in sorted({*expected, *loaded})
        if expected.get(table) != loaded.get(table)
    ]


def _settings(session: Session) -> dict[str, str]:
    settings = dict(_SETTINGS)
    compressible = databases.lz4_candidates(session)
    if databases.is_superuser(session):
        settings.update(_YIELDING)
    else:
        compressible.discard("wal_compression")
    return {**settings, **dict.fromkeys(compressible, "lz4")}


def _load(
    target: Target, argv: Sequence[str], folder: str, source: str, name: str, cancellation: Cancellation, meter: Part
) -> float:
    started = time.monotonic()
    with target.session() as session:
        meter.measure = lambda: databases.size(session, name)
        try:
            result = target.run(argv, folder, _settings(session), cancellation)
        finally:
            meter.measure = None
    if result.failed:
        raise MaxopsError(_explain(target, source, name, result))
    return round(time.monotonic() - started, 3)


def _count_and_analyze(target: Target, name: str, cancellation: Cancellation) -> dict[str, int]:
    """Count all rows, and analyze: without statistics the first hours after a restore would be slow.

    Both read every table, so they run at the same time.
    """

    def analyze() -> None:
        with Session(target.server, name, cancellation) as session:
            if databases.is_superuser(session):
                for setting, value in _YIELDING.items():
                    session.run("prepare", "SELECT set_config(%s, %s, false)", [setting, value])
            session.run("analyze", "ANALYZE")

    with ThreadPoolExecutor(1, thread_name_prefix="analyze") as pool:
        analyzing = pool.submit(analyze)
        with Snapshot(target.server, name, cancellation) as snapshot:
            rows = snapshot.row_counts()
        analyzing.result()
    return rows


def _read_properties(path: str) -> dict[str, Any] | None:
    try:
        with open(path, encoding="utf-8") as stream:
            properties: dict[str, Any] = json.load(stream)
            return properties
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise MaxopsError(f"{path} cannot be read: {error}; verify the set, or take another") from error


def _explain(target: Target, source: str, name: str, result: StageResult) -> str:
    container = target.server.container
    output, advice = programs.last_lines(result), programs.advice_on(result, container)
    return f'"{source}" could not be loaded into the new database "{name}" in container {container}: {output}; {advice}'
