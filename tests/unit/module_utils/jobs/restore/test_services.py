# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which services a restore stops and starts, and what its plan says about them."""

from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.jobs.restore.services import (
    Affected,
    find_affected,
    remarks_on,
)
from ansible_collections.maxops.ops.plugins.module_utils.swap.journal import Journal, Journals, VolumeSwap
from ansible_collections.maxops.ops.tests.unit.daemon import Daemon

DATA = VolumeSwap("shop_data", "/v/shop_data/_data", "/v/shop_data/_data.new", "/v/shop_data/_data.previous")
MOUNT = [{"Type": "volume", "Name": "shop_data", "Source": "/v/shop_data/_data", "Destination": "/data", "RW": True}]


@pytest.fixture
def journals(tmp_path: Path) -> Journals:
    return Journals("shop", str(tmp_path))


def affected_of(daemon: Daemon, journals: Journals) -> Affected:
    return find_affected(daemon.stack, Journal("X", "shop", "set X", volumes=[DATA]), journals, None, ("postgres",))


def test_what_runs_or_is_paused_stops_and_what_was_down_stays_down(journals: Journals) -> None:
    daemon = Daemon()
    daemon.add("app", mounts=MOUNT)
    daemon.add("frozen", status="paused", mounts=MOUNT)
    daemon.add("down", status="exited", mounts=MOUNT)
    daemon.add("other")
    found = affected_of(daemon, journals)
    assert [each.service for each in found.containers] == ["app", "frozen"]
    assert remarks_on(daemon.stack, found) == [
        "shop-frozen-1 uses the restored data and is paused: it runs after the restore",
        "shop-down-1 uses the restored data, was exited before and stays so: docker start shop-down-1 starts it",
    ]


def test_what_an_earlier_restore_left_down_is_started(journals: Journals) -> None:
    daemon = Daemon()
    daemon.add("app", status="exited", mounts=MOUNT)
    journals.owe({"app": ["shop-app-1"]})
    found = affected_of(daemon, journals)
    assert [each.service for each in found.containers] == ["app"]
    assert remarks_on(daemon.stack, found) == [
        "shop-app-1 was left down by an earlier restore: it is started with the others"
    ]


def test_a_service_that_is_unhealthy_now_is_named_with_its_check(journals: Journals) -> None:
    daemon = Daemon()
    state = daemon.add("app", mounts=MOUNT, test=["CMD", "check"])["State"]
    state["Health"] = {"Status": "unhealthy", "Log": [{"ExitCode": 1, "Output": "trying\nno route to host\n"}]}
    found = affected_of(daemon, journals)
    assert found.sick == {"shop-app-1"}
    [remark] = remarks_on(daemon.stack, found)
    assert remark.startswith('shop-app-1 is not healthy now, its health check says "no route to host"')


def test_a_crash_loop_is_not_healthy(journals: Journals) -> None:
    daemon = Daemon()
    daemon.add("app", status="restarting", mounts=MOUNT)
    assert affected_of(daemon, journals).sick == {"shop-app-1"}


def test_one_shots_and_watchers_are_named(journals: Journals) -> None:
    daemon = Daemon()
    needs = "service_completed_successfully"
    daemon.add("app", mounts=MOUNT, depends_on=f"seeder:{needs}:true,gone:{needs}:true")
    daemon.add("seeder", status="exited", policy="no", mounts=MOUNT)
    daemon.add("autoheal", image="willfarrell/autoheal:1")
    remarks = remarks_on(daemon.stack, affected_of(daemon, journals))
    assert remarks == [
        "shop-seeder-1 runs to its end on the restored data before the other services start",
        "shop-autoheal-1 starts and stops other containers, so it stops first and starts last",
        (
            "shop-app-1 waits for service gone, which has no container, so it does not run before: "
            "create it (docker compose --project-name shop up --no-start gone)"
        ),
    ]
