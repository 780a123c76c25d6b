# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an operator reads about a restore."""

from __future__ import annotations

import pytest

from ansible_collections.maxops.ops.plugins.plugin_utils.summary.restore import summary, table

DATABASE = {
    "kind": "database",
    "name": "gitea",
    "target": "gitea",
    "source_bytes": 23_600_000,
    "previous": "gitea__maxops_previous_20261125T141253Z",
    "rows": {"public.repository": 40, "public.user": 1200},
    "duration": 1.31,
}
COPY = {"kind": "database", "name": "gitea", "target": "gitea_copy", "source_bytes": 23_600_000, "previous": None}
RESULT = {
    "source": "set 20261125T020000Z",
    "parts": [DATABASE],
    "services": ["gitea"],
    "new_roles": [],
    "kept": [DATABASE["previous"]],
    "kept_until": "2026-12-02T14:12:53Z",
    "expected_downtime": 2.3,
    "downtime": 2.3,
    "swap_seconds": 0.031,
    "duration": 3.9,
    "recovered": None,
    "remarks": [],
}
CHECKED = {key: value for key, value in RESULT.items() if key not in ("downtime", "swap_seconds", "duration")}


def test_done() -> None:
    assert summary("lab", RESULT, False) == [
        "lab: restored set 20261125T020000Z, 3.9 s, of which the applications were down 2.3 s",
        "  database  gitea  23.6 MB  1.3 s  1,240 rows in 2 tables",
        "  gitea stopped and started, names changed in 0.03 s",
        "  the replaced data is kept until 2026-12-02; restore_state=previous swaps it back",
    ]


MADE = {"made": "2026-11-25T02:00:00Z", "age": 1085, "verified": None, "before": None}


@pytest.mark.usefixtures("in_seoul")
def test_the_moment_of_the_set_is_shown_with_its_age_and_verification() -> None:
    made = "  made 2026-11-25 11:00:00 KST (2026-11-25T02:00:00Z), 18 min ago, "
    lines = summary("lab", {**CHECKED, **MADE}, True)
    assert lines[1] == f"{made}never verified; what was written since then is set aside"
    passed = {"level": "rehearse", "passed": True, "time": "2026-11-25T03:00:00Z"}
    lines = summary("lab", {**RESULT, **MADE, "verified": passed, "before": "2026-11-25T03:30:00Z"}, False)
    assert lines[1] == "  the newest set that was made until 2026-11-25 12:30:00 KST (2026-11-25T03:30:00Z)"
    assert lines[2] == f"{made}verified (rehearse on 2026-11-25); what was written since then was set aside"
    failed = {**MADE, "verified": {**passed, "passed": False}, "age": 200_000}
    line = summary("lab", {**RESULT, **failed}, False)[1]
    assert "2 d ago, its verification FAILED (rehearse on 2026-11-25);" in line


def test_nothing_is_set_aside_where_nothing_is_replaced() -> None:
    lines = summary("lab", {**RESULT, **MADE, "parts": [COPY]}, False)
    assert lines[1] == "  made 2026-11-25 02:00:00 UTC, 18 min ago, never verified"


def test_check_mode() -> None:
    assert summary("lab", CHECKED, True) == [
        "lab: would restore set 20261125T020000Z",
        "  database  gitea  23.6 MB  1.3 s  1,240 rows in 2 tables",
        "  would stop and start gitea, for about 2.3 s, as at the last restore",
    ]
    first = summary("lab", {**CHECKED, "expected_downtime": None}, True)
    assert first[-1].endswith("for some seconds: until they are healthy again")


def test_what_happens_to_sessions() -> None:
    effects = ["Gitea: everybody signs in again, its session files are deleted"]
    for check_mode, result in ((False, RESULT), (True, CHECKED)):
        assert f"  {effects[0]}" in summary("lab", {**result, "effects": effects}, check_mode)


def test_restore_beside_the_running_data() -> None:
    result = {**RESULT, "parts": [COPY], "services": [], "kept": [], "downtime": 0.0}
    assert summary("lab", result, False) == [
        "lab: restored set 20261125T020000Z, 3.9 s",
        "  database  gitea as gitea_copy  23.6 MB      (new)",
        "  no application was stopped",
    ]


def test_remarks_and_created_roles_are_shown() -> None:
    result = {**RESULT, "recovered": "the restore of X was interrupted", "remarks": ["look"], "new_roles": ["a", "b"]}
    lines = summary("lab", result, False)
    assert lines[-2:] == ["  first: the restore of X was interrupted", "  remark: look"]
    assert "  created the missing roles a, b" in lines


def test_failures_come_first() -> None:
    results = {"a": RESULT, "b": {"failed": True, "msg": "set X is damaged"}, "c": CHECKED}
    assert table(results) == [
        "HOST  RESTORED              PARTS        TIME   DOWN  REMARKS",
        "b     FAILED                                          set X is damaged",
        "a     set 20261125T020000Z      1       3.9 s  2.3 s",
        "c     set 20261125T020000Z      1  check mode",
    ]
    assert summary("b", results["b"], False) == ["b: not restored: set X is damaged"]


KEPT = {
    "replaced_by": "the restore of set 20261125T020000Z started at 20261125T141253Z",
    "replaced": "2026-11-25T14:12:53Z",
    "kept_until": "2026-12-02T14:12:53Z",
    "bytes": 23_600_000,
    "parts": [
        {"kind": "database", "name": "gitea", "kept_as": "gitea__x", "bytes": 23_600_000},
        {"kind": "volume", "name": "shop_data", "kept_as": "/x", "bytes": None},
    ],
}


@pytest.mark.parametrize(("check_mode", "verb"), [(True, "would remove"), (False, "removed")])
def test_kept_data_that_is_removed(check_mode: bool, verb: str) -> None:
    result = {**CHECKED, "parts": [], "discarded": [KEPT], "remarks": ["look"]}
    head, line, remark = summary("lab", result, check_mode)
    assert head == f"lab: {verb} the data that 1 restore replaced, 23.6 MB"
    assert line == (
        "  replaced 2026-11-25 14:12 UTC by the restore of set 20261125T020000Z started at 20261125T141253Z, kept "
        "until 2026-12-02: database gitea 23.6 MB, volume shop_data (unknown size)"
    )
    assert remark == "  remark: look"
