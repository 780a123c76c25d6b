# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Containers around a swap, while something else starts and stops them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import docker.errors
import pytest

from ansible_collections.maxops.ops.plugins.module_utils.swap import mounts, running
from ansible_collections.maxops.ops.plugins.module_utils.swap.journal import Journal, Journals, VolumeSwap
from ansible_collections.maxops.ops.plugins.module_utils.swap.running import Running
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError
from ansible_collections.maxops.ops.tests.unit.daemon import Daemon, moment

DATA = VolumeSwap("shop_data", "/v/shop_data/_data", "/v/shop_data/_data.new", "/v/shop_data/_data.previous")
MOUNT = [{"Type": "volume", "Name": "shop_data", "Source": "/v/shop_data/_data", "Destination": "/data", "RW": True}]
NEEDS = "seeder:service_completed_successfully:true"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "SETTLE_SECONDS", 0.01)


@pytest.fixture
def daemon() -> Daemon:
    daemon = Daemon()
    daemon.add("app", mounts=MOUNT)
    return daemon


@pytest.fixture
def journals(tmp_path: Path) -> Journals:
    return Journals("shop", str(tmp_path))


def running_of(daemon: Daemon, journals: Journals, *affected: str) -> tuple[Running, Journal]:
    journal = Journal("X", "shop", "set X", volumes=[DATA])
    stack = daemon.stack
    containers = Running(journal, journals, stack, ("postgres", "redis"))
    containers.plan([each for each in stack.containers if each.service in affected], stack.containers)
    return containers, journal


def test_watchers_stop_first_and_start_last(daemon: Daemon, journals: Journals) -> None:
    socket = {"Type": "bind", "Source": "/run/docker.sock", "Destination": "/run/docker.sock", "RW": True}
    daemon.add("autoheal", mounts=[socket])
    containers, journal = running_of(daemon, journals, "app")
    assert journal.watchers == {"autoheal": ["shop-autoheal-1"]}
    containers.stop()
    containers.names_changed()
    containers.start(1.0)
    assert containers.start_watchers() == []
    assert daemon.calls == ["stop autoheal", "stop app", "start app", "start autoheal"]


def test_what_was_started_meanwhile_is_stopped_and_runs_afterwards(daemon: Daemon, journals: Journals) -> None:
    """Also a service that did not run before."""
    daemon.add("worker", status="exited", mounts=MOUNT)
    containers, journal = running_of(daemon, journals, "app")
    containers.stop()
    daemon.start("id-worker")
    daemon.start("id-app")
    daemon.calls.clear()
    containers.keep_down(strict=True)
    assert sorted(daemon.calls) == ["stop app", "stop worker"]
    assert journals.current() == journal
    assert journal.services == {"app": ["shop-app-1"], "worker": ["shop-worker-1"]}


def test_what_is_started_each_time_is_named(daemon: Daemon, journals: Journals) -> None:
    containers, _journal = running_of(daemon, journals, "app")
    containers.stop()
    daemon.at["id-app"] = lambda data: data["State"].update(Status="running", Running=True)
    with pytest.raises(MaxopsError, match="shop-app-1 was started again each time that it was stopped"):
        containers.keep_down(strict=True)
    containers.keep_down(strict=False)


def test_another_stacks_container_on_the_folder_is_refused(daemon: Daemon, journals: Journals) -> None:
    containers, _journal = running_of(daemon, journals, "app")
    containers.stop()
    other = daemon.add("other", mounts=MOUNT)
    other["Config"]["Labels"]["com.docker.compose.project"] = "other"
    with pytest.raises(MaxopsError, match="shop-other-1, not of this stack, was started meanwhile"):
        containers.keep_down(strict=True)


def test_a_container_that_was_started_before_the_names_changed_is_restarted(daemon: Daemon, journals: Journals) -> None:
    containers, _journal = running_of(daemon, journals, "app")
    containers.stop()
    daemon.start("id-app")
    containers.names_changed()
    daemon.calls.clear()
    containers.start(1.0)
    assert daemon.calls == ["stop app", "start app"]


def test_a_container_with_the_old_folder_is_restarted(
    daemon: Daemon, journals: Journals, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It resolved its mounts before the renames, and reports its start after them."""
    containers, _journal = running_of(daemon, journals, "app")
    containers.stop()
    containers.names_changed()
    daemon.start("id-app")
    daemon.data["id-app"]["State"].update(StartedAt=moment(5), Pid=42)
    stale = [True]

    def mounts_any(pid: int, folders: Any) -> bool:
        assert (pid, folders) == (42, ["/v/shop_data/_data.new", "/v/shop_data/_data.previous"])
        return stale.pop() if stale else False

    monkeypatch.setattr(mounts, "mounts_any", mounts_any)
    daemon.calls.clear()
    containers.start(1.0)
    assert daemon.calls == ["stop app", "start app"]


def test_one_shots_run_to_their_end_before_the_others_start(daemon: Daemon, journals: Journals) -> None:
    daemon.add("seeder", status="exited", policy="no")
    daemon.data["id-app"]["Config"]["Labels"]["com.docker.compose.depends_on"] = NEEDS
    containers, journal = running_of(daemon, journals, "app")
    assert journal.one_shots == {"seeder": ["shop-seeder-1"]}
    containers.stop()
    containers.names_changed()
    looks = iter(range(100))

    def run(data: dict[str, Any]) -> None:
        if data["State"]["Status"] == "running" and next(looks) > 2:
            data["State"].update(Status="exited", Running=False)

    daemon.at["id-seeder"] = run
    containers.start(5.0)
    assert daemon.calls == ["stop app", "start seeder", "start app"]
    assert daemon.state("seeder") == "exited"


def test_a_failing_one_shot_fails_the_start(daemon: Daemon, journals: Journals) -> None:
    daemon.add("seeder", status="exited", policy="no")
    daemon.data["id-app"]["Config"]["Labels"]["com.docker.compose.depends_on"] = NEEDS
    containers, _journal = running_of(daemon, journals, "app")
    containers.stop()
    daemon.at["id-seeder"] = lambda data: data["State"].update(Status="exited", ExitCode=1)
    with pytest.raises(MaxopsError, match="shop-seeder-1 ended with exit code 1"):
        containers.start(5.0)
    assert "start app" not in daemon.calls


def test_going_back_does_not_run_one_shots(daemon: Daemon, journals: Journals) -> None:
    daemon.add("seeder", status="exited", policy="no")
    daemon.data["id-app"]["Config"]["Labels"]["com.docker.compose.depends_on"] = NEEDS
    containers, _journal = running_of(daemon, journals, "app")
    containers.stop()
    assert containers.start_again() == []
    assert daemon.calls == ["stop app", "start app"]


def test_what_does_not_stay_up_is_noted_for_the_next_restore(daemon: Daemon, journals: Journals) -> None:
    containers, _journal = running_of(daemon, journals, "app")
    containers.stop()
    daemon.at["id-app"] = lambda data: data["State"].update(Status="exited", Running=False)
    [remark] = containers.start_again()
    assert remark.startswith("shop-app-1 was started and is exited again")
    assert journals.leftovers().services == {"app": ["shop-app-1"]}
    daemon.at.clear()
    assert containers.start_again() == []
    assert journals.leftovers().services == {}


def test_a_completed_start_is_not_repeated(daemon: Daemon, journals: Journals) -> None:
    """A killed job had run the one-time services and started the others: the data may be in use."""
    daemon.add("seeder", status="exited", policy="no")
    daemon.data["id-app"]["Config"]["Labels"]["com.docker.compose.depends_on"] = NEEDS
    containers, _journal = running_of(daemon, journals, "app")
    containers.stop()
    containers.names_changed()
    daemon.start("id-app")
    daemon.calls.clear()
    assert containers.finish_start(1.0) == []
    assert daemon.calls == []


def broken(daemon: Daemon, monkeypatch: pytest.MonkeyPatch, service: str) -> None:
    """Let the daemon refuse to start a service, as for a port that is in use."""
    start = daemon.start

    def refuse(name: str) -> None:
        if name == f"id-{service}":
            raise docker.errors.APIError("port is already allocated")
        start(name)

    monkeypatch.setattr(daemon, "start", refuse)


@pytest.mark.parametrize("back", [True, False])
def test_one_container_that_cannot_start_is_a_remark_and_the_others_start(
    daemon: Daemon, journals: Journals, monkeypatch: pytest.MonkeyPatch, back: bool
) -> None:
    daemon.add("web", mounts=MOUNT, depends_on="app:service_started:true")
    containers, _journal = running_of(daemon, journals, "app", "web")
    containers.stop()
    broken(daemon, monkeypatch, "app")
    [remark] = containers.start_again() if back else containers.finish_start(1.0)
    assert "shop-app-1" in remark
    assert "port is already allocated" in remark
    assert daemon.state("web") == "running"
    assert journals.leftovers().services == {"app": ["shop-app-1"]}


def test_a_watcher_that_cannot_start_is_a_remark(
    daemon: Daemon, journals: Journals, monkeypatch: pytest.MonkeyPatch
) -> None:
    socket = {"Type": "bind", "Source": "/run/docker.sock", "Destination": "/run/docker.sock", "RW": True}
    daemon.add("autoheal", mounts=[socket])
    containers, _journal = running_of(daemon, journals, "app")
    containers.stop()
    broken(daemon, monkeypatch, "autoheal")
    [remark] = containers.start_watchers()
    assert "port is already allocated" in remark
    assert journals.leftovers().services == {"autoheal": ["shop-autoheal-1"]}


def test_without_the_daemon_going_back_is_tried_again(
    daemon: Daemon, journals: Journals, monkeypatch: pytest.MonkeyPatch
) -> None:
    containers, _journal = running_of(daemon, journals, "app")
    containers.stop()

    def gone(**_arguments: Any) -> None:
        raise docker.errors.APIError("the daemon is gone")

    monkeypatch.setattr(daemon, "containers", gone)
    with pytest.raises(MaxopsError, match="the daemon is gone"):
        containers.start_again()
