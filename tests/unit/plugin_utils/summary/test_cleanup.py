# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Summaries of the job cleanup, for one host and for many."""

from __future__ import annotations

from typing import Any

from ansible_collections.maxops.ops.plugins.plugin_utils.summary.cleanup import summary, table

FAILED: dict[str, Any] = {"failed": True, "msg": "container postgres-1 is exited"}
IMAGE: dict[str, Any] = {
    "kind": "image",
    "name": "gitea/gitea:1.20",
    "reason": "no container uses it",
    "bytes": 171_900_000,
    "age_days": 212.4,
    "outcome": "removed",
    "problem": "",
}
CLEANUP: dict[str, Any] = {
    "items": [IMAGE, {**IMAGE, "name": "busy:1", "outcome": "left", "problem": "container x is using it"}],
    "kept": [
        {"kind": "image", "name": "gitea/gitea:1.21", "reason": "backup set X was made with it", "young": False},
        {"kind": "image", "name": "young:1", "reason": "is younger than 30 days", "young": True},
    ],
    "freed_bytes": 171_900_000,
    "remarks": [],
    "duration": 3.1,
}


def test_disk_of_one_host() -> None:
    assert summary("lab", CLEANUP, False) == [
        "lab: freed 171.9 MB in 1 item, 3.1 s",
        "  image  gitea/gitea:1.20  171.9 MB  212 d  no container uses it",
        "  left image busy:1: container x is using it",
        "  kept image gitea/gitea:1.21: backup set X was made with it",
        "  kept 1 unused item that is too young",
    ]
    assert summary("lab", CLEANUP, True)[0].startswith("lab: would free 171.9 MB")


def test_disks_of_many_hosts_the_most_freed_first() -> None:
    little = {**CLEANUP, "freed_bytes": 1}
    lines = table({"little": little, "much": CLEANUP, "down": FAILED})
    assert [line.split()[0] for line in lines] == ["HOST", "down", "much", "little"]
    assert lines[2].split()[:7] == ["much", "171.9", "MB", "0", "1", "0", "0"]


def test_failure_on_one_host_is_shown_with_its_cause() -> None:
    [line] = summary("lab", FAILED, False)
    assert line.endswith(FAILED["msg"])
