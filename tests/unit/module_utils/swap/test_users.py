# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which containers use the data, start others, or have to run first."""

from __future__ import annotations

from ansible_collections.maxops.ops.plugins.module_utils.swap.journal import DatabaseSwap, Journal, VolumeSwap
from ansible_collections.maxops.ops.plugins.module_utils.swap.users import (
    foreign_users,
    one_shots,
    users_of_data,
    watchers,
)
from ansible_collections.maxops.ops.tests.unit.daemon import Daemon
from ansible_collections.maxops.ops.tests.unit.stacks import bind, container, volume_mount

SERVERS = ("postgres", "redis")
DATA = VolumeSwap("shop_data", "/v/shop_data/_data", "/v/shop_data/_data.new", "/v/shop_data/_data.previous")
FOLDER = VolumeSwap("/srv/shop/gitea", "/srv/shop/gitea", "/srv/shop/gitea.new", "/srv/shop/gitea.previous")


def journal(*volumes: VolumeSwap, database: str = "") -> Journal:
    databases = [DatabaseSwap(database, f"{database}_new", f"{database}_previous")] if database else []
    return Journal("X", "shop", "set X", databases=databases, volumes=list(volumes))


def names(containers: list) -> list[str]:
    return [each.service for each in containers]


def test_users_have_the_database_the_volume_or_a_session() -> None:
    containers = [
        container("postgres", environment={"POSTGRES_DB": "gitea"}),
        container("web", environment={"DATABASE_URL": "postgres://u@postgres/gitea"}, addresses=()),
        container("files", volume_mount("shop_data"), state="exited", addresses=()),
        container("session", addresses=["172.18.0.9"]),
        container("bystander", volume_mount("shop_other"), addresses=()),
    ]
    used = users_of_data(containers, journal(DATA, database="gitea"), SERVERS, {"172.18.0.9"})
    assert names(used) == ["web", "files", "session"]


def test_a_folder_is_used_where_it_or_a_folder_in_it_is_mounted() -> None:
    containers = [
        container("same", bind("/srv/shop/gitea", "/data", writable=True)),
        container("below", bind("/srv/shop/gitea/git", "/git")),
        container("above", bind("/srv/shop", "/shop", writable=True)),
        container("monitor", bind("/", "/host")),
        container("beside", bind("/srv/shop/gitea2", "/data", writable=True)),
    ]
    assert names(users_of_data(containers, journal(FOLDER), SERVERS)) == ["same", "below", "above"]


def test_watchers_start_and_stop_other_containers() -> None:
    app = container("app")
    containers = [
        app,
        container("healer", bind("/var/run/docker.sock", "/var/run/docker.sock", writable=True)),
        container("monitor", bind("/var/run/docker.sock", "/var/run/docker.sock")),
        container("autoheal"),
        container("watchtower", state="exited"),
    ]
    assert names(watchers(containers, [app])) == ["healer", "autoheal"]


def test_one_shots_are_what_affected_services_wait_for_in_any_depth() -> None:
    daemon = Daemon()
    needs = "service_completed_successfully"
    daemon.add("web", depends_on=f"seeder:{needs}:true,postgres:service_healthy:false")
    daemon.add("seeder", status="exited", policy="no", depends_on=f"chown:{needs}:true", image_id="sha256:other")
    daemon.add("chown", status="exited", policy="no", image_id="sha256:other")
    daemon.add("backup", status="exited", policy="no", image_id="sha256:other")
    daemon.add("postgres", image_id="sha256:db")
    stack = daemon.stack
    web = stack.of_service("web")
    assert sorted(names(one_shots(stack, web, stack.containers))) == ["chown", "seeder"]
    assert one_shots(stack, [], stack.containers) == []


def test_an_ended_one_shot_of_the_same_image_runs_too() -> None:
    daemon = Daemon()
    daemon.add("web")
    daemon.add("seeder", status="exited", policy="on-failure")
    daemon.add("report", status="exited", policy="no", depends_on="web:service_healthy:true")
    daemon.add("worker", status="exited", policy="unless-stopped")
    daemon.add("failed", status="exited", policy="no")["State"]["ExitCode"] = 1
    stack = daemon.stack
    assert names(one_shots(stack, stack.of_service("web"), stack.containers)) == ["seeder"]


def test_containers_of_others_that_hold_a_folder_are_found() -> None:
    daemon = Daemon()
    daemon.add("app")
    stack = daemon.stack
    other = daemon.add("other", mounts=[{"Type": "volume", "Name": "shop_data", "Source": ""}])
    daemon.add("elsewhere", mounts=[{"Type": "volume", "Name": "shop_more", "Source": ""}])
    assert foreign_users(stack, journal(DATA)) == ["shop-other-1"]
    other["State"]["Status"] = "exited"
    assert foreign_users(stack, journal(DATA)) == []
