# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A row without its file: the set, production, or a deletion during the backup."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.rehearsal.content import Location
from ansible_collections.maxops.ops.plugins.module_utils.rehearsal.live import LIMIT, live_size
from ansible_collections.maxops.ops.plugins.module_utils.rehearsal.losses import (
    DIFFERENT,
    GONE,
    SAME,
    Loss,
    Losses,
    is_few,
    judged,
    one_or_few,
)
from ansible_collections.maxops.ops.plugins.module_utils.tools.finding import CRITICAL, WARNING
from ansible_collections.maxops.ops.tests.unit.restored_copy import Running, a_copy, found, put


@pytest.mark.parametrize(
    ("paused", "row", "same", "expected"),
    [
        (False, GONE, True, (WARNING, "changed")),
        (False, GONE, None, (WARNING, "changed")),
        (False, DIFFERENT, False, (WARNING, "changed")),
        (True, GONE, True, (CRITICAL, "unclear")),
        (False, SAME, True, (WARNING, "production")),
        (True, SAME, True, (WARNING, "production")),
        (False, SAME, False, (CRITICAL, "set")),
        (False, SAME, None, (CRITICAL, "unclear")),
        (False, None, True, (CRITICAL, "unclear")),
        (False, None, None, (CRITICAL, "unclear")),
    ],
)
def test_whose_fault(paused: bool, row: Any, same: Any, expected: tuple[str, str]) -> None:
    assert judged(paused, True, row, same) == expected


def test_loss_of_most_files_in_production_is_no_warning() -> None:
    assert judged(False, False, SAME, True) == (CRITICAL, "production")
    asked = ((1, 1), (1, 2), (2, 3), (10, 10), (10, 20), (11, 20), (10, 9000), (11, 9000), (900, 9000))
    assert [pair for pair in asked if is_few(*pair)] == [(1, 2), (10, 20), (10, 9000)]
    assert [pair for pair in asked if one_or_few(*pair)] == [(1, 1), (1, 2), (10, 20), (10, 9000)]


def test_many_deleted_rows_excuse_nothing() -> None:
    assert judged(False, False, GONE, None) == (CRITICAL, "unclear")
    assert judged(False, False, DIFFERENT, True) == (CRITICAL, "unclear")


def losses(tmp_path: Path, live: Running, **manifest: Any) -> Losses:
    content = a_copy(tmp_path, ["files"], live, **manifest)
    location = Location("files", "a", content.volumes["files"] + "/a")
    return Losses(content, "shop", "attachments", ["file", "filesize"], location, live_size, "Upload it again.")


def a_loss(identity: int, actual: int | None = None) -> Loss:
    return Loss(f"attachment {identity}", identity, ("f", 3), f"{identity}/f", "has no file", "3 bytes", actual)


def test_each_row_is_compared_with_the_running_application(tmp_path: Path) -> None:
    put(tmp_path, "live/a/1/f", "abc")
    put(tmp_path, "live/a/5/f", "ab")
    rows = {1: ("f", 3), 2: ("f", 3), 4: ("g", 3), 5: ("f", 3)}
    one = losses(tmp_path, Running({"files": str(tmp_path / "live")}, rows), quiesce="none")
    for loss in (a_loss(1), a_loss(2), a_loss(3), a_loss(4), a_loss(5, 2)):
        one.add(loss)
    one.report(100)
    assert found(one.content) == [
        ("critical", "set", "attachment 1"),
        ("warning", "production", "attachment 2"),
        ("warning", "changed", "attachment 3"),
        ("warning", "changed", "attachment 4"),
        ("warning", "production", "attachment 5"),
    ]
    fixes = [finding.fix for finding in one.content.subject.findings.all()]
    assert "Upload it again." in fixes[1]
    assert "quiesce pause" in fixes[2]


def test_without_the_running_application_it_is_an_error_that_says_how_to_know(tmp_path: Path) -> None:
    one = losses(tmp_path, Running(problem="the set was made on host b"), quiesce="none")
    one.add(a_loss(1))
    one.report(100)
    [finding] = one.content.subject.findings.all()
    assert (finding.state, finding.cause) == ("critical", "unclear")
    assert finding.evidence == ("the running application could not be asked: the set was made on host b",)
    assert "if the row is gone there, it was deleted during the backup" in finding.fix
    assert "option accept" in finding.fix


def test_volume_whose_folder_is_not_there_proves_nothing(tmp_path: Path) -> None:
    (tmp_path / "live").mkdir()
    one = losses(tmp_path, Running({"files": str(tmp_path / "live")}, {1: ("f", 3)}))
    one.add(a_loss(1))
    one.report(100)
    assert found(one.content) == [("critical", "unclear", "attachment 1")]


def test_only_so_many_are_looked_up(tmp_path: Path) -> None:
    rows = dict.fromkeys(range(LIMIT + 2), ("f", 3))
    put(tmp_path, "live/a/other/f")
    one = losses(tmp_path, Running({"files": str(tmp_path / "live")}, rows))
    for number in range(LIMIT + 2):
        one.add(a_loss(number))
    one.report(10 * LIMIT)
    findings = one.content.subject.findings
    assert (findings.count("critical", "production"), findings.count("critical", "unclear")) == (LIMIT, 2)


@pytest.mark.parametrize(
    ("number", "total", "expected"),
    [
        (10, 1000, ("warning", "changed")),
        (1, 1, ("warning", "changed")),
        (11, 1000, ("critical", "unclear")),
        (400, 1000, ("critical", "unclear")),
        (4, 4, ("critical", "unclear")),
    ],
)
def test_rows_deleted_after_the_backup_excuse_no_large_loss(
    tmp_path: Path, number: int, total: int, expected: tuple[str, str]
) -> None:
    one = losses(tmp_path, Running({"files": str(tmp_path)}, {}), quiesce="none")
    for identity in range(number):
        one.add(a_loss(identity))
    one.report(total)
    [first, *_] = one.content.subject.findings.all()
    assert (first.state, first.cause) == expected
    assert one.content.subject.findings.count(*expected) == number
    if expected[0] == "critical":
        assert f"but {number} objects of this kind are too many to have changed during the backup" in first.evidence[0]
        assert "take another set" in first.fix


@pytest.mark.parametrize(
    ("number", "total", "state"),
    [(10, 1000, "warning"), (900, 9000, "critical"), (3, 3, "critical"), (1, 1, "critical")],
)
def test_large_loss_in_production_does_not_pass(tmp_path: Path, number: int, total: int, state: str) -> None:
    put(tmp_path, "live/a/other/f")
    rows = dict.fromkeys(range(number), ("f", 3))
    one = losses(tmp_path, Running({"files": str(tmp_path / "live")}, rows))
    for identity in range(number):
        one.add(a_loss(identity))
    one.report(total)
    assert one.content.subject.findings.count(state, "production") == number


def test_deleted_rows_and_faults_of_production_are_counted_together(tmp_path: Path) -> None:
    put(tmp_path, "live/a/other/f")
    rows = dict.fromkeys(range(5), ("f", 3))
    one = losses(tmp_path, Running({"files": str(tmp_path / "live")}, rows), quiesce="none")
    for identity in range(10):
        one.add(a_loss(identity))
    one.report(10)
    findings = one.content.subject.findings
    assert (findings.count("critical", "production"), findings.count("critical", "unclear")) == (5, 5)
