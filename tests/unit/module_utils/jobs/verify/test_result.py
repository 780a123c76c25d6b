# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""States, verdicts and the result of a verification."""

from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.jobs.verify.result import (
    Change,
    CheckedSet,
    extended,
    result_of,
)
from ansible_collections.maxops.ops.plugins.module_utils.rehearsal.values import Outcome
from ansible_collections.maxops.ops.plugins.module_utils.storage.legacy_dumps import LegacyDump
from ansible_collections.maxops.ops.plugins.module_utils.storage.repository.interface import KeptSet
from ansible_collections.maxops.ops.plugins.module_utils.storage.subject import Subject
from ansible_collections.maxops.ops.plugins.module_utils.storage.verdict import Verdict

SET_ID = "20261123T020000Z"


def checked(level: str | None = "checksum") -> CheckedSet:
    manifest = {"sha256": "m", "files": [{"path": "globals.sql", "size": 7}]}
    kept = KeptSet(SET_ID, f"/r/sets/{SET_ID}", manifest)
    return CheckedSet(Subject(SET_ID, kept.path, manifest=manifest), kept=kept, level=level)


def test_state_of_a_set() -> None:
    one = checked()
    one.subject.warning("content", "a", "b")
    assert (one.state, one.open) == ("passed", True)
    one.problem = "no image"
    assert (one.state, one.open) == ("not verified", False)
    one.subject.critical("content", "a", "b")
    assert (one.state, one.open) == ("failed", False)


def test_verdict_counts_errors_and_warnings() -> None:
    one = checked("rehearse")
    one.outcome = Outcome("postgres:17", "17.2", 41.8)
    one.subject.steps.update({"checksum": 0.5, "rehearse": 48.0, "rehearse server": 1.0})
    one.subject.critical("content", "a", "b")
    one.subject.warning("content", "c", "d")
    one.subject.notice("content", "e", "f")
    found = extended(one, None)
    result = found.results["rehearse"]
    assert (found.set_id, found.manifest_sha256, found.passed) == (SET_ID, "m", False)
    assert (result.errors, result.warnings, result.seconds, result.recovery_seconds) == (1, 1, 48.5, 41.8)
    assert (result.versions["postgresql"], result.versions["image"]) == ("17.2", "postgres:17")


@pytest.mark.parametrize("missing", ["level", "kept"])
def test_unchecked_set_gets_no_verdict(missing: str) -> None:
    one = checked()
    setattr(one, missing, None)
    assert extended(one, Verdict(SET_ID, "m")) is None


def test_result_of_several_sets_names_the_bad_ones(tmp_path: Path) -> None:
    file = tmp_path / "shop.sql"
    file.write_text("x" * 42)
    good, bad, unknown = checked(), checked(), checked()
    bad.subject.critical("checksum", "globals.sql", "6 bytes", "7 bytes", "Take another set.")
    unknown.problem = "no image"
    dump = CheckedSet(Subject("shop", str(file)), dump=LegacyDump(str(file), "shop"), level="decode")
    sets = [good, bad, unknown, dump]
    changes = [Change(), Change(None, {"passed": False, "level": None}), Change(), Change()]
    actual = result_of("checksum", "/r", sets, changes, ["a remark"], 1.23456)
    assert (actual["changed"], actual["passed"], actual["duration"]) == (True, False, 1.235)
    assert actual["message"] == (
        f"2 of 4 sets did not pass: set {SET_ID} is bad: globals.sql: 6 bytes (expected 7 bytes). Take another set. | "
        f"set {SET_ID} could not be verified: no image"
    )
    assert actual["findings"] == [
        {
            "set_id": SET_ID,
            "check": "checksum",
            "subject": "globals.sql",
            "state": "critical",
            "seen": "6 bytes",
            "limit": "7 bytes",
            "evidence": [],
            "fix": "Take another set.",
            "cause": "set",
        }
    ]
    assert [one["kind"] for one in actual["sets"]] == ["set", "set", "set", "dump"]
    assert [one["bytes"] for one in actual["sets"]] == [7, 7, 7, 42]
    assert actual["sets"][1]["counts"] == {"ok": 0, "notice": 0, "warning": 0, "unknown": 0, "critical": 1}


def test_verdict_counts_as_changed_only_with_new_content() -> None:
    before = {"passed": True, "level": "checksum", "time": "yesterday"}
    assert not Change(before, {**before, "time": "today"}).news
    assert Change(before, {**before, "level": "decode"}).news
    assert Change(None, before).news
