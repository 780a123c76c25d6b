# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What health says of the backups of this host and stack."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.jobs.health.checks import backup as backup_check
from ansible_collections.maxops.ops.plugins.module_utils.jobs.health.checks.backup import check_backup
from ansible_collections.maxops.ops.plugins.module_utils.jobs.health.options import HealthOptions
from ansible_collections.maxops.ops.plugins.module_utils.jobs.health.view import View
from ansible_collections.maxops.ops.plugins.module_utils.storage.changes import Change
from ansible_collections.maxops.ops.plugins.module_utils.storage.repository.local import Repository
from ansible_collections.maxops.ops.plugins.module_utils.storage.verdict import LevelResult, Verdict
from ansible_collections.maxops.ops.plugins.module_utils.systems.access import Access
from ansible_collections.maxops.ops.plugins.module_utils.tools.finding import Finding
from ansible_collections.maxops.ops.tests.unit.kept_sets import HERE, database, manifest, only, volume
from ansible_collections.maxops.ops.tests.unit.sets import CONTENT, make_set

NOW = datetime.datetime(2026, 11, 25, 12, tzinfo=datetime.timezone.utc)
FULL = (database("gitea", rows=10_902), database("openproject"), volume("data"))
PARTIAL = only(databases=["gitea"], volumes=[])


@pytest.fixture(autouse=True)
def _this_host(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backup_check, "here", lambda _project: HERE)


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(str(tmp_path / "repository"))


def made(repository: Repository, hours_ago: float, *parts: dict[str, Any], verified: bool = False, **more: Any) -> str:
    moment = NOW - datetime.timedelta(hours=hours_ago)
    keys = {key: value for key, value in manifest("", *parts, **more).items() if key != "set_id"}
    set_id = make_set(repository, moment, CONTENT, **keys).name
    if verified:
        [kept] = [kept for kept in repository.sets() if kept.set_id == set_id]
        result = LevelResult(True, "2026-11-24T07:00:00Z", 9.0, recovery_seconds=41.0)
        repository.record(Verdict(set_id, str((kept.manifest or {})["sha256"])).extended("rehearse", result))
    return set_id


def checked(repository: Repository) -> tuple[dict[str, Finding], dict[str, float]]:
    """The findings by subject, and the measures."""
    view = View(HealthOptions(Access("shop", "unix:///nowhere.sock"), repository.path), NOW.timestamp())
    findings = {finding.subject: finding for finding in check_backup(view)}
    return findings, {measure["name"]: measure["value"] for measure in view.measures}


def seen(repository: Repository, subject: str = "newest set") -> tuple[str, str]:
    finding = checked(repository)[0][subject]
    return finding.state, finding.seen


def test_nothing_there(repository: Repository) -> None:
    assert seen(repository) == ("critical", "the folder does not exist")


def test_complete_and_verified(repository: Repository) -> None:
    made(repository, 5, *FULL, verified=True)
    findings, measures = checked(repository)
    assert {subject: (finding.state, finding.seen) for subject, finding in findings.items()} == {
        "newest set": ("ok", "5 h old"),
        "newest verified set": ("ok", "5 h old, verified by rehearse"),
    }
    assert {name: measures[name] for name in measures if name != "backup_size_bytes"} == {
        "backup_age_seconds": 18000,
        "backup_verify_level": 3,
        "backup_verified_age_seconds": 18000,
        "backup_recovery_seconds": 41.0,
        "backup_unaccepted_changes": 0,
        "backup_parts_not_taken": 0,
    }


def test_sets_of_some_parts_do_not_hide_the_age_of_the_others(repository: Repository) -> None:
    full = made(repository, 100, *FULL, verified=True)
    made(repository, 1, FULL[0], scope=PARTIAL, verified=True)
    state, text = seen(repository)
    assert state == "critical"
    assert text == (f"1 h old, but the newest copy of database openproject, volume data is 4 days old ({full})")
    findings, measures = checked(repository)
    assert measures["backup_age_seconds"] == 360_000
    assert findings["newest verified set"].seen.startswith("4 days old")


def test_databases_and_volumes_in_separate_sets_are_as_old_as_the_older_one(repository: Repository) -> None:
    made(repository, 9, volume("data"), scope=only(databases=[]))
    made(repository, 8, database("gitea"), scope=only(volumes=[]))
    assert checked(repository)[1]["backup_age_seconds"] == 9 * 3600
    assert seen(repository)[0] == "ok"


def test_sets_of_another_host_do_not_count(repository: Repository) -> None:
    made(repository, 1, *FULL, host="web2", machine_id="b" * 32, verified=True)
    assert seen(repository) == ("critical", "no set of this stack on this host, only sets of web2")
    made(repository, 100, *FULL)
    assert seen(repository) == ("critical", "4 days old")
    assert seen(repository, "newest verified set") == ("warning", "no set has ever been verified")


def test_change_is_a_warning_until_it_is_accepted(repository: Repository) -> None:
    """Field case N2: health was ok while an emptied database was backed up night after night."""
    first = made(repository, 30, *FULL)
    change = Change("database", "gitea", "empty", first, "rows", 10_902, 0)
    emptied = (database("gitea", rows=0), *FULL[1:])
    made(repository, 6, *emptied, shrunk=[change.to_dict()])
    findings, measures = checked(repository)
    finding = findings["database gitea"]
    assert (finding.state, finding.seen) == ("warning", f'database "gitea": 10,902 rows in {first}, now 0')
    assert """ansible-playbook maxops.ops.backup -e '{"backup_accept_changes": ["database gitea"]}'""" in finding.fix
    assert measures["backup_unaccepted_changes"] == 1
    made(repository, 4, FULL[1], scope=only(databases=["openproject"], volumes=[]), shrunk=[change.to_dict()])
    assert "database gitea" in checked(repository)[0]
    made(repository, 2, *emptied, shrunk=[{**change.to_dict(), "accepted": True}])
    findings, measures = checked(repository)
    assert "database gitea" not in findings
    assert measures["backup_unaccepted_changes"] == 0


def test_set_that_could_not_take_a_part_is_no_success(repository: Repository) -> None:
    made(repository, 100, *FULL)
    lack = {"kind": "volume", "name": "data", "reason": "its folder cannot be read", "fix": "run as root"}
    made(repository, 1, *FULL[:2], incomplete=[lack])
    findings, measures = checked(repository)
    assert (findings["volume data"].state, findings["newest set"].state) == ("critical", "critical")
    assert findings["volume data"].fix == "run as root, or name it in backup_exclude"
    assert measures["backup_age_seconds"] == 360_000
    assert measures["backup_parts_not_taken"] == 1


def test_part_that_no_set_has(repository: Repository) -> None:
    lack = {"kind": "volume", "name": "data", "reason": "its folder cannot be read", "fix": "run as root"}
    made(repository, 1, *FULL[:2], incomplete=[lack], verified=True)
    findings, measures = checked(repository)
    assert (findings["newest set"].state, findings["newest set"].seen) == ("critical", "no set has volume data")
    assert findings["newest verified set"].seen == "no verified set has volume data"
    assert "backup_age_seconds" not in measures


def test_damaged_set_and_failed_verification(repository: Repository) -> None:
    broken = made(repository, 9, *FULL)
    Path(repository.sets_path, broken, "manifest.json").write_text("{")
    set_id = made(repository, 1, *FULL)
    [kept] = [kept for kept in repository.sets() if kept.set_id == set_id]
    failed = LevelResult(False, "2026-11-24T07:00:00Z", 9.0)
    repository.record(Verdict(set_id, str((kept.manifest or {})["sha256"])).extended("checksum", failed))
    assert seen(repository, "incomplete sets") == ("warning", f"{broken} cannot be used")
    assert seen(repository, "newest verified set") == ("critical", f"the newest set {set_id} failed its verification")
