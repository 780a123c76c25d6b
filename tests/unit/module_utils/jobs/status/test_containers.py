# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Facts about a stack from the daemon's answers, even if values are missing in them."""

from __future__ import annotations

import datetime
import time
from typing import Any

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.jobs.status import containers
from ansible_collections.maxops.ops.plugins.module_utils.jobs.status.job import query_all
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.inspection import PublishedPort, inspection_from
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError

NOW = datetime.datetime(2026, 11, 25, 16, 40, tzinfo=datetime.timezone.utc)


def inspected(service: str = "app", **state: Any) -> dict[str, Any]:
    policy = state.pop("policy", "unless-stopped")
    labels = {"com.docker.compose.service": service, "com.docker.compose.depends_on": state.pop("depends_on", "")}
    return {
        "Id": "f00d",
        "Name": f"/shop-{service}-1",
        "Image": "sha256:cafe",
        "RestartCount": 2,
        "State": {
            "Status": "running",
            "StartedAt": "2026-11-25T15:40:00.5Z",
            "FinishedAt": "0001-01-01T00:00:00Z",
            **state,
        },
        "Config": {"Image": "app:1", "Labels": labels},
        "HostConfig": {"RestartPolicy": {"Name": policy}},
        "NetworkSettings": {"Ports": {}},
    }


# -- containers -----------------------------------------------------------------------------------------------------


def test_running_container_has_its_state_and_since_when() -> None:
    facts = containers.container_facts(inspection_from(inspected(Health={"Status": "healthy"})), NOW)
    assert (facts["service"], facts["container"], facts["state"], facts["health"]) == (
        "app",
        "shop-app-1",
        "running",
        "healthy",
    )
    assert (facts["restarts"], facts["since_seconds"], facts["exit_code"], facts["well"]) == (2, 3600, None, True)


def test_ended_container_has_its_exit_code_and_since_when() -> None:
    ended = inspected(Status="exited", ExitCode=137, OOMKilled=True, FinishedAt="2026-11-25T16:39:00Z")
    facts = containers.container_facts(inspection_from(ended), NOW)
    assert (facts["since_seconds"], facts["exit_code"], facts["oom_killed"], facts["well"]) == (60, 137, True, False)


def test_port_on_ipv4_and_ipv6_is_listed_once() -> None:
    ports = [
        PublishedPort("127.0.0.1", 5353, 53, "udp"),
        PublishedPort("0.0.0.0", 9000, 8080),
        PublishedPort("::", 9000, 8080),
    ]
    assert containers.published_ports(ports) == ["127.0.0.1:5353->53/udp", "*:9000->8080"]


# -- resource use --------------------------------------------------------------------------------------------------

STATS: dict[str, Any] = {
    "cpu_stats": {"cpu_usage": {"total_usage": 3_000_000_000}, "system_cpu_usage": 14_000_000_000, "online_cpus": 2},
    "precpu_stats": {"cpu_usage": {"total_usage": 2_000_000_000}, "system_cpu_usage": 10_000_000_000},
    "memory_stats": {"usage": 1000, "limit": 5000, "stats": {"inactive_file": 400}},
    "networks": {"eth0": {"rx_bytes": 1, "tx_bytes": 2}, "eth1": {"rx_bytes": 10, "tx_bytes": 20}},
    "blkio_stats": {
        "io_service_bytes_recursive": [
            {"op": "read", "value": 5},
            {"op": "Write", "value": 7},
            {"op": "write", "value": 1},
            {"op": "total", "value": 99},
        ]
    },
    "pids_stats": {"current": 9},
}


def test_use_is_counted_as_by_docker_stats() -> None:
    assert containers.usage(STATS) == {
        "cpu_percent": 50.0,
        "memory_bytes": 600,
        "memory_limit_bytes": 5000,
        "network_received_bytes": 11,
        "network_sent_bytes": 22,
        "disk_read_bytes": 5,
        "disk_written_bytes": 8,
        "processes": 9,
    }


@pytest.mark.parametrize(
    "missing", ["cpu_stats", "precpu_stats", "memory_stats", "networks", "blkio_stats", "pids_stats"]
)
def test_missing_value_leaves_the_others(missing: str) -> None:
    usage = containers.usage({**STATS, missing: None})
    assert set(usage) == set(containers.usage(STATS))


def test_first_sample_gives_no_share_of_a_processor() -> None:
    assert containers.cpu_percent({**STATS, "precpu_stats": {"cpu_usage": {"total_usage": 0}}}) is None


# -- images and disk ------------------------------------------------------------------------------------------------


def test_image_has_its_digest_and_age() -> None:
    facts = containers.image_facts(
        {
            "Id": "sha256:cafe",
            "RepoDigests": ["app@sha256:beef"],
            "Created": "2026-11-24T16:40:00.000000001Z",
            "Size": 7,
        },
        NOW,
    )
    assert (facts["digests"], facts["age_seconds"], facts["bytes"]) == (["app@sha256:beef"], 86_400, 7)


def test_disk_usage_counts_unused_objects() -> None:
    usage = {
        "LayersSize": 1000,
        "Images": [
            {"Size": 600, "SharedSize": 100, "Containers": 0},
            {"Size": 500, "SharedSize": -1, "Containers": 2},
        ],
        "Containers": [{"SizeRw": 10, "State": "running"}, {"SizeRw": 5, "State": "exited"}, {"State": "created"}],
        "Volumes": [{"UsageData": {"Size": 70, "RefCount": 1}}, {"UsageData": {"Size": 30, "RefCount": 0}}],
        "BuildCache": [{"Size": 8, "InUse": True}, {"Size": 9, "InUse": False}],
    }
    rows = [tuple(row.values()) for row in containers.disk_usage(usage)]
    assert rows == [
        ("images", 2, 1, 1000, 500),
        ("containers", 3, 1, 15, 5),
        ("volumes", 2, 1, 100, 30),
        ("build cache", 2, 1, 17, 9),
    ]


def test_disk_usage_without_volumes_has_no_row_for_them() -> None:
    rows = containers.disk_usage({"LayersSize": 0, "Images": [], "Containers": None, "Volumes": None})
    assert [row["kind"] for row in rows] == ["images", "containers", "build cache"]


# -- all queries ---------------------------------------------------------------------------------------------------


def test_slow_or_failed_query_leaves_the_others() -> None:
    def fail() -> None:
        raise MaxopsError("is gone")

    def unexpected() -> None:
        raise KeyError("Size")

    started = time.monotonic()
    answers = query_all({"a": lambda: 1, "b": lambda: time.sleep(30), "c": fail, "d": unexpected}, 0.3)
    assert time.monotonic() - started < 20
    assert answers["a"].value == 1
    assert answers["b"].problem == "took longer than 0.3 s"
    assert answers["c"].problem == "is gone"
    assert answers["d"].problem == "unexpected answer: KeyError: 'Size'"
