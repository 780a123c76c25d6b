# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who is at fault when a database cannot be loaded, and the next step."""

from __future__ import annotations

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import HostFault
from ansible_collections.maxops.ops.plugins.module_utils.tools.process import StageResult
from ansible_collections.maxops.ops.plugins.module_utils.transfer import load_failures
from ansible_collections.maxops.ops.plugins.module_utils.transfer.load_failures import LoadError, failure

DUPLICATE = """pg_restore: while PROCESSING TOC:
pg_restore: from TOC entry 3312; 2606 16390 CONSTRAINT t t_pkey maxops
pg_restore: error: could not execute query: ERROR:  could not create unique index "t_pkey"
DETAIL:  Key (x)=(a) is duplicated.
Command was: ALTER TABLE ONLY public.t
    ADD CONSTRAINT t_pkey PRIMARY KEY (x);
"""
GENERATED = """pg_restore: error: COPY failed for table "t": ERROR:  function g(text) does not exist
LINE 1: g($1)
        ^
HINT:  No function matches the given name and argument types. You might need to add explicit type casts.
QUERY:  g($1)
CONTEXT:  PL/pgSQL function public.f(text) line 1 at RETURN
COPY t, line 1: "A"
pg_restore: error: a worker process died unexpectedly
"""
CHECKED = """pg_restore: error: COPY failed for table "t": ERROR:  relation "lookup" does not exist
LINE 1: EXISTS (SELECT 1 FROM lookup WHERE x = $1)
                              ^
QUERY:  EXISTS (SELECT 1 FROM lookup WHERE x = $1)
CONTEXT:  PL/pgSQL function public.known(integer) line 1 at RETURN
"""


def of(stderr: str, code: int = 1) -> Exception:
    """The error for a program that printed this."""
    return failure('"x" could not be loaded', StageResult("pg_restore", code, stderr, True), "db-1", "its limit is 1 B")


@pytest.mark.parametrize(
    ("stderr", "advice"),
    [
        (
            "pg_restore: error: could not execute query: ERROR:  could not extend file: No space left on device",
            "is full",
        ),
        ("ERROR:  could not write block: Disk quota exceeded", "disk quota of the database server is used up"),
        ("ERROR:  out of memory\nDETAIL:  Failed on request of size 8.", "too little memory (its limit is 1 B)"),
        ("ERROR:  could not resize shared memory segment to 1 bytes: No space", "too little memory"),
        (
            "ERROR:  out of shared memory\nHINT:  You might need to increase max_locks_per_transaction.",
            "raise max_locks_per_transaction",
        ),
        (
            "pg_restore: error: could not execute query: server closed the connection unexpectedly\n\tThis probably",
            "out of memory (its limit is 1 B)? See docker logs --tail=50 db-1",
        ),
        ("ERROR:  pgaudit must be loaded via shared_preload_libraries", "add the library to shared_preload_libraries"),
        ('ERROR:  extension "vector" is not available', "lacks an extension"),
        ('ERROR:  could not access file "$libdir/postgis-3": No such file or directory', "lacks an extension"),
        ('ERROR:  could not create locale "ko_KR.utf8": No such file or directory', "lacks a locale"),
        ('ERROR:  invalid value for parameter "default_tablespace": "ts1"', 'no tablespace "ts1"'),
        ('ERROR:  unrecognized configuration parameter "x.y"', 'does not know the parameter "x.y"'),
        ('ERROR:  could not connect to server "there"', "another server, which this host cannot reach"),
        ("ERROR:  can only create extension in database postgres", "works only in one database"),
        ('pg_restore: error: connection to server at "127.0.0.1" failed', "stopped or restarted"),
        ("docker: Error response from daemon: No such container: db-1", "was container db-1 stopped or restarted?"),
        (
            "docker: Error response from daemon: No such image: x",
            "the image of container db-1 is no longer on this host",
        ),
        ("pg_restore: error: this build does not support compression with zstd", "cannot read the set's compression"),
    ],
)
def test_fault_of_this_host(stderr: str, advice: str) -> None:
    error = of(stderr)
    assert isinstance(error, HostFault)
    assert advice in str(error)


@pytest.mark.parametrize("code", [125, 137])
def test_killed_or_not_started_is_the_hosts_fault(code: int) -> None:
    assert isinstance(of("", code), HostFault)


@pytest.mark.parametrize(
    ("stderr", "first", "advice"),
    [
        (
            DUPLICATE,
            'ERROR: could not create unique index "t_pkey"; DETAIL: Key (x)=(a) is duplicated.',
            "production's table public.t has two rows with the same key, its index is corrupt: fix it there",
        ),
        (
            'ERROR:  could not create unique index "u"\nCommand was: CREATE UNIQUE INDEX u ON public.t (x);',
            'ERROR: could not create unique index "u"',
            "production's table public.t has two rows",
        ),
        (
            GENERATED,
            'COPY failed for table "t": ERROR: function g(text) does not exist; HINT: No function matches',
            "ALTER FUNCTION public.f(text) SET search_path = public, then back up again",
        ),
        (
            CHECKED,
            'COPY failed for table "t": ERROR: relation "lookup" does not exist',
            "ALTER FUNCTION public.known(integer) SET search_path",
        ),
        (
            'ERROR:  insert or update on table "a" violates foreign key constraint "a_b"',
            "ERROR: insert or update",
            "production's table a has rows that break its own foreign key a_b",
        ),
        (
            'ERROR:  new row for relation "t" violates check constraint "c"',
            "ERROR: new row",
            "production's table t has rows that do not pass its own check c",
        ),
    ],
)
def test_production_has_the_same_fault(stderr: str, first: str, advice: str) -> None:
    error = of(stderr)
    assert isinstance(error, LoadError)
    assert str(error).startswith(f'"x" could not be loaded: {first}')
    assert advice in error.fix
    assert error.fix in str(error)
    assert "take another" not in str(error)


@pytest.mark.parametrize(
    ("stderr", "advice"),
    [
        ('ERROR:  role "ann" does not exist', 'create that role (CREATE ROLE "ann")'),
        ("pg_restore: error: unsupported version (1.16) in file header", "comes from a newer PostgreSQL"),
        ("gunzip failed", "the file is cut short or damaged"),
        ("ERROR:  permission denied to create extension", "load it as the superuser"),
        ("ERROR:  something else", "fix the cause and run this again"),
    ],
)
def test_fault_of_the_set_has_no_fix_in_production(stderr: str, advice: str) -> None:
    error = of(stderr)
    assert isinstance(error, LoadError)
    assert (advice in str(error), error.fix) == (True, "")


def test_rows_that_look_like_a_message_are_no_fault_of_this_host() -> None:
    error = of('ERROR:  invalid input syntax\nCONTEXT:  COPY t, line 1, column x: "No space left on device"')
    assert isinstance(error, LoadError)


def test_function_that_relies_on_the_search_path() -> None:
    def function(stderr: str) -> str | None:
        return load_failures.relying_on_search_path(StageResult("pg_restore", 1, stderr, True))

    assert function(GENERATED) == "public.f(text)"
    assert function(CHECKED) == "public.known(integer)"
    assert function('ERROR:  type "x" does not exist\nCONTEXT:  SQL function "f" during inlining') == "f"
    assert function(DUPLICATE) is None
    assert function("ERROR:  function g(text) does not exist\nCommand was: CREATE VIEW v AS SELECT g(x)") is None


def test_another_server_only_where_all_errors_are_of_it() -> None:
    def other(*lines: str) -> bool:
        return load_failures.another_server(StageResult("pg_restore", 1, "\n".join(lines), True))

    connect = 'pg_restore: error: could not execute query: ERROR:  could not connect to server "there"'
    empty = 'pg_restore: error: could not execute query: ERROR:  materialized view "mv" has not been populated'
    assert other(connect, empty)
    assert not other(connect, "pg_restore: error: could not execute query: ERROR:  division by zero")
    assert not other("")
