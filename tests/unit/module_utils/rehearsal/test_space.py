# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pieces of a verification that decide something without an engine."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.rehearsal import space as verify_space
from ansible_collections.maxops.ops.plugins.module_utils.rehearsal.area import RehearsalArea
from ansible_collections.maxops.ops.plugins.module_utils.rehearsal.image import find
from ansible_collections.maxops.ops.plugins.module_utils.rehearsal.server import bootstrap_user
from ansible_collections.maxops.ops.plugins.module_utils.rehearsal.space import Space
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import Cancelled, MaxopsError
from ansible_collections.maxops.ops.plugins.module_utils.tools.process import Cancellation

MB = 1000 * 1000


@pytest.mark.parametrize(
    ("text", "user"),
    [
        ("CREATE ROLE maxops;\nALTER ROLE maxops WITH SUPERUSER INHERIT;\n", "maxops"),
        ("ALTER ROLE a WITH NOSUPERUSER;\nALTER ROLE root WITH SUPERUSER;\nALTER ROLE z WITH SUPERUSER;\n", "root"),
        ('ALTER ROLE "odd "" name" WITH SUPERUSER;\n', 'odd " name'),
        ("ALTER ROLE a WITH SUPERUSER;\nGRANT readers TO x WITH INHERIT TRUE GRANTED BY b;\n", "b"),
        ("CREATE ROLE a;\n", "maxops"),
    ],
)
def test_first_superuser_of_a_set(text: str, user: str) -> None:
    assert bootstrap_user(text) == user


def parts(database: int, volume: int) -> list[dict[str, Any]]:
    return [{"kind": "database", "source_bytes": database}, {"kind": "volume", "source_bytes": volume}]


def test_space_that_a_rehearsal_needs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verify_space, "free_bytes", lambda _path: 10_000 * MB)
    space = verify_space.plan(str(tmp_path), parts(1000 * MB, 2000 * MB), None)
    assert space.need == (100 + 1100 + 1000 + 2100) * MB
    assert space.budget == space.need * 1.5
    # The log of large databases ends at max_wal_size.
    assert verify_space.plan(str(tmp_path), parts(4000 * MB, 0), None).need == (100 + 4400 + 1100) * MB


def test_too_little_budget_or_disk_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(MaxopsError, match=r"rehearsal_budget allows 50\.0 MB: raise it"):
        verify_space.plan(str(tmp_path), parts(0, 0), 50 * MB)
    monkeypatch.setattr(verify_space, "free_bytes", lambda _path: 615 * MB)
    verify_space.plan(str(tmp_path), [], None)
    with pytest.raises(MaxopsError, match=r"where 615\.0 MB are free, of which 512\.0 MB have to stay so"):
        verify_space.plan(str(tmp_path), parts(0, 10 * MB), None)


def wait_for(cancellation: Cancellation) -> None:
    """Work on, until the work is stopped."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        cancellation.check()
        time.sleep(0.02)


def test_work_that_writes_too_much_is_stopped(tmp_path: Path) -> None:
    cancellation = Cancellation()
    with verify_space.watched(str(tmp_path), Space(1, 2 * MB, 9), cancellation) as usage:
        (tmp_path / "file").write_bytes(b"x" * 3 * MB)
        with pytest.raises(Cancelled, match=r"more than its budget of 2\.0 MB"):
            wait_for(cancellation)
    assert usage.peak >= 3 * MB


def test_work_on_a_disk_that_gets_short_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cancellation = Cancellation()
    monkeypatch.setattr(verify_space, "free_bytes", lambda _path: 100 * MB)
    with (
        verify_space.watched(str(tmp_path), Space(1, 2**40, 9), cancellation),
        pytest.raises(Cancelled, match=r"only 100\.0 MB are free"),
    ):
        wait_for(cancellation)


class Daemon:
    """Knows some images and containers, as a stack does."""

    project_name = "shop"

    def __init__(self, images: dict[str, str], running: str | None = None) -> None:
        self.images = images
        self.running = running

    def find_image(self, reference: str) -> str | None:
        return self.images.get(reference)

    def of_service(self, _service: str) -> list[Any]:
        return [type("Container", (), {"image_id": self.running, "image": "postgres:running"})] if self.running else []


MANIFEST = {"services": {"postgres": {"id": "sha256:old", "digests": ["p@sha256:d"], "image": "postgres:17"}}}


@pytest.mark.parametrize(
    ("daemon", "manifest", "image"),
    [
        (Daemon({"sha256:old": "sha256:old"}, "sha256:new"), MANIFEST, ("sha256:old", True)),
        (Daemon({"p@sha256:d": "sha256:pulled"}, "sha256:new"), MANIFEST, ("sha256:pulled", True)),
        (Daemon({"postgres:17": "sha256:moved"}, "sha256:new"), MANIFEST, ("sha256:new", False)),
        (Daemon({"postgres:17": "sha256:moved"}), MANIFEST, ("sha256:moved", False)),
        (Daemon({}, "sha256:new"), None, ("sha256:new", False)),
    ],
)
def test_image_that_reads_a_set(daemon: Daemon, manifest: dict[str, Any] | None, image: tuple[str, bool]) -> None:
    found = find(daemon, manifest, "postgres")
    assert (found.id, found.same) == image


def test_no_image_says_which_to_bring() -> None:
    with pytest.raises(MaxopsError, match="docker pull postgres:17"):
        find(Daemon({}), MANIFEST, "postgres")
    with pytest.raises(MaxopsError, match='no container of service "postgres"'):
        find(Daemon({}), None, "postgres")


@pytest.mark.parametrize("planted", ["link", "open"])
def test_place_that_others_could_have_prepared_is_refused(tmp_path: Path, planted: str) -> None:
    precious = tmp_path / "precious"
    precious.mkdir(mode=0o700)
    (precious / "file").write_text("kept")
    place = tmp_path / "maxops-rehearsal"
    if planted == "link":
        place.symlink_to(precious)
    else:
        place.mkdir()
        place.chmod(0o777)
    area = RehearsalArea(str(place), Daemon({}), 1)
    with pytest.raises(MaxopsError, match="not a folder that only this user can write to"), area.opened():
        pass
    assert (precious / "file").read_text() == "kept"
