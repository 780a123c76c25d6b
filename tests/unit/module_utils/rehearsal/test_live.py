# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When the running application may be asked, and what its answers mean."""

from __future__ import annotations

import os
import socket
import time
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.rehearsal import live
from ansible_collections.maxops.ops.plugins.module_utils.rehearsal.live import Live, limited, live_size, look
from ansible_collections.maxops.ops.plugins.module_utils.systems.access import Access
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.container import Container, Mount
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError
from ansible_collections.maxops.ops.plugins.module_utils.tools.process import Cancellation
from ansible_collections.maxops.ops.tests.unit.restored_copy import SERVER

HERE = {"project": "shop", "host": socket.gethostname()}


class Project:
    """A stack with one container."""

    def __init__(self, state: str = "running", *mounts: Mount) -> None:
        self.containers = [Container("1", "c", "gitea", state, "gitea", "sha256:a", {}, {}, mounts)]

    def refresh(self, required: bool = True) -> None:
        """Nothing to read."""


@pytest.mark.parametrize(
    ("manifest", "problem"),
    [
        (HERE, "no container of service"),
        ({**HERE, "project": "other"}, 'the set was made of stack "other"'),
        ({**HERE, "host": "elsewhere"}, "the set was made on host elsewhere"),
    ],
)
def test_only_the_stack_that_made_the_set_is_asked(
    manifest: dict[str, Any], problem: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def server(*_arguments: Any) -> None:
        raise MaxopsError("no container of service postgres runs")

    monkeypatch.setattr(Access, "server", server)
    assert problem in look(Access("shop"), Project(), manifest).problem  # type: ignore[arg-type]


def test_folder_is_that_of_a_running_container(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    os.symlink(tmp_path / "data", tmp_path / "link")
    mounts = (
        Mount("volume", "shop_gitea-data", "/volumes/gitea", "/data", True),
        Mount("bind", "", str(tmp_path / "data"), "/assets", True),
    )
    names = {"gitea-data": "shop_gitea-data"}
    running = Live(Project("running", *mounts), SERVER, names)  # type: ignore[arg-type]
    assert running.folder("gitea-data") == "/volumes/gitea"
    assert running.folder(str(tmp_path / "link")) == str(tmp_path / "data")
    assert running.folder("another") is None
    # A volume on a disk of its own seems empty while no container uses it.
    stopped = Live(Project("exited", *mounts), SERVER, names)  # type: ignore[arg-type]
    assert stopped.folder(str(tmp_path / "link")) is None
    (tmp_path / "data/file").touch()
    assert stopped.folder(str(tmp_path / "link")) == str(tmp_path / "data")
    assert Live(Project("exited", *mounts), SERVER, names).folder("gitea-data") is None  # type: ignore[arg-type]
    assert Live(Project("running", *mounts), SERVER, names, "down").folder("gitea-data") is None  # type: ignore[arg-type]


class Answers:
    """A session with prepared answers."""

    def __init__(self, rows: list[tuple[Any, ...]], number: int) -> None:
        self.answers = {'SELECT "id': rows, "SELECT count": [(number,)], "SET ": []}

    def __enter__(self) -> Answers:
        return self

    def __exit__(self, *_error: object) -> None:
        pass

    def run(self, _action: str, statement: str, _parameters: Any = ()) -> list[tuple[Any, ...]]:
        return next(answer for start, answer in self.answers.items() if statement.startswith(start))


def test_emptied_database_proves_no_deletion(monkeypatch: pytest.MonkeyPatch) -> None:
    def ask(rows: list[tuple[Any, ...]], number: int, total: int = 100) -> tuple[Any, str]:
        monkeypatch.setattr(live, "Session", lambda *_arguments: Answers(rows, number))
        one = Live(Project(), SERVER)  # type: ignore[arg-type]
        asked = one.rows("shop", "attachments", ["file"], [1, 2], total, Cancellation())
        assert one.problem == ""
        return asked, one.reason("shop", "attachments")

    assert ask([(1, "a"), (2, "b")], 0) == ({1: ("a",), 2: ("b",)}, "")
    assert ask([(1, "a")], 99) == ({1: ("a",)}, "")
    assert ask([], 0, total=2) == ({}, "")
    assert ask([], 3) == (None, "the running database has only 3 rows in attachments, the set has 100")


def test_database_that_cannot_be_read_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_arguments: Any) -> None:
        raise MaxopsError("it is starting up")

    monkeypatch.setattr(live, "Session", refuse)
    one = Live(Project(), SERVER)  # type: ignore[arg-type]
    assert one.rows("shop", "attachments", ["file"], [1], 100, Cancellation()) is None
    assert one.problem == "it is starting up"


def test_question_that_fails_does_not_end_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    class Failing(Answers):
        def run(self, action: str, statement: str, parameters: Any = ()) -> list[tuple[Any, ...]]:
            if '"repository"' in statement:
                raise MaxopsError("it took longer than 20 s")
            return super().run(action, statement, parameters)

    monkeypatch.setattr(live, "Session", lambda *_arguments: Failing([(1, "a")], 100))
    mount = Mount("volume", "shop_gitea-data", "/volumes/gitea", "/data", True)
    one = Live(Project("running", mount), SERVER, {"gitea-data": "shop_gitea-data"})  # type: ignore[arg-type]
    assert one.rows("gitea", "repository", ["lower_name"], [1], 100, Cancellation()) is None
    assert one.reason("gitea", "repository") == "it took longer than 20 s"
    assert one.rows("gitea", "attachment", ["uuid"], [1], 100, Cancellation()) == {1: ("a",)}
    assert one.folder("gitea-data") == "/volumes/gitea"
    assert (one.problem, one.reason("gitea", "attachment")) == ("", "")


def test_unreadable_file_is_not_a_missing_one(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("abc")
    assert live_size(str(tmp_path / "file")) == 3
    assert live_size(str(tmp_path / "none")) is None
    assert live_size(str(tmp_path / "file" / "below")) is None
    with pytest.raises(OSError, match="name too long"):
        live_size(str(tmp_path / ("n" * 300)))


def test_work_is_limited_in_time_and_stops_with_the_job() -> None:
    job = Cancellation()
    with limited(job, 0.05) as own:
        time.sleep(0.3)
        with pytest.raises(MaxopsError, match=r"took longer than 0\.05 s"):
            own.check()
    job.check()
    with limited(job, 60) as own:
        job.cancel("stopped")
        with pytest.raises(MaxopsError, match="the job was stopped"):
            own.check()
