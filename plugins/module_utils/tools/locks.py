# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Locks that the kernel releases when their process ends, and the names of their holders."""

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
    """The path of the lock that every job on a whole stack holds, for any repository."""
    folder = "/run/lock" if os.access("/run/lock", os.W_OK) else tempfile.gettempdir()
    return os.path.join(folder, f"maxops-{safe_name(project)}.lock")


@contextmanager
def exclusive_lock(path: str, subject: str, purpose: str) -> Iterator[None]:
    """Hold the lock file at ``path`` for the length of the block, or fail at once with an error that names its holder.

    ``subject`` is what is locked and ``purpose`` is the reason, in words for an error message. The kernel releases the
    lock when this process ends in any way, so a leftover file never blocks a job.
    """
    try:
        # All users may write to its folder: following a link in its place would empty another file.
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        advice = "free up space on its disk"
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
        with suppress(OSError):  # on a full disk the lock holds without its description
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, to_json(_this_process(purpose)).encode("utf-8"), 0)
        yield
        os.ftruncate(descriptor, 0)
    finally:
        os.close(descriptor)


def lock_holder(path: str) -> str | None:
    """The holder of the lock file at ``path``, in words, or None; for a job that yields to others but blocks none."""
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


def _this_process(purpose: str) -> dict[str, Any]:
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a user id without a name, as in containers
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
