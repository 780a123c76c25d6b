# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a dump's failure says: whose fault it is, the server's ERROR line, and the next step."""

from __future__ import annotations

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.systems.postgresql.session import (
    LoginRefusedError,
    NoFreeConnectionError,
    ServerGoneError,
)
from ansible_collections.maxops.ops.plugins.module_utils.systems.postgresql.snapshot import ChangedError, LockedError
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import Cancelled, MaxopsError
from ansible_collections.maxops.ops.plugins.module_utils.tools.process import StageResult
from ansible_collections.maxops.ops.plugins.module_utils.transfer import dump_failures
from ansible_collections.maxops.ops.plugins.module_utils.transfer.dump_failures import DatabaseFault

# As PostgreSQL 17 prints them.
LOCK_WAIT = (
    "pg_dump: error: query failed: ERROR:  canceling statement due to statement timeout\n"
    "pg_dump: detail: Query was: LOCK TABLE public.sess, public.wp IN ACCESS SHARE MODE\n"
)
WORKER = (
    'pg_dump: error: could not obtain lock on relation "public.wp"\n'
    "pg_dump: detail: This usually means that someone requested an ACCESS EXCLUSIVE lock on the table\n"
    "pg_dump: error: a worker process died unexpectedly\n"
)
GONE = (
    'pg_dump: error: query failed: ERROR:  relation "public.wp" does not exist\n'
    "pg_dump: detail: Query was: LOCK TABLE public.wp IN ACCESS SHARE MODE\n"
)
LARGE = (
    'pg_dump: error: Dumping the contents of table "files" failed: PQgetResult() failed.\n'
    "pg_dump: detail: Error message from server: ERROR:  invalid memory alloc request size 1200000003\n"
    "pg_dump: detail: Command was: COPY public.files (id, content) TO stdout;\n"
)


def failure(stderr: str, blocker: str = "") -> MaxopsError | None:
    return dump_failures.of_database('database "shop"', "pg_dump", StageResult("docker", 1, stderr, True), blocker)


@pytest.mark.parametrize("stderr", [LOCK_WAIT, WORKER, "pg_dump: error: query failed: ERROR:  deadlock detected"])
def test_a_locked_table_is_named_with_the_session_that_holds_it(stderr: str) -> None:
    blocker = "wp is locked by process 4711 (rails, user openproject, idle in transaction since 65 s)"
    error = failure(stderr, blocker)
    assert isinstance(error, LockedError)
    assert str(error) == (
        f'database "shop" could not be dumped: {blocker}; wait until that session has ended (is a migration running?) '
        "or end it with pg_terminate_backend, then run this again"
    )


def test_a_locked_table_is_named_without_the_session_when_it_is_not_known() -> None:
    assert "canceling statement due to statement timeout (LOCK TABLE public.sess, public.wp" in str(failure(LOCK_WAIT))


@pytest.mark.parametrize(
    "line",
    [
        GONE,
        'pg_dump: error: query failed: ERROR:  column "b" does not exist',
        "pg_dump: error: query failed: ERROR:  cache lookup failed for relation 16394",
        "pg_dump: error: query failed: ERROR:  could not open relation with OID 16394",
        "pg_dump: error: schema with OID 16400 does not exist; ERROR:  type with OID 5 does not exist",
    ],
)
def test_what_was_dropped_meanwhile_needs_another_snapshot(line: str) -> None:
    assert isinstance(failure(line), ChangedError)


def test_a_fault_of_the_database_begins_with_the_error_line_and_has_a_fix() -> None:
    error = failure(LARGE)
    assert isinstance(error, DatabaseFault)
    assert error.reason == (
        'pg_dump failed on database "shop": ERROR: invalid memory alloc request size 1200000003 '
        "(COPY public.files (id, content) TO stdout;)"
    )
    assert error.fix.startswith("a value is too large to be read as text")


@pytest.mark.parametrize(
    ("line", "fix"),
    [
        ('could not access file "$libdir/postgis-3": No such file or directory', "the server's image lacks a library"),
        ("permission denied for table secret", "use the stack's own superuser"),
        ("out of shared memory", "raise max_locks_per_transaction"),
        ("invalid page in block 3 of relation base/16384/16390", "the table is damaged"),
        ("missing chunk number 0 for toast value 16400 in pg_toast_16390", "the table is damaged"),
        ('invalid byte sequence for encoding "UTF8": 0xfc', "not valid in the database's encoding"),
        ("something new", "fix the cause in production"),
    ],
)
def test_the_fix_fits_the_error(line: str, fix: str) -> None:
    error = failure(f"pg_dump: error: query failed: ERROR:  {line}")
    assert isinstance(error, DatabaseFault)
    assert fix in error.fix


def test_a_long_statement_is_shortened() -> None:
    error = failure(f"ERROR:  odd\npg_dump: detail: Query was: LOCK TABLE {'x' * 500}")
    assert len(str(error)) < 300


@pytest.mark.parametrize("stderr", ["", "pg_dump: error: could not write: No space left on device", "killed"])
def test_what_the_server_did_not_report_is_no_fault_of_the_database(stderr: str) -> None:
    assert failure(stderr) is None


@pytest.mark.parametrize("kind", [ServerGoneError, LoginRefusedError, NoFreeConnectionError, Cancelled, ChangedError])
def test_errors_of_the_whole_server_stay_what_they_are(kind: type[MaxopsError]) -> None:
    error = kind("the server is gone; see its log")
    assert dump_failures.own_fault(error) is error


def test_a_session_error_becomes_a_fault_of_its_database() -> None:
    fault = dump_failures.own_fault(MaxopsError('could not read database "x": broken; see docker logs'))
    assert isinstance(fault, DatabaseFault)
    assert (fault.reason, fault.fix) == ('could not read database "x": broken', "see docker logs")
