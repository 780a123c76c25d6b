# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which volumes a backup takes, what it expects of them, and what it refuses before it touches anything."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.jobs.backup import folders
from ansible_collections.maxops.ops.plugins.module_utils.jobs.backup.options import BackupOptions
from ansible_collections.maxops.ops.plugins.module_utils.jobs.backup.values import GROWTH, BackupPlan
from ansible_collections.maxops.ops.plugins.module_utils.storage.repository.local import Repository
from ansible_collections.maxops.ops.plugins.module_utils.systems.access import Access
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.stack import Container, Mount
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError
from ansible_collections.maxops.ops.tests.unit.stacks import bind, container, stack_of, volume_mount


class Host:
    """Folders of volumes on this host."""

    def __init__(self, top: Path) -> None:
        self.top = top

    def volume(self, name: str, writable: bool = True, size: int = 0) -> Mount:
        folder = self.top / name
        folder.mkdir(exist_ok=True)
        if size:
            (folder / "file").write_bytes(os.urandom(size))
        return volume_mount(name, str(folder), writable=writable)


@pytest.fixture
def host(tmp_path: Path) -> Host:
    (tmp_path / "volumes").mkdir()
    return Host(tmp_path / "volumes")


@pytest.fixture
def services(host: Host) -> list[Container]:
    """The containers of a complete stack."""
    return [
        container("postgres", host.volume("shop_postgres-data")),
        container("redis", host.volume("shop_redis-data")),
        container("openproject", host.volume("shop_openproject-assets")),
        container("gitea", host.volume("shop_gitea-data"), bind("/etc/localtime", "/etc/localtime")),
        container("nginx", host.volume("shop_openproject-assets", writable=False), bind("/opt/shop/gateway", "/etc")),
    ]


def planned(
    containers: list[Container],
    tmp_path: Path,
    previous: dict[tuple[str, str], tuple[int, int]] | None = None,
    access: Access | None = None,
    **asked: Any,
) -> BackupPlan:
    plan = BackupPlan(stack_of(*containers), Repository(str(tmp_path / "repository")))
    options = BackupOptions(access or Access("shop"), str(tmp_path / "repository"), **asked)
    folders.plan_volumes(plan, options, previous or {})
    return plan


def taken(plan: BackupPlan) -> dict[str, str]:
    return {part.name: part.docker_name for part in plan.volumes}


# -- which volumes --------------------------------------------------------------------------------------------------


def test_volumes_of_applications_are_taken_and_the_others_reported(services: list[Container], tmp_path: Path) -> None:
    plan = planned(services, tmp_path)
    assert taken(plan) == {"openproject-assets": "shop_openproject-assets", "gitea-data": "shop_gitea-data"}
    assert plan.left_out == [
        {
            "kind": "volume",
            "name": "postgres-data",
            "reason": "belongs to the database server, whose databases are dumped",
        },
        {"kind": "volume", "name": "redis-data", "reason": "belongs to the cache"},
    ]


def test_other_names_of_services_are_heeded(services: list[Container], tmp_path: Path) -> None:
    plan = planned(services, tmp_path, access=Access("shop", database_service="gitea", cache_service="openproject"))
    assert set(taken(plan)) == {"postgres-data", "redis-data"}


def test_volume_that_the_database_only_reads_is_not_its_own(host: Host, tmp_path: Path) -> None:
    plan = planned([container("postgres", host.volume("shop_exports", writable=False))], tmp_path)
    assert set(taken(plan)) == {"exports"}


def test_volume_is_taken_once_however_many_mount_it(services: list[Container], tmp_path: Path) -> None:
    assets = planned(services, tmp_path).volumes[0]
    assert assets.folder == str(tmp_path / "volumes/shop_openproject-assets")
    assert [container.service for container in assets.writers] == ["openproject"], "who only reads is never paused"


def test_only_who_runs_is_a_writer(host: Host, tmp_path: Path) -> None:
    mount = host.volume("shop_data")
    states = {"app": "running", "worker": "paused", "job": "exited"}
    plan = planned([container(name, mount, state=state) for name, state in states.items()], tmp_path)
    assert [container.service for container in plan.volumes[0].writers] == ["app"]


def test_unnamed_volume_is_reported_and_not_taken(host: Host, tmp_path: Path) -> None:
    plan = planned([container("app", host.volume("0a" * 32), host.volume("external"))], tmp_path)
    assert taken(plan) == {"external": "external"}


def test_volumes_whose_short_names_agree_are_both_taken(host: Host, tmp_path: Path) -> None:
    containers = [container("app", host.volume("shop_data"), host.volume("data"))]
    assert taken(planned(containers, tmp_path)) == {"shop_data": "shop_data", "data": "data"}
    assert taken(planned(list(reversed(containers)), tmp_path, volumes=["shop_data"])) == {"shop_data": "shop_data"}


@pytest.mark.parametrize("asked", ["gitea-data", "shop_gitea-data"])
def test_volume_can_be_asked_for_with_and_without_the_projects_name(
    services: list[Container], tmp_path: Path, asked: str
) -> None:
    plan = planned(services, tmp_path, volumes=[asked, asked])
    assert taken(plan) == {"gitea-data": "shop_gitea-data"}
    assert plan.left_out == []


def test_volume_of_the_cache_is_taken_when_asked_for(services: list[Container], tmp_path: Path) -> None:
    assert set(taken(planned(services, tmp_path, volumes=["redis-data"]))) == {"redis-data"}


def test_empty_list_takes_none(services: list[Container], tmp_path: Path) -> None:
    assert planned(services, tmp_path, volumes=[]).volumes == []


def test_unknown_volume_is_refused_with_those_there_are(services: list[Container], tmp_path: Path) -> None:
    with pytest.raises(MaxopsError) as refused:
        planned(services, tmp_path, volumes=["nowhere"])
    assert 'project "shop" mounts no volume "nowhere" (it mounts "postgres-data", ' in str(refused.value)
    assert str(refused.value).endswith("correct the option volumes")


@pytest.mark.parametrize(
    ("patterns", "left"),
    [
        (["gitea-data"], {"openproject-assets"}),
        (["*-data"], {"openproject-assets"}),
        (["?itea*", "openp*"], set()),
        (["GITEA-DATA", "gitea", "shop_gitea-data"], {"openproject-assets", "gitea-data"}),
    ],
)
def test_excluded_are_names_and_patterns(
    services: list[Container], tmp_path: Path, patterns: list[str], left: set[str]
) -> None:
    plan = planned(services, tmp_path, exclude=patterns)
    assert set(taken(plan)) == left
    assert [part["name"] for part in plan.left_out if part["reason"] == "excluded"] == [
        name for name in ("openproject-assets", "gitea-data") if name not in left
    ]


# -- volumes that no container mounts -------------------------------------------------------------------------------


def unused(host: Host, name: str, **facts: Any) -> dict[str, Any]:
    """The daemon's facts about a volume of the project."""
    return {"Name": name, "Mountpoint": host.volume(name).source, "Driver": "local", "Options": None, **facts}


def planned_with(listed: list[dict[str, Any]], containers: list[Container], tmp_path: Path, **asked: Any) -> BackupPlan:
    plan = BackupPlan(stack_of(*containers, volumes=listed), Repository(str(tmp_path / "repository")))
    folders.plan_volumes(plan, BackupOptions(Access("shop"), "/r", **asked), {})
    return plan


def test_volume_of_a_removed_container_is_taken(host: Host, tmp_path: Path) -> None:
    volumes = [unused(host, "shop_gitea-data"), unused(host, "0a" * 32), unused(host, "shop_assets")]
    containers = [container("openproject", host.volume("shop_assets"))]
    plan = planned_with(volumes, containers, tmp_path)
    assert taken(plan) == {"assets": "shop_assets", "gitea-data": "shop_gitea-data"}
    assert plan.volumes[1].writers == ()
    assert (plan.left_out, plan.warnings, plan.incomplete) == ([], [], [])
    assert set(taken(planned_with(volumes, containers, tmp_path, volumes=["gitea-data"]))) == {"gitea-data"}
    assert set(taken(planned_with(volumes, containers, tmp_path, exclude=["gitea-*"]))) == {"assets"}


def test_unused_volume_of_a_share_is_a_part_not_taken(host: Host, tmp_path: Path) -> None:
    share = unused(host, "shop_media", Options={"type": "nfs", "o": "addr=10.0.0.5", "device": ":/media"})
    plan = planned_with([share], [container("app", host.volume("shop_data"))], tmp_path)
    assert taken(plan) == {"data": "shop_data"}
    [line] = plan.incomplete
    assert line.startswith(
        'volume "media" is not in the set: it is :/media, which Docker mounts only while a container'
    )
    assert line.endswith("start a service that mounts it, or name it in exclude")
    assert planned_with([share], [], tmp_path, exclude=["media"]).incomplete == []


def test_unused_volume_that_is_bound_to_a_folder_is_read_there(host: Host, tmp_path: Path) -> None:
    (tmp_path / "srv").mkdir()
    bound = unused(host, "shop_media", Options={"type": "none", "o": "bind", "device": str(tmp_path / "srv")})
    [part] = planned_with([bound], [], tmp_path).volumes
    assert part.folder == str(tmp_path / "srv")


def test_volume_of_a_plugin_that_is_not_mounted_is_a_part_not_taken(host: Host, tmp_path: Path) -> None:
    remote = {"Name": "shop_media", "Mountpoint": "/mnt/of-the-plugin", "Driver": "rclone", "Options": None}
    plan = planned_with([remote], [container("app", host.volume("shop_data"))], tmp_path)
    assert taken(plan) == {"data": "shop_data"}
    [line] = plan.incomplete
    assert line.startswith('volume "media" is not in the set: it is in /mnt/of-the-plugin, which is no folder on this')
    with pytest.raises(MaxopsError, match='volume "media" has no folder /mnt/of-the-plugin on this host'):
        planned_with([remote], [container("app", host.volume("shop_data"))], tmp_path, volumes=["media"])


def test_share_whose_only_service_has_stopped_is_a_part_not_taken(host: Host, tmp_path: Path) -> None:
    share = unused(host, "shop_media", Options={"type": "nfs", "o": "addr=10.0.0.5", "device": ":/media"})
    services = [
        container("app", host.volume("shop_data")),
        container("files", host.volume("shop_media"), state="exited"),
    ]
    plan = planned_with([share], services, tmp_path)
    assert taken(plan) == {"data": "shop_data"}
    [line] = plan.incomplete
    assert line.endswith("start a service that mounts it (files), or name it in exclude")
    with pytest.raises(MaxopsError, match=r'volume "media" is :/media, .* start a service that mounts it \(files\)'):
        planned_with([share], services, tmp_path, volumes=["media"])


# -- databases in volumes -------------------------------------------------------------------------------------------


def test_second_server_in_a_volume_is_named_with_its_service(host: Host, tmp_path: Path) -> None:
    mount = host.volume("shop_gitea-db-data")
    Path(mount.source, "PG_VERSION").write_text("17\n")
    Path(mount.source, "global").mkdir()
    Path(mount.source, "global/pg_control").write_bytes(b"x")
    plan = planned([container("gitea-db", mount), container("gitea", host.volume("shop_gitea-data"))], tmp_path)
    [warning] = plan.warnings
    assert 'volume "gitea-db-data" holds PostgreSQL 17: service gitea-db is paused' in warning
    assert {part.name: part.live for part in plan.volumes} == {"gitea-db-data": ("PostgreSQL 17",), "gitea-data": ()}


@pytest.mark.parametrize("writable", [True, False])
def test_only_a_foreign_container_that_may_write_keeps_a_database_out(
    host: Host, tmp_path: Path, writable: bool
) -> None:
    mount = host.volume("shop_db")
    Path(mount.source, "ibdata1").write_text("x")
    report = {"Type": "volume", "Name": "shop_db", "RW": writable}
    other = {"Id": "other", "Names": ["/report-1"], "Mounts": [report]}
    plan = BackupPlan(stack_of(container("app", mount), others=[other]), Repository(str(tmp_path / "repository")))
    folders.plan_volumes(plan, BackupOptions(Access("shop"), "/r"), {})
    assert set(taken(plan)) == (set() if writable else {"db"})
    assert len(plan.incomplete) == int(writable)


# -- what is refused ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("inside", ["", "backups", "deep/er"])
def test_repository_inside_a_volume_is_refused(host: Host, tmp_path: Path, inside: str) -> None:
    (tmp_path / "link").symlink_to(host.top)
    containers = [container("app", host.volume("shop_data"))]
    plan = BackupPlan(stack_of(*containers), Repository(str(tmp_path / "link/shop_data" / inside)))
    with pytest.raises(MaxopsError, match=r'lies inside volume "data" .* name a repository outside'):
        folders.plan_volumes(plan, BackupOptions(Access("shop"), "/r"), {})


def test_repository_beside_a_volume_of_a_like_name_is_fine(host: Host, tmp_path: Path) -> None:
    containers = [container("app", host.volume("shop_data"))]
    plan = BackupPlan(stack_of(*containers), Repository(str(host.top / "shop_data-backups")))
    folders.plan_volumes(plan, BackupOptions(Access("shop"), "/r"), {})
    assert len(plan.volumes) == 1


def test_volume_without_a_folder_on_this_host_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MaxopsError, match=r'volume "data" has no folder /nowhere on this host; run this task on'):
        planned([container("app", volume_mount("shop_data", "/nowhere"))], tmp_path)


# -- what is expected -----------------------------------------------------------------------------------------------


def test_size_and_estimate_of_a_volume(host: Host, tmp_path: Path) -> None:
    containers = [container("app", host.volume("shop_data", size=1_000_000))]
    [first] = planned(containers, tmp_path).volumes
    assert 1_000_000 <= first.size < 1_200_000
    assert first.estimate == first.size, "without an earlier set, it may be as large as its source"
    [second] = planned(containers, tmp_path, {("volume", "data"): (4_000_000, 1_000_000)}).volumes
    assert second.estimate == int(first.size / 4 * GROWTH)
