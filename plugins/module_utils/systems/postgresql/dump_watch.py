# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Follows one run of pg_dump from the server's side: its progress, its locks, and who waits for whom."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any, Callable

from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError

from .session import Server, Session
from .snapshot import FILES, TableFile, TableName

LOOK_SECONDS = 0.1
"""Time between two looks until pg_dump has its first locks; then the time doubles up to the next constant."""

MOST_SECONDS = 2.0

YIELD_SECONDS = 20.0
"""How long another session may wait for the dump's locks: behind it, the applications wait, too."""

_SENT = "SELECT pid, relid, bytes_processed FROM pg_stat_progress_copy WHERE datname = current_database()"
_LOCKS = """
SELECT DISTINCT l.relation::bigint FROM pg_stat_activity a JOIN pg_locks l ON l.pid = a.pid
WHERE a.application_name = %s AND l.locktype = 'relation' AND l.granted AND l.relation >= 16384
"""
# Who waits for whom in this database, and for what. A prepared transaction that holds the lock has process 0.
_WAITING = """
SELECT w.pid, w.application_name, w.wait_event, b.pid, b.application_name, b.usename, b.state,
       extract(epoch FROM clock_timestamp() - b.xact_start)::float,
       (SELECT l.relation::regclass::text FROM pg_locks l WHERE l.pid = w.pid AND NOT l.granted LIMIT 1)
FROM pg_stat_activity w CROSS JOIN LATERAL unnest(pg_blocking_pids(w.pid)) AS blocking(pid)
LEFT JOIN pg_stat_activity b ON b.pid = blocking.pid
WHERE w.wait_event_type = 'Lock' AND w.datname = current_database()
"""


class Waiting:
    """Who waits for whom, from look to look. ``own`` are the processes of this dump, besides its ``application``."""

    def __init__(self, application: str, own: Iterable[int]) -> None:
        self._application = application
        self._own = set(own)
        self._since: dict[int, float] = {}
        self.blocker = ""
        """The session that the dump waited for last, and the table."""

    def note(self, rows: Iterable[tuple[Any, ...]], now: float) -> str:
        """Note one look; returns what another session has waited for too long because of the dump, or an empty text."""
        waiting: dict[int, str] = {}
        for pid, application, kind, other, name, user, state, seconds, table in rows:
            # CREATE INDEX CONCURRENTLY waits for the end of our snapshot (virtualxid): nobody has to wait behind it.
            if kind != "relation":
                continue
            ours = pid in self._own or application == self._application
            by_us = other in self._own or name == self._application
            if ours and not by_us:
                who = f"process {other} ({name or 'no name'}, user {user}, {state}"
                who = who if other else "a session that has ended (a prepared transaction"
                since = f" since {seconds:.0f} s" if seconds is not None else ""
                self.blocker = f"{table or 'a table'} is locked by {who}{since})"
            elif by_us and not ours:
                waiting[pid] = f"process {pid} ({application or 'no name'}) waits for {table or 'a table'}"
        self._since = {pid: self._since.get(pid, now) for pid in waiting}
        return next((waiting[pid] for pid, since in self._since.items() if now - since > YIELD_SECONDS), "")


class DumpWatch:
    """Watches the sessions of one dump, which have ``application`` as their name; use it as a context manager.

    ``own`` are further processes of ours, and ``frozen`` the files of the snapshot. A table in ``proven`` had the same
    file while the dump held its lock, so the dump has all of its rows. ``stop`` is called once, when the dump should be
    ended: with a text when another session has waited for its locks for too long, or with the tables that had changed
    before the dump had their locks. Without a free connection nothing is watched.
    """

    def __init__(
        self,
        server: Server,
        database: str,
        application: str,
        own: Iterable[int],
        frozen: Mapping[TableName, TableFile],
        stop: Callable[[str, Sequence[TableName]], None],
    ) -> None:
        self.proven: set[TableName] = set()
        self._server = server
        self._database = database
        self._application = application
        self._frozen = frozen
        self._waiting = Waiting(application, own)
        self._stop_dump = stop
        self._sent: dict[tuple[int, int], int] = {}
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True, name="dump watch")
        self._session: Session | None = None

    @property
    def blocker(self) -> str:
        """The session that the dump waited for last, and the table; empty when it did not wait."""
        return self._waiting.blocker

    def __enter__(self) -> DumpWatch:
        with suppress(MaxopsError):
            self._session = Session(self._server, self._database)
            self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._ended.set()
        if self._session:
            self._thread.join()
            self._session.__exit__()

    def files(self) -> dict[TableName, TableFile]:
        """The file of each table at this moment, read in the session that is open already, where there is one."""
        if self._session:
            with suppress(MaxopsError):  # the session is gone
                return current_files(self._session)
        with Session(self._server, self._database) as session:
            return current_files(session)

    def sent(self) -> int:
        """Bytes that COPY has sent since the first call, as far as the calls have covered them."""
        if self._session:
            for pid, relation, sent in self._session.run("watch a dump in", _SENT):
                self._sent[(pid, relation)] = max(sent, self._sent.get((pid, relation), 0))
        return sum(self._sent.values())

    def _run(self) -> None:
        pause = LOOK_SECONDS
        with suppress(MaxopsError):  # the session is gone; the dump itself finds out why
            while self._session and not self._ended.wait(pause):
                locked, tables = self._look(self._session)
                rows = self._session.run("watch a dump in", _WAITING)
                waits = self._waiting.note(rows, time.monotonic())
                if waits or tables:
                    self._stop_dump("" if tables else waits, tables)
                    return
                if locked:
                    pause = min(pause * 2, MOST_SECONDS)

    def _look(self, session: Session) -> tuple[bool, list[TableName]]:
        """Note which tables are proven; returns whether the dump holds locks, and the tables that had changed."""
        locked = {row[0] for row in session.run("watch a dump in", _LOCKS, [self._application])}
        unproven = self._frozen.keys() - self.proven
        if not locked or not unproven:
            return bool(locked), []
        # A statement of its own: it sees everything that was committed before the locks were seen.
        now = current_files(session)
        held = {table for table in unproven if table in now and now[table][0] in locked}
        self.proven |= {table for table in held if now[table] == self._frozen[table]}
        return True, sorted(held - self.proven)


def current_files(session: Session) -> dict[TableName, TableFile]:
    """The file of each table at this moment."""
    return {(row[0], row[1]): (row[2], row[3]) for row in session.run("read", FILES)}


def changed_tables(
    frozen: Mapping[TableName, TableFile], now: Mapping[TableName, TableFile], proven: set[TableName]
) -> list[TableName]:
    """The tables that may not be whole in a dump of the snapshot, because they have another file now, sorted."""
    return sorted(table for table, file in frozen.items() if table not in proven and now.get(table) != file)
