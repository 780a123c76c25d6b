# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Locks that a process holds for as long as it lives, and who holds one."""

from __future__ import annotations

import fcntl
import getpass
import json
import os
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from .errors import MaxopsError
from .files import is_disk_full, safe_name, to_json
from .moments import timestamp, utc_now


def stack_lock_path(project: str) -> str:
    """The lock that every job which reads or changes a whole stack holds, whatever its repository."""
    folder = "/run/lock" if os.access("/run/lock", os.W_OK) else tempfile.gettempdir()
    return os.path.join(folder, f"maxops-{safe_name(project)}.lock")


@contextmanager
def exclusive_lock(path: str, subject: str, purpose: str) -> Iterator[None]:
    """Hold the lock file at ``path`` for the length of the block, or fail at once and say who holds it.

    ``subject`` is what is locked and ``purpose`` what for, in words for an error message. The kernel drops the
    lock when this process ends, however it ends, so a leftover file never blocks anybody.
    """
    try:
        # Its folder may be everybody's: a link in its place would have another file emptied.
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        advice = "make room on its disk"
        if not is_disk_full(error):
            advice = "run as the user that runs all jobs (root: become: true), or remove it when no job is running"
        raise MaxopsError(f"{subject} cannot be locked with {path}: {error.strerror}; {advice}") from error
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise MaxopsError(
                f"{subject} is in use: {_holder(descriptor)}; wait until it has ended, or stop that process, "
                "then run this again"
            ) from None
        with suppress(OSError):  # a full disk takes the words, not the lock
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, to_json(_myself(purpose)).encode("utf-8"), 0)
        yield
        os.ftruncate(descriptor, 0)
    finally:
        os.close(descriptor)


def lock_holder(path: str) -> str | None:
    """Who holds the lock file at ``path``, in words, or None; for a job that gives way to others but hinders none."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        return None
    except BlockingIOError:
        return _holder(descriptor)
    finally:
        os.close(descriptor)


def _myself(purpose: str) -> dict[str, Any]:
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a user id without a name, as containers have them
        user = f"user id {os.getuid()}"
    return {
        "purpose": purpose,
        "pid": os.getpid(),
        "user": user,
        "host": socket.gethostname(),
        "since": timestamp(utc_now()),
    }


def _holder(descriptor: int) -> str:
    try:
        holder = json.loads(os.pread(descriptor, 4096, 0))
        return "{purpose} by process {pid} of {user} on {host}, since {since}".format(**holder)
    except (ValueError, KeyError, TypeError):
        return "another maxops.ops job has just started"
