# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""No password outlives its job, and large databases get more workers."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.systems.postgresql.session import Server
from ansible_collections.maxops.ops.plugins.module_utils.transfer import programs
from ansible_collections.maxops.ops.plugins.module_utils.transfer.programs import password_file, workers
from ansible_collections.maxops.ops.tests.unit.children import child, line_of

SERVER = Server("172.18.0.2", 5432, "max:ops", "p:w\\", "shop-postgres-1", "the option database_password")


def test_password_file_is_its_owners_alone_and_gone_after_the_block() -> None:
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
        paths = [Path(line_of(each)) for each in (killed, young, at_work)]
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


def test_what_others_put_beside_it_is_not_waited_for() -> None:
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
