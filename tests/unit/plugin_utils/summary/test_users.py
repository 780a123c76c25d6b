# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The summary of the job users."""

from __future__ import annotations

from typing import Any

from ansible_collections.maxops.ops.plugins.plugin_utils.summary.users import summary, table

COUNTS = {"created": 1, "changed": 2, "removed": 0, "failed": 1, "unchanged": 96}


def changed(name: str, **changes: tuple[Any, Any]) -> dict[str, Any]:
    fields = {key: {"before": before, "after": after} for key, (before, after) in changes.items()}
    return {"name": name, "status": "changed", "changes": fields}


GITEA = {
    "counts": COUNTS,
    "duration": 1.234,
    "unlisted": ["ghost"],
    "users": [
        {**changed("new", teams=([], ["acme/devs"]), location=("", "x")), "status": "created"},
        changed("mover", teams=(["acme/devs"], ["acme/ops"]), admin=(False, True)),
        changed("leaver", prohibit_login=(False, True)),
        {"name": "bad", "status": "failed", "error": "boom; look"},
        {"name": "same", "status": "unchanged", "not_compared": ["max_repo_creation"]},
    ],
}  # fmt: skip
RESULT = {"count": 100, "gitea": GITEA, "openproject": {"msg": "no answer"}, "remarks": ["row 3 is empty"]}


def test_one_host() -> None:
    lines = summary("lab", {**RESULT, "new_passwords": ["new"], "passwords_file": "/p.yml"}, check_mode=False)
    assert lines[0] == "lab: 100 people"
    assert " ".join(lines[1].split()) == "Gitea 1 created, 2 changed, 1 failed, 96 unchanged 1.2 s"
    assert lines[2].split() == ["OpenProject", "could", "not", "be", "read"]
    assert lines.pop(3) == "  OpenProject: no answer"
    assert [line.split()[:2] for line in lines[3:7]] == [
        ["FAILED", "bad"], ["leaves", "leaver"], ["moves", "mover"], ["joins", "new"],
    ]  # fmt: skip
    assert "boom; look" in lines[3]
    assert "prohibit_login false → true" in lines[4]
    assert "teams acme/devs → acme/ops; admin false → true" in lines[5]
    assert lines[6].endswith("teams acme/devs")
    assert lines[7:] == [
        "  in Gitea and not in the list: ghost",
        "  remark: row 3 is empty",
        "  1 new password: ansible-vault view /p.yml",
    ]


def test_check_mode_says_that_nothing_was_changed() -> None:
    assert "nothing changed yet" in summary("lab", RESULT, check_mode=True)[0]
    assert "nothing changed yet" in summary("lab", {**RESULT, "report_only": True}, check_mode=False)[0]


def test_a_thousand_new_people_are_shortened() -> None:
    many = {
        "counts": {**COUNTS, "created": 1000},
        "users": [{"name": f"n{number}", "status": "created"} for number in range(1000)],
    }
    lines = summary("lab", {"count": 1000, "gitea": many}, check_mode=False)
    assert len(lines) < 50
    assert lines[-1] == "  and 960 more"


def test_many_hosts_failures_first() -> None:
    good = {"count": 1, "openproject": {"counts": {**COUNTS, "failed": 0}, "users": [], "unlisted": []}}
    rows = [line.split() for line in table({"a": good, "b": RESULT})]
    assert rows[0][:3] == ["HOST", "APPLICATION", "CREATED"]
    assert [row[:2] for row in rows[1:]] == [["b", "Gitea"], ["b", "OpenProject"], ["a", "OpenProject"]]
    assert "ALL" in rows[2]


def test_unreachable_host_is_not_a_host_without_people() -> None:
    away = {"failed": True, "unreachable": True, "msg": "ssh: no route to host"}
    assert summary("far", away, False) == ["far: ssh: no route to host"]
    good = {"count": 1, "openproject": {"counts": {**COUNTS, "failed": 0}, "users": [], "unlisted": []}}
    lines = table({"a near one": good, "far": away})
    assert lines[1].split() == ["far", "UNREACHABLE"]
    tried = {**away, "gitea": {"msg": "ssh: no route to host", "job_state": "unreachable"}}
    assert table({"a near one": good, "far": tried})[1:] == lines[1:]
    assert len(lines) == 3


def test_one_person_is_not_people() -> None:
    assert summary("lab", {"count": 1, "gitea": GITEA}, check_mode=False)[0] == "lab: 1 person"
    assert summary("lab", {"count": 1200, "gitea": GITEA}, check_mode=True)[0].startswith("lab: 1,200 people, nothing")


def test_remarks_about_people_are_shown_also_where_nothing_was_changed() -> None:
    users = [{"name": f"p{number}", "status": "unchanged", "remarks": ["look"]} for number in range(12)]
    lines = summary("lab", {"count": 12, "gitea": {"counts": COUNTS, "users": users}}, check_mode=False)
    assert lines[2:4] == ["  remark: p0 in Gitea: look", "  remark: p1 in Gitea: look"]
    assert lines[-1] == "  and 2 more remarks"
