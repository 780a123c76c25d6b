# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A live database is copied while its writers rest, whatever has started since the plan was made."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.jobs.backup import pausing
from ansible_collections.maxops.ops.plugins.module_utils.jobs.backup.pausing import Copied, copy_at_rest
from ansible_collections.maxops.ops.plugins.module_utils.jobs.backup.values import BackupPlan, VolumePart
from ansible_collections.maxops.ops.plugins.module_utils.storage.repository.local import Repository
from ansible_collections.maxops.ops.tests.unit.daemon import Daemon, moment

SQLITE = VolumePart("data", "shop_data", "/nowhere", 1, 1, (), databases=("SQLite (app.db)",))
FILES = VolumePart("files", "shop_data", "/nowhere", 1, 1, ())
MOUNT = [{"Type": "volume", "Name": "shop_data", "Source": "/nowhere", "Destination": "/data", "RW": True}]


@pytest.fixture
def daemon(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Daemon:
    """A daemon in memory; the ``docker`` program, which ends a pause, finds nothing paused."""
    program = tmp_path / "docker"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    monkeypatch.setattr(pausing, "PAUSE_SECONDS", 0.0)
    return Daemon()


class Copying:
    """Notes what is copied and the state of the containers; ``at`` happens during a copy."""

    def __init__(self, daemon: Daemon, *at: Any) -> None:
        self.daemon, self.at = daemon, list(at)
        self.states: list[dict[str, str]] = []
        self.parts: list[VolumePart] = []
        self.frozen = 0

    def copy(self, parts: Sequence[VolumePart]) -> list[dict[str, Any]]:
        self.states.append({name[3:]: data["State"]["Status"] for name, data in self.daemon.data.items()})
        self.parts = list(parts)
        if self.at:
            self.at.pop(0)()
        return [{"kind": part.kind, "name": part.name} for part in parts]

    def freeze(self) -> None:
        self.frozen += 1

    def run(self, plan: BackupPlan, *parts: VolumePart, pause: bool = False) -> Copied:
        result = copy_at_rest(plan, parts, pause, self.copy, self.freeze)
        assert self.frozen == 1
        return result


def restart(daemon: Daemon, service: str) -> Any:
    return lambda: daemon.data[f"id-{service}"]["State"].update(Status="running", StartedAt=moment())


def plan_of(daemon: Daemon) -> BackupPlan:
    return BackupPlan(daemon.stack, Repository("/r"))


def test_a_service_that_has_started_since_the_plan_is_paused(daemon: Daemon) -> None:
    daemon.add("app", "exited", mounts=MOUNT)
    daemon.add("web")
    plan = plan_of(daemon)
    daemon.start("id-app")
    copying = Copying(daemon)
    result = copying.run(plan, SQLITE)
    assert copying.states == [{"app": "paused", "web": "running"}]
    assert copying.parts[0].facts()["paused"] == ["app"]
    assert result.entries == [{"kind": "volume", "name": "data"}]
    assert "service app, which has started since the backup was planned, was paused" in result.warnings[0]
    assert plan.incomplete == []


def test_a_container_that_is_gone_and_one_that_replaces_it(daemon: Daemon) -> None:
    daemon.add("app", mounts=MOUNT)
    plan = plan_of(daemon)
    daemon.data["id-new"] = {**daemon.data.pop("id-app"), "Id": "id-new"}
    copying = Copying(daemon)
    assert copying.run(plan, SQLITE).untaken == []
    assert copying.states == [{"new": "paused"}]


def test_a_service_that_is_restarted_during_the_copy_is_copied_again(daemon: Daemon) -> None:
    daemon.add("app", mounts=MOUNT)
    plan = plan_of(daemon)
    copying = Copying(daemon, restart(daemon, "app"))
    result = copying.run(plan, SQLITE)
    assert len(copying.states) == 2
    assert (result.untaken, plan.incomplete, len(result.entries)) == ([], [], 1)


def test_a_service_that_started_and_ended_during_the_copy_is_seen(daemon: Daemon) -> None:
    daemon.add("job", "exited", mounts=MOUNT)
    plan = plan_of(daemon)
    state = daemon.data["id-job"]["State"]
    copying = Copying(daemon, lambda: state.update(StartedAt=moment()))
    copying.run(plan, SQLITE)
    assert len(copying.states) == 2


def test_a_service_that_restarts_during_every_copy_costs_that_part_only(daemon: Daemon) -> None:
    daemon.add("app", mounts=MOUNT)
    plan = plan_of(daemon)
    copying = Copying(daemon, *[restart(daemon, "app")] * pausing.MOST_COPIES)
    result = copying.run(plan, SQLITE, FILES, pause=True)
    assert result.untaken == [SQLITE]
    assert result.entries == [{"kind": "volume", "name": "files"}]
    assert plan.incomplete[0].startswith(
        'volume "data" is not in the set: it holds SQLite (app.db), and service app ran while it was copied; '
    )
    assert result.warnings == ['volume "files": service app ran while it was copied']


def test_a_service_that_cannot_be_paused_is_not_copied_in_vain(daemon: Daemon) -> None:
    daemon.add("app", "restarting", mounts=MOUNT)
    plan = plan_of(daemon)
    copying = Copying(daemon)
    result = copying.run(plan, SQLITE)
    assert (copying.states, result.untaken, result.entries) == ([], [SQLITE], [])


def test_without_a_database_or_a_pause_nothing_is_read_or_paused(daemon: Daemon) -> None:
    daemon.add("app", mounts=MOUNT)
    plan = plan_of(daemon)
    copying = Copying(daemon)
    assert len(copying.run(plan, FILES).entries) == 1
    assert copying.states == [{"app": "running"}]
    assert daemon.calls == []
