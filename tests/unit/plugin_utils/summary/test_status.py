# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What operators read of states and restarts: a screen for one host, a line each for many, the worst first."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.maxops.ops.plugins.plugin_utils.restart_text import restart_summary, restart_table
from ansible_collections.maxops.ops.plugins.plugin_utils.status_text import (
    digest_of,
    length,
    state_of,
    status_summary,
    status_table,
)
from ansible_collections.maxops.ops.plugins.plugin_utils.text import width

SERVICE: dict[str, Any] = {
    "service": "gitea",
    "container": "shop-gitea-1",
    "state": "running",
    "health": "healthy",
    "exit_code": None,
    "oom_killed": False,
    "restarts": 0,
    "since_seconds": 7300,
    "image": "gitea/gitea:1.21.11",
    "image_id": "sha256:0123456789abcdef",
    "image_digest": None,
    "image_age_seconds": 200_000,
    "image_bytes": 170_000_000,
    "image_outdated": False,
    "well": True,
    "cpu_percent": 0.44,
    "memory_bytes": 88_000_000,
    "memory_limit_bytes": 16_000_000_000,
    "network_received_bytes": 1000,
    "network_sent_bytes": 2000,
    "disk_read_bytes": 0,
    "disk_written_bytes": 12_000_000,
}
DOWN = {
    **SERVICE,
    **dict.fromkeys([key for key in SERVICE if key.startswith(("cpu", "memory", "network", "disk"))]),
    "service": "redis",
    "state": "exited",
    "health": None,
    "exit_code": 137,
    "oom_killed": True,
    "well": False,
}
RESULT: dict[str, Any] = {
    "services": [SERVICE],
    "missing": [],
    "volumes": [{"name": "shop_gitea-data", "bytes": None, "services": ["gitea"]}],
    "docker": {
        "usage": [{"kind": "images", "count": 9, "active": 1, "bytes": 4_200_000_000, "reclaimable_bytes": 310_000_000}]
    },
    "host": {
        "processors": 4,
        "load": [0.4, 0.3, 0.2],
        "memory_bytes": 16_000_000_000,
        "memory_available_bytes": 9_000_000_000,
        "filesystems": [{"mountpoint": "/", "used_ratio": 0.41, "free": 50_000_000_000}],
    },
    "well": True,
    "remarks": [],
    "duration": 2.1,
}
ILL = {**RESULT, "services": [SERVICE, DOWN], "missing": ["nginx"], "well": False, "remarks": ["look at it"]}
AWAY = {"unreachable": True, "failed": True, "msg": "Failed to connect"}
BROKEN = {"failed": True, "msg": "Docker is not running"}


@pytest.mark.parametrize(
    ("value", "words"),
    [(None, ""), (0, "0 s"), (119, "119 s"), (120, "2 min"), (7199, "119 min"), (7200, "2 h"), (200_000, "2 d")],
)
def test_length_is_as_short_as_can_be(value: float | None, words: str) -> None:
    assert length(value) == words


def test_state_tells_how_something_ended() -> None:
    assert state_of(SERVICE) == "healthy"
    assert state_of({**SERVICE, "health": None}) == "running"
    assert state_of(DOWN) == "exited (137), out of memory"


def test_image_without_a_digest_is_told_by_its_id() -> None:
    assert digest_of(SERVICE) == "sha256:0123456789ab (id)"
    assert digest_of({**SERVICE, "image_digest": "sha256:fedcba9876543210"}) == "sha256:fedcba987654"


def test_one_host_is_one_screen() -> None:
    many = {
        **ILL,
        "services": [
            {**SERVICE, "service": f"service-{number}", "image_id": f"sha256:{number}"} for number in range(8)
        ],
        "remarks": [f"remark {number}" for number in range(30)],
    }
    lines = status_summary("lab", many, False)
    assert len(lines) <= 50
    assert max(width(line) for line in lines) <= 130
    assert lines[-1] == "  and 20 more remarks"


def test_screen_tells_what_is_not_well_and_what_is_not_known() -> None:
    text = "\n".join(status_summary("lab", ILL, False))
    assert text.startswith(
        "lab: NOT WELL, 1 of 3 services, load 0.40 on 4 processors, memory 7.0 GB of 16.0 GB, / 41% full"
    )
    for words in ("exited (137), out of memory", "MISSING", "shop_gitea-data     ?", "310.0 MB", "remark: look at it"):
        assert words in text


def test_limit_is_told_only_where_there_is_one() -> None:
    assert "16.0 GB" not in status_summary("lab", RESULT, False)[2]
    limited = {**RESULT, "services": [{**SERVICE, "memory_limit_bytes": 512_000_000}]}
    assert "512.0 MB" in status_summary("lab", limited, False)[2]


def test_many_hosts_have_a_line_each_the_worst_first() -> None:
    lines = status_table({"well": RESULT, "ill": ILL, "gone": AWAY, "broken": BROKEN})
    assert [line.split()[0] for line in lines] == ["HOST", "broken", "gone", "ill", "well"]
    assert "UNREACHABLE" in lines[2]
    assert "redis exited (137), out of memory; look at it" in lines[3]


# -- restarts -------------------------------------------------------------------------------------------------------

RESTARTED: dict[str, Any] = {
    "order": [["nginx", "postgres"], ["gitea"]],
    "services": [
        {
            "service": "postgres",
            "container": "shop-postgres-1",
            "state": "running",
            "downtime_seconds": 4.2,
            "problem": None,
        },
        {"service": "gitea", "container": "shop-gitea-1", "state": "exited", "downtime_seconds": None, "problem": None},
    ],
    "left": [{"service": "seeder", "container": "shop-seeder-1", "state": "exited"}],
    "remarks": [],
    "duration": 5.0,
}


def test_restart_is_told_in_its_order_with_what_was_down_and_what_was_left() -> None:
    assert restart_summary("lab", RESTARTED, False) == [
        "lab: restarted nginx, postgres, then gitea in 5.0 s",
        "  postgres  shop-postgres-1  down 4.2 s",
        "  gitea     shop-gitea-1     started (was exited)",
        "  shop-seeder-1 is exited and was left so",
    ]


def test_restart_that_would_be_done_tells_so() -> None:
    looked = {key: value for key, value in RESTARTED.items() if key != "duration"}
    looked["services"] = [{**each, "downtime_seconds": None} for each in RESTARTED["services"]]
    lines = restart_summary("lab", looked, True)
    assert lines[0] == "lab: would restart nginx, postgres, then gitea"
    assert lines[1] == "  postgres  shop-postgres-1  is running"


def test_restart_that_failed_tells_which_service_is_not_healthy() -> None:
    sick = {**RESTARTED["services"][1], "problem": "shop-gitea-1 is not healthy after 300 s"}
    failed = {**RESTARTED, "services": [sick], "failed": True, "msg": "shop-gitea-1 is not healthy after 300 s"}
    lines = restart_summary("lab", failed, False)
    assert "NOT HEALTHY" in lines[1]
    assert lines[-1] == "  FAILED: shop-gitea-1 is not healthy after 300 s"
    table = restart_table({"well": RESTARTED, "ill": failed, "gone": AWAY})
    assert [line.split()[:2] for line in table[1:]] == [
        ["gone", "UNREACHABLE"],
        ["ill", "FAILED"],
        ["well", "restarted"],
    ]
    assert "4.2 s" in table[3]
