# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The printed status: one screen for one host, one line per host for many, the worst first."""

from __future__ import annotations

from typing import Any

from ansible_collections.maxops.ops.plugins.plugin_utils.summary.status import (
    digest_of,
    state_of,
    summary,
    table,
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
UNHEALTHY = {**RESULT, "services": [SERVICE, DOWN], "missing": ["nginx"], "well": False, "remarks": ["look at it"]}
AWAY = {"unreachable": True, "failed": True, "msg": "Failed to connect"}
BROKEN = {"failed": True, "msg": "Docker is not running"}


def test_state_shows_how_a_container_ended() -> None:
    assert state_of(SERVICE) == "healthy"
    assert state_of({**SERVICE, "health": None}) == "running"
    assert state_of(DOWN) == "exited (137), out of memory"


def test_image_without_a_digest_is_shown_by_its_id() -> None:
    assert digest_of(SERVICE) == "sha256:0123456789ab (id)"
    assert digest_of({**SERVICE, "image_digest": "sha256:fedcba9876543210"}) == "sha256:fedcba987654"


def test_one_host_fits_on_one_screen() -> None:
    many = {
        **UNHEALTHY,
        "services": [
            {**SERVICE, "service": f"service-{number}", "image_id": f"sha256:{number}"} for number in range(8)
        ],
        "remarks": [f"remark {number}" for number in range(30)],
    }
    lines = summary("lab", many, False)
    assert len(lines) <= 50
    assert max(width(line) for line in lines) <= 130
    assert lines[-1] == "  … and 20 more remarks"


def test_screen_shows_problems_and_missing_values() -> None:
    text = "\n".join(summary("lab", UNHEALTHY, False))
    assert text.startswith(
        "lab: UNHEALTHY, 1 of 3 services, load 0.40 on 4 processors, memory 7.0 GB of 16.0 GB, / 41% full"
    )
    for words in ("exited (137), out of memory", "MISSING", "shop_gitea-data     ?", "310.0 MB", "remark: look at it"):
        assert words in text


def test_limit_is_shown_only_if_there_is_one() -> None:
    assert "16.0 GB" not in summary("lab", RESULT, False)[2]
    limited = {**RESULT, "services": [{**SERVICE, "memory_limit_bytes": 512_000_000}]}
    assert "512.0 MB" in summary("lab", limited, False)[2]


def test_table_has_one_line_per_host_the_worst_first() -> None:
    lines = table({"healthy": RESULT, "unhealthy": UNHEALTHY, "gone": AWAY, "broken": BROKEN})
    assert [line.split()[0] for line in lines] == ["HOST", "broken", "gone", "unhealthy", "healthy"]
    assert "UNREACHABLE" in lines[2]
    assert "redis exited (137), out of memory; look at it" in lines[3]


def test_overloaded_host_gets_a_remark_though_its_services_are_well() -> None:
    busy = {**RESULT, "host": {**RESULT["host"], "load": [23.25, 20.0, 9.0], "processors": 2}}
    lines = summary("lab", busy, False)
    assert lines[0].startswith("lab: healthy")
    assert lines[-1] == ("  remark: load 23.25 on 2 processors: the host is overloaded, and answers may be slow (top)")
    assert "load 23.25 on 2 processors" in table({"lab": busy, "other": RESULT})[1]
    assert not any("overloaded" in line for line in summary("lab", RESULT, False))
