# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read-only looks at the running application, for objects that a set lacks.

A look is allowed only where this host runs the stack that the set was made of. Only the rows, files and repositories
of findings are read, at most LIMIT of a kind.
"""

from __future__ import annotations

import os
import stat
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.maxops.ops.plugins.module_utils.storage.origin import here
from ansible_collections.maxops.ops.plugins.module_utils.systems.access import Access
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.stack import Stack
from ansible_collections.maxops.ops.plugins.module_utils.systems.postgresql.session import Server, Session, identifier
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import Cancelled, MaxopsError
from ansible_collections.maxops.ops.plugins.module_utils.tools.process import Cancellation

LIMIT = 1000
"""Objects of one kind that are looked at."""

FEW = 10
"""So many rows may be gone from a small table, and so many objects of a kind be faulty in production, too."""

SECONDS = 20.0
"""How long one question to the running database may take."""


@dataclass
class Live:
    """The running application; ``problem`` says why it cannot be asked at all, and is empty where it can."""

    stack: Stack | None = None
    server: Server | None = field(default=None, repr=False)
    docker_names: Mapping[str, str] = field(default_factory=dict)
    """Docker's names of the set's volumes, by their names in the set."""
    problem: str = ""
    unanswered: dict[tuple[str, str], str] = field(default_factory=dict)
    """Why one question was not answered, by database and table; other questions may still be."""

    def reason(self, database: str, table: str) -> str:
        """Why the rows of a table could not be looked up; empty where they could."""
        return self.problem or self.unanswered.get((database, table), "")

    def folder(self, part: str) -> str | None:
        """Where the stack has a volume or folder of the set; None when no container mounts it.

        Docker mounts some volumes only while a container runs: an empty folder of a stopped container proves nothing.
        """
        if self.problem or self.stack is None:
            return None
        wanted = self.docker_names.get(part, part)
        path = os.path.realpath(wanted) if os.path.isabs(wanted) else None
        for container in self.stack.containers:
            for mount in container.mounts:
                named = wanted == mount.name or path in (mount.source, os.path.realpath(mount.source))
                if named and (container.running or _holds_something(mount.source)):
                    return mount.source
        return None

    def rows(
        self,
        database: str,
        table: str,
        names: Sequence[str],
        identities: Sequence[Any],
        total: int,
        cancellation: Cancellation,
    ) -> dict[Any, tuple[Any, ...]] | None:
        """The running database's rows with these ids, by id; None when it cannot be asked.

        ``total`` is the set's number of rows in the table: a database that has lost most of them proves no deletion.
        """
        if self.problem or self.server is None:
            return None
        listed = ", ".join(identifier(name) for name in ("id", *names))
        try:
            connected = Session(self.server, database, cancellation, SECONDS)
        except Cancelled:
            raise
        except MaxopsError as error:
            self.problem = str(error)
            return None
        key = (database, table)
        try:
            with connected as session:
                session.run("read", "SET default_transaction_read_only = on")
                query = f"SELECT {listed} FROM {identifier(table)} WHERE id = ANY(%s)"  # noqa: S608 - quoted
                found = {row[0]: row[1:] for row in session.run("look up rows in", query, [list(identities)])}
                if len(found) < len(set(identities)):
                    query = f"SELECT count(*) FROM {identifier(table)}"  # noqa: S608 - quoted
                    [(number,)] = session.run("count rows in", query)
                    if number < total / 2 and total - number > FEW:
                        few = f"the running database has only {number} rows in {table}, the set has {total}"
                        self.unanswered[key] = few
                        return None
                self.unanswered.pop(key, None)
                return found
        except Cancelled:
            raise
        except MaxopsError as error:
            self.unanswered[key] = str(error)
            return None


class FilesOnly(Live):
    """The running application without its rows, which are in a file that it writes."""

    def reason(self, database: str, table: str) -> str:  # noqa: ARG002 - as in Live
        """Why the rows of a table could not be looked up."""
        return self.problem or "its SQLite database is not read while it runs"

    def rows(self, *_question: Any) -> None:
        """No rows."""


def look(access: Access, stack: Stack, manifest: Mapping[str, Any]) -> Live:
    """The running application of a set; ``problem`` says so where this host does not run it."""
    project, host = manifest.get("project"), manifest.get("host")
    if project != access.project_name:
        return Live(problem=f'the set was made of stack "{project}", not of "{access.project_name}"')
    if not here(access.project_name).made(manifest):
        return Live(problem=f"the set was made on host {host}, not on this one")
    stack.refresh(required=False)
    if not stack.containers:
        return Live(problem=f'this host does not run stack "{project}"')
    try:
        server = access.server(stack)
    except Cancelled:
        raise
    except MaxopsError as error:
        return Live(problem=str(error))
    parts = [part for part in manifest.get("parts", []) if part.get("docker_name")]
    return Live(stack, server, {part["name"]: part["docker_name"] for part in parts})


def _holds_something(folder: str) -> bool:
    try:
        return bool(os.listdir(folder))
    except OSError:
        return False


def present(path: str) -> os.stat_result | None:
    """The status of a live file or folder; None when there is none. Raises OSError when that cannot be known."""
    try:
        return os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return None


def live_size(path: str) -> int | None:
    """Bytes of a regular live file; None when there is none. Raises OSError when that cannot be known."""
    info = present(path)
    return info.st_size if info and stat.S_ISREG(info.st_mode) else None


@contextmanager
def limited(cancellation: Cancellation, seconds: float) -> Iterator[Cancellation]:
    """A cancellation for work that may take this long at most, and that stops with the whole job."""
    own = Cancellation()
    timer = threading.Timer(seconds, own.cancel, [f"it took longer than {seconds:g} s"])
    with cancellation.stoppable(lambda: own.cancel("the job was stopped")):
        timer.start()
        try:
            yield own
        finally:
            timer.cancel()
