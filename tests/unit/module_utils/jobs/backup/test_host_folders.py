# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which folders of the host a backup takes, and what it says of the others."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.jobs.backup.host_folders import plan_folders
from ansible_collections.maxops.ops.plugins.module_utils.jobs.backup.options import BackupOptions
from ansible_collections.maxops.ops.plugins.module_utils.jobs.backup.values import BackupPlan, VolumePart
from ansible_collections.maxops.ops.plugins.module_utils.storage.repository.local import Repository
from ansible_collections.maxops.ops.plugins.module_utils.systems.access import Access
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.stack import Container, Mount
from ansible_collections.maxops.ops.plugins.module_utils.systems.postgresql.data_folder import PGDATA
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError
from ansible_collections.maxops.ops.tests.unit.stacks import WORKING_DIR, bind, container, stack_of, volume_mount

UNNAMED = "0a" * 32


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """The project's folder."""
    (tmp_path / "shop").mkdir()
    return tmp_path / "shop"


def data(folder: Path, target: str, writable: bool = True) -> Mount:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "file").write_text("x")
    return bind(str(folder), target, writable)


def planned(shop: Path, *containers: Container, others: Any = (), plan: BackupPlan | None = None, **asked: Any) -> Any:
    labelled = [
        container(
            one.service, *one.mounts, state=one.state, environment=one.environment, labels={WORKING_DIR: str(shop)}
        )
        for one in containers
    ]
    stack = stack_of(*labelled, others=others)
    plan = plan or BackupPlan(stack, Repository(str(shop.parent / "repository")))
    plan.stack = stack
    plan_folders(plan, BackupOptions(Access("shop"), "/r", **asked), {})
    return plan


def taken(plan: BackupPlan) -> list[str]:
    return [part.name for part in plan.volumes if part.kind == "folder"]


def reasons(plan: BackupPlan) -> dict[str, str]:
    return {part["name"]: part["reason"] for part in plan.left_out}


# -- the official quick starts --------------------------------------------------------------------------------------


def test_gitea_as_its_documentation_has_it(shop: Path) -> None:
    plan = planned(
        shop,
        container("server", data(shop / "gitea", "/data"), bind("/etc/localtime", "/etc/localtime")),
        container("postgres", data(shop / "postgres", "/var/lib/postgresql/data")),
    )
    assert taken(plan) == [str(shop / "gitea")]
    [part] = plan.volumes
    assert (part.kind, part.folder, part.mounts) == ("folder", str(shop / "gitea"), (("server", "/data"),))
    assert [writer.service for writer in part.writers] == ["server"]
    assert reasons(plan) == {str(shop / "postgres"): "belongs to the database server, whose databases are dumped"}
    assert (plan.warnings, plan.incomplete) == ([], [])


def test_rootless_gitea_has_two_folders(shop: Path) -> None:
    server = container("server", data(shop / "data", "/var/lib/gitea"), data(shop / "config", "/etc/gitea"))
    assert sorted(taken(planned(shop, server))) == [str(shop / "config"), str(shop / "data")]


def test_openproject_with_opdata_outside_of_the_project(shop: Path) -> None:
    assets = data(shop.parent / "assets", "/var/openproject/assets")
    plan = planned(shop, container("web", assets), container("worker", assets), container("cron", assets))
    assert taken(plan) == [str(shop.parent / "assets")]
    assert [writer.service for writer in plan.volumes[0].writers] == ["web", "worker", "cron"]


# -- what is no data ------------------------------------------------------------------------------------------------


def test_sockets_files_and_the_running_system_are_passed_over(shop: Path) -> None:
    (shop / "app.conf").write_text("x")
    plan = planned(
        shop,
        container(
            "app",
            bind("/proc", "/host/proc", writable=True),
            bind("/dev/shm", "/dev/shm", writable=True),
            bind(str(shop / "app.conf"), "/etc/app.conf", writable=True),
            data(shop / "conf.d", "/etc/conf.d", writable=False),
        ),
        container("backup", data(shop / "backup", "/backup")),
        container("redis", data(shop / "redis", "/data"), volume_mount(UNNAMED, str(shop / "redis"))),
    )
    assert (taken(plan), plan.warnings, plan.incomplete) == ([], [], [])
    assert reasons(plan)["/proc"].endswith("it belongs to the running system and holds nothing to keep")
    assert reasons(plan)[str(shop / "backup")] == "belongs to the service backup, whose files are backups"
    assert reasons(plan)[str(shop / "redis")] == "belongs to the cache"


@pytest.mark.parametrize("path", ["/", "/etc", "/var", "/var/lib/docker"])
def test_folder_of_the_host_is_named_and_not_taken(shop: Path, path: str) -> None:
    plan = planned(shop, container("agent", bind(path, "/host", writable=True)))
    assert taken(plan) == []
    [warning] = plan.warnings
    assert warning.startswith(f"{path} is not in the set: it is a folder of the host that service agent at /host has:")
    assert planned(shop, container("agent", bind(path, "/host", writable=True)), exclude=[path]).warnings == []
    assert planned(shop, container("agent", bind(path, "/host"))).warnings == [], "who only reads there keeps no data"


def test_folder_that_all_applications_share_is_a_part_not_taken(shop: Path) -> None:
    plan = planned(shop, container("files", bind("/srv", "/data", writable=True)))
    [line] = plan.incomplete
    assert line.startswith('folder "/srv" is not in the set: ')
    assert planned(shop, container("files", bind("/srv", "/data", writable=True)), exclude=["/srv"]).incomplete == []


def test_folder_outside_that_is_only_read_is_said_and_taken_when_named(shop: Path) -> None:
    app = container("nginx", data(shop.parent / "certificates", "/etc/tls", writable=False))
    plan = planned(shop, app)
    assert taken(plan) == []
    [warning] = plan.warnings
    assert "name it in folders to take it" in warning
    plan = planned(shop, app, folders=[str(shop.parent / "certificates")])
    assert (taken(plan), plan.warnings) == ([str(shop.parent / "certificates")], [])


def test_folder_that_is_gone_is_a_part_not_taken(shop: Path) -> None:
    gone = bind(str(shop / "gone"), "/data", writable=True)
    plan = planned(shop, container("app", gone), container("worker", gone))
    [line] = plan.incomplete
    assert line.startswith(f'folder "{shop}/gone" is not in the set: service app has it at /data, and it is no longer')
    assert planned(shop, container("app", gone), exclude=["*/gone"]).incomplete == []
    assert len(planned(shop, container("app", gone), exclude=["*gone"]).incomplete) == 1


# -- folders in folders ---------------------------------------------------------------------------------------------


def test_project_folder_as_a_mount_takes_everything_once_and_not_the_servers_data(shop: Path) -> None:
    plan = planned(
        shop,
        container("app", bind(str(shop), "/app", writable=True), data(shop / "uploads", "/uploads")),
        container("postgres", data(shop / "pgdata", "/var/lib/postgresql/data"), data(shop / "initdb", "/i", False)),
        container("redis", data(shop / "cache/redis", "/data")),
    )
    [part] = plan.volumes
    assert (part.name, part.skip) == (str(shop), ("cache/redis", "pgdata"))
    assert part.facts()["inside"] == {str(shop / "uploads"): "uploads"}
    assert [writer.service for writer in part.writers] == ["app"], "the servers write to what is skipped"
    assert reasons(plan)[str(shop / "uploads")] == f'its files are in folder "{shop}"'
    assert (plan.warnings, plan.incomplete) == ([], [])


def test_size_does_not_count_what_is_left_out(shop: Path) -> None:
    (shop / "pgdata").mkdir()
    (shop / "pgdata/rows").write_bytes(os.urandom(3_000_000))
    app = container("app", bind(str(shop), "/app", writable=True))
    [part] = planned(shop, app, container("postgres", bind(str(shop / "pgdata"), PGDATA, writable=True))).volumes
    assert part.size < 1_000_000


def test_excluded_folder_is_left_out_of_the_one_around_it(shop: Path) -> None:
    app = container("app", data(shop / "data", "/data"), data(shop / "data/cache", "/cache"))
    [part] = planned(shop, app, exclude=["*/cache"]).volumes
    assert part.skip == ("cache",)


def test_folder_that_is_mounted_twice_and_through_a_link_is_taken_once(shop: Path) -> None:
    mount = data(shop / "data", "/data")
    (shop / "link").symlink_to("data")
    plan = planned(shop, container("app", mount), container("web", bind(str(shop / "link"), "/srv/data")))
    assert taken(plan) == [str(shop / "data")]
    assert plan.volumes[0].mounts == (("app", "/data"), ("web", "/srv/data"))


def test_folder_that_is_a_volume_too_is_taken_as_the_volume(shop: Path) -> None:
    plan = BackupPlan(stack_of(), Repository(str(shop.parent / "repository")))
    mount = data(shop / "data", "/data")
    plan.volumes = [VolumePart("data", "shop_data", str(shop / "data"), 1, 1, ())]
    assert taken(planned(shop, container("app", mount), plan=plan)) == []
    assert reasons(plan) == {str(shop / "data"): 'its files are in volume "data"'}


# -- unnamed volumes ------------------------------------------------------------------------------------------------


def test_unnamed_volume_has_a_name_that_stays(shop: Path) -> None:
    (shop / "v").mkdir()
    (shop / "v/file").write_text("x")
    plan = planned(shop, container("app", volume_mount(UNNAMED, str(shop / "v"), "/data")))
    [part] = plan.volumes
    assert (part.kind, part.name, part.docker_name, part.folder) == ("folder", "app:/data", UNNAMED, str(shop / "v"))


def test_empty_unnamed_volume_holds_nothing_to_keep(shop: Path) -> None:
    (shop / "v").mkdir()
    app = container("app", volume_mount(UNNAMED, str(shop / "v"), "/var/lib/postgresql/data"))
    plan = planned(shop, app)
    assert (taken(plan), plan.warnings, plan.incomplete) == ([], [], [])
    assert "it is empty" in reasons(plan)["app:/var/lib/postgresql/data"]
    assert taken(planned(shop, app, folders=["app:/var/lib/postgresql/data"])) == ["app:/var/lib/postgresql/data"]


def test_unnamed_volumes_of_several_containers_are_told_apart(shop: Path) -> None:
    for name in "ab":
        (shop / name).mkdir()
        (shop / name / "file").write_text("x")
    first = container("app", volume_mount("0a" * 32, str(shop / "a")))
    second = container("app", volume_mount("0b" * 32, str(shop / "b")))
    stack = stack_of(first, Container(**{**vars(second), "name": "shop-app-2", "id": "id-2"}))
    plan = BackupPlan(stack, Repository(str(shop.parent / "repository")))
    plan_folders(plan, BackupOptions(Access("shop"), "/r"), {})
    assert taken(plan) == ["shop-app-1:/data", "shop-app-2:/data"]


# -- the option -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("asked", ["{shop}/data", "{shop}/data/", "./data", "data", "{shop}/link"])
def test_folder_is_named_by_its_path(shop: Path, asked: str) -> None:
    app = container("app", data(shop / "data", "/data"), data(shop / "more", "/more"))
    (shop / "link").symlink_to("data")
    plan = planned(shop, app, folders=[asked.format(shop=shop)])
    assert taken(plan) == [str(shop / "data")]
    assert plan.left_out == []


def test_empty_list_takes_none_and_unknown_names_are_refused(shop: Path) -> None:
    app = container("app", data(shop / "data", "/data"), bind("/etc", "/host", writable=True))
    assert taken(planned(shop, app, folders=[])) == []
    with pytest.raises(MaxopsError, match=rf'"shop" mounts no folder "/nowhere" \(it mounts "{shop}/data", "/etc"\)'):
        planned(shop, app, folders=["/nowhere"])
    with pytest.raises(MaxopsError, match='"/etc" is a folder of the system, which no set takes'):
        planned(shop, app, folders=["/etc"])


def test_folder_with_the_repository_is_a_part_not_taken_and_refused_when_named(shop: Path) -> None:
    app = container("app", data(shop / "data", "/data"), data(shop / "more", "/more"))

    def planned_there(**asked: Any) -> BackupPlan:
        plan: BackupPlan = planned(
            shop, app, plan=BackupPlan(stack_of(), Repository(str(shop / "data/backups"))), **asked
        )
        return plan

    plan = planned_there()
    assert taken(plan) == [str(shop / "more")]
    [line] = plan.incomplete
    assert line.startswith(f'folder "{shop}/data" is not in the set: repository {shop}/data/backups lies inside it')
    with pytest.raises(MaxopsError, match=r'lies inside folder ".*/data" .* or name this folder in exclude'):
        planned_there(folders=[str(shop / "data")])
    assert (taken(planned_there(exclude=["*/data"])), planned_there(exclude=["*/data"]).incomplete) == (
        [str(shop / "more")],
        [],
    )


# -- databases in folders -------------------------------------------------------------------------------------------


def test_second_server_in_a_folder_is_paused(shop: Path) -> None:
    mount = data(shop / "db", "/var/lib/postgresql/data")
    (shop / "db/PG_VERSION").write_text("16\n")
    plan = planned(shop, container("gitea-db", mount), container("gitea", data(shop / "gitea", "/data")))
    part = next(part for part in plan.volumes if part.name == str(shop / "db"))
    assert part.live == ("PostgreSQL 16",)
    [warning] = plan.warnings
    assert f'folder "{shop}/db" holds PostgreSQL 16: service gitea-db is paused' in warning


def test_container_of_another_project_keeps_a_database_out(shop: Path) -> None:
    mount = data(shop / "db", "/data")
    (shop / "db/ibdata1").write_text("x")
    foreign = {
        "Id": "other",
        "Names": ["/billing-1"],
        "Mounts": [{"Type": "bind", "Source": str(shop / "db"), "RW": True}],
    }
    plan = planned(shop, container("app", mount), others=[foreign])
    assert taken(plan) == []
    assert "billing-1 of another project uses it" in plan.incomplete[0]


def test_agent_of_another_project_that_has_the_whole_host_keeps_no_database_out(shop: Path) -> None:
    mount = data(shop / "db", "/data")
    (shop / "db/ibdata1").write_text("x")
    agent = {"Id": "agent", "Names": ["/agent"], "Mounts": [{"Type": "bind", "Source": "/", "RW": True}]}
    plan = planned(shop, container("app", mount), others=[agent])
    assert (taken(plan), plan.incomplete) == ([str(shop / "db")], [])
    above = {"Id": "above", "Names": ["/above"], "Mounts": [{"Type": "bind", "Source": str(shop), "RW": True}]}
    assert taken(planned(shop, container("app", mount), others=[agent, above])) == []
