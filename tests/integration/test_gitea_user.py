# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Gitea's users, on each version that behaves differently."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.jobs.users.plan import MASK, Person
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError
from ansible_collections.maxops.ops.plugins.module_utils.tools.http.client import basic
from ansible_collections.maxops.ops.tests.integration.fault_proxy import FaultProxy
from ansible_collections.maxops.ops.tests.integration.users_support import ADMIN, PASSWORD, Application, ssh_key

FULL: dict[str, Any] = {
    "full_name": "김민수",
    "admin": True,
    "restricted": True,
    "visibility": "private",
    "website": "https://example.test",
    "location": "Seoul",
    "description": "Runs things",
    "must_change_password": False,
    "max_repo_creation": 7,
    "allow_git_hook": True,
}


def taken_by(gitea: Application, options: dict[str, Any]) -> dict[str, Any]:
    """The options that this version takes: 1.21 refuses every website."""
    return {key: value for key, value in options.items() if key != "website" or gitea.service != "gitea"}


def only(report: Any) -> Any:
    [outcome] = report.outcomes
    return outcome


def test_create_then_nothing_then_change_each_field(any_gitea: Application) -> None:
    full = taken_by(any_gitea, FULL)
    person = any_gitea.person("kim", **full)
    planned = only(any_gitea.sync([person], check_mode=True))
    assert planned.status == "created"
    assert any_gitea.api(f"GET /users/{person.name}").status_code == 404, "check mode changed something"

    made = only(any_gitea.sync([person]))
    assert made.error is None
    assert (made.status, made.made, made.changes) == ("created", planned.made, planned.changes)
    assert made.made["password"] == (None, MASK)
    shown = any_gitea.shown("kim")
    readable = full.keys() & {"full_name", "restricted", "visibility", "website", "location"}
    assert {key: shown[key] for key in readable} == {key: full[key] for key in readable}
    assert shown["is_admin"] is True
    assert any_gitea.password_opens("kim", PASSWORD)
    database = any_gitea.service
    columns = "max_repo_creation, allow_git_hook"
    row = any_gitea.applications.sql(f"SELECT {columns} FROM \"user\" WHERE name = '{person.name}'", database)
    assert row == ["7|t"]

    again = only(any_gitea.sync([person]))
    assert (again.status, again.changes) == ("unchanged", {})
    assert sorted(again.not_compared) == ["allow_git_hook", "max_repo_creation", "must_change_password"]

    other = {
        "full_name": "Kim", "admin": False, "restricted": False, "visibility": "limited", "website": "",
        "location": "Busan", "description": "", "active": False, "prohibit_login": True,
        "email": f"{person.name}@other.test",
    }  # fmt: skip
    other = taken_by(any_gitea, other)
    changed = only(any_gitea.sync([Person(person.name, other)]))
    assert changed.error is None
    assert changed.changes.keys() == other.keys()
    assert changed.changes["location"] == ("Seoul", "Busan")
    assert only(any_gitea.sync([Person(person.name, other)])).status == "unchanged"


def test_case_of_name_and_email_makes_no_difference(gitea: Application) -> None:
    gitea.sync([gitea.person("ann")])
    loud = Person(gitea.name("ann").upper(), {"email": f"{gitea.name('ANN')}@EXAMPLE.test"})
    assert only(gitea.sync([loud])).status == "unchanged"


def test_change_keeps_the_login_name(gitea: Application) -> None:
    gitea.sync([gitea.person("ldap")])
    gitea.sync([Person(gitea.name("ldap"), {"login_name": "cn=ldap"})])
    gitea.sync([Person(gitea.name("ldap"), {"full_name": "L. Dap"})])
    assert gitea.shown("ldap")["login_name"] == "cn=ldap"


def test_password_is_changed_only_when_it_differs(any_gitea: Application) -> None:
    any_gitea.sync([any_gitea.person("pat", must_change_password=False)])
    same = any_gitea.person("pat", update_password="always")
    assert only(any_gitea.sync([same])).status == "unchanged"
    other = any_gitea.person("pat", password="An0ther!pw", update_password="always")
    assert only(any_gitea.sync([other], check_mode=True)).changes == {"password": (MASK, "a new one")}
    assert any_gitea.password_opens("pat", PASSWORD)
    assert only(any_gitea.sync([other])).status == "changed"
    assert any_gitea.password_opens("pat", "An0ther!pw")
    assert only(any_gitea.sync([other])).status == "unchanged"
    assert only(any_gitea.sync([any_gitea.person("pat")])).status == "unchanged", "on_create changed a password"


def test_password_that_has_to_be_changed_counts_as_correct(any_gitea: Application) -> None:
    any_gitea.sync([any_gitea.person("new", must_change_password=True)])
    always = any_gitea.person("new", update_password="always")
    assert only(any_gitea.sync([always])).status == "unchanged"


def test_password_that_cannot_be_tried_is_set(any_gitea: Application) -> None:
    any_gitea.sync([any_gitea.person("out", prohibit_login=True)])
    always = any_gitea.person("out", update_password="always")
    assert only(any_gitea.sync([always])).changes.keys() == {"password"}


def test_password_is_set_each_time_without_a_check(gitea: Application) -> None:
    gitea.sync([gitea.person("raw", must_change_password=False)])
    always = gitea.person("raw", update_password="always", check_password=False)
    assert only(gitea.sync([always])).status == "changed"


def test_rename_and_the_redirect_that_it_leaves(any_gitea: Application) -> None:
    old, new = any_gitea.name("old"), any_gitea.name("new")
    any_gitea.sync([any_gitea.person("old", ssh_keys=[ssh_key("laptop")])])
    renamed = Person(new, {"rename_from": old, "full_name": "New"})
    assert only(any_gitea.sync([renamed], check_mode=True)).changes.keys() == {"name", "full_name"}
    outcome = only(any_gitea.sync([renamed]))
    assert (outcome.error, outcome.changes["name"]) == (None, (old, new))
    assert only(any_gitea.sync([renamed])).status == "unchanged"

    # The old name redirects to the renamed account: following it would remove or change the wrong one.
    assert only(any_gitea.sync([Person(old, {"state": "absent"})])).status == "unchanged"
    assert any_gitea.shown("new")["full_name"] == "New"
    assert only(any_gitea.sync([any_gitea.person("old", email=f"{new}@example.test")])).status == "created"
    assert any_gitea.shown("new")["id"] != any_gitea.shown("old")["id"]


def test_rename_does_nothing_while_both_names_are_taken(gitea: Application) -> None:
    gitea.sync([gitea.person("one"), gitea.person("two")])
    both = Person(gitea.name("one"), {"rename_from": gitea.name("two")})
    assert only(gitea.sync([both])).status == "unchanged"
    assert gitea.shown("two")


def test_ssh_keys_at_least_and_exactly(gitea: Application) -> None:
    first, second, third = ssh_key("a@b"), ssh_key("a@b"), ssh_key()
    gitea.sync([gitea.person("keys", ssh_keys=[first, second])])
    assert only(gitea.sync([gitea.person("keys", ssh_keys=[second])])).status == "unchanged"
    exactly = gitea.person("keys", ssh_keys=[second, third], ssh_keys_exclusive=True)
    before, after = only(gitea.sync([exactly])).changes["ssh_keys"]
    assert len(before) == len(after) == 2
    assert before != after
    held = gitea.api(f"GET /users/{gitea.name('keys')}/keys").json()
    assert {" ".join(key["key"].split()[:2]) for key in held} == {" ".join(key.split()[:2]) for key in (second, third)}
    assert only(gitea.sync([exactly])).status == "unchanged"
    assert only(gitea.sync([gitea.person("keys", ssh_keys=[], ssh_keys_exclusive=True)])).status == "changed"


@pytest.mark.parametrize(
    ("line", "words"), [("garbage", "is not a public SSH key"), ("ssh-ed25519 AAAA!", "is not a public SSH key")]
)
def test_invalid_ssh_key(gitea: Application, line: str, words: str) -> None:
    assert words in only(gitea.sync([gitea.person("nokey", ssh_keys=[line])], check_mode=True)).error


def test_ssh_key_of_another_account(gitea: Application) -> None:
    key = ssh_key("shared")
    gitea.sync([gitea.person("k1", ssh_keys=[key])])
    outcome = only(gitea.sync([gitea.person("k2", ssh_keys=[key])]))
    assert "belongs to another account" in outcome.error
    assert outcome.created, "the account exists, and the result has to say so"


def test_teams_at_least_and_exactly(gitea: Application) -> None:
    owner, organization = gitea.name("boss"), gitea.name("acme")
    gitea.sync([gitea.person("boss")])
    gitea.api(f"POST /admin/users/{owner}/orgs", {"username": organization})
    for team in ("devs", "ops"):
        sql = "INSERT INTO team (org_id, lower_name, name, description, authorize, num_repos, num_members,"
        sql += " includes_all_repositories, can_create_org_repo)"
        sql += f" SELECT id, '{team}', '{team.title()}', '', 2, 0, 0, true, false FROM \"user\""
        gitea.applications.sql(f"{sql} WHERE name = '{organization}'", "gitea")
    members = [gitea.person("m1", teams=[f"{organization}/Devs"]), gitea.person("m2", teams=[f"{organization}/devs"])]
    assert [outcome.error for outcome in gitea.sync(members).outcomes] == [None, None]
    assert [outcome.status for outcome in gitea.sync(members).outcomes] == ["unchanged"] * 2
    moved = gitea.person("m1", teams=[f"{organization}/ops"], teams_exclusive=True)
    team = f"{organization}/".lower()
    assert only(gitea.sync([moved], check_mode=True)).changes["teams"] == ([f"{team}devs"], [f"{team}ops"])
    assert only(gitea.sync([moved])).changes["teams"] == ([f"{team}devs"], [f"{team}ops"])
    assert only(gitea.sync([moved])).status == "unchanged"

    last = only(gitea.sync([Person(owner, {"teams": [f"{organization}/ops"], "teams_exclusive": True})]))
    assert "another owner" in last.error
    for teams, words in (
        (["nowhere/devs"], "no organisation nowhere"),
        ([f"{organization}/x"], "has Devs, Ops, Owners"),
    ):
        assert words in only(gitea.sync([gitea.person("m3", teams=teams)], check_mode=True)).error
    with pytest.raises(MaxopsError, match="write organisation/team"):
        gitea.sync([gitea.person("m3", teams=["devs"])])


def test_tokens_are_created_and_shown_once(any_gitea: Application) -> None:
    person = any_gitea.person("bot", tokens=[{"name": "ci", "scopes": ["read:user"]}], must_change_password=False)
    assert "api_user" in only(any_gitea.sync([person])).error
    outcome = only(any_gitea.sync([person], **any_gitea.by_password()))
    assert outcome.error is None
    [token] = outcome.secrets
    assert token["token"] not in str(outcome.shown())
    answer = any_gitea.api("GET /user", headers={"Authorization": f"token {token['token']}"})
    assert answer.json()["login"] == person.name
    again = only(any_gitea.sync([person], **any_gitea.by_password()))
    assert (again.status, again.secrets) == ("unchanged", ())


def test_removal_is_refused_and_names_what_would_be_deleted(any_gitea: Application) -> None:
    person = any_gitea.person("leaver")
    organization, shared = any_gitea.name("solo"), any_gitea.name("shared")
    any_gitea.sync([person, any_gitea.person("stays")])
    for name in (organization, shared):
        any_gitea.api(f"POST /admin/users/{person.name}/orgs", {"username": name})
    owners = any_gitea.api(f"GET /orgs/{shared}/teams").json()[0]["id"]
    any_gitea.api(f"PUT /teams/{owners}/members/{any_gitea.name('stays')}")
    absent = Person(person.name, {"state": "absent"})
    for check_mode in (True, False):
        outcome = only(any_gitea.sync([absent], check_mode=check_mode))
        assert outcome.status == "failed"
        assert organization in outcome.error
        assert shared not in outcome.error
        assert "purge" in outcome.error
    assert any_gitea.shown("leaver")
    purged = only(any_gitea.sync([Person(person.name, {"state": "absent", "purge": True})]))
    assert (purged.status, purged.more["removed_with"]) == ("removed", {"organizations": [organization]})
    assert any_gitea.api(f"GET /orgs/{organization}").status_code == 404
    assert any_gitea.api(f"GET /orgs/{shared}").status_code == 200
    assert only(any_gitea.sync([absent])).status == "unchanged"


def test_locked_state_locks_and_replaces_password_and_keys(gitea: Application) -> None:
    gitea.sync([gitea.person("bye", ssh_keys=[ssh_key("laptop")], must_change_password=False)])
    bye = Person(
        gitea.name("bye"), {"state": "locked", "password": "Nobody!knows1", "ssh_keys": [], "email": "x@y.test"}
    )
    assert only(gitea.sync([bye])).changes.keys() == {"prohibit_login", "password", "ssh_keys"}
    assert gitea.shown("bye")["prohibit_login"]
    assert gitea.api(f"GET /users/{bye.name}/keys").json() == []
    assert only(gitea.sync([bye])).status == "unchanged"
    gitea.sync([Person(bye.name, {"prohibit_login": False})])
    assert not gitea.password_opens("bye", PASSWORD)
    assert only(gitea.sync([Person(gitea.name("never"), {"state": "locked"})])).status == "unchanged"


@pytest.mark.parametrize(
    "options",
    [
        {"admin": False}, {"active": False}, {"prohibit_login": True}, {"restricted": True},
        {"state": "absent"}, {"state": "absent", "purge": True}, {"state": "locked"},
    ],
)  # fmt: skip
def test_own_account_is_never_locked_out(gitea: Application, options: dict[str, Any]) -> None:
    assert "the API is used with" in only(gitea.sync([Person(ADMIN.upper(), options)])).error
    assert gitea.api("GET /user").json()["is_admin"]


def test_own_password_and_name_are_not_changed(gitea: Application) -> None:
    change = Person(ADMIN, {"password": "S0mething!else", "update_password": "always"})
    assert (
        "is the account whose password the API is used with" in only(gitea.sync([change], **gitea.by_password())).error
    )
    former = Person(gitea.name("x"), {"rename_from": ADMIN})
    assert "is not renamed" in only(gitea.sync([former])).error


def test_prune_reports_and_locks(gitea: Application) -> None:
    people = [gitea.person(f"p{number}") for number in range(3)]
    gitea.sync(people)
    others = ["*"]
    mine = [f"{gitea.prefix}*"]
    report = gitea.sync(people[:1], prune="report", prune_exclude=[gitea.name("p2")])
    assert gitea.name("p1") in report.unlisted
    assert not {gitea.name("p0"), gitea.name("p2"), ADMIN} & set(report.unlisted)
    assert gitea.sync(people[:1], prune="report", prune_exclude=others).unlisted == []
    every = gitea.sync([], prune="report").unlisted
    keep = [name for name in every if not name.startswith(gitea.prefix)]
    planned = gitea.sync(people[:2], prune="lock", prune_exclude=keep, check_mode=True)
    assert [(outcome.name, outcome.status) for outcome in planned.outcomes[2:]] == [(gitea.name("p2"), "changed")]
    assert not gitea.shown("p2")["prohibit_login"]
    gitea.sync(people[:2], prune="lock", prune_exclude=keep)
    assert gitea.shown("p2")["prohibit_login"]
    assert not gitea.shown("p1")["prohibit_login"]
    assert gitea.sync(people[:2], prune="lock", prune_exclude=keep).unlisted == []
    with pytest.raises(MaxopsError, match="list is empty"):
        gitea.sync([], prune="lock", prune_exclude=mine)


def test_contradictions_are_named_before_anything_changes(gitea: Application) -> None:
    twice = [gitea.person("twin"), gitea.person("other"), Person(gitea.name("TWIN"), {"email": "a@b.test"})]
    with pytest.raises(MaxopsError, match=r'name "t.*-twin" is in entries 1, 3'):
        gitea.sync(twice)
    same = [gitea.person("e1", email="same@b.test"), gitea.person("e2", email="SAME@b.test")]
    with pytest.raises(MaxopsError, match=r"email .* entries 1, 2"):
        gitea.sync(same)
    assert gitea.api(f"GET /users/{gitea.name('other')}").status_code == 404


def test_login_source(any_gitea: Application) -> None:
    person = any_gitea.person("ext", source_id=99, login_name="cn=ext")
    assert "Authentication Sources" in only(any_gitea.sync([person])).error
    insert = "INSERT INTO login_source (type, name, is_active) VALUES (2, 'ldap', true) RETURNING id"
    [number] = any_gitea.applications.sql(insert, any_gitea.service)
    options = {"email": f"{person.name}@example.test", "source_id": int(number), "login_name": "cn=ext"}
    assert only(any_gitea.sync([Person(person.name, options)])).status == "created", "no password is needed here"
    again = only(any_gitea.sync([Person(person.name, options)]))
    assert again.status == "unchanged"
    reports_source = any_gitea.service != "gitea"
    assert list(again.not_compared) == ([] if reports_source else ["source_id"])
    if reports_source:
        assert (
            "cannot move an account back to a local password"
            in only(any_gitea.sync([Person(person.name, {"source_id": 0})])).error
        )


def test_forgejo_reports_its_own_version_and_that_of_its_gitea_api(gitea: Application) -> None:
    proxy = FaultProxy(gitea.applications.url("gitea122"))
    try:
        proxy.inject("GET .*/version", times=99, status=200, body='{"version": "10.0.1+gitea-1.22.0"}')
        forgejo = Application("gitea122", proxy.url, gitea.applications.token("gitea122"), gitea.applications)
        assert only(forgejo.sync([forgejo.person("f", admin=True)])).status == "created"
        assert only(forgejo.sync([forgejo.person("f", admin=True)])).status == "unchanged"
        proxy.faults[0].body = '{"version": "1.20.5"}'
        with pytest.raises(MaxopsError, match=r"runs Gitea 1\.20\.5; this collection needs 1\.21 or later"):
            forgejo.sync([forgejo.person("f")])
    finally:
        proxy.close()


def test_missing_password_and_email_are_named(gitea: Application) -> None:
    assert "no password" in only(gitea.sync([Person(gitea.name("np"), {"email": "np@example.test"})])).error
    assert "no email" in only(gitea.sync([Person(gitea.name("ne"), {"password": PASSWORD})])).error


def test_name_of_an_organization(gitea: Application) -> None:
    gitea.sync([gitea.person("owner")])
    gitea.api(f"POST /admin/users/{gitea.name('owner')}/orgs", {"username": gitea.name("org")})
    assert "user already exists" in only(gitea.sync([gitea.person("org")])).error


def test_insufficient_credentials(gitea: Application) -> None:
    gitea.sync([gitea.person("plain", must_change_password=False), gitea.person("must", must_change_password=True)])
    for authorization, words in (
        ("token " + "0" * 40, "credentials are not accepted"),
        (basic(ADMIN, "wrong"), "api_user and api_password are not accepted"),
        (basic(gitea.name("plain"), PASSWORD), "is not a site administrator"),
        (basic(gitea.name("must"), PASSWORD), "has to change its password first"),
    ):
        with pytest.raises(MaxopsError, match=words):
            gitea.sync([gitea.person("x")], authorization=authorization)
    weak = gitea.api(
        f"POST /users/{ADMIN}/tokens",
        {"name": gitea.name("weak"), "scopes": ["read:user"]},
        headers={"Authorization": basic(ADMIN, "Adm1n!pass")},
    ).json()["sha1"]
    with pytest.raises(MaxopsError, match="make one with all"):
        gitea.sync([gitea.person("x")], authorization=f"token {weak}")
