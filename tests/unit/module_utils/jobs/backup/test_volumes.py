# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which volumes are copied in the same breath, and that one which fails stops those beside it."""

from __future__ import annotations

import os
import socket
import time
from dataclasses import replace
from pathlib import Path

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.jobs.backup.options import BackupOptions
from ansible_collections.maxops.ops.plugins.module_utils.jobs.backup.values import BackupPlan, DatabasePart, VolumePart
from ansible_collections.maxops.ops.plugins.module_utils.jobs.backup.volumes import Archiver, VolumeGroup, group_volumes
from ansible_collections.maxops.ops.plugins.module_utils.storage.backup_set import Layout
from ansible_collections.maxops.ops.plugins.module_utils.storage.repository.local import Repository
from ansible_collections.maxops.ops.plugins.module_utils.systems.access import Access
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.stack import Container
from ansible_collections.maxops.ops.plugins.module_utils.systems.postgresql.session import DatabaseFacts
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError
from ansible_collections.maxops.ops.plugins.module_utils.tools.process import Cancellation
from ansible_collections.maxops.ops.plugins.module_utils.tools.progress import Part
from ansible_collections.maxops.ops.plugins.module_utils.transfer import volume_pack
from ansible_collections.maxops.ops.tests.unit.stacks import container, stack_of

OPENPROJECT = container("openproject", environment={"DATABASE_URL": "postgres://u:p@postgres/openproject?pool=5"})
GITEA = container("gitea", environment={"GITEA__database__NAME": "gitea"})
WORKER = container("worker")


def volume(name: str, *writers: Container, folder: str = "/nowhere") -> VolumePart:
    return VolumePart(name, f"shop_{name}", folder, 4096, 4096, writers)


def plan_of(*volumes: VolumePart, databases: tuple[str, ...] = (), repository: str = "/r") -> BackupPlan:
    plan = BackupPlan(stack_of(), Repository(repository), packer="gzip")
    plan.volumes = list(volumes)
    plan.databases = [DatabasePart(DatabaseFacts(name, 1, "u", "UTF8", "C", "C"), 1) for name in databases]
    return plan


def shape(groups: list[VolumeGroup]) -> list[tuple[set[str], set[str], list[str]]]:
    return [
        ({part.name for part in group.volumes}, {one.service for one in group.containers}, group.databases)
        for group in groups
    ]


def test_without_pause_every_volume_goes_on_its_own() -> None:
    plan = plan_of(volume("assets", OPENPROJECT), volume("logs", OPENPROJECT), databases=("openproject",))
    assert shape(group_volumes(plan, pause=False)) == [({"assets"}, set(), []), ({"logs"}, set(), [])]


def test_with_pause_an_application_its_volumes_and_its_database_go_together() -> None:
    plan = plan_of(
        volume("assets", OPENPROJECT),
        volume("gitea-data", GITEA),
        volume("logs", OPENPROJECT),
        databases=("gitea", "openproject", "other"),
    )
    assert shape(group_volumes(plan, pause=True)) == [
        ({"gitea-data"}, {"gitea"}, ["gitea"]),
        ({"assets", "logs"}, {"openproject"}, ["openproject"]),
    ]


def test_volume_with_two_writers_joins_the_volumes_of_both() -> None:
    plan = plan_of(
        volume("a", OPENPROJECT), volume("b", GITEA), volume("c", WORKER), volume("shared", OPENPROJECT, GITEA)
    )
    assert shape(group_volumes(plan, pause=True)) == [
        ({"c"}, {"worker"}, []),
        ({"a", "b", "shared"}, {"openproject", "gitea"}, []),
    ]


def test_database_that_two_applications_name_is_frozen_once() -> None:
    other = container("other", environment={"DB": "gitea"})
    plan = plan_of(volume("a", GITEA), volume("b", other), databases=("gitea",))
    assert shape(group_volumes(plan, pause=True)) == [({"a"}, {"gitea"}, ["gitea"]), ({"b"}, {"other"}, [])]


def test_files_of_an_application_are_copied_after_its_live_database() -> None:
    database = replace(volume("pgdata", OPENPROJECT), live=("PostgreSQL 13",))
    plan = plan_of(volume("assets", OPENPROJECT, WORKER), database, volume("gitea-data", GITEA), databases=("gitea",))
    first, second = sorted(group_volumes(plan, pause=False), key=lambda group: len(group.parts), reverse=True)
    assert ([part.name for part in first.volumes], [part.name for part in first.later]) == (["pgdata"], ["assets"])
    assert [one.service for one in first.containers] == ["openproject"]
    assert ([part.name for part in second.parts], second.containers, second.databases) == (["gitea-data"], [], [])
    assert shape(group_volumes(plan, pause=True))[0] == ({"pgdata", "assets"}, {"openproject", "worker"}, [])


def test_volumes_without_writers_are_separate_groups() -> None:
    plan = plan_of(volume("a"), volume("b"), databases=("openproject",))
    assert shape(group_volumes(plan, pause=True)) == [({"a"}, set(), []), ({"b"}, set(), [])]


def test_every_volume_and_no_container_is_in_exactly_one_group() -> None:
    writers = [(OPENPROJECT,), (OPENPROJECT, GITEA), (GITEA, WORKER), (WORKER,), ()]
    groups = group_volumes(plan_of(*(volume(str(number), *names) for number, names in enumerate(writers))), pause=True)
    assert sorted(part.name for group in groups for part in group.volumes) == ["0", "1", "2", "3", "4"]
    paused = [one.id for group in groups for one in group.containers]
    assert len(paused) == len(set(paused))


# -- archiving a group ----------------------------------------------------------------------------------------------


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    made = Layout(str(tmp_path / "set"))
    os.makedirs(made.volumes)
    return made


def archive(layout: Layout, *volumes: VolumePart) -> list[dict[str, object]]:
    options = BackupOptions(Access("shop"), "/r", nice=0, ionice="none")
    archiver = Archiver(plan_of(*volumes), layout, options, Cancellation())
    return archiver.archive(VolumeGroup(list(volumes)), [Part(part.name, part.size) for part in volumes])


def test_archived_volumes_are_reported_in_their_order(layout: Layout, tmp_path: Path) -> None:
    for name in ("b", "a"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text(name)
    parts = archive(layout, *(volume(name, folder=str(tmp_path / name)) for name in ("b", "a")))
    assert [(part["name"], part["docker_name"], part["compression"], part["remarks"]) for part in parts] == [
        ("b", "shop_b", "gzip", []),
        ("a", "shop_a", "gzip", []),
    ]
    assert sorted(os.listdir(layout.volumes)) == ["a.tar.gz", "b.tar.gz"]


def test_what_comes_later_has_its_own_meter_and_folder(layout: Layout, tmp_path: Path) -> None:
    for name in ("now", "then"):
        (tmp_path / name).mkdir()
    options = BackupOptions(Access("shop"), "/r", nice=0, ionice="none")
    first = volume("now", folder=str(tmp_path / "now"))
    later = replace(volume("/srv/then", folder=str(tmp_path / "then")), kind="folder", docker_name="")
    group, meters = VolumeGroup([first], later=[later]), [Part("now", 1), Part("then", 1)]
    archiver = Archiver(plan_of(first, later), layout, options, Cancellation())
    assert [part["name"] for part in archiver.archive(group, meters)] == ["now"]
    [part] = archiver.archive_later(group, meters)
    assert (part["kind"], part["name"], part["path"]) == ("folder", "/srv/then", str(tmp_path / "then"))
    assert os.listdir(layout.folders) == ["%2Fsrv%2Fthen.tar.gz"]
    assert archiver.archive_later(VolumeGroup([first]), meters) == []


def test_the_look_before_the_pause_is_not_repeated_in_it(
    layout: Layout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "data").mkdir()
    os.mkfifo(tmp_path / "data" / "pipe")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "data" / "agent"))
    part = volume("data", folder=str(tmp_path / "data"))
    options = BackupOptions(Access("shop"), "/r", nice=0, ionice="none")
    archiver = Archiver(plan_of(part), layout, options, Cancellation())
    archiver.look([part])
    monkeypatch.delattr(volume_pack, "find_odd")
    [entry] = archiver.archive(VolumeGroup([part]), [Part("data", 1)])
    assert entry["remarks"] == ["not in the archive: sockets, which their programs create again: agent"]


@pytest.mark.parametrize("order", [("good", "bad"), ("bad", "good")])
def test_failed_volume_stops_the_others_and_is_the_one_that_is_raised(
    layout: Layout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, order: tuple[str, str]
) -> None:
    (tmp_path / "good").mkdir()
    (tmp_path / "bin").mkdir()
    slow = tmp_path / "bin" / "gzip"
    slow.write_text('#!/bin/sh\n[ "$(head -c 1 | wc -c)" = 0 ] || sleep 60\n')
    slow.chmod(0o755)
    monkeypatch.setenv("PATH", f"{slow.parent}:{os.environ['PATH']}")
    begun = time.monotonic()
    with pytest.raises(MaxopsError, match=r'^volume "bad" \(.*\) could not be archived: tar failed'):
        archive(layout, *(volume(name, folder=str(tmp_path / name)) for name in order))
    assert time.monotonic() - begun < 20
