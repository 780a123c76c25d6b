# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""OpenProject's users, roles and groups."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.jobs.users.plan import MASK, Person
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError
from ansible_collections.maxops.ops.plugins.module_utils.tools.http.client import basic
from ansible_collections.maxops.ops.tests.integration.fault_proxy import FaultProxy
from ansible_collections.maxops.ops.tests.integration.users_support import Application

GLOBAL_ROLE = "Staff and projects manager"


def only(report: Any) -> Any:
    [outcome] = report.outcomes
    return outcome


def make_group(openproject: Application, what: str) -> str:
    name = openproject.name(what)
    assert openproject.api("POST /groups", {"name": name}).status_code == 201
    return name


def members(openproject: Application, group: str) -> list[str]:
    sql = "SELECT u.login FROM group_users m JOIN users u ON u.id = m.user_id JOIN users g ON g.id = m.group_id"
    return sorted(openproject.applications.sql(f"{sql} WHERE g.lastname = '{group}'"))


def memberships(openproject: Application, what: str) -> list[str]:
    sql = (
        "SELECT coalesce(p.identifier, 'global') || '=' || r.name FROM members m JOIN users u ON u.id = m.user_id"
        " LEFT JOIN projects p ON p.id = m.project_id JOIN member_roles x ON x.member_id = m.id"
        f" JOIN roles r ON r.id = x.role_id WHERE u.login = '{openproject.name(what)}'"
    )
    return sorted(openproject.applications.sql(sql))


def test_create_then_nothing_then_change_each_field(openproject: Application) -> None:
    person = openproject.person("kim", first_name="민수", last_name="김", language="ko", admin=True)
    planned = only(openproject.sync([person], check_mode=True))
    assert planned.status == "created"
    assert openproject.api(f"GET /users/{person.name}").status_code == 404, "check mode changed something"
    made = only(openproject.sync([person]))
    assert (made.error, made.status, made.made) == (None, "created", planned.made)
    assert made.made["password"] == (None, MASK)
    shown = openproject.shown("kim")
    assert [shown[key] for key in ("firstName", "lastName", "language", "admin", "status")] == [
        "민수", "김", "ko", True, "active",
    ]  # fmt: skip
    assert only(openproject.sync([person])).status == "unchanged"
    other = {
        "first_name": "M", "last_name": "K", "language": "en", "admin": False,
        "email": f"{person.name}@other.test",
    }  # fmt: skip
    assert only(openproject.sync([Person(person.name.upper(), other)])).changes.keys() == other.keys()
    assert only(openproject.sync([Person(person.name, other)])).status == "unchanged"


def test_invited_account_needs_only_an_address(openproject: Application) -> None:
    person = Person(openproject.name("inv"), {"email": f"{openproject.name('inv')}@example.test"})
    assert only(openproject.sync([person])).made["status"] == (None, "invited")
    assert openproject.shown("inv")["status"] == "invited"
    assert only(openproject.sync([person])).status == "unchanged"
    for options in ({"locked": True}, {"state": "locked"}):
        assert "was never active" in only(openproject.sync([Person(person.name, options)])).error
    half = only(openproject.sync([Person(openproject.name("half"), {"email": "h@example.test", "status": "active"})]))
    assert "has no account yet and no first_name and no last_name and no password" in half.error


def test_password_is_set_in_each_run_where_that_is_wanted(openproject: Application) -> None:
    openproject.sync([openproject.person("pw")])
    assert only(openproject.sync([openproject.person("pw")])).status == "unchanged"
    always = openproject.person("pw", password="An0ther!pw-long", update_password="always")
    assert only(openproject.sync([always])).changes == {"password": (MASK, "a new one")}
    short = openproject.person("pw", password="abc", update_password="always")
    outcome = only(openproject.sync([short]))
    assert "Password is too short" in outcome.error
    assert "Administration > Authentication" in outcome.error


def test_lock_and_unlock(openproject: Application) -> None:
    openproject.sync([openproject.person("lock")])
    for wanted, status in ((True, "locked"), (False, "active")):
        lock = Person(openproject.name("lock"), {"locked": wanted})
        assert only(openproject.sync([lock], check_mode=True)).changes == {"locked": (not wanted, wanted)}
        assert only(openproject.sync([lock])).changes == {"locked": (not wanted, wanted)}
        assert openproject.shown("lock")["status"] == status
        assert only(openproject.sync([lock])).status == "unchanged"
    assert only(openproject.sync([openproject.person("born", locked=True)])).status == "created"
    assert openproject.shown("born")["status"] == "locked"


def test_locked_state_locks_and_replaces_the_password(openproject: Application) -> None:
    openproject.sync([openproject.person("bye")])
    bye = Person(openproject.name("bye"), {"state": "locked", "password": "Nobody!knows1-it", "last_name": "ignored"})
    assert only(openproject.sync([bye])).changes.keys() == {"locked", "password"}
    assert only(openproject.sync([bye])).status == "unchanged"
    assert only(openproject.sync([Person(openproject.name("never"), {"state": "locked"})])).status == "unchanged"


def test_removal_says_why_it_is_refused_and_works_where_it_is_allowed(openproject: Application) -> None:
    openproject.sync([openproject.person("gone")])
    absent = Person(openproject.name("gone"), {"state": "absent"})
    outcome = only(openproject.sync([absent]))
    assert outcome.status == "failed"
    assert "set locked to true instead" in outcome.error
    update = "UPDATE settings SET value = '{}' WHERE name = 'users_deletable_by_admins'"
    openproject.applications.sql(update.format(1))
    try:
        assert only(openproject.sync([absent])).status == "removed"
    finally:
        openproject.applications.sql(update.format(0))
    assert only(openproject.sync([absent])).status == "unchanged"


def test_rename(openproject: Application) -> None:
    openproject.sync([openproject.person("old")])
    renamed = Person(openproject.name("new"), {"rename_from": openproject.name("old"), "last_name": "Lee"})
    assert only(openproject.sync([renamed])).changes.keys() == {"name", "last_name"}
    assert only(openproject.sync([renamed])).status == "unchanged"
    assert openproject.api(f"GET /users/{openproject.name('old')}").status_code == 404


def test_name_of_digits_is_not_an_id(openproject: Application) -> None:
    """User 3 is the administrator; a person named 3 is not."""
    assert only(openproject.sync([Person("3", {"state": "locked"})])).status == "unchanged"


def test_roles_in_projects(openproject: Application) -> None:
    webshop = {"project": "webshop", "roles": ["Member"]}
    person = openproject.person("role", projects=[webshop, {"project": "Intranet", "roles": ["reader", "Member"]}])
    assert only(openproject.sync([person])).error is None
    assert memberships(openproject, "role") == ["intranet=Member", "intranet=Reader", "webshop=Member"]
    assert only(openproject.sync([person])).status == "unchanged"

    moved = Person(person.name, {"projects": [{"project": "webshop", "roles": ["Reader"]}]})
    assert only(openproject.sync([moved])).changes == {"project webshop": (["Member"], ["Reader"])}
    assert memberships(openproject, "role") == ["intranet=Member", "intranet=Reader", "webshop=Reader"]
    exactly = Person(person.name, {**moved.options, "projects_exclusive": True})
    assert only(openproject.sync([exactly])).changes == {"project intranet": (["Member", "Reader"], [])}
    assert memberships(openproject, "role") == ["webshop=Reader"]
    assert only(openproject.sync([exactly])).status == "unchanged"
    nothing = Person(person.name, {"projects": [], "projects_exclusive": True})
    openproject.sync([nothing])
    assert memberships(openproject, "role") == []


def test_global_roles(openproject: Application) -> None:
    openproject.sync([openproject.person("glob", roles=[GLOBAL_ROLE])])
    assert memberships(openproject, "glob") == [f"global={GLOBAL_ROLE}"]
    assert only(openproject.sync([openproject.person("glob", roles=[GLOBAL_ROLE])])).status == "unchanged"
    assert only(openproject.sync([openproject.person("glob", roles=[])])).changes == {"roles": ([GLOBAL_ROLE], [])}
    wrong = only(openproject.sync([openproject.person("glob", roles=["Member"])]))
    assert "cannot be given globally" in wrong.error


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"projects": [{"project": "nowhere", "roles": ["Member"]}]}, 'no project "nowhere"'),
        (
            {"projects": [{"project": "webshop", "roles": ["Emperor"]}]},
            'no role "Emperor" (it has Member, Project admin',
        ),
        ({"groups": ["Nobody's"]}, 'no group "Nobody\'s"'),
    ],
)
def test_unknown_names_are_reported_before_anything_changes(
    openproject: Application, options: dict[str, Any], words: str
) -> None:
    person = openproject.person("unknown", **options)
    assert words in only(openproject.sync([person])).error
    assert openproject.api(f"GET /users/{person.name}").status_code == 404


def test_groups_at_least_and_exactly_written_once(openproject: Application, openproject_proxy: FaultProxy) -> None:
    devs, ops = make_group(openproject, "devs"), make_group(openproject, "ops")
    people = [openproject.person(f"g{number}", groups=[devs.upper()]) for number in range(5)]
    assert [outcome.error for outcome in openproject.sync(people).outcomes] == [None] * 5
    assert members(openproject, devs) == sorted(person.name for person in people)
    assert openproject_proxy.count("PATCH .*/groups") == 1
    assert [outcome.status for outcome in openproject.sync(people).outcomes] == ["unchanged"] * 5
    both = Person(people[0].name, {"groups": [ops]})
    assert only(openproject.sync([both])).changes == {"groups": ([devs], sorted([devs, ops]))}
    exactly = Person(people[0].name, {"groups": [ops], "groups_exclusive": True})
    assert only(openproject.sync([exactly], check_mode=True)).changes == {"groups": (sorted([devs, ops]), [ops])}
    assert people[0].name in members(openproject, devs)
    openproject.sync([exactly])
    assert people[0].name not in members(openproject, devs)
    assert members(openproject, ops) == [people[0].name]


def test_group_keeps_a_member_added_at_the_same_time(openproject: Application, openproject_proxy: FaultProxy) -> None:
    group = make_group(openproject, "busy")
    openproject.sync([openproject.person("other")])
    number = openproject.shown("other")["id"]
    add = f"INSERT INTO group_users (group_id, user_id) SELECT id, {number} FROM users WHERE lastname = '{group}'"
    openproject_proxy.inject("POST .*/users ", meanwhile=lambda: openproject.applications.sql(add))
    openproject.sync([openproject.person("mine", groups=[group])])
    assert members(openproject, group) == sorted([openproject.name("mine"), openproject.name("other")])


def test_group_that_cannot_be_written_fails_its_new_members(
    openproject: Application, openproject_proxy: FaultProxy
) -> None:
    good, bad = make_group(openproject, "good"), make_group(openproject, "bad")
    [number] = openproject.applications.sql(f"SELECT id FROM users WHERE lastname = '{bad}'")
    openproject_proxy.inject(f"PATCH .*/groups/{number} ", times=9, status=422)
    report = openproject.sync([openproject.person("a", groups=[good]), openproject.person("b", groups=[bad])])
    assert [outcome.status for outcome in report.outcomes] == ["created", "failed"]
    assert f'group "{bad}"' in report.outcomes[1].error
    assert "groups" not in report.outcomes[1].changes
    conflict = '{"errorIdentifier": "urn:openproject-org:api:v3:errors:UpdateConflict", "message": "changed"}'
    openproject_proxy.faults.clear()
    openproject_proxy.inject(f"PATCH .*/groups/{number} ", times=2, status=409, body=conflict)
    assert only(openproject.sync([openproject.person("b", groups=[bad])])).status == "changed"


def test_own_account_is_never_locked_out(openproject: Application) -> None:
    for options in ({"locked": True}, {"admin": False}, {"state": "absent"}, {"state": "locked"}):
        assert "the API is used with" in only(openproject.sync([Person("admin", options)])).error
    change = Person("admin", {"password": "S0mething!else-long", "update_password": "always"})
    assert "together with the present one" in only(openproject.sync([change])).error
    assert openproject.api("GET /users/me").json()["status"] == "active"


def test_prune_reports_and_locks(openproject: Application) -> None:
    people = [openproject.person(f"p{number}") for number in range(3)]
    openproject.sync(people)
    report = openproject.sync(people[:1], prune="report", prune_exclude=[openproject.name("p2")])
    assert openproject.name("p1") in report.unlisted
    assert not {openproject.name("p0"), openproject.name("p2"), "admin"} & set(report.unlisted)
    keep = [name for name in report.unlisted if not name.startswith(openproject.prefix)]
    openproject.sync(people[:2], prune="lock", prune_exclude=keep)
    assert openproject.shown("p2")["status"] == "locked"
    assert openproject.shown("p1")["status"] == "active"


@pytest.mark.parametrize(
    ("what", "options", "words"),
    [
        ("taken", {"email": "TAKEN@example.test"}, "another account has this address"),
        ("bad", {"email": "nope"}, "Email is invalid"),
        ("weak", {"password": "abc"}, "Password is too short"),
        ("two", {"email": "nope", "password": "abc"}, "Email is invalid. Password is too short"),
    ],
)
def test_refusals_name_cause_and_next_step(
    openproject: Application, what: str, options: dict[str, Any], words: str
) -> None:
    first = openproject.person("first", email="taken@example.test")
    openproject.sync([first])
    outcome = only(openproject.sync([openproject.person(what, **options)]))
    assert outcome.status == "failed"
    assert words in outcome.error
    assert ";" in outcome.error, "the message names no next step"
    openproject.applications.sql(f"UPDATE users SET mail = '{first.name}@x.test' WHERE login = '{first.name}'")


def test_insufficient_credentials(openproject: Application) -> None:
    with pytest.raises(MaxopsError, match="the token is not accepted"):
        openproject.sync([openproject.person("x")], authorization=basic("apikey", "0" * 40))
    openproject.sync([openproject.person("plain")])
    token = openproject.applications.execute("openproject", "openproject-token", openproject.name("plain"))
    with pytest.raises(MaxopsError, match="is not an administrator"):
        openproject.sync([openproject.person("x")], authorization=basic("apikey", token))


@pytest.mark.parametrize(
    ("status", "identifier", "words"),
    [
        (403, "MissingPermission", "use the token of an administrator"),
        (404, "NotFound", "it was removed meanwhile"),
        (409, "UpdateConflict", "it was changed by another request at the same time"),
        (422, "PropertyIsReadOnly", "LDAP or SSO"),
        (400, "InvalidUserStatusTransition", "only active accounts can be locked"),
        (500, "InternalServerError", "docker compose logs openproject"),
    ],
)
def test_every_refusal_of_the_list_is_explained(
    openproject: Application, openproject_proxy: FaultProxy, status: int, identifier: str, words: str
) -> None:
    openproject.sync([openproject.person("e")])
    body = f'{{"errorIdentifier": "urn:openproject-org:api:v3:errors:{identifier}", "message": "No."}}'
    openproject_proxy.inject("PATCH .*/users/", times=9, status=status, body=body)
    outcome = only(openproject.sync([openproject.person("e", first_name="Other")]))
    assert words in outcome.error
    assert outcome.changes == {}
