# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the plan says of memory and of extensions that work only in one database."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.jobs.restore import databases
from ansible_collections.maxops.ops.plugins.module_utils.storage.backup_set import Layout
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError
from ansible_collections.maxops.ops.plugins.module_utils.tools.process import Cancellation

MIB = 1024 * 1024


class Session:
    """A session on a server with these settings."""

    def __init__(self, **settings: Any) -> None:
        self.settings = settings

    def run(self, _action: str, _statement: str, parameters: Sequence[Any]) -> list[tuple[Any]]:
        return [(self.settings.get(parameters[0].replace(".", "_")),)]


def test_database_postgres_is_restored_under_another_name_only() -> None:
    assert "postgres" in databases.SERVERS_OWN
    assert "(into: {postgres: postgres_restored})" in databases.not_replaced("postgres", named=False)
    with pytest.raises(MaxopsError, match=r'"postgres" is not replaced, because .*; restore it under another name'):
        databases.not_replaced("postgres", named=True)


def test_memory_of_the_running_server_and_fewer_jobs_are_said() -> None:
    shared = databases.share_memory(Session(maintenance_work_mem=64 * MIB), 260 * MIB, 5)
    assert (shared.jobs, shared.each) == (1, 65 * MIB)
    [remark] = databases.memory_remarks(shared, 4, "shop-postgres-1")
    assert remark == (
        "databases are loaded with 1 instead of 4 jobs, because the memory of shop-postgres-1 allows no more "
        "(its limit is 272.6 MB)"
    )
    assert databases.memory_remarks(shared, 1, "shop-postgres-1") == []


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("shop", "extension pg_cron of database shop and its rows are restored after the swap"),
        ("other", "are not restored: cron.database_name of this server is other. Set it to shop"),
        (None, "are not restored: cron.database_name of this server is not set"),
    ],
)
def test_extension_of_a_single_database(setting: str | None, words: str) -> None:
    session = Session(cron_database_name=setting)
    [remark] = databases.extension_remarks(session, {"extensions": {"pg_cron": "1.6", "pg_trgm": "1"}}, "shop")
    assert words in remark
    assert databases.extension_remarks(session, {}, "shop") == []


def test_failure_of_an_extension_after_the_swap_is_a_remark(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def fail(*_arguments: Any) -> None:
        raise MaxopsError("no such file")

    arguments = (None, Layout(str(tmp_path)), {"name": "shop"}, "shop", ["pg_cron"], Cancellation())
    monkeypatch.setattr(databases, "load_extension", fail)
    assert databases.load_extensions(*arguments) == ["extension pg_cron of database shop is not restored: no such file"]
    monkeypatch.setattr(databases, "load_extension", lambda *_arguments: None)
    assert databases.load_extensions(*arguments) == []
