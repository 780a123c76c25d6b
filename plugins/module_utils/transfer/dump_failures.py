# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why a dump failed: the database itself, another session, or everything else."""

from __future__ import annotations

import re

from ansible_collections.maxops.ops.plugins.module_utils.systems.postgresql.session import (
    LoginRefusedError,
    NoFreeConnectionError,
    ServerGoneError,
)
from ansible_collections.maxops.ops.plugins.module_utils.systems.postgresql.snapshot import ChangedError, LockedError
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import Cancelled, MaxopsError
from ansible_collections.maxops.ops.plugins.module_utils.tools.process import StageResult

# pg_dump limits its wait for locks with statement_timeout; its workers do not wait at all.
_LOCKED = re.compile(
    r"canceling statement due to (?:statement|lock) timeout|could not obtain lock on relation|deadlock detected"
)
# What pg_dump meets when an object of its snapshot is no longer there.
_CHANGED = re.compile(r"ERROR:.*(?:does not exist|cache lookup failed|could not open relation|with OID \d+)")
_FIXES = (
    (
        r"invalid memory alloc request size|string buffer",
        "a value is too large to be read as text (a bytea of about 500 MB), or the table is damaged: find and split it",
    ),
    (
        r"could not access file|could not load library|undefined symbol",
        "the server's image lacks a library that the database needs: use an image that has it, or DROP EXTENSION …",
    ),
    (r"permission denied", "use the stack's own superuser (POSTGRES_USER)"),
    (
        r"out of shared memory",
        "raise max_locks_per_transaction (ALTER SYSTEM SET max_locks_per_transaction = 256) and restart the server",
    ),
    (
        r"invalid page|could not read block|could not open file|(?:missing|unexpected) chunk|data is corrupt",
        "the table is damaged: check the disk, save what can be read, and restore the table from the last good set",
    ),
    (
        r"no equivalent in encoding|invalid byte sequence|not valid UTF-8",
        "a text or name is not valid in the database's encoding: find it and correct it in production",
    ),
)
_ERROR = re.compile(r"ERROR:\s*(.+)")
_COMMAND = re.compile(r"(?:Query|Command) was: (.+)")
COMMAND_LENGTH = 120


class DatabaseFault(MaxopsError):
    """One database cannot be dumped for a reason of its own; the others can."""

    def __init__(self, reason: str, fix: str) -> None:
        super().__init__(f"{reason}; {fix}")
        self.reason = reason
        self.fix = fix


def is_of_server(error: MaxopsError) -> bool:
    """Whether a session's error is one of the whole server, or of a job that is being stopped."""
    return isinstance(error, (Cancelled, ServerGoneError, LoginRefusedError, NoFreeConnectionError))


def own_fault(error: MaxopsError) -> MaxopsError:
    """A session's error as the fault of its database, unless it is one of the whole server or of a changed table."""
    if is_of_server(error) or isinstance(error, (ChangedError, LockedError, DatabaseFault)):
        return error
    reason, _separator, advice = str(error).rpartition("; ")
    return DatabaseFault(reason or advice, _fix(str(error), advice))


def of_database(subject: str, program: str, result: StageResult, blocker: str = "") -> MaxopsError | None:
    """The error for a program that failed because of the database or of other sessions; None for any other cause.

    ``blocker`` names the session that held the lock, where it is known.
    """
    if _LOCKED.search(result.stderr):
        return LockedError(
            f"{subject} could not be dumped: {blocker or f'a table is locked ({error_of(result)})'}; wait until that "
            "session has ended (is a migration running?) or end it with pg_terminate_backend, then run this again"
        )
    if not _ERROR.search(result.stderr):
        return None
    text = f"{program} failed on {subject}: {error_of(result)}"
    if _CHANGED.search(result.stderr):
        return ChangedError(f"{text}; wait until the migration that changes it has ended, then run this again")
    return DatabaseFault(text, _fix(result.stderr, "fix the cause in production, then run this again"))


def error_of(result: StageResult) -> str:
    """The server's ERROR line and the statement that failed, from what a program printed."""
    line, command = _ERROR.search(result.stderr), _COMMAND.search(result.stderr)
    text = f"ERROR: {line.group(1).strip()}" if line else f"exit code {result.returncode}"
    if not command:
        return text
    statement = command.group(1).strip()
    return f"{text} ({statement if len(statement) <= COMMAND_LENGTH else statement[:COMMAND_LENGTH] + '…'})"


def _fix(text: str, otherwise: str) -> str:
    return next((fix for sign, fix in _FIXES if re.search(sign, text)), otherwise)
