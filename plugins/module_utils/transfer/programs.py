# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the database server's own programs share: their environment and password file, workers, and what a failure says.

They run in helper containers, which share the network or the socket of the database's container.
"""

from __future__ import annotations

import fcntl
import os
import re
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress

from ansible_collections.maxops.ops.plugins.module_utils.systems.postgresql import session
from ansible_collections.maxops.ops.plugins.module_utils.tools.process import StageResult

WORKER_SHARE = 128 * 1000 * 1000
"""Bytes of database that make one more pg_dump worker worth its start."""

PASSFILE_SECONDS = 600
"""Age from which a password file that nobody has locked is a killed job's."""
_PASSFILE = "maxops-pgpass-"


INSIDE_PASSFILE = "/maxops/pgpass"
"""Where the helper container has the password file."""

_ADVICE = (
    (
        r"response from daemon",
        "was container {container} stopped or restarted? See docker ps -a and its docker logs, then run this again",
    ),
    (r"No space left on device", "the disk of the database server is full: make room, then run this again"),
    (r"Disk quota exceeded", "the disk quota of the database server is used up: make room, then run this again"),
    (r'role "[^"]+" does not exist', "make that role (CREATE ROLE …) or take a set that has it, then run this again"),
    (
        r"is not available",
        "the database's image lacks an extension that the set needs: use the image that the set names",
    ),
    (r"unsupported version", "the set comes from a newer PostgreSQL: restore it into that version or a later one"),
    (r"gunzip failed", "the file is cut short or damaged: take another backup"),
    (
        r"connection to server|server closed|terminating connection|lost synchronization",
        "was the container stopped or restarted? See docker logs --tail=50 {container}, then run this again",
    ),
)
_LOST = re.compile(_ADVICE[-1][0])


def environment(settings: Mapping[str, str]) -> dict[str, str]:
    """Variables of a helper container that runs one of the programs; ``settings`` are the session's, by name."""
    options = [session.NO_LIMITS, *(f"-c {name}={value}" for name, value in settings.items())]
    return {
        "PGPASSFILE": INSIDE_PASSFILE,
        "PGAPPNAME": "maxops.ops",
        "PGCONNECT_TIMEOUT": "10",
        "PGOPTIONS": " ".join(options),
        "LC_ALL": "C",
    }


def last_words(ended: StageResult) -> str:
    """The last lines that a program printed about its failure, in one."""
    lines = [line.strip() for line in ended.stderr.splitlines()[-4:]]
    return "; ".join(line for line in lines if line) or f"exit code {ended.returncode}"


def not_started(ended: StageResult) -> bool:
    """True where Docker could not start the helper container."""
    return ended.returncode == 125 or "response from daemon" in ended.stderr


def lost_server(ended: StageResult) -> bool:
    """True where the program had no connection to the server, or no longer."""
    return _LOST.search(ended.stderr) is not None


def disk_full(ended: StageResult) -> bool:
    """True where a disk or a quota was used up."""
    return "No space left on device" in ended.stderr or "Disk quota exceeded" in ended.stderr


def advice_on(ended: StageResult, container: str) -> str:
    """The next step after a failure of a program that worked on the server in ``container``."""
    said = "response from daemon" if not_started(ended) else ended.stderr
    found = next((advice for sign, advice in _ADVICE if re.search(sign, said)), "fix the cause and run this again")
    return found.format(container=container)


def workers(size: int, jobs: int) -> int:
    """How many parallel workers a database of so many bytes deserves."""
    return max(1, min(jobs, -(-size // WORKER_SHARE)))


@contextmanager
def password_file(server: session.Server | None) -> Iterator[str]:
    """A password file for the server's own programs, in memory and for root only, gone after the block."""
    folder = "/dev/shm" if os.path.isdir("/dev/shm") else tempfile.gettempdir()  # noqa: S108 - a fresh name is made in it
    _sweep_passwords(folder)
    descriptor, path = tempfile.mkstemp(prefix=_PASSFILE, dir=folder)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            fcntl.flock(descriptor, fcntl.LOCK_SH)
            if server is not None:
                stream.write(session.passfile_entry(server.user, server.password))
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
