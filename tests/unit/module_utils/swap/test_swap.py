# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Going back: signals do not stop it, and services that start again are not stopped a second time."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.swap import running
from ansible_collections.maxops.ops.plugins.module_utils.swap.journal import STARTING, STOPPING, Journal, Journals
from ansible_collections.maxops.ops.plugins.module_utils.swap.swap import Swap
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError
from ansible_collections.maxops.ops.tests.unit.daemon import Daemon


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "SETTLE_SECONDS", 0.01)


@pytest.fixture
def daemon() -> Daemon:
    daemon = Daemon()
    daemon.add("app")
    return daemon


@pytest.fixture
def journals(tmp_path: Path) -> Journals:
    return Journals("shop", str(tmp_path))


def test_a_signal_does_not_stop_the_way_back(daemon: Daemon, journals: Journals) -> None:
    handler = signal.getsignal(signal.SIGTERM)
    journal = Journal("X", "shop", "set X", STOPPING, disposable=False, services={"app": ["shop-app-1"]})
    journals.write(journal)

    def watch(step: str) -> None:
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT) if step == "go back" else ():
            os.kill(os.getpid(), number)

    assert Swap(journal, journals, daemon.stack, None, watch, ()).back() == []
    assert daemon.state("app") == "running"
    assert not journals.exists()
    assert signal.getsignal(signal.SIGTERM) == handler


def test_what_started_again_is_not_stopped_by_the_next_try(daemon: Daemon, journals: Journals) -> None:
    journal = Journal("X", "shop", "set X", STOPPING, disposable=False, services={"app": ["shop-app-1"]})
    journals.write(journal)

    def watch(step: str) -> None:
        if step == "drop the journal":
            raise MaxopsError("the disk is full")

    with pytest.raises(MaxopsError, match="the disk is full"):
        Swap(journal, journals, daemon.stack, None, watch, ()).back()
    assert daemon.calls == ["stop app", "start app"]
    again = journals.current()
    assert again is not None
    daemon.calls.clear()
    daemon.data["id-app"]["State"]["StartedAt"] = "2999-01-01T00:00:00.000000000Z"
    assert Swap(again, journals, daemon.stack, None, lambda _step: None, ()).back() == []
    assert daemon.calls == []
    assert not journals.exists()


def test_extensions_that_a_kill_kept_out_are_named(daemon: Daemon, journals: Journals) -> None:
    journal = Journal("X", "shop", "set X", phase=STARTING, extensions={"jobs": ["pg_cron"], "other": []})
    journals.write(journal)
    [remark] = Swap(journal, journals, daemon.stack, None, lambda _step: None, ()).finish()
    assert remark.startswith("extension pg_cron of database jobs may be missing with its rows")
    assert "CREATE EXTENSION pg_cron" in remark


def test_leftover_roles_that_a_restore_needs_are_kept(daemon: Daemon, journals: Journals) -> None:
    leftovers = journals.leftovers()
    leftovers.roles = {"ann": 1, "bob": 2}
    journals.leave(leftovers)
    Swap(Journal("X", "shop", "set X", set_roles=["ann"]), journals, daemon.stack, None, lambda _step: None, ()).close()
    assert journals.leftovers().roles == {"bob": 2}
