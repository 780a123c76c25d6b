# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What operators read about a backup, on one host and on many."""

from __future__ import annotations

from typing import Any

from ansible_collections.maxops.ops.plugins.plugin_utils.summary.backup import summary, table

RESULT: dict[str, Any] = {
    "set_id": "20261123T020000Z",
    "bytes": 45_800_000,
    "duration": 2.34,
    "path": "/var/backups/maxops/sets/20261123T020000Z",
    "parts": [
        {
            "kind": "database",
            "name": "openproject",
            "source_bytes": 120_000_000,
            "bytes": 30_000_000,
            "duration": 1.94,
            "rows": {"public.users": 1200, "public.journals": 34_000},
        },
        {"kind": "volume", "name": "한글-자료", "source_bytes": 9_000_000, "bytes": 900, "duration": 65.2},
    ],
    "retention": {"kept": {"20261123T020000Z": ["newest"]}, "removed": []},
    "remarks": [],
}


def test_backup_of_one_host() -> None:
    assert summary("lab", RESULT, check_mode=False) == [
        "lab: backup set 20261123T020000Z, 45.8 MB, 2.3 s",
        "  database  openproject  120.0 MB  →  30.0 MB  1.9 s  35,200 rows in 2 tables",
        "  volume    한글-자료      9.0 MB  →    900 B   65 s",
        "  keeps 1 set",
        "  /var/backups/maxops/sets/20261123T020000Z",
    ]


def test_removed_sets_and_first_remarks_are_shown() -> None:
    retention = {"kept": {"b": ["newest"], "c": ["daily"]}, "removed": ["20261120T020000Z", "20261119T020000Z"]}
    lines = summary(
        "lab", {**RESULT, "retention": retention, "remarks": [str(number) for number in range(7)]}, check_mode=False
    )
    assert "  keeps 2 sets, removed 20261120T020000Z, 20261119T020000Z" in lines
    assert [line for line in lines if "remark" in line] == [
        *(f"  remark: {number}" for number in range(5)),
        "  … and 2 more remarks",
    ]


def test_check_mode_shows_the_planned_set() -> None:
    estimate = {key: value for key, value in RESULT.items() if key != "duration"}
    estimate["parts"] = [{"kind": "volume", "name": "data", "source_bytes": 2000, "bytes": 1000}]
    estimate |= {"need_bytes": 109_800_000, "free_bytes": 66_600_000_000}
    estimate["retention"] = {"kept": {"x": ["newest"]}, "removed": ["y"]}
    assert summary("lab", estimate, check_mode=True) == [
        "lab: would make backup set 20261123T020000Z, about 45.8 MB; needs 109.8 MB, 66.6 GB free",
        "  volume  data  2.0 kB  →  about 1.0 kB",
        "  keeps 1 set, would remove y",
        "  /var/backups/maxops/sets/20261123T020000Z",
    ]


def test_failed_backup_shows_the_reason() -> None:
    failed = {"failed": True, "msg": "no such project"}
    assert summary("lab", failed, check_mode=False) == ["lab: no backup set was made: no such project"]
    assert summary("lab", {"failed": True}, check_mode=False) == ["lab: no backup set was made: see the error above"]


def test_backups_of_many_hosts_are_a_line_each_and_failures_come_first() -> None:
    planned = {key: value for key, value in RESULT.items() if key != "duration"}
    results = {
        "b": {**RESULT, "remarks": ["x", "y"]},
        "a": planned,
        "z-서버": {"failed": True, "msg": "no such project" + "." * 200},
    }
    lines = table(results)
    assert lines[0].split() == ["HOST", "SET", "SIZE", "TIME", "PARTS", "REMARKS"]
    assert [line.split()[0] for line in lines[1:]] == ["z-서버", "a", "b"]
    assert lines[1].startswith("z-서버  FAILED")
    assert lines[1].endswith("no such project" + "." * 84 + "…")
    assert lines[2].split() == ["a", "20261123T020000Z", "45.8", "MB", "check", "mode", "2"]
    assert lines[3].split() == ["b", "20261123T020000Z", "45.8", "MB", "2.3", "s", "2", "2"]


CHANGE = {"message": 'database "gitea": 10,902 rows in 20261122T020000Z, now 0', "accepted": False}
HELD = {"kept": {"x": ["newest"], "y": ["retention is on hold"]}, "removed": [], "held": [CHANGE["message"]]}


def test_what_has_shrunk_is_the_first_line() -> None:
    shrunk = {**RESULT, "shrunk": [{**CHANGE, "message": "accepted", "accepted": True}, CHANGE], "retention": HELD}
    lines = summary("lab", shrunk, check_mode=False)
    assert lines[:2] == [
        (
            'lab: WARNING: database "gitea": 10,902 rows in 20261122T020000Z, now 0; retention removes nothing '
            "until it is accepted"
        ),
        "lab: backup set 20261123T020000Z, 45.8 MB, 2.3 s",
    ]
    assert "  keeps 2 sets: retention is on hold" in lines


def test_incomplete_set_is_shown_with_its_failure_first() -> None:
    failed = {**RESULT, "failed": True, "msg": 'volume "data" is not in the set: x', "incomplete": [{"name": "data"}]}
    lines = summary("lab", {**failed, "retention": HELD}, check_mode=False)
    assert lines[:2] == [
        'lab: FAILED: volume "data" is not in the set: x',
        "lab: backup set 20261123T020000Z (INCOMPLETE), 45.8 MB, 2.3 s",
    ]
    assert lines[-1] == "  /var/backups/maxops/sets/20261123T020000Z"
    first, head, row, other = table({"a": RESULT, "b": failed})
    assert first == 'b: FAILED: volume "data" is not in the set: x'
    assert (head.split()[0], row.split()[:2], other.split()[:2]) == (
        "HOST",
        ["b", "20261123T020000Z"],
        ["a", "20261123T020000Z"],
    )


def test_table_begins_with_what_has_shrunk() -> None:
    lines = table({"a": RESULT, "b": {**RESULT, "shrunk": [CHANGE]}})
    assert lines[0].startswith('b: WARNING: database "gitea": 10,902 rows in 20261122T020000Z, now 0')
