# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What operators read of restarts, on one host and on many."""

from __future__ import annotations

from typing import Any

from ansible_collections.maxops.ops.plugins.plugin_utils.summary.restart import summary, table

AWAY = {"unreachable": True, "failed": True, "msg": "Failed to connect"}
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


def test_restart_is_shown_in_its_order_with_downtimes_and_services_left_alone() -> None:
    assert summary("lab", RESTARTED, False) == [
        "lab: restarted nginx, postgres, then gitea in 5.0 s",
        "  postgres  shop-postgres-1  down 4.2 s",
        "  gitea     shop-gitea-1     started (was exited)",
        "  shop-seeder-1 is exited and was left as it is",
    ]


def test_check_mode_shows_the_planned_restart() -> None:
    planned = {key: value for key, value in RESTARTED.items() if key != "duration"}
    planned["services"] = [{**service, "downtime_seconds": None} for service in RESTARTED["services"]]
    lines = summary("lab", planned, True)
    assert lines[0] == "lab: would restart nginx, postgres, then gitea"
    assert lines[1] == "  postgres  shop-postgres-1  is running"


def test_failed_restart_names_the_unhealthy_service() -> None:
    unhealthy = {**RESTARTED["services"][1], "problem": "shop-gitea-1 is not healthy after 300 s"}
    failed = {**RESTARTED, "services": [unhealthy], "failed": True, "msg": "shop-gitea-1 is not healthy after 300 s"}
    lines = summary("lab", failed, False)
    assert "NOT HEALTHY" in lines[1]
    assert lines[-1] == "  FAILED: shop-gitea-1 is not healthy after 300 s"
    rows = table({"well": RESTARTED, "unhealthy": failed, "gone": AWAY})
    assert [line.split()[:2] for line in rows[1:4]] == [
        ["gone", "UNREACHABLE"],
        ["unhealthy", "FAILED"],
        ["well", "restarted"],
    ]
    assert "4.2 s" in rows[3]
    advice = "unreachable and not restarted: gone; fix that, then run this again with --limit gone"
    assert rows[4:] == [advice]
    assert advice not in table({"well": RESTARTED})


def test_start_of_what_is_down_is_no_restart() -> None:
    started = {**RESTARTED, "order": [["gitea"]], "services": RESTARTED["services"][1:], "only_stopped": True}
    assert summary("lab", started, False)[0] == "lab: started gitea in 5.0 s"
    planned = {key: value for key, value in started.items() if key != "duration"}
    assert summary("lab", planned, True)[0] == "lab: would start gitea"
    nothing = {**started, "order": [], "services": [], "left": []}
    assert summary("lab", nothing, False) == ["lab: no service is down: nothing to start"]
    assert [line.split()[1] for line in table({"lab": started})[1:]] == ["started"]
