# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The interface of a rehearsal, as a job other than verify uses it; without Docker and without a server."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.rehearsal import rehearsal as rehearsal_
from ansible_collections.maxops.ops.plugins.module_utils.rehearsal import space
from ansible_collections.maxops.ops.plugins.module_utils.rehearsal.area import RehearsalArea
from ansible_collections.maxops.ops.plugins.module_utils.rehearsal.image import Image
from ansible_collections.maxops.ops.plugins.module_utils.rehearsal.rehearsal import rehearse, restored
from ansible_collections.maxops.ops.plugins.module_utils.rehearsal.values import Source
from ansible_collections.maxops.ops.plugins.module_utils.storage.subject import Subject
from ansible_collections.maxops.ops.plugins.module_utils.systems.postgresql.session import Server
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import Cancelled, MaxopsError
from ansible_collections.maxops.ops.plugins.module_utils.tools.process import Cancellation
from ansible_collections.maxops.ops.plugins.module_utils.tools.progress import Progress

PART = {"kind": "database", "name": "shop", "source_bytes": 1000, "extensions": {}}
MANIFEST = {"parts": [PART, {"kind": "volume", "name": "files", "source_bytes": 10}], "files": []}
SOURCE = Source(Image("sha256:a", "postgres:17", same=True), [PART])


class Daemon:
    """Removes folders at the end of a block, as the stack does."""

    @contextmanager
    def clearing(self, _key: str, folders: Sequence[str]) -> Iterator[None]:
        try:
            yield
        finally:
            for folder in folders:
                shutil.rmtree(folder, ignore_errors=True)


class Throwaway:
    """A server that may have ended by itself."""

    def __init__(self) -> None:
        self.server = Server("/socket", 5432, "maxops", "", "of the rehearsal", "none")
        self.ended = ""

    def check(self) -> None:
        if self.ended:
            raise MaxopsError(self.ended)


@pytest.fixture
def throwaway(monkeypatch: pytest.MonkeyPatch) -> Throwaway:
    """Replaces the server and the loading."""
    made = Throwaway()

    @contextmanager
    def start(*_arguments: Any) -> Iterator[Throwaway]:
        yield made

    monkeypatch.setattr(rehearsal_, "throwaway_server", start)
    monkeypatch.setattr(rehearsal_.Loading, "run", lambda _self: {"shop": {"rows": {"public.t": 1}}})
    return made


@pytest.fixture
def area(tmp_path: Path) -> RehearsalArea:
    folder = tmp_path / "rehearsal"
    folder.mkdir(mode=0o700)
    return RehearsalArea(str(folder), Daemon(), 2)


@pytest.fixture
def subject(tmp_path: Path) -> Subject:
    return Subject("20261123T020000Z", str(tmp_path / "set"), manifest=MANIFEST)


def test_restored_gives_a_server_and_folders_that_are_gone_afterwards(
    area: RehearsalArea, subject: Subject, throwaway: Throwaway
) -> None:
    with restored(area, subject, SOURCE, Cancellation(), Progress(None, "test")) as rehearsal:
        assert rehearsal.server is throwaway.server
        assert os.path.isdir(rehearsal.folders.data)
        assert rehearsal.volumes == {"files": os.path.join(rehearsal.folders.folder, "volume-0")}
        assert rehearsal.loaded == {"shop": {"rows": {"public.t": 1}}}
    assert os.listdir(area.folder) == []
    assert not os.path.exists(os.path.dirname(rehearsal.folders.socket))
    with pytest.raises(MaxopsError, match="is not running"):
        _ = rehearsal.server
    assert {"rehearse", "rehearse server"} <= set(subject.steps)
    assert subject.findings.all() == []


def test_rehearse_compares_and_checks_content_only_where_asked(
    area: RehearsalArea, subject: Subject, throwaway: Throwaway, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, Any]] = []
    monkeypatch.setattr(rehearsal_.compare, "compare", lambda content, *_rest: asked.append(("rows", content.server)))
    monkeypatch.setattr(
        rehearsal_.compare, "cross_check", lambda _content, names: asked.append(("files", list(names))) or {"Gitea": {}}
    )
    legacy = Source(SOURCE.image, [PART], file="/backup/daily/shop.sql")
    for source, cross_check, expected in (
        (SOURCE, True, [("rows", throwaway.server), ("files", ["shop"])]),
        (SOURCE, False, [("rows", throwaway.server)]),
        (legacy, True, [("rows", throwaway.server)]),
    ):
        asked.clear()
        outcome = rehearse(area, subject, source, Cancellation(), Progress(None, "test"), cross_check)
        assert asked == expected
        assert outcome.content == ({"Gitea": {}} if len(expected) == 2 else {})


def test_ended_server_is_reported_as_the_cause_of_an_error_in_the_block(
    area: RehearsalArea, subject: Subject, throwaway: Throwaway
) -> None:
    progress = Progress(None, "test")
    with (
        pytest.raises(MaxopsError, match=r"^a query failed$"),
        restored(area, subject, SOURCE, Cancellation(), progress),
    ):
        raise MaxopsError("a query failed")
    throwaway.ended = "PostgreSQL ended by itself"
    with pytest.raises(MaxopsError, match="ended by itself"), restored(area, subject, SOURCE, Cancellation(), progress):
        raise MaxopsError("a query failed")
    assert os.listdir(area.folder) == []


def test_work_stopped_for_lack_of_space_says_so(
    area: RehearsalArea, subject: Subject, throwaway: Throwaway, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = space.Usage(peak=5)

    @contextmanager
    def watched(*_arguments: Any) -> Iterator[space.Usage]:
        yield usage

    monkeypatch.setattr(rehearsal_.space, "watched", watched)
    progress = Progress(None, "test")
    with pytest.raises(Cancelled), restored(area, subject, SOURCE, Cancellation(), progress):
        raise Cancelled("stopped by a signal")
    usage.stopped = "it had written too much"
    with (
        pytest.raises(MaxopsError, match="written too much"),
        restored(area, subject, SOURCE, Cancellation(), progress),
    ):
        raise Cancelled("it had written too much")
