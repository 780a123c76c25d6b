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
from ansible_collections.maxops.ops.plugins.module_utils.swap.journal import (
    STARTING,
    STOPPING,
    Clearing,
    Journal,
    Journals,
    VolumeSwap,
)
from ansible_collections.maxops.ops.plugins.module_utils.swap.swap import Swap
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError
from ansible_collections.maxops.ops.tests.unit.daemon import Daemon

GITEA = b'command="gitea serv key-17" ssh-rsa AAAA user-1\n'


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


@pytest.mark.parametrize("back", [True, False])
def test_a_swap_with_keys_beside_it(tmp_path: Path, journals: Journals, back: bool) -> None:
    """Gitea writes its keys again from the restored data; going back brings the old ones."""
    data, new, keys = tmp_path / "data", tmp_path / "new", tmp_path / "keys"
    for folder, word in ((data, "old"), (new, "new")):
        folder.mkdir()
        (folder / "word").write_text(word)
    keys.mkdir()
    (keys / "authorized_keys").write_bytes(GITEA)
    daemon = Daemon()
    mounts = [
        {"Type": "bind", "Source": str(data), "Destination": "/data", "RW": True},
        {"Type": "bind", "Source": str(keys), "Destination": "/keys", "RW": True},
    ]
    daemon.add("app", mounts=mounts)
    volume = VolumeSwap("data", str(data), str(new), str(tmp_path / "previous"), kind="folder")
    clearing = Clearing("keys", "app", "Gitea's keys", True, paths=["/keys/authorized_keys"])
    journal = Journal("X", "shop", "set X", disposable=False, volumes=[volume], clearings=[clearing])
    stack = daemon.stack
    swap = Swap(journal, journals, stack, None, lambda _step: None, ())
    swap.stop(stack.containers, stack.containers)
    swap.swap()
    assert swap.clear() == []
    swap.start(1.0)
    (keys / "authorized_keys").write_bytes(GITEA.replace(b"17", b"2"))
    assert swap.start_watchers() == []
    if back:
        assert swap.back() == []
    else:
        swap.close()
    assert (data / "word").read_text() == ("old" if back else "new")
    assert (keys / "authorized_keys").read_bytes() == (GITEA if back else GITEA.replace(b"17", b"2"))
    assert [path.name for path in keys.iterdir()] == ["authorized_keys"]
    assert daemon.state("app") == "running"
    assert not journals.exists()
