# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One database that cannot be dumped does not cost the set of all others, and is named."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, ClassVar

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.jobs.backup import dumps as backup_dumps
from ansible_collections.maxops.ops.plugins.module_utils.jobs.backup.dumps import MOST_TRIES, Dumps
from ansible_collections.maxops.ops.plugins.module_utils.jobs.backup.values import BackupPlan, DatabasePart
from ansible_collections.maxops.ops.plugins.module_utils.storage.backup_set import Layout
from ansible_collections.maxops.ops.plugins.module_utils.storage.repository.local import Repository
from ansible_collections.maxops.ops.plugins.module_utils.systems.postgresql.session import (
    DatabaseFacts,
    Server,
    ServerGoneError,
)
from ansible_collections.maxops.ops.plugins.module_utils.systems.postgresql.snapshot import ChangedError, LockedError
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import Cancelled, MaxopsError
from ansible_collections.maxops.ops.plugins.module_utils.tools.process import Cancellation
from ansible_collections.maxops.ops.plugins.module_utils.tools.progress import Part
from ansible_collections.maxops.ops.plugins.module_utils.transfer.dump_failures import DatabaseFault
from ansible_collections.maxops.ops.tests.unit.stacks import container, stack_of

SERVER = Server("172.18.0.2", 5432, "maxops", "p", "shop-postgres-1", "the option database_password")
SHOP, GITEA = (DatabasePart(DatabaseFacts(name, 1000, "maxops", "UTF8", "C", "C"), 600) for name in ("shop", "gitea"))
CHANGED = ChangedError('in database "shop", public.wp was rewritten; wait until the migration has ended')
LOCKED = LockedError('database "shop" could not be dumped: wp is locked; wait until that session has ended')
FAULT = DatabaseFault("pg_dump failed: ERROR: broken", "fix it")


class FakeSnapshot:
    """A snapshot without a server."""

    opened: ClassVar[list[str]] = []
    fault: MaxopsError | None = None

    def __init__(self, _server: Server, database: str, _cancellation: Cancellation) -> None:
        if self.fault:
            raise self.fault
        self.opened.append(database)
        self.closed = False

    def close(self) -> None:
        self.closed = True


class FakeDumper:
    """Writes a file, then fails with the next of the given errors, if there is one."""

    errors: ClassVar[list[MaxopsError]] = []

    def __init__(self, _source: Any, layout: Layout, _passfile: str, _cancellation: Cancellation) -> None:
        self.layout = layout

    def dump(self, facts: DatabaseFacts, _snapshot: Any, _jobs: int, _meter: Part) -> dict[str, Any]:
        os.makedirs(self.layout.database(facts.name), exist_ok=True)
        Path(self.layout.database(facts.name), "toc.dat").write_text("half")
        if self.errors:
            raise self.errors.pop(0)
        return {"kind": "database", "name": facts.name, "remarks": ["it is a template"]}

    def dump_globals(self) -> tuple[list[str], list[str]]:
        if self.errors:
            raise self.errors.pop(0)
        return ["maxops"], ["roles were saved without their passwords"]


@pytest.fixture
def dumps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Dumps:
    monkeypatch.setattr(backup_dumps, "Snapshot", FakeSnapshot)
    monkeypatch.setattr(backup_dumps, "Dumper", FakeDumper)
    monkeypatch.setattr(FakeSnapshot, "fault", None)
    monkeypatch.setattr(FakeSnapshot, "opened", [])
    monkeypatch.setattr(FakeDumper, "errors", [])
    plan = BackupPlan(stack_of(), Repository(str(tmp_path)), databases=[SHOP, GITEA])
    plan.database_container, plan.server = container("postgres"), SERVER
    layout = Layout(str(tmp_path / "set"))
    os.makedirs(layout.databases)
    return Dumps(plan, layout, Cancellation())


def dump(dumps: Dumps, part: DatabasePart = SHOP) -> dict[str, Any] | None:
    return dumps.dump(part, "/passfile", 1, Part("database", 0))


def folder(dumps: Dumps) -> Path:
    return Path(dumps._layout.database("shop"))


def test_remarks_are_given_with_the_databases_name(dumps: Dumps) -> None:
    dumps.freeze(["shop"])
    assert (dump(dumps) or {})["name"] == "shop"
    assert dumps.warnings == ['database "shop": it is a template']


@pytest.mark.parametrize("error", [FAULT, LOCKED])
def test_a_database_that_fails_is_left_out_by_name_and_leaves_no_files(dumps: Dumps, error: MaxopsError) -> None:
    FakeDumper.errors = [error]
    dumps.freeze(["shop", "gitea"])
    assert dump(dumps) is None
    assert dump(dumps, GITEA) is not None
    reason = str(error).partition("; ")[0]
    assert dumps._plan.left_out == [{"kind": "database", "name": "shop", "reason": reason}]
    assert dumps._plan.incomplete[0].startswith(f'database "shop" is not in the set: {reason}; ')
    assert not folder(dumps).exists()
    dumps.check_any(0)


def test_a_database_that_cannot_be_opened_is_left_out_when_its_turn_comes(
    dumps: Dumps, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(FakeSnapshot, "fault", MaxopsError('database "shop" cannot be reached: FATAL: no; see its log'))
    dumps.freeze(["shop"])
    monkeypatch.setattr(FakeSnapshot, "fault", None)
    dumps.freeze(["gitea"])
    assert dump(dumps) is None
    assert dump(dumps, GITEA) is not None
    assert dumps._plan.left_out[0]["reason"] == 'database "shop" cannot be reached: FATAL: no'


def test_a_server_that_is_gone_fails_the_run(dumps: Dumps, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FakeSnapshot, "fault", ServerGoneError("the server is gone"))
    with pytest.raises(ServerGoneError):
        dumps.freeze(["shop"])


@pytest.mark.parametrize("error", [Cancelled("stopped"), MaxopsError("the disk filled up"), ServerGoneError("gone")])
def test_what_concerns_more_than_one_database_fails_the_run(dumps: Dumps, error: MaxopsError) -> None:
    FakeDumper.errors = [error]
    dumps.freeze(["shop"])
    with pytest.raises(type(error)):
        dump(dumps)
    assert dumps._plan.left_out == []


def test_a_changed_table_needs_another_snapshot_and_in_the_end_is_given_up(dumps: Dumps) -> None:
    FakeDumper.errors = [CHANGED] * MOST_TRIES
    for _number in range(MOST_TRIES - 1):
        dumps.freeze(["shop"])
        assert dump(dumps) is None
        assert dumps.again == {"shop": 'in database "shop", public.wp was rewritten'}
        assert not folder(dumps).exists()
        dumps.restart(["shop"])
        assert dumps.again == {}
    dumps.freeze(["shop"])
    assert dump(dumps) is None
    assert dumps.again == {}
    assert FakeSnapshot.opened == ["shop"] * MOST_TRIES
    assert "wait until the migration has ended" in dumps._plan.incomplete[0]


def test_a_changed_table_is_saved_by_the_second_snapshot(dumps: Dumps) -> None:
    FakeDumper.errors = [CHANGED]
    dumps.freeze(["shop"])
    assert dump(dumps) is None
    dumps.restart(dumps.again)
    dumps.freeze(["shop"])
    assert dump(dumps) is not None
    assert dumps._plan.incomplete == []


def test_a_set_without_any_data_is_none(dumps: Dumps) -> None:
    dumps.failed = {"shop": FAULT, "gitea": LOCKED}
    dumps.check_any(1)
    with pytest.raises(DatabaseFault):
        dumps.check_any(0)


def test_locks_on_every_database_fail_the_run(dumps: Dumps) -> None:
    dumps.failed = {"shop": LOCKED, "gitea": LOCKED}
    with pytest.raises(LockedError):
        dumps.check_any(5)


def test_roles_that_cannot_be_read_cost_only_the_roles(dumps: Dumps) -> None:
    assert dumps.dump_globals("/passfile") == ["maxops"]
    FakeDumper.errors = [FAULT]
    assert dumps.dump_globals("/passfile") == []
    assert dumps._plan.left_out == [{"kind": "globals", "name": "roles", "reason": "pg_dump failed: ERROR: broken"}]
    assert "cluster dump complete" in Path(dumps._layout.globals).read_text()


def test_a_database_that_failed_is_not_opened_again_with_the_others(dumps: Dumps) -> None:
    FakeDumper.errors = [FAULT, CHANGED]
    dumps.freeze(["shop", "gitea"])
    assert (dump(dumps), dump(dumps, GITEA)) == (None, None)
    dumps.restart(["shop", "gitea"])
    dumps.freeze(["shop", "gitea"])
    assert dump(dumps, GITEA) is not None
    assert FakeSnapshot.opened == ["shop", "gitea", "gitea"]
