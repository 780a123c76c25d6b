# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sessions, indexes and keys in files: what is removed, what stays, and that links lead nowhere."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.swap.clearing_files import (
    FOLDER,
    INDEX,
    KEYS,
    SESSION_FILES,
    check_places,
    clear_files,
    clear_late,
    has_copies,
    put_back,
    remove_copies,
    without_gitea_keys,
)
from ansible_collections.maxops.ops.plugins.module_utils.swap.journal import Clearing, Journal, VolumeSwap
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.stack import Container, Stack
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError
from ansible_collections.maxops.ops.tests.unit.stacks import bind, container, stack_of, volume_mount

OWN = b"ssh-ed25519 AAAAown operator@host\n"
GITEA = (
    b"# gitea public key\n"
    b'command="/usr/local/bin/gitea --config=/data/gitea/conf/app.ini serv key-17",no-pty ssh-rsa AAAA user-1\n'
)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    (tmp_path / "data").mkdir()
    return tmp_path / "data"


@pytest.fixture
def stack(data: Path) -> Stack:
    return stack_of(container("gitea", bind(str(data), "/data", writable=True)))


def clear(stack: Stack, kind: str, *paths: str, required: bool = False) -> list[str]:
    journal = Journal("X", "shop", "set")
    clearing = Clearing(kind, "gitea", "Gitea's files", required, paths=list(paths))
    journal.clearings.append(clearing)
    return clear_files(stack, journal, clearing)


def write(path: Path, text: bytes = b"x") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text)
    return path


def test_session_files(stack: Stack, data: Path) -> None:
    write(data / "gitea/sessions/0/a/0a23456789abcdef")
    write(data / "gitea/sessions/oddly-named")
    write(data / "gitea/other/0/a/0a23456789abcdef")
    kept = write(data / "gitea/other/avatars/1")
    clear(stack, SESSION_FILES, "/data/gitea/sessions", "/data/gitea/other", "/data/none", required=True)
    assert list((data / "gitea/sessions").iterdir()) == []
    assert list((data / "gitea/other").iterdir()) == [kept.parent]


def test_indexes_are_removed_and_nothing_else(stack: Stack, data: Path) -> None:
    write(data / "gitea/indexers/issues.bleve/store/root.bolt")
    write(data / "gitea/indexers.maxops-removed/left by a killed run")
    write(data / "mine/index_meta.json")
    kept = write(data / "git/repositories/a/b.git/HEAD")
    write(data / "gitea/tmp/local-repo/1")
    clear(stack, INDEX, "/data/gitea/indexers", "/data/mine", "/data/git/repositories")
    clear(stack, FOLDER, "/data/gitea/tmp")
    assert sorted(path.name for path in data.iterdir()) == ["git", "gitea"]
    assert list((data / "gitea").iterdir()) == []
    assert kept.exists()


@pytest.mark.parametrize(("kind", "target"), [(INDEX, "/data/gitea/indexers"), (SESSION_FILES, "/data/gitea/sessions")])
def test_a_whole_mount_stays_without_its_content(tmp_path: Path, kind: str, target: str) -> None:
    write(tmp_path / "volume/_data/issues.bleve/store/root.bolt")
    made = stack_of(container("gitea", bind(str(tmp_path / "volume/_data"), target, writable=True)))
    assert clear(made, kind, target) == []
    assert list((tmp_path / "volume").rglob("*")) == [tmp_path / "volume/_data"]


class VolumeStack(Stack):
    """A stack of one Gitea with a volume of which the daemon says these facts; it notes what is run inside."""

    def __init__(self, folder: Path, **facts: Any) -> None:
        super().__init__(None, "unix:///nowhere.sock", "shop")
        self.containers = [container("gitea", volume_mount("data", str(folder)))]
        self._facts = {"Name": "data", **facts}
        self.commands: list[Sequence[str]] = []

    @contextmanager
    def daemon_call(self, action: str) -> Iterator[Any]:
        yield SimpleNamespace(volumes=lambda **_filters: {"Volumes": [self._facts]})

    def execute(self, container: Container, argv: Sequence[str], user: str = "") -> tuple[int, str]:
        self.commands.append(argv)
        return 0, ""


def test_a_volume_for_another_folder_is_cleared_there(tmp_path: Path) -> None:
    """Docker mounts it at the volume's own folder only while a container uses it."""
    session = write(tmp_path / "device/gitea/sessions/0/a/0a23456789abcdef")
    options = {"type": "none", "o": "bind,rw", "device": str(tmp_path / "device")}
    made = VolumeStack(tmp_path / "empty", Driver="local", Options=options)
    assert clear(made, SESSION_FILES, "/data/gitea/sessions", required=True) == []
    assert not session.exists()


def test_a_volume_that_is_not_mounted_now_is_cleared_after_the_start(tmp_path: Path) -> None:
    made = VolumeStack(tmp_path, Driver="local", Options={"type": "nfs", "o": "addr=192.0.2.1", "device": ":/export"})
    assert clear(made, SESSION_FILES, "/data/gitea/sessions", required=True) == []
    assert clear(made, KEYS, "/data/git/.ssh/authorized_keys", required=True) == []
    [remark] = clear(made, INDEX, "/data/gitea/indexers", "/data/other")
    assert remark == "Gitea's files were left alone: volume data is only mounted while a container uses it"
    sessions = Clearing(SESSION_FILES, "gitea", "Gitea's sessions", True, paths=["/data/gitea/sessions"])
    assert clear_late(made, Journal("X", "shop", "set", clearings=[sessions])) == []
    assert made.commands == [["sh", "-c", 'rm -rf -- "$0"/*', "/data/gitea/sessions"]]


def test_only_lines_of_gitea_are_taken_out() -> None:
    assert without_gitea_keys(OWN + GITEA + OWN) == OWN + OWN
    assert without_gitea_keys(GITEA.splitlines(keepends=True)[1]) == b""
    assert without_gitea_keys(OWN) == OWN
    assert without_gitea_keys(b"") == b""


def test_keys_are_taken_out_and_come_back(stack: Stack, data: Path) -> None:
    path = write(data / "git/.ssh/authorized_keys", OWN + GITEA)
    path.chmod(0o600)
    os.chown(path, 1000, 1001)
    journal = Journal("X", "shop", "set")
    clearing = Clearing(KEYS, "gitea", "keys", True, paths=["/data/git/.ssh/authorized_keys"])
    journal.clearings.append(clearing)
    for _twice in range(2):
        assert clear_files(stack, journal, clearing) == []
        assert path.read_bytes() == OWN
        assert (path.stat().st_uid, path.stat().st_gid, path.stat().st_mode & 0o777) == (1000, 1001, 0o600)
    assert put_back(stack, journal) == []
    assert path.read_bytes() == OWN + GITEA
    assert path.stat().st_uid == 1000
    assert has_copies(stack, journal)
    remove_copies(stack, journal)
    assert not has_copies(stack, journal)
    assert os.listdir(path.parent) == ["authorized_keys"]


def test_principals_are_taken_out_with_a_remark(stack: Stack, data: Path) -> None:
    write(data / "git/.ssh/authorized_principals", GITEA)
    [remark] = clear(stack, KEYS, "/data/git/.ssh/authorized_principals", required=True)
    assert "resync_all_sshprincipals" in remark


@pytest.mark.parametrize("kind", [SESSION_FILES, INDEX, FOLDER, KEYS])
def test_a_link_out_of_the_volume_is_refused(stack: Stack, data: Path, tmp_path: Path, kind: str) -> None:
    outside = write(tmp_path / "outside/sessions/indexers/authorized_keys/0", GITEA)
    (data / "gitea").symlink_to(tmp_path / "outside")
    paths = [f"/data/gitea/{name}" for name in ("sessions", "sessions/indexers")]
    with pytest.raises(MaxopsError, match="is behind a link that leads out of"):
        clear(stack, kind, *paths, required=True)
    assert outside.exists()


def test_a_link_out_of_the_volume_does_not_stop_what_is_put_back(stack: Stack, data: Path, tmp_path: Path) -> None:
    """The names are changed back after it, and the services start."""
    path = write(data / "git/.ssh/authorized_keys", GITEA)
    (data / "other").symlink_to(tmp_path / "outside")
    journal = Journal("X", "shop", "set")
    for inside in ("/data/other/authorized_keys", "/data/git/.ssh/authorized_keys"):
        journal.clearings.append(Clearing(KEYS, "gitea", "Gitea's keys", True, paths=[inside]))
    clear_files(stack, journal, journal.clearings[1])
    [remark] = put_back(stack, journal)
    assert "/data/other/authorized_keys of shop-gitea-1 is behind a link that leads out of" in remark
    assert path.read_bytes() == GITEA
    remove_copies(stack, journal)
    assert os.listdir(path.parent) == ["authorized_keys"]


def test_a_link_out_of_the_volume_is_found_before_the_restore(stack: Stack, data: Path, tmp_path: Path) -> None:
    clearing = Clearing(KEYS, "gitea", "Gitea's keys", True, paths=["/data/git/.ssh/authorized_keys"])
    journal = Journal("X", "shop", "set", clearings=[clearing])
    check_places(stack, journal)
    (data / "git").mkdir()
    (data / "git/.ssh").symlink_to("/root/.ssh")
    with pytest.raises(MaxopsError, match="is behind a link that leads out of"):
        check_places(stack, journal)
    # The folder is replaced: what counts is the data that takes its place.
    new = tmp_path / "new"
    new.mkdir()
    journal.volumes.append(VolumeSwap("data", str(data), str(new), str(tmp_path / "previous")))
    check_places(stack, journal)
    check_places(stack, journal, loaded=True)
    (new / "git").symlink_to("/git")
    check_places(stack, journal)
    with pytest.raises(MaxopsError, match="is behind a link that leads out of"):
        check_places(stack, journal, loaded=True)


def test_a_linked_folder_is_left_alone_or_followed_inside_the_volume(stack: Stack, data: Path) -> None:
    write(data / "elsewhere/sessions/0/a/0a23456789abcdef")
    write(data / "elsewhere/tmp/1")
    (data / "gitea").mkdir()
    for name in ("sessions", "tmp"):
        (data / "gitea" / name).symlink_to(f"../elsewhere/{name}")
    [remark] = clear(stack, FOLDER, "/data/gitea/tmp")
    assert remark.endswith("is a link and was left alone")
    assert (data / "elsewhere/tmp/1").exists()
    assert clear(stack, SESSION_FILES, "/data/gitea/sessions", required=True) == []
    assert list((data / "elsewhere/sessions").iterdir()) == []


def test_paths_on_no_mount_and_on_read_only_mounts_are_left_alone(tmp_path: Path) -> None:
    kept = write(tmp_path / "gitea/sessions/0/a/0a23456789abcdef")
    made = stack_of(container("gitea", bind(str(tmp_path), "/data")))
    clear(made, SESSION_FILES, "/data/gitea/sessions", str(tmp_path / "gitea/sessions"), required=True)
    assert kept.exists()
