# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that are named by their SHA-256."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.rehearsal.content import Location
from ansible_collections.maxops.ops.plugins.module_utils.rehearsal.hashes import STEP, Named, compare_hashes
from ansible_collections.maxops.ops.tests.unit.restored_copy import Running, a_copy, put


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def test_wrong_bytes_are_found_although_the_size_is_right(tmp_path: Path) -> None:
    live = Running({"gitea-data": str(tmp_path / "live")})
    content = a_copy(tmp_path, ["gitea-data"], live)
    top = content.volumes["gitea-data"]
    names = ["right", "only in the set", "in both"]
    for name in names:
        put(top, f"lfs/{name}", name if name == "right" else name.upper())
        put(tmp_path, f"live/lfs/{name}", name.upper() if name == "in both" else name)
    location = Location("gitea-data", "lfs", f"{top}/lfs")
    compare_hashes(content, location, "lfs_meta_object", [Named(digest(name), name) for name in names])
    found = [(finding.state, finding.cause, finding.subject) for finding in content.subject.findings.all()]
    assert found == [
        ("critical", "set", f"lfs_meta_object {digest('only in the set')}"),
        ("warning", "production", f"lfs_meta_object {digest('in both')}"),
    ]
    [wrong, _both] = content.subject.findings.all()
    assert wrong.seen == f"its content has the SHA-256 {digest('ONLY IN THE SET')} (gitea-data: lfs/only in the set)"
    assert content.subject.steps[STEP] >= 0


@pytest.mark.parametrize(
    ("damaged", "total", "state"), [(1, 1, "warning"), (1, 2, "warning"), (2, 2, "critical"), (2, 3, "critical")]
)
def test_many_damaged_files_in_production_do_not_pass(tmp_path: Path, damaged: int, total: int, state: str) -> None:
    content = a_copy(tmp_path, ["gitea-data"], Running({"gitea-data": str(tmp_path / "live")}))
    top = content.volumes["gitea-data"]
    names = [f"file {number}" for number in range(total)]
    for number, name in enumerate(names):
        for folder in (top, str(tmp_path / "live")):
            put(folder, f"lfs/{name}", name.upper() if number < damaged else name)
    location = Location("gitea-data", "lfs", f"{top}/lfs")
    compare_hashes(content, location, "lfs_meta_object", [Named(digest(name), name) for name in names])
    assert content.subject.findings.count(state, "production") == damaged


def test_without_the_running_application_it_stays_an_error(tmp_path: Path) -> None:
    content = a_copy(tmp_path, ["gitea-data"], Running(problem="another host"))
    put(content.volumes["gitea-data"], "lfs/a", "b")
    location = Location("gitea-data", "lfs", content.volumes["gitea-data"] + "/lfs")
    compare_hashes(content, location, "lfs_meta_object", [Named(digest("a"), "a")])
    [finding] = content.subject.findings.all()
    assert (finding.state, finding.cause, finding.evidence) == ("critical", "unclear", ("another host",))
