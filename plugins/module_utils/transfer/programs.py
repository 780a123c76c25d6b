# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the database server's own programs need: a password file, and how many workers."""

from __future__ import annotations

import fcntl
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from ansible_collections.maxops.ops.plugins.module_utils.systems.postgresql import session

WORKER_SHARE = 128 * 1000 * 1000
"""Bytes of database that make one more pg_dump worker worth its start."""

PASSFILE_SECONDS = 600
"""Age from which a password file that nobody has locked is a killed job's."""
_PASSFILE = "maxops-pgpass-"


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
