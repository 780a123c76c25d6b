# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading the daemon's inspection of a container, also with missing keys."""

from __future__ import annotations

import datetime
from typing import Any

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.inspection import (
    Inspection,
    PublishedPort,
    inspection_from,
    missing_services,
)
from ansible_collections.maxops.ops.tests.unit.stacks import container


def inspected(
    service: str = "app", policy: str = "unless-stopped", restarts: int = 0, created: str = "", **state: Any
) -> Inspection:
    """A container as the daemon shows it, which is healthy by default."""
    data = {
        "Created": created,
        "Id": "f00d",
        "Name": f"/shop-{service}-1",
        "Image": "sha256:cafe",
        "RestartCount": restarts,
        "State": {"Status": "running", "Pid": 7, "ExitCode": 0, "StartedAt": "2020-01-01T00:00:00.123456789Z", **state},
        "Config": {"Image": "app:1", "Labels": {"com.docker.compose.service": service}},
        "HostConfig": {"RestartPolicy": {"Name": policy}},
    }
    return inspection_from(data)


@pytest.mark.parametrize(
    ("state", "ready", "well"),
    [
        ({}, True, True),
        ({"Health": {"Status": "none"}}, True, True),
        ({"Health": {"Status": "starting"}}, False, True),
        ({"Health": {"Status": "unhealthy"}}, False, False),
        ({"Status": "paused"}, False, False),
        ({"Status": "restarting"}, False, False),
        ({"Status": "created", "policy": "no"}, False, False),
        # A seeder has done its work; a server that ended, even with 0, has not.
        ({"Status": "exited", "policy": "no"}, True, True),
        ({"Status": "exited", "policy": ""}, True, True),
        ({"Status": "exited", "policy": "on-failure"}, True, True),
        ({"Status": "exited"}, False, False),
        ({"Status": "exited", "ExitCode": 1, "policy": "no"}, False, False),
        # The daemon did not say how it ended.
        ({"Status": "exited", "ExitCode": None, "policy": "no"}, False, False),
    ],
)
def test_only_running_and_finished_containers_are_ready(state: dict[str, Any], ready: bool, well: bool) -> None:
    seen = inspected(**state)
    assert (seen.ready, seen.well) == (ready, well)


@pytest.mark.parametrize(
    ("restarts", "ago", "health", "crashing"),
    [
        (3, 5, "", True),
        (3, 5, "starting", True),
        (3, 5, "healthy", False),
        (3, 300, "", False),
        (0, 5, "", False),
    ],
)
def test_container_that_docker_restarted_a_moment_ago_is_crashing(
    restarts: int, ago: int, health: str, crashing: bool
) -> None:
    started = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(seconds=ago)
    seen = inspected(
        restarts=restarts, StartedAt=started.strftime("%Y-%m-%dT%H:%M:%S.%f000Z"), Health={"Status": health}
    )
    assert seen.crashing is crashing


@pytest.mark.parametrize(
    ("restarts", "earlier", "ago", "crashing"),
    [
        # OpenProject's worker without its tables: it ended after two seconds, and runs since.
        (1, 2, 5, True),
        (1, 2, 12, False),
        # Two runs of 20 seconds each: 30 seconds prove nothing yet.
        (2, 40, 30, True),
        (2, 40, 45, False),
        # It ran for days, and began to crash just now.
        (3, 200_000, 80, True),
    ],
)
def test_container_that_runs_longer_than_its_earlier_runs_is_not_crashing(
    restarts: int, earlier: int, ago: int, crashing: bool
) -> None:
    started = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(seconds=ago)
    form = "%Y-%m-%dT%H:%M:%S.%f000Z"
    seen = inspected(
        restarts=restarts,
        StartedAt=started.strftime(form),
        FinishedAt=started.strftime(form),
        created=(started - datetime.timedelta(seconds=earlier)).strftime(form),
    )
    assert seen.crashing is crashing


def test_ports_that_are_published_and_ports_that_are_open() -> None:
    data = {
        "Id": "f00d",
        "Name": "/shop-nginx-1",
        "Image": "sha256:cafe",
        "State": {"Status": "exited"},
        "Config": {"ExposedPorts": {"80/tcp": {}, "443/tcp": {}}},
        "HostConfig": {
            "PortBindings": {
                "443/tcp": [{"HostIp": "::", "HostPort": "9443"}],
                "80/tcp": [{"HostIp": "", "HostPort": "9000"}, {"HostIp": "127.0.0.1", "HostPort": ""}],
            }
        },
        "NetworkSettings": {
            "Ports": {"53/udp": [{"HostIp": "127.0.0.1", "HostPort": "5353"}], "80/tcp": None},
            "Networks": {"shop_default": {"Aliases": ["web"], "DNSNames": ["web", "f00d"]}, "other": {}},
        },
        "ResolvConfPath": "/srv/docker/containers/f00d/resolv.conf",
    }
    seen = inspection_from(data)
    assert seen.ports == (PublishedPort("0.0.0.0", 9000, 80), PublishedPort("::", 9443, 443))
    assert seen.bound == (PublishedPort("127.0.0.1", 5353, 53, "udp"),)
    assert (seen.exposed, seen.aliases, seen.docker_root) == ((80, 443), {"web", "f00d"}, "/srv/docker")


def test_output_of_a_health_check_is_not_in_the_repr() -> None:
    log = [{"Output": "old"}, {"Output": " password=s3cret \n"}]
    seen = inspected(Health={"Status": "unhealthy", "FailingStreak": 4, "Log": log})
    assert (seen.health, seen.failing_streak, seen.health_output) == ("unhealthy", 4, "password=s3cret")
    assert "s3cret" not in repr(seen)


def test_required_service_without_a_container_is_missing() -> None:
    labels = {"com.docker.compose.depends_on": "app:service_healthy:false,db:service_started:true"}
    there = [Inspection(container("web", labels=labels)), Inspection(container("db"))]
    assert missing_services(there) == {"app": "web"}
