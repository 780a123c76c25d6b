# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Passwords, workers and environment of the programs of dump and load, and the next step after a failure."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.stack import Stack
from ansible_collections.maxops.ops.plugins.module_utils.systems.postgresql.session import NEUTRAL, NO_LIMITS, Server
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError
from ansible_collections.maxops.ops.plugins.module_utils.tools.process import StageResult
from ansible_collections.maxops.ops.plugins.module_utils.transfer import programs
from ansible_collections.maxops.ops.plugins.module_utils.transfer.programs import password_file, workers
from ansible_collections.maxops.ops.tests.unit.children import child, line_of
from ansible_collections.maxops.ops.tests.unit.stacks import container

SERVER = Server("172.18.0.2", 5432, "max:ops", "p:w\\", "shop-postgres-1", "the option database_password")


def test_only_the_owner_reads_the_password_file_and_it_is_removed_after_the_block() -> None:
    with password_file(SERVER) as path:
        assert Path(path).read_text() == "*:*:*:max\\:ops:p\\:w\\\\\n"
        assert Path(path).stat().st_mode & 0o777 == 0o600
    assert not os.path.exists(path)
    with pytest.raises(RuntimeError), password_file(SERVER) as path:
        raise RuntimeError
    assert not os.path.exists(path)


def test_without_a_server_there_is_no_password() -> None:
    with password_file(None) as path:
        assert Path(path).read_text() == ""


HOLDER = """
import sys
from ansible_collections.maxops.ops.plugins.module_utils.transfer.programs import password_file
from ansible_collections.maxops.ops.plugins.module_utils.systems.postgresql.session import Server

with password_file(Server("h", 1, "u", "secret", "c", "s")) as path:
    print(path, flush=True)
    sys.stdin.read()
"""


def test_password_of_a_killed_job_is_removed_by_the_next_one_and_no_others() -> None:
    long_ago = time.time() - programs.PASSFILE_SECONDS - 5
    with child(HOLDER) as killed, child(HOLDER) as young, child(HOLDER) as at_work:
        paths = [Path(line_of(path)) for path in (killed, young, at_work)]
        for process in (killed, young):
            process.kill()
            process.wait()
        os.utime(paths[0], (long_ago, long_ago))
        os.utime(paths[2], (long_ago, long_ago))
        try:
            with password_file(SERVER):
                assert [path.exists() for path in paths] == [False, True, True]
        finally:
            paths[1].unlink()


def test_foreign_files_beside_it_do_not_block() -> None:
    pipe = f"/dev/shm/maxops-pgpass-{os.getpid()}"
    os.mkfifo(pipe)
    try:
        with password_file(SERVER):
            assert os.path.exists(pipe)
    finally:
        os.unlink(pipe)


@pytest.mark.parametrize(
    ("size", "jobs", "expected"),
    [(0, 4, 1), (1, 4, 1), (128_000_000, 4, 1), (128_000_001, 4, 2), (10**12, 4, 4), (10**12, 1, 1)],
)
def test_large_databases_get_more_workers_up_to_the_limit(size: int, jobs: int, expected: int) -> None:
    assert workers(size, jobs) == expected


def test_environment_has_the_settings_and_no_password() -> None:
    variables = programs.environment({"synchronous_commit": "off"})
    assert variables["PGOPTIONS"] == f"{NO_LIMITS} {NEUTRAL} -c synchronous_commit=off"
    assert variables["PGPASSFILE"] == programs.INSIDE_PASSFILE
    assert [name for name in variables if "PASSWORD" in name] == []
    assert programs.environment({})["PGOPTIONS"] == f"{NO_LIMITS} {NEUTRAL}"


@pytest.mark.parametrize(
    ("stderr", "code", "advice"),
    [
        (
            "docker: Error response from daemon: No such image: sha256:aaaa.",
            125,
            "image of container db-1 is no longer",
        ),
        ("docker: Error response from daemon: no such image", 1, "docker pull it, or start the service again"),
        (
            "docker: Error response from daemon: No such container: f00d",
            125,
            "was container db-1 stopped or restarted?",
        ),
        (
            "docker: Error response from daemon: cannot join network of a non running container: f00d",
            125,
            "was container db-1 stopped or restarted?",
        ),
        ("Error response from daemon: Container f00d is not running", 125, "was container db-1 stopped or restarted?"),
        (
            "docker: Error response from daemon: failed to initialize logging driver: dial tcp: connection refused.",
            125,
            "see docker info and the daemon's log",
        ),
        (
            'response from daemon: invalid mount config for type "bind": bind source path does not exist: /var',
            125,
            "the Docker daemon does not see this folder of the host",
        ),
        ("", 125, "see docker info and the daemon's log"),
        ("could not extend file: No space left on device", 1, "the disk of the database server is full"),
        ("write: Disk quota exceeded", 1, "the disk quota of the database server is used up"),
        ("FATAL: terminating connection due to administrator command", 1, "docker logs --tail=50 db-1"),
        ("something else", 1, "fix the cause and run this again"),
    ],
)
def test_next_step_fits_the_failure(stderr: str, code: int, advice: str) -> None:
    assert advice in programs.advice_on(StageResult("x", code, stderr, True), "db-1")


PROGRAM = """pg_restore: while PROCESSING TOC:
pg_restore: from TOC entry 3312; 2606 16390 CONSTRAINT t t_pkey maxops
pg_restore: error: could not execute query: ERROR:  could not create unique index "t_pkey"
LINE 1: ALTER TABLE
        ^
Command was: ALTER TABLE ONLY public.t
DETAIL:  Key (x)=(a) is duplicated.
pg_restore: error: a worker process died unexpectedly
"""


def test_message_begins_with_the_first_error_and_its_details() -> None:
    def message(stderr: str, code: int = 1) -> str:
        return programs.first_error(StageResult("x", code, stderr, True))

    assert message(PROGRAM) == (
        'ERROR: could not create unique index "t_pkey"; DETAIL: Key (x)=(a) is duplicated.; Command was: ALTER TABLE '
        "ONLY public.t"
    )
    assert message("psql:<stdin>:12: ERROR:  no\nHINT:  yes") == "psql:<stdin>:12: ERROR: no; HINT: yes"
    assert message(
        'pg_dump: error: Dumping the contents of table "t" failed: PQgetResult() failed.\n'
        "pg_dump: detail: Error message from server: ERROR:  missing chunk number 0\n"
        "pg_dump: detail: Command was: COPY public.t TO stdout;\n"
    ) == (
        'Dumping the contents of table "t" failed: PQgetResult() failed.; pg_dump: detail: Error message from server: '
        "ERROR: missing chunk number 0; pg_dump: detail: Command was: COPY public.t TO stdout;"
    )
    assert message("Unable to find image\ndocker: Error response from daemon: no\n").startswith(
        "docker: Error response"
    )
    assert message("a\nb\n c \n\nd\ne\n") == "b; c; d; e"
    assert message("\n", 7) == "exit code 7"
    long = message("ERROR:  no\nDETAIL:  " + "x" * 5000)
    assert (len(long) < programs.ERROR_LIMIT + 10, long[:12], long[-1]) == (True, "ERROR: no; D", "…")


# -- the image of the helpers ---------------------------------------------------------------------------------------


class Images(Stack):
    """A stack whose daemon knows these images: reference → id and variables."""

    def __init__(self, images: dict[str, tuple[str, dict[str, str]]]) -> None:
        client: Any = None
        super().__init__(client, "unix:///nowhere.sock", "shop")
        self.images = images

    def find_image(self, reference: str) -> str | None:
        """The id by reference."""
        return self.images[reference][0] if reference in self.images else None

    def image_environment(self, image_id: str) -> dict[str, str]:
        """The variables by id."""
        return next(variables for known, variables in self.images.values() if known == image_id)

    def image_facts(self, image_id: str) -> dict[str, Any]:
        """No facts."""
        return {"version": None}


DATABASE = container("postgres")


def test_programs_are_those_of_the_containers_own_image() -> None:
    stack = Images({DATABASE.image_id: (DATABASE.image_id, {})})
    assert programs.with_server_image(stack, DATABASE, "17.2") == (DATABASE, [])


def test_image_that_is_gone_is_replaced_by_its_name_where_the_major_version_is_the_same() -> None:
    stack = Images({DATABASE.image: ("sha256:new", {"PG_MAJOR": "17"})})
    found, [remark] = programs.with_server_image(stack, DATABASE, "17.2")
    assert (found.id, found.image_id) == (DATABASE.id, "sha256:new")
    assert "the image that container shop-postgres-1 was made of is no longer on this host" in remark


@pytest.mark.parametrize("variables", [None, {"PG_MAJOR": "16"}, {}])
def test_image_that_is_gone_is_a_refusal_with_the_command_that_brings_it_back(variables: dict[str, str] | None) -> None:
    stack = Images({} if variables is None else {DATABASE.image: ("sha256:new", variables)})
    with pytest.raises(
        MaxopsError, match=r"docker pull lab/postgres:1 \(PostgreSQL 17.2\), then docker compose .* up "
    ):
        programs.with_server_image(stack, DATABASE, "17.2")
