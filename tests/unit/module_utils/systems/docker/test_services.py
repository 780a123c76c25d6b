# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stopping and starting containers that something else stops and starts too."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.systems.docker import services
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError
from ansible_collections.maxops.ops.tests.unit.daemon import Daemon
from ansible_collections.maxops.ops.tests.unit.stacks import container

APP = {"app": ["shop-app-1"]}


@pytest.fixture
def daemon() -> Daemon:
    return Daemon()


def test_each_container_has_its_own_grace_period(daemon: Daemon) -> None:
    daemon.add("app", StopTimeout=300)
    daemon.add("web")
    services.stop(daemon.stack, {**APP, "web": []})
    assert sorted(daemon.calls) == ["stop app within 300 s", "stop web"]


def test_a_paused_container_is_stopped_too(daemon: Daemon) -> None:
    """It holds its folders and sessions, and writes to them when the pause ends."""
    daemon.add("app", status="paused")
    services.stop(daemon.stack, APP)
    assert daemon.calls == ["unpause app", "stop app"]


def test_services_start_after_those_that_they_depend_on(daemon: Daemon) -> None:
    daemon.add("app", status="exited", depends_on="db:service_healthy:false")
    daemon.add("db", status="exited")
    started = services.start(daemon.stack, {**APP, "db": ["shop-db-1"]})
    assert daemon.calls == ["start db", "start app"]
    assert [container.running for container in started] == [True, True]


def test_a_recreated_container_is_started_in_place_of_the_old_one(daemon: Daemon) -> None:
    daemon.add("app", status="exited")
    services.start(daemon.stack, {"app": ["shop-app-7"]})
    assert daemon.calls == ["start app"]


def test_a_container_that_a_killed_job_asked_to_stop_is_started_again(daemon: Daemon) -> None:
    """The daemon was still stopping it when it was looked at, so that it looked as if it ran."""
    daemon.add("app")
    looks = iter(range(100))

    def end(data: dict[str, Any]) -> None:
        if next(looks) == 1:
            data["State"].update(Status="exited", Running=False)

    daemon.at["id-app"] = end
    stack = daemon.stack
    looks = iter(range(100))
    services.start(stack, APP, settle=0.01)
    assert daemon.state("app") == "running"
    assert daemon.calls == ["start app"]


def test_outdated_containers_are_restarted_and_others_left_alone(daemon: Daemon) -> None:
    daemon.add("app")
    daemon.add("web")
    old = daemon.data["id-app"]["State"]["StartedAt"]
    services.start(
        daemon.stack,
        {**APP, "web": ["shop-web-1"]},
        lambda found: found.name == "shop-app-1" and daemon.data["id-app"]["State"]["StartedAt"] == old,
    )
    assert daemon.calls == ["stop app", "start app"]


def test_a_container_that_is_outdated_after_each_start_is_reported(daemon: Daemon) -> None:
    daemon.add("app")
    with pytest.raises(MaxopsError, match="shop-app-1 runs on the replaced data again after each restart"):
        services.start(daemon.stack, APP, lambda _found: True)


def test_needs_that_the_compose_file_does_not_name_come_before_and_never_against_it() -> None:
    needs = "com.docker.compose.depends_on"
    web, db, cache = container("web"), container("db"), container("cache", labels={needs: "web:service_started:false"})

    def names(needs: Any) -> list[list[str]]:
        return [[entry.service for entry in level] for level in services.levels([web, db, cache], needs)]

    assert names(None) == [["web", "db"], ["cache"]]
    assert names({"web": ("db", "cache"), "gone": ("db",)}) == [["db"], ["web"], ["cache"]]
