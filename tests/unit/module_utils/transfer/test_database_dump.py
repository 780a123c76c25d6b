# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A failed dump is explained by its cause."""

from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.systems.postgresql.session import Server
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError
from ansible_collections.maxops.ops.plugins.module_utils.tools.process import StageResult
from ansible_collections.maxops.ops.plugins.module_utils.transfer import database_dump
from ansible_collections.maxops.ops.plugins.module_utils.transfer.database_dump import DumpSource
from ansible_collections.maxops.ops.tests.unit.stacks import container, stack_of

SERVER = Server("172.18.0.2", 5432, "max:ops", "p:w\\", "shop-postgres-1", "the option database_password")


@pytest.mark.parametrize(
    ("stderr", "code", "expected"),
    [
        ("pg_dump: error: could not write: No space left on device", 1, "the disk filled up while database"),
        ("Disk quota exceeded", 1, "the disk filled up while database"),
        ("docker: Error response from daemon: no such image", 125, "Docker could not start the helper container"),
        ("pg_dump: error: connection to server at 127.0.0.1 failed", 1, "lost the server while it dumped"),
        ("server closed the connection unexpectedly", 1, "lost the server while it dumped"),
        ("FATAL: terminating connection due to administrator command", 1, "lost the server while it dumped"),
        ("pg_dump: error: permission denied for table lost_items", 1, "pg_dump failed on database"),
        (
            "pg_dump: error: query failed: ERROR:  no\nserver closed the connection unexpectedly",
            1,
            "lost the server while",
        ),
        ("", 137, "pg_dump failed on database"),
    ],
)
def test_failed_dump_is_explained_by_its_cause(tmp_path: Path, stderr: str, code: int, expected: str) -> None:
    source = DumpSource(stack_of(), container("postgres"), SERVER, str(tmp_path), "none")
    result = StageResult("docker", code, stderr, True)
    error = database_dump._failure(source, 'database "shop"', "pg_dump", result)
    assert type(error) is MaxopsError, "it is no fault of this database alone"
    message = str(error)
    assert expected in message
    if "disk" not in message:
        assert (stderr.splitlines() or ["exit code 137"])[-1] in message
        assert "shop-postgres-1" in message
