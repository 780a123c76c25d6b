# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Damaged repositories: the set, production, or dead refs that Gitea creates again."""

from __future__ import annotations

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.rehearsal.git import LINES
from ansible_collections.maxops.ops.plugins.module_utils.rehearsal.gitea_repositories import (
    ROOTLESS,
    STANDARD,
    distinct_roots,
    judged,
)

DEAD = "error: refs/pull/1/head: invalid sha1 pointer 1111111111111111111111111111111111111111"
LOST = "missing blob 1269488f7fb1f4b56a8c0e5eb48cecbfadfa9219"


@pytest.mark.parametrize(
    ("lines", "alive", "gone", "paused", "expected"),
    [
        ([LOST], [], False, False, ("critical", "set")),
        ([LOST], [LOST], False, False, ("warning", "production")),
        ([LOST], [DEAD, LOST], False, True, ("warning", "production")),
        ([LOST, DEAD], [LOST], False, False, ("critical", "set")),
        ([LOST], ["missing tree 12"], False, False, ("critical", "set")),
        ([LOST], None, False, False, ("critical", "unclear")),
        ([LOST], None, True, False, ("warning", "changed")),
        ([LOST], None, True, True, ("critical", "unclear")),
        ([DEAD], [], False, False, ("warning", "set")),
        ([DEAD], [DEAD], False, False, ("warning", "production")),
        ([DEAD], None, False, False, ("warning", "unclear")),
        ([DEAD, "notice: No default references"], None, False, False, ("warning", "unclear")),
        ([DEAD, LOST], None, False, False, ("critical", "unclear")),
        (["error: refs/heads/main: invalid sha1 pointer 11"], None, False, False, ("critical", "unclear")),
        ([], [], False, False, ("critical", "set")),
        ([DEAD] * LINES, [], False, False, ("critical", "set")),
        ([DEAD] * LINES, [DEAD] * LINES, False, False, ("critical", "unclear")),
    ],
)
def test_whose_fault_a_damaged_repository_is(
    lines: list[str], alive: list[str] | None, gone: bool, paused: bool, expected: tuple[str, str]
) -> None:
    assert judged(lines, alive, gone, paused, True)[:2] == expected


def test_many_damaged_repositories_in_production_are_no_warning() -> None:
    assert judged([LOST], [LOST], False, False, False)[:2] == ("critical", "production")
    assert judged([DEAD], [DEAD], False, False, False)[:2] == ("warning", "production")
    # The rows of many were deleted after the backup.
    assert judged([LOST], None, True, False, False)[:2] == ("critical", "unclear")


def test_roots_are_distinct_and_none_of_the_system() -> None:
    assert distinct_roots(["", STANDARD, ROOTLESS, STANDARD]) == [STANDARD, ROOTLESS]
    assert distinct_roots(["/usr/share", "/etc/x", "/data", "relative/x", "/srv/../etc", "/srv/git"]) == ["/srv/git"]
    assert distinct_roots(["/srv/git", "/srv/git/inner", "/srv/gitea", "/maxops/results"]) == ["/srv/git", "/srv/gitea"]
