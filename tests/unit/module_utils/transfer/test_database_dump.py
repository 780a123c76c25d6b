# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A failed dump is explained by its cause."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.storage.backup_set import Layout
from ansible_collections.maxops.ops.plugins.module_utils.systems.postgresql.session import (
    DatabaseFacts,
    NoFreeConnectionError,
    Server,
)
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError
from ansible_collections.maxops.ops.plugins.module_utils.tools.process import Cancellation, StageResult
from ansible_collections.maxops.ops.plugins.module_utils.tools.progress import Part
from ansible_collections.maxops.ops.plugins.module_utils.transfer import database_dump
from ansible_collections.maxops.ops.plugins.module_utils.transfer.database_dump import Dumper, DumpSource
from ansible_collections.maxops.ops.plugins.module_utils.transfer.dump_failures import DatabaseFault
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


NOT_UTF8 = MaxopsError('could not read database "old": a name in it is not valid UTF-8 (…); rename it')


class Snapshotted:
    """A snapshot with the files of one table, or with an error for them."""

    process = 7

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)

    def files(self) -> Any:
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def test_a_database_whose_tables_cannot_be_listed_is_its_own_fault(tmp_path: Path) -> None:
    source = DumpSource(stack_of(), container("postgres"), SERVER, str(tmp_path), "none")
    dumper = Dumper(source, Layout(str(tmp_path / "set")), "/passfile", Cancellation())
    snapshot: Any = Snapshotted(NOT_UTF8)
    with pytest.raises(DatabaseFault, match=r"find it and correct it"):
        dumper.dump(DatabaseFacts("old", 1, "u", "SQL_ASCII", "C", "C"), snapshot, 1, Part("database old", 1))


@pytest.mark.parametrize(
    ("error", "text"),
    [(NoFreeConnectionError("too many clients"), r"no free connection .*; raise max_connections"), (NOT_UTF8, "UTF-8")],
)
def test_a_check_after_the_dump_that_fails_costs_one_database(
    monkeypatch: pytest.MonkeyPatch, error: MaxopsError, text: str
) -> None:
    files = {("public", "a"): (1, 11)}
    snapshot: Any = Snapshotted(files, files, files)
    run = database_dump._Run(SERVER, "shop", snapshot)

    def fail() -> Any:
        raise error

    monkeypatch.setattr(run.watch, "files", fail)
    with pytest.raises(DatabaseFault, match=text):
        run.check_changed()
    run.watch.proven = {("public", "a")}
    run.check_changed()
