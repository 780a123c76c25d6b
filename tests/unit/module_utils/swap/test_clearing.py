# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What happens when something cannot be cleared, and the commands that write keys again."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.swap import clearing
from ansible_collections.maxops.ops.plugins.module_utils.swap.clearing import (
    NotClearedError,
    clear,
    clear_again,
    regenerate,
)
from ansible_collections.maxops.ops.plugins.module_utils.swap.clearing_files import (
    FOLDER,
    KEYS,
    SESSION_FILES,
    put_back,
    remove_copies,
)
from ansible_collections.maxops.ops.plugins.module_utils.swap.journal import Clearing, Journal
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.stack import Container, Stack
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError
from ansible_collections.maxops.ops.tests.unit.stacks import bind, container

GITEA = b'# gitea public key\ncommand="gitea serv key-17" ssh-rsa AAAA user-1\n'


class GiteaStack(Stack):
    """A stack whose containers answer commands; ``failing`` are words of commands that fail."""

    def __init__(self, *containers: Container, failing: Sequence[str] = ()) -> None:
        super().__init__(None, "unix:///nowhere.sock", "shop")
        self.containers = list(containers)
        self.failing = failing
        self.commands: list[str] = []
        self.stopped: Sequence[str] = ()

    def refresh(self, required: bool = True) -> None:
        """Nothing changes."""

    def execute(self, container: Container, argv: Sequence[str], user: str = "") -> tuple[int, str]:
        self.commands.append(f"{user}: {' '.join(argv)}")
        if container.service in self.stopped:
            raise MaxopsError(f"{container.name} is not running")
        return (1, "Command error: no") if any(word in self.failing for word in argv) else (0, "")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    (tmp_path / "gitea/sessions/0").mkdir(parents=True)
    (tmp_path / "gitea/tmp").mkdir()
    (tmp_path / "git/.ssh").mkdir(parents=True)
    (tmp_path / "git/.ssh/authorized_keys").write_bytes(GITEA)
    return tmp_path


def stack(data: Path, state: str = "running", failing: Sequence[str] = ()) -> GiteaStack:
    return GiteaStack(container("gitea", bind(str(data), "/data", writable=True), state=state), failing=failing)


def journal(*clearings: Clearing) -> Journal:
    return Journal("X", "shop", "set", clearings=list(clearings), regenerate=["gitea"])


def in_files(kind: str, path: str, required: bool) -> Clearing:
    return Clearing(kind, "gitea", f"Gitea's {kind}", required, paths=[path])


def test_everything_is_cleared(data: Path) -> None:
    keys = in_files(KEYS, "/data/git/.ssh/authorized_keys", True)
    assert clear(stack(data), journal(in_files(SESSION_FILES, "/data/gitea/sessions", True), keys)) == []
    assert list((data / "gitea/sessions").iterdir()) == []
    assert (data / "git/.ssh/authorized_keys").read_bytes() == b""


def test_a_required_clearing_that_fails_ends_it(data: Path) -> None:
    (data / "out").symlink_to("/tmp")
    required = in_files(SESSION_FILES, "/data/out/sessions", True)
    with pytest.raises(NotClearedError, match="Gitea's session files could not be deleted: /data/out/sessions of"):
        clear(stack(data), journal(required))
    [remark] = clear_again(stack(data), journal(required))
    assert "could not be deleted" in remark


def test_another_clearing_that_fails_is_a_remark(data: Path) -> None:
    (data / "out").symlink_to("/tmp")
    later = in_files(SESSION_FILES, "/data/gitea/sessions", True)
    [remark] = clear(stack(data), journal(in_files(FOLDER, "/data/out/tmp", False), later))
    assert remark.startswith("Gitea's folder could not be deleted")
    assert list((data / "gitea/sessions").iterdir()) == []


def test_keys_are_not_cleared_again_before_they_are_put_back(data: Path) -> None:
    clear_again(stack(data), journal(in_files(KEYS, "/data/git/.ssh/authorized_keys", True)))
    assert (data / "git/.ssh/authorized_keys").read_bytes() == GITEA


def test_keys_and_hooks_are_written_again_as_the_user_of_gitea(data: Path) -> None:
    made = stack(data)
    assert regenerate(made, journal()) == []
    gitea = "git: gitea --config /data/gitea/conf/app.ini admin regenerate"
    assert made.commands[1:] == [f"{gitea} keys", f"{gitea} hooks"]


@pytest.mark.parametrize(
    ("failing", "beginning", "commands"),
    [
        ("keys", "Gitea's keys and hooks could not be written again, until then no SSH key opens Gitea", 2),
        ("hooks", "Gitea's hooks could not be written again, until then pushes may miss", 1),
    ],
)
def test_the_remark_on_a_failure_holds_the_commands(data: Path, failing: str, beginning: str, commands: int) -> None:
    keys = in_files(KEYS, "/data/git/.ssh/authorized_keys", True)
    clear(stack(data), journal(keys))
    [remark] = regenerate(stack(data, failing=[failing]), journal(keys))
    assert remark.startswith(beginning)
    command = "docker exec --user git shop-gitea-1 gitea --config /data/gitea/conf/app.ini admin regenerate"
    assert remark.count(command) == commands


def test_a_gitea_that_was_never_set_up_needs_nothing_unless_keys_were_taken_out(data: Path) -> None:
    made = stack(data, failing=["test"])
    assert regenerate(made, journal()) == []
    keys = in_files(KEYS, "/data/git/.ssh/authorized_keys", True)
    clear(made, journal(keys))
    [remark] = regenerate(made, journal(keys))
    assert "no SSH key opens Gitea" in remark


def test_where_no_keys_were_taken_out_the_remark_does_not_say_that_they_are_gone(data: Path) -> None:
    [remark] = regenerate(stack(data, failing=["keys"]), journal())
    assert "until then SSH keys may be missing, or open Gitea as other people" in remark


def test_keys_that_could_not_be_seen_are_said_where_gitea_cannot_write_them(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a network volume, the old keys are still there."""
    monkeypatch.setattr(clearing, "keeps_keys_apart", lambda *_arguments: True)
    [remark] = regenerate(stack(data, failing=["test"]), journal())
    assert "open Gitea as other people" in remark


def test_going_back_after_the_keys_were_written_again_brings_the_old_ones(data: Path) -> None:
    path = data / "git/.ssh/authorized_keys"
    made, planned = stack(data), journal(in_files(KEYS, "/data/git/.ssh/authorized_keys", True))
    clear(made, planned)
    planned.cleared = True
    regenerate(made, planned)
    path.write_bytes(GITEA.replace(b"key-17", b"key-2"))
    assert clear_again(made, planned) == []
    for _twice in range(2):
        assert put_back(made, planned) == []
        assert path.read_bytes() == GITEA
    remove_copies(made, planned)
    assert list(path.parent.iterdir()) == [path]


def test_keys_of_the_restored_data_are_taken_out_where_there_had_been_none(data: Path) -> None:
    path = data / "git/.ssh/authorized_keys"
    path.unlink()
    made, planned = stack(data), journal(in_files(KEYS, "/data/git/.ssh/authorized_keys", True))
    clear(made, planned)
    planned.cleared = True
    path.write_bytes(GITEA)
    assert put_back(made, planned) == []
    assert path.read_bytes() == b""


def test_a_one_time_service_of_the_same_image_need_not_run(data: Path) -> None:
    made = stack(data)
    made.containers.append(container("setup", state="exited"))
    made.stopped = ("setup",)
    planned = journal()
    planned.regenerate = ["gitea", "setup"]
    assert regenerate(made, planned) == []
    made.stopped = ("gitea", "setup")
    made.containers[0] = stack(data, "exited").containers[0]
    assert len(regenerate(made, planned)) == 2


def test_nothing_is_written_again_where_nothing_was_planned(data: Path) -> None:
    made = stack(data)
    assert regenerate(made, Journal("X", "shop", "set")) == []
    assert made.commands == []
