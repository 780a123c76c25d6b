# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A PostgreSQL server in a throw-away container without a network, for a rehearsal."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from typing import Any

from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.stack import HelperSpec, Stack
from ansible_collections.maxops.ops.plugins.module_utils.systems.postgresql.session import Server
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import Cancelled, HostFault, MaxopsError
from ansible_collections.maxops.ops.plugins.module_utils.tools.process import Cancellation, StageResult

START_SECONDS = 120

INSIDE_DATA = "/maxops/data"
INSIDE_SOCKET = "/maxops/socket"

# The data need not survive a crash, so nothing waits for the disk. Shared memory is in files: Docker gives a
# container 64 MB of it, too little for parallel index builds.
SETTINGS = {
    "listen_addresses": "",
    "unix_socket_directories": INSIDE_SOCKET,
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "archive_mode": "off",
    "autovacuum": "off",
    "checkpoint_timeout": "1h",
    "max_wal_size": "1GB",
    "dynamic_shared_memory_type": "mmap",
    "logging_collector": "off",
    "ssl": "off",
    # A legacy dump is loaded in one transaction, which locks each of its tables until its end.
    "max_locks_per_transaction": "512",
}

_ACTING = {"bgw_replstatus", "pg_cron", "pg_failover_slots", "pg_partman_bgw", "pglogical", "repmgr"}
"""Libraries whose background processes would change the restored data, or reach for other servers."""
_EXTENSIONS = {"citus", "pgaudit", "pgsodium", "set_user", "timescaledb"}
"""Extensions that need the library of the same name to be preloaded, for sets that do not record the libraries."""

_SCRIPT = (
    f"user=$1; shift; test -s {INSIDE_DATA}/pg/PG_VERSION || "
    f'initdb --pgdata={INSIDE_DATA}/pg --username="$user" --auth=trust --encoding=UTF8 --locale=C '
    f"--no-sync >/dev/null || exit; "
    f'exec postgres -D {INSIDE_DATA}/pg "$@"'
)


class ThrowawayServer:
    """The running server: how to reach it, and whether it still runs.

    ``not_loaded`` are libraries of ``shared_preload_libraries`` that it could not start with.
    """

    def __init__(self, server: Server, running: Future[StageResult]) -> None:
        self.server = server
        self.not_loaded: list[str] = []
        self._running = running

    def check(self) -> None:
        """Raise MaxopsError when the server has ended by itself."""
        if self._running.done():
            message = "; ".join(_last_lines(self._running.result().stderr)) or "no message"
            raise HostFault(
                f"the rehearsal's PostgreSQL ended by itself ({message}); does the host have enough memory and disk? "
                "See dmesg, then run this again"
            )


def preload_libraries(manifest: Mapping[str, Any] | None) -> list[str]:
    """The libraries that the server of a set preloaded, without those that would change the restored data."""
    manifest = manifest or {}
    recorded = (manifest.get("server") or {}).get("shared_preload_libraries")
    if recorded is None:
        parts = [part for part in manifest.get("parts", []) if part["kind"] == "database"]
        recorded = sorted(_EXTENSIONS & {name for part in parts for name in part.get("extensions", {})})
    return [name for name in recorded if name not in _ACTING]


@contextmanager
def throwaway_server(
    stack: Stack,
    image_id: str,
    user: str,
    data: str,
    socket: str,
    key: str,
    cancellation: Cancellation,
    libraries: Sequence[str] = (),
) -> Iterator[ThrowawayServer]:
    """Start a server with the superuser ``user`` and no password; it is gone after the block.

    ``data`` and ``socket`` are empty folders of this host that the container's user may write to. ``libraries`` are
    preloaded as far as the image has them.
    """
    loaded = list(libraries)
    server = Server(socket, 5432, user, "", "of the rehearsal", "no password at all")
    with ExitStack() as stages:
        while True:
            spec = _spec(image_id, user, data, socket, key, loaded)
            try:
                throwaway = stages.enter_context(_started(stack, spec, server, cancellation))
                break
            except HostFault as error:
                if not loaded:
                    raise
                loaded = without_missing(loaded, str(error))
        throwaway.not_loaded = [name for name in libraries if name not in loaded]
        yield throwaway


def without_missing(libraries: Sequence[str], message: str) -> list[str]:
    """The libraries without the one that a server's message says is missing; none where it names another cause."""
    match = re.search(r'could not access file "([^"]+)"', message)
    return [name for name in libraries if name != match.group(1)] if match and match.group(1) in libraries else []


def _spec(image_id: str, user: str, data: str, socket: str, key: str, libraries: Sequence[str]) -> HelperSpec:
    values = {**SETTINGS, **({"shared_preload_libraries": ",".join(libraries)} if libraries else {})}
    settings = [word for name, value in values.items() for word in ("-c", f"{name}={value}")]
    return HelperSpec(
        image_id,
        ["sh", "-c", _SCRIPT, "sh", user, *settings],
        key,
        binds=[(data, INSIDE_DATA, True), (socket, INSIDE_SOCKET, True)],
        environment={"LC_ALL": "C"},
        cpu_shares=256,
        user="postgres",
        stop_signal="KILL",
    )


@contextmanager
def _started(stack: Stack, spec: HelperSpec, server: Server, cancellation: Cancellation) -> Iterator[ThrowawayServer]:
    # A cancellation of its own: when the work is stopped, the server runs on until that work has ended.
    server_stop = Cancellation()
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="server") as pool:
        running = pool.submit(_run, stack, spec, server_stop)
        try:
            throwaway = ThrowawayServer(server, running)
            _wait(throwaway, os.path.join(server.host, ".s.PGSQL.5432"), cancellation)
            yield throwaway
        finally:
            server_stop.cancel("the rehearsal has ended")


def _run(stack: Stack, spec: HelperSpec, server_stop: Cancellation) -> StageResult:
    try:
        return stack.run_helper(spec, server_stop)
    except Cancelled:
        return StageResult("postgres", 0, "", False)


def _wait(throwaway: ThrowawayServer, socket: str, cancellation: Cancellation) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        cancellation.check()
        throwaway.check()
        if os.path.exists(socket):
            try:
                throwaway.server.connect("postgres").close()
                return
            except MaxopsError:
                if time.monotonic() > deadline:
                    raise
        if time.monotonic() > deadline:
            raise HostFault(
                f"the rehearsal's PostgreSQL did not start within {START_SECONDS} seconds; is the host overloaded? "
                "See docker ps and uptime, then run this again"
            )
        time.sleep(0.05)


def _last_lines(text: str) -> list[str]:
    return [line.strip() for line in text.strip().splitlines()[-4:]]


def bootstrap_user(globals_text: str) -> str:
    """The role that the server was initialized with: the one that granted rights, else the first superuser."""
    granted = re.search(rf"GRANTED BY ({_NAME});", globals_text)
    superuser = re.search(rf"^ALTER ROLE ({_NAME}) WITH SUPERUSER\b", globals_text, re.MULTILINE)
    match = granted or superuser
    if not match:
        return "maxops"
    name = match.group(1)
    return name[1:-1].replace('""', '"') if name.startswith('"') else name


_NAME = r'"(?:[^"]|"")+"|[\w$]+'
