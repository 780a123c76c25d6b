# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stored results of verifications, and sets that are held."""

from __future__ import annotations

import datetime
import json
from pathlib import Path

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.storage import backup_set
from ansible_collections.maxops.ops.plugins.module_utils.storage.origin import Origin
from ansible_collections.maxops.ops.plugins.module_utils.storage.repository.local import Repository
from ansible_collections.maxops.ops.plugins.module_utils.storage.retention import Policy
from ansible_collections.maxops.ops.plugins.module_utils.storage.verdict import LevelResult, Verdict
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError

UTC = datetime.timezone.utc


def result(passed: bool, hour: int = 2, recovery: float | None = None) -> LevelResult:
    return LevelResult(passed, f"2026-11-23T{hour:02}:00:00Z", 1.5, recovery_seconds=recovery)


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """Three complete sets, one hour apart."""
    made = Repository(str(tmp_path / "repository"))
    with made.locked("test"):
        for hour in (1, 2, 3):
            set_id, layout = made.begin(datetime.datetime(2026, 11, 23, hour, tzinfo=UTC))
            manifest = {"format": 1, "set_id": set_id, "project": "shop", "files": []}
            backup_set.write_manifest(layout.manifest, backup_set.seal(manifest))
            made.publish(set_id)
    return made


def test_passing_level_counts_for_the_levels_that_it_includes() -> None:
    verdict = Verdict("s", "m").extended("checksum", result(True)).extended("rehearse", result(True, 3, 12.5))
    assert (verdict.passed, verdict.level, list(verdict.results), verdict.recovery_seconds) == (
        True,
        "rehearse",
        ["rehearse"],
        12.5,
    )
    later = verdict.extended("checksum", result(True, 9))
    assert (later.level, later.time) == ("rehearse", "2026-11-23T09:00:00Z")


def test_failure_stays_open_until_its_level_passes() -> None:
    failed = Verdict("s", "m").extended("rehearse", result(False))
    assert not failed.extended("checksum", result(True)).passed
    assert failed.extended("rehearse", result(True)).passed
    rotten = Verdict("s", "m").extended("rehearse", result(True)).extended("checksum", result(False))
    assert not rotten.passed
    assert rotten.extended("decode", result(True)).passed


def test_set_without_verification_is_not_passed() -> None:
    assert not Verdict("s", "m").passed
    assert Verdict("s", "m").level is None


def test_verdict_belongs_to_exactly_one_set(repository: Repository) -> None:
    kept = repository.sets()[0]
    assert not repository.is_verified(kept)
    repository.record(Verdict(kept.set_id, kept.manifest["sha256"]).extended("decode", result(True)))
    assert repository.is_verified(kept)
    assert repository.verdict(kept).level == "decode"
    repository.record(Verdict(kept.set_id, "of another set").extended("decode", result(True)))
    assert repository.verdict(kept) is None
    assert not repository.is_verified(kept)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"passed": true}', '{"format": 9, "passed": true, "results": {}}'])
def test_unsupported_verdict_does_not_verify_a_set(repository: Repository, text: str) -> None:
    kept = repository.sets()[0]
    Path(repository.sets_path, f"{kept.set_id}.verified.json").write_text(text)
    assert not repository.is_verified(kept)


def test_verdict_file_has_the_summary_for_readers(repository: Repository) -> None:
    kept = repository.sets()[0]
    repository.record(Verdict(kept.set_id, kept.manifest["sha256"]).extended("rehearse", result(True, 2, 42.0)))
    data = json.loads(Path(repository.sets_path, f"{kept.set_id}.verified.json").read_text())
    assert {key: data[key] for key in ("passed", "level", "time", "recovery_seconds")} == {
        "passed": True,
        "level": "rehearse",
        "time": "2026-11-23T02:00:00Z",
        "recovery_seconds": 42.0,
    }


WRITTEN_BY_0_1_0 = {
    "format": 1,
    "level": "checksum",
    "passed": False,
    "recovery_seconds": 41.8,
    "results": {
        "checksum": {
            "errors": 0,
            "passed": True,
            "recovery_seconds": None,
            "seconds": 0.31,
            "time": "2026-11-23T09:00:00Z",
            "versions": {"maxops.ops": "0.1.0"},
            "warnings": 0,
        },
        "rehearse": {
            "errors": 2,
            "passed": False,
            "recovery_seconds": 41.8,
            "seconds": 48.5,
            "time": "2026-11-23T02:30:00Z",
            "versions": {"image": "postgres:17", "maxops.ops": "0.1.0", "postgresql": "17.12"},
            "warnings": 1,
        },
    },
    "set_id": "20261123T010000Z",
    "time": "2026-11-23T09:00:00Z",
}
"""A file as the version before the one type of findings wrote it."""


def test_verdict_of_an_earlier_run_is_still_read(repository: Repository) -> None:
    kept = repository.sets()[0]
    data = {**WRITTEN_BY_0_1_0, "manifest_sha256": kept.manifest["sha256"]}
    path = Path(repository.sets_path, f"{kept.set_id}.verified.json")
    path.write_text(json.dumps(data))
    verdict = repository.verdict(kept)
    assert (verdict.passed, verdict.level, verdict.recovery_seconds) == (False, "checksum", 41.8)
    assert (verdict.results["rehearse"].errors, verdict.results["rehearse"].warnings) == (2, 1)
    repository.record(verdict)
    assert json.loads(path.read_text()) == data


def test_retention_keeps_the_newest_verified_set(repository: Repository) -> None:
    oldest = repository.sets()[0]
    repository.record(Verdict(oldest.set_id, oldest.manifest["sha256"]).extended("checksum", result(True)))
    assert repository.reasons_to_keep(Origin("shop", "web1"), Policy(keep_last=1))[oldest.set_id] == ["newest verified"]


def test_held_set_is_not_removed(repository: Repository) -> None:
    set_id = repository.sets()[0].set_id
    with repository.holding(set_id), repository.holding(set_id):
        assert repository.remove(set_id) is False
    assert len(repository.sets()) == 3
    assert repository.remove(set_id) is True
    assert [kept.set_id for kept in repository.sets()] == ["20261123T020000Z", "20261123T030000Z"]
    assert list(Path(repository.staging_path).iterdir()) == []


def test_hold_of_a_removed_set_says_so(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    set_id = repository.sets()[0].set_id
    path = Path(repository.sets_path, set_id)
    monkeypatch.setattr(
        "ansible_collections.maxops.ops.plugins.module_utils.storage.repository.local.fcntl.flock",
        lambda *_arguments: path.rename(path.with_name("gone")),
    )
    with pytest.raises(MaxopsError, match="was just removed"), repository.holding(set_id):
        pass


def test_removing_a_set_removes_its_verdict(repository: Repository) -> None:
    kept = repository.sets()[0]
    repository.record(Verdict(kept.set_id, kept.manifest["sha256"]).extended("checksum", result(True)))
    repository.remove(kept.set_id)
    assert sorted(path.name for path in Path(repository.sets_path).iterdir()) == [
        "20261123T020000Z",
        "20261123T030000Z",
    ]
