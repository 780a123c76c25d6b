# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who is at fault when a part cannot be restored, without a server: the set, production, or this host."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.rehearsal import load
from ansible_collections.maxops.ops.plugins.module_utils.rehearsal.area import Folders, RehearsalArea
from ansible_collections.maxops.ops.plugins.module_utils.rehearsal.image import Image
from ansible_collections.maxops.ops.plugins.module_utils.rehearsal.values import Outcome, Source
from ansible_collections.maxops.ops.plugins.module_utils.storage.subject import Subject
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import Cancelled, HostFault, MaxopsError
from ansible_collections.maxops.ops.plugins.module_utils.tools.process import Cancellation
from ansible_collections.maxops.ops.plugins.module_utils.tools.progress import Progress
from ansible_collections.maxops.ops.plugins.module_utils.tools.workers import Slots
from ansible_collections.maxops.ops.plugins.module_utils.transfer.load_failures import LoadError
from ansible_collections.maxops.ops.plugins.module_utils.transfer.load_memory import LoadMemory

PART = {"kind": "database", "name": "shop", "source_bytes": 1000}
VOLUME = {"kind": "volume", "name": "files", "source_bytes": 1000}
TARGET = SimpleNamespace(memory=LoadMemory(1, 65536, 1, limited=False))
RESULT: Mapping[str, Any] = {"rows": {"public.t": 1}, "remarks": [], "faults": [], "notes": [], "left_out": []}


@pytest.fixture
def loading(tmp_path: Path) -> load.Loading:
    subject = Subject("20261123T020000Z", str(tmp_path / "set"), manifest={"parts": [PART, VOLUME], "files": []})
    source = Source(Image("sha256:a", "postgres:17", same=True), [PART])
    folders = Folders(str(tmp_path), str(tmp_path / "data"), str(tmp_path / "s"))
    server = SimpleNamespace(check=lambda: None, not_loaded=[])
    volumes = {"files": str(tmp_path / "volume")}
    outcome, progress = Outcome("postgres:17"), Progress(None, "test")
    area = RehearsalArea(str(tmp_path), SimpleNamespace(), 2)
    return load.Loading(area, subject, source, folders, volumes, server, outcome, Cancellation(), progress)


def unpacking(loading: load.Loading) -> load.Unpacking:
    return load.Unpacking(loading.subject, loading.volumes, Slots(1), loading.cancellation, loading.progress)


def load_ends(monkeypatch: pytest.MonkeyPatch, how: MaxopsError | Mapping[str, Any]) -> None:
    """Let the load of a database end with an error or a result."""

    def end(*_arguments: Any) -> Mapping[str, Any]:
        if isinstance(how, MaxopsError):
            raise how
        return how

    monkeypatch.setattr(load.database_load, "load_set_database", end)


@pytest.mark.parametrize(
    ("error", "cause", "fix"),
    [
        (LoadError("no such role"), "set", "Take another set"),
        (MaxopsError("properties cannot be read"), "set", "Take another set"),
        (
            LoadError("two rows", "fix production's table t"),
            "production",
            "Production is like this too: fix production's",
        ),
    ],
)
def test_part_that_cannot_be_restored_is_a_finding(
    loading: load.Loading, monkeypatch: pytest.MonkeyPatch, error: MaxopsError, cause: str, fix: str
) -> None:
    load_ends(monkeypatch, error)
    loading._load(TARGET, PART)
    [finding] = loading.subject.findings.all()
    assert (finding.state, finding.subject, finding.seen) == ("critical", 'database "shop"', str(error))
    assert (finding.cause, finding.fix.startswith(fix)) == (cause, True)
    assert loading.loaded == {}


@pytest.mark.parametrize("error", [HostFault("the disk is full"), Cancelled("stopped")])
def test_fault_of_this_host_is_no_finding_about_the_set(
    loading: load.Loading, monkeypatch: pytest.MonkeyPatch, error: MaxopsError
) -> None:
    load_ends(monkeypatch, error)
    with pytest.raises(type(error), match=str(error)):
        loading._load(TARGET, PART)
    assert loading.subject.findings.all() == []


def test_what_a_load_has_got_over_does_not_fail_the_set(loading: load.Loading, monkeypatch: pytest.MonkeyPatch) -> None:
    said = {"remarks": ["view mv"], "faults": ["function f"], "notes": ["tablespace"], "left_out": ["pg_cron"]}
    load_ends(monkeypatch, {**RESULT, **said})
    loading._load(TARGET, PART)
    found = {finding.seen: (finding.state, finding.cause) for finding in loading.subject.findings.all()}
    assert found == {
        "view mv": ("warning", "host"),
        "function f": ("warning", "production"),
        "tablespace": ("notice", "host"),
        "was not rehearsed: it works only in the one database that cron.database_name names": ("warning", "host"),
    }
    assert loading.subject.findings.passed
    assert loading.outcome.rows == {"shop": {"public.t": 1}}


@pytest.mark.parametrize(("error", "found"), [(HostFault("the disk filled up"), 0), (MaxopsError("damaged"), 1)])
def test_volume_on_a_full_disk_is_not_damaged(
    loading: load.Loading, monkeypatch: pytest.MonkeyPatch, error: MaxopsError, found: int
) -> None:
    def extract(*_arguments: Any, **_options: Any) -> None:
        raise error

    monkeypatch.setattr(load, "archive_of", lambda *_arguments: "files.tar.zst")
    monkeypatch.setattr(load.volume_unpack, "extract", extract)
    [unpack] = unpacking(loading).tasks()
    if found:
        unpack()
    else:
        with pytest.raises(HostFault):
            unpack()
    assert len(loading.subject.findings.all()) == found


def test_database_postgres_of_a_set_takes_the_place_of_the_empty_one(
    loading: load.Loading, monkeypatch: pytest.MonkeyPatch
) -> None:
    @contextmanager
    def session(where: str) -> Iterator[str]:
        yield where

    @dataclass(frozen=True)
    class Target:
        maintenance: str = "postgres"

        def session(self, _cancellation: Any) -> Any:
            return session(self.maintenance)

    dropped: list[Any] = []
    monkeypatch.setattr(load.databases, "drop", lambda *arguments: dropped.append(arguments))
    assert loading._make_room(Target()).maintenance == "postgres"
    assert dropped == []
    loading.source = Source(loading.source.image, [PART, {**PART, "name": "postgres"}])
    assert loading._make_room(Target()).maintenance == "template1"
    assert dropped == [("template1", "postgres")]


def test_image_of_an_older_version_is_this_hosts_fault(loading: load.Loading) -> None:
    loading.subject.manifest = {"versions": {"postgresql": "17.2"}}
    loading._check_major("17.6")
    with pytest.raises(MaxopsError, match=r"comes from PostgreSQL 17\.2, and this host only has an image with 15"):
        loading._check_major("15.20")
