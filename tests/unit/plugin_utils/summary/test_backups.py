# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What operators read about the backups of one host and of many."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.jobs.backup import listing as listing_job
from ansible_collections.maxops.ops.plugins.module_utils.storage.repository.local import Repository
from ansible_collections.maxops.ops.plugins.module_utils.storage.retention import Policy
from ansible_collections.maxops.ops.plugins.module_utils.storage.verdict import LevelResult, Verdict
from ansible_collections.maxops.ops.plugins.plugin_utils.summary.backups import summary, table
from ansible_collections.maxops.ops.tests.unit.kept_sets import ALL, HERE, only
from ansible_collections.maxops.ops.tests.unit.listings import listed, made


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(str(tmp_path / "repository"))


def listed_nothing() -> dict[str, Any]:
    return {"sets": [], "dumps": [], "remarks": [], "project": "shop", "repository": "/r", "other_hosts": []}


def test_backups_of_one_host(repository: Repository) -> None:
    old, new = made(repository, 72), made(repository, 0.5)
    kept = repository.sets()[0]
    verdict = Verdict(old, kept.manifest["sha256"])
    verdict = verdict.extended("rehearse", LevelResult(True, "2026-11-23T07:00:00Z", 9.0, recovery_seconds=41.0))
    repository.record(verdict.extended("checksum", LevelResult(False, "2026-11-24T07:00:00Z", 1.0)))
    listing = listed(repository, retention=Policy(keep_last=2))
    head, columns, first, second = summary("lab", listing, False)
    assert head == f"lab: 2 sets in {repository.path}"
    assert columns.split() == ["SET", "AGE", "SIZE", "PARTS", "VERIFIED", "RECOVERY", "NEXT", "BACKUP"]
    assert first.split("  ")[1:4] == [new, "30 min", "17.3 kB"]
    assert first.endswith("keeps it: keep_last")
    assert " never " in first
    assert "3 d  17.3 kB  2      rehearse 2026-11-23, checksum FAILED 2026-11-24" in second
    assert second.endswith("41 s  removes it")


def test_many_hosts_are_one_table(repository: Repository) -> None:
    set_id = made(repository, 40)
    listing = listed(repository)
    away = {"failed": True, "unreachable": True, "msg": "Failed to connect"}
    lines = table({"b": listing, "a": {"failed": True, "msg": "unreadable"}, "c": away, "d": listed_nothing()})
    assert lines[0].startswith("HOST  SET")
    assert lines[1].split() == ["a", "FAILED", "unreadable"]
    assert lines[2].split() == ["c", "UNREACHABLE", "Failed", "to", "connect"]
    assert lines[3].split()[:4] == ["b", set_id, "40", "h"]
    assert lines[4].split() == ["d", "none"]
    assert lines[5].startswith("remark: b: the newest backup is 40 hours old")
    assert "no host has any backup" not in table({"a": away})
    assert table({"a": {"sets": [], "dumps": [], "remarks": []}}) == ["no host has any backup"]


def test_legacy_dump_without_a_time_in_its_name_has_no_age() -> None:
    dump = {"set_id": "gitea_20261399_020000", "age_hours": None, "bytes": 1}
    listing = {"sets": [], "dumps": [dump], "remarks": [], "repository": "/r", "project": "shop"}
    assert summary("lab", listing, False)[-1].split() == ["gitea_20261399_020000", "?", "1", "B", "legacy", "dump"]


def test_what_a_set_lacks_and_sets_of_another_host_are_shown(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing_job, "here", lambda _project: HERE)
    own = {"host": HERE.host, "machine_id": HERE.machine_id, "scope": ALL, "shrunk": [], "incomplete": []}
    made(repository, 30, **own)
    part = {"kind": "database", "name": "shop", "source_bytes": 9000, "bytes": 2000, "rows": {"public.entry": 2}}
    made(repository, 3, **{**own, "parts": [part], "scope": only(volumes=[])})
    made(repository, 2, **{**own, "host": "web2", "machine_id": "b" * 32})
    listing = listed(repository, retention=Policy(keep_last=1))
    head, columns, other, partial, full = summary("lab", listing, False)
    assert head == f"lab: 3 sets (1 set of web2) in {repository.path}"
    assert columns.split()[3:7] == ["PARTS", "LACKS", "MADE", "ON"]
    assert "volume assets" in partial
    assert "web2" in other
    assert "web2" not in full
    # The next backup is expected to take everything again.
    assert full.endswith("removes it")
    assert [kept["missing"] for kept in listing["sets"]] == [None, [{"kind": "volume", "name": "assets"}], []]


def test_data_that_restores_replaced_is_shown_with_what_to_do(repository: Repository) -> None:
    made(repository, 1)
    entry = {
        "replaced_by": "the restore of set x started at 20261125T141253Z",
        "replaced": "2026-11-25T14:12:53Z",
        "kept_until": "2026-12-02T14:12:53Z",
        "bytes": 125_000_000,
        "parts": [{"kind": "volume", "name": "shop_data", "kept_as": "/x", "bytes": 125_000_000}],
    }
    listing = {**listed(repository), "kept": [entry]}
    head = (
        "data that restores replaced takes 125.0 MB; restore_state=previous swaps the newest back, "
        "restore_state=discarded removes all of it (ansible-playbook maxops.ops.restore):"
    )
    line = (
        "replaced 2026-11-25 14:12 UTC by the restore of set x started at 20261125T141253Z, kept until 2026-12-02: "
        "volume shop_data 125.0 MB"
    )
    assert summary("lab", listing, False)[-2:] == [f"  {head}", f"    {line}"]
    assert [f"remark: a: {head}", f"remark: a: {line}"] == table({"a": listing, "b": listed_nothing()})[-2:]
    assert "restores replaced" not in "".join(summary("lab", listed(repository), False))
