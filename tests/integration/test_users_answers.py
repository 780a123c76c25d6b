# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an application accepts and does not do, and what it refuses for a reason that nothing shows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.jobs.users.plan import MASK, Person
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError
from ansible_collections.maxops.ops.plugins.module_utils.tools.http.client import basic
from ansible_collections.maxops.ops.tests.integration.fault_proxy import FaultProxy
from ansible_collections.maxops.ops.tests.integration.support import Module
from ansible_collections.maxops.ops.tests.integration.users_support import (
    ADMIN,
    ADMIN_PASSWORD,
    PASSWORD,
    Application,
    Applications,
    ssh_key,
)


def only(report: Any) -> Any:
    [outcome] = report.outcomes
    return outcome


@pytest.fixture
def gitea122(applications: Applications) -> Application:
    """Gitea 1.22, which keeps hidden accounts hidden."""
    return Application("gitea122", applications.url("gitea122"), applications.token("gitea122"), applications)


# -- fields that are not taken --------------------------------------------------------------------------------------


def test_hidden_account_that_stays_hidden_is_a_failure_in_each_run(any_gitea: Application) -> None:
    any_gitea.sync([any_gitea.person("hid", visibility="private")])
    wanted = Person(any_gitea.name("hid"), {"visibility": "public", "location": "Seoul", "ssh_keys": [ssh_key("new")]})
    keeps = any_gitea.service == "gitea122"
    planned = only(any_gitea.sync([wanted], check_mode=True))
    first = only(any_gitea.sync([wanted]))
    assert (
        planned.changes.keys()
        == first.changes.keys()
        == {"location", "ssh_keys"} | (set() if keeps else {"visibility"})
    )
    assert any_gitea.shown("hid")["visibility"] == ("private" if keeps else "public")
    for outcome in (planned, first) if keeps else ():
        assert outcome.status == "failed"
        assert "visibility is still private and not public: Gitea 1.22.6 accepted the request" in outcome.error
        assert "Site Administration > User Accounts" in outcome.error
    again = any_gitea.sync([wanted])
    assert only(again).changes == {}
    assert not only(again).has_changed
    assert only(again).status == ("failed" if keeps else "unchanged")


def test_website_that_1_21_refuses_takes_nothing_with_it(gitea: Application, gitea_proxy: FaultProxy) -> None:
    options = {"website": "https://a.example.com", "full_name": "Wanda Neu", "prohibit_login": True}
    person = gitea.person("wanda", **options)
    for check_mode in (True, False):
        outcome = only(gitea.sync([person], check_mode=check_mode))
        assert outcome.error.startswith("website was not sent: Gitea 1.21.11 refuses every change of it")
        assert "leave website out" in outcome.error
    shown = gitea.shown("wanda")
    assert (shown["full_name"], shown["prohibit_login"], shown["website"]) == ("Wanda Neu", True, "")
    again = only(gitea.sync([person]))
    assert (again.status, again.changes, again.has_changed) == ("failed", {}, False)
    assert not gitea_proxy.count("PATCH .*website")
    assert only(gitea.sync([Person(person.name, {**options, "website": ""})])).status == "unchanged"


def test_any_field_that_an_answer_does_not_show_as_asked(gitea: Application, gitea_proxy: FaultProxy) -> None:
    gitea.sync([gitea.person("odd")])
    shown = gitea.api(f"GET /users/{gitea.name('odd')}").text
    gitea_proxy.inject("PATCH .*/admin/users/", status=200, body=shown)
    outcome = only(gitea.sync([Person(gitea.name("odd"), {"location": "Busan", "restricted": True})]))
    assert 'location is still "" and not Busan' in outcome.error
    assert "restricted is still false and not true" in outcome.error
    assert (outcome.changes, outcome.has_changed) == ({}, False)


def test_too_long_name_has_advice(gitea: Application) -> None:
    gitea.sync([gitea.person("long")])
    outcome = only(gitea.sync([Person(gitea.name("long"), {"full_name": "x" * 101})]))
    assert "[FullName]: MaxSize; shorten it: full_name has at most 100 characters" in outcome.error


# -- passwords ------------------------------------------------------------------------------------------------------


def test_right_password_of_an_account_with_a_second_factor(any_gitea: Application) -> None:
    any_gitea.sync([any_gitea.person("otp", must_change_password=False)])
    insert = f"INSERT INTO two_factor (uid) SELECT id FROM \"user\" WHERE name = '{any_gitea.name('otp')}'"
    any_gitea.applications.sql(insert, any_gitea.service)
    always = any_gitea.person("otp", update_password="always")
    masked = any_gitea.service == "gitea125"
    assert only(any_gitea.sync([always])).status == ("changed" if masked else "unchanged")
    other = any_gitea.person("otp", password="An0ther!pw", update_password="always")
    assert only(any_gitea.sync([other])).changes == {"password": (MASK, "a new one")}


def test_account_of_the_api_with_a_second_factor(gitea: Application) -> None:
    gitea.sync([gitea.person("boss", admin=True, must_change_password=False)])
    insert = f"INSERT INTO two_factor (uid) SELECT id FROM \"user\" WHERE name = '{gitea.name('boss')}'"
    gitea.applications.sql(insert, "gitea")
    with pytest.raises(MaxopsError, match=r"has a second factor.* give api_token"):
        gitea.sync([gitea.person("x")], authorization=basic(gitea.name("boss"), PASSWORD))


def test_password_of_another_login_source_is_not_sent(gitea122: Application) -> None:
    insert = "INSERT INTO login_source (type, name, is_active) VALUES (2, 'ldap2', true) RETURNING id"
    [number] = gitea122.applications.sql(insert, "gitea122")
    gitea122.sync([gitea122.person("ext", source_id=int(number), login_name="cn=ext")])
    always = Person(gitea122.name("ext"), {"password": "An0ther!pw", "update_password": "always", "location": "Seoul"})
    planned = only(gitea122.sync([always], check_mode=True))
    outcome = only(gitea122.sync([always]))
    assert planned.changes == outcome.changes == {"location": ("", "Seoul")}
    assert f"signs in through login source {number}, which keeps the password" in outcome.error
    again = only(gitea122.sync([always]))
    assert (again.status, again.has_changed) == ("failed", False)
    locked = only(gitea122.sync([Person(always.name, {"state": "locked", "password": "Nobody!knows1"})]))
    assert locked.changes == {"prohibit_login": (False, True)}
    assert "which keeps the password" in locked.remarks[0]


def test_keys_and_password_of_an_account_that_is_locked_already(gitea: Application) -> None:
    gitea.sync([gitea.person("out", ssh_keys=[ssh_key("laptop")], prohibit_login=True)])
    left = Person(gitea.name("out"), {"state": "locked", "password": "Nobody!knows1", "ssh_keys": []})
    planned, first = only(gitea.sync([left], check_mode=True)), only(gitea.sync([left]))
    assert planned.changes.keys() == first.changes.keys() == {"ssh_keys"}
    assert gitea.api(f"GET /users/{left.name}/keys").json() == []
    again = only(gitea.sync([left]))
    assert (again.status, list(again.not_compared)) == ("unchanged", ["password"])


# -- addresses and names --------------------------------------------------------------------------------------------


def test_old_address_that_stays_is_said_and_found(any_gitea: Application) -> None:
    any_gitea.sync([any_gitea.person("mover"), any_gitea.person("other")])
    old, new = f"{any_gitea.name('mover')}@example.test", f"{any_gitea.name('mover')}@other.test"
    stays = any_gitea.service != "gitea"
    outcome = only(any_gitea.sync([Person(any_gitea.name("mover"), {"email": new})]))
    assert (outcome.status, len(outcome.remarks)) == ("changed", int(stays))
    assert only(any_gitea.sync([Person(any_gitea.name("mover"), {"email": new})])).is_uneventful
    taken = only(any_gitea.sync([Person(any_gitea.name("other"), {"email": old})]))
    assert taken.status == ("failed" if stays else "changed")
    if stays:
        assert f"{old} stays a second address of this account: it still signs in" in outcome.remarks[0]
        assert f'"{any_gitea.name("mover")}", as a second address, which no list of users shows' in taken.error
        made = only(any_gitea.sync([any_gitea.person("third", email=old)]))
        assert f'"{any_gitea.name("mover")}", as a second address' in made.error


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("api", "Gitea reserves this name"),
        ("x.keys", "names with this ending"),
        ("a--b", "no two in a row, none first or last"),
        ("a_", "no two in a row, none first or last"),
    ],
)
def test_names_that_gitea_refuses(any_gitea: Application, name: str, words: str) -> None:
    any_gitea.sync([any_gitea.person("who")])
    renamed = only(any_gitea.sync([Person(name, {"rename_from": any_gitea.name("who")})]))
    assert words in renamed.error
    assert renamed.changes == {}
    created = only(any_gitea.sync([Person(name, {"email": f"{any_gitea.name('x')}@b.test", "password": PASSWORD})]))
    assert words in created.error


# -- removal --------------------------------------------------------------------------------------------------------


def test_member_of_others_organisations_leaves_them_first(any_gitea: Application) -> None:
    organization = any_gitea.name("org")
    any_gitea.sync([any_gitea.person("owner")])
    any_gitea.api(f"POST /admin/users/{any_gitea.name('owner')}/orgs", {"username": organization})
    any_gitea.sync([any_gitea.person("leaver", teams=[f"{organization}/Owners"])])
    absent = Person(any_gitea.name("leaver"), {"state": "absent"})
    planned, done = only(any_gitea.sync([absent], check_mode=True)), only(any_gitea.sync([absent]))
    assert done.error is None
    assert planned.changes == done.changes == {
        "organizations": ([organization], []), "state": ("present", "absent"),
    }  # fmt: skip
    assert (planned.status, done.status) == ("removed", "removed")
    assert any_gitea.api(f"GET /users/{absent.name}").status_code == 404
    assert any_gitea.api(f"GET /orgs/{organization}").status_code == 200
    assert only(any_gitea.sync([absent])).status == "unchanged"


def test_packages_are_belongings(any_gitea: Application) -> None:
    any_gitea.sync([any_gitea.person("packer")])
    sql = (
        "WITH p AS (INSERT INTO package (owner_id, type, name, lower_name) SELECT id, 'generic', 'tool', 'tool' FROM"
        f" \"user\" WHERE name = '{any_gitea.name('packer')}' RETURNING id) INSERT INTO package_version"
        " (package_id, version, lower_version) SELECT id, '1.0', '1.0' FROM p"
    )
    any_gitea.applications.sql(sql, any_gitea.service)
    absent = Person(any_gitea.name("packer"), {"state": "absent"})
    for check_mode in (True, False):
        assert "still owns packages generic/tool 1.0" in only(any_gitea.sync([absent], check_mode=check_mode)).error
    purge = Person(absent.name, {"state": "absent", "purge": True})
    planned, done = only(any_gitea.sync([purge], check_mode=True)), only(any_gitea.sync([purge]))
    assert planned.more == done.more == {"removed_with": {"packages": ["generic/tool 1.0"]}}
    assert (done.error, done.status) == (None, "removed")


# -- servers with other settings ------------------------------------------------------------------------------------


@pytest.fixture
def strict(applications: Applications) -> Iterator[Application]:
    """Gitea that shows nothing to visitors and allows no public accounts."""
    token = applications.token("gitea125")  # its administrator is a public account
    change = (
        "printf '[service]\\nREQUIRE_SIGNIN_VIEW = true\\nALLOWED_USER_VISIBILITY_MODES = limited,private\\n'"
        " >> /data/gitea/conf/app.ini"
    )
    applications.execute("gitea125", "sh", "-c", f"cp /data/gitea/conf/app.ini /tmp/app.ini; {change}")
    try:
        applications.compose("restart", "--timeout", "0", "gitea125")
        applications.wait_for("gitea125")
        yield Application("gitea125", applications.url("gitea125"), token, applications)
    finally:
        applications.execute("gitea125", "cp", "/tmp/app.ini", "/data/gitea/conf/app.ini")
        applications.compose("restart", "--timeout", "0", "gitea125")
        applications.wait_for("gitea125")


def test_strict_server(strict: Application, tmp_path: Path) -> None:
    with pytest.raises(MaxopsError, match=r"REQUIRE_SIGNIN_VIEW.* give a valid api_token|credentials are not accepted"):
        strict.sync([strict.person("x")], authorization="")
    plain = only(strict.sync([strict.person("plain")]))
    assert "visibility Mode not allowed: public" in plain.error
    assert "ALLOWED_USER_VISIBILITY_MODES" in plain.error
    assert only(strict.sync([strict.person("ok", visibility="limited")])).status == "created"
    options = {
        "api_url": strict.url, "project_name": "maxuserstest", "service": "gitea125", "name": strict.name("chief"),
        "email": f"{strict.name('chief')}@example.test", "token_file": str(tmp_path / "gitea.token"),
    }  # fmt: skip
    refused = Module("gitea_admin", options, tmp_path)()
    assert "set DEFAULT_USER_VISIBILITY" in refused["msg"]
    assert "random password" not in refused["msg"]


# -- the first administrator ----------------------------------------------------------------------------------------


def tokens_of(gitea: Application, what: str) -> int:
    return len(gitea.api(f"GET /users/{gitea.name(what)}/tokens", headers=passworded()).json())


def passworded() -> dict[str, str]:
    return {"Authorization": basic(ADMIN, ADMIN_PASSWORD)}


def test_failed_runs_leave_no_further_tokens(gitea: Application, tmp_path: Path) -> None:
    file = tmp_path / "gitea.token"
    options = {
        "api_url": gitea.url, "project_name": "maxuserstest", "service": "gitea", "name": gitea.name("chief"),
        "email": f"{gitea.name('chief')}@example.test", "token_file": str(file),
    }  # fmt: skip
    admin = Module("gitea_admin", options, tmp_path)
    few = admin(token_scopes=["read:user", "read:misc"])
    assert "token_scopes lacks write:admin" in few["msg"]
    assert gitea.api(f"GET /users/{gitea.name('chief')}").status_code == 404, "refused after something was done"
    for _run in range(2):
        weak = admin(password="weak")
        assert "password must be at least 8 characters" in weak["msg"]
        assert not file.exists()
        assert tokens_of(gitea, "chief") == 1
    kept = Path(f"{file}.unfinished")
    assert kept.stat().st_mode & 0o777 == 0o600
    good = admin(password=PASSWORD)
    assert (good["token_made"], good["password_set"], tokens_of(gitea, "chief")) == (True, True, 1)
    assert not kept.exists()
    assert admin(password=PASSWORD)["changed"] is False


# -- OpenProject ----------------------------------------------------------------------------------------------------


def test_memberships_that_are_no_projects_stay(openproject17: Application) -> None:
    """Programs and portfolios have links of their own kind, and archived projects are in no list."""
    openproject17.sync([openproject17.person("pat", projects=[{"project": "webshop", "roles": ["Member"]}])])
    prefix, sql = openproject17.prefix, openproject17.applications.sql
    for kind, active in (("program", "true"), ("portfolio", "true"), ("project", "false")):
        sql(
            f"WITH p AS (INSERT INTO projects (name, identifier, workspace_type, active) VALUES ('{kind}',"
            f" '{prefix}{kind}', '{kind}', {active}) RETURNING id), m AS (INSERT INTO members (user_id, project_id)"
            f" SELECT u.id, p.id FROM users u, p WHERE u.login = '{prefix}pat' RETURNING id) INSERT INTO member_roles"
            " (member_id, role_id) SELECT m.id, r.id FROM m, roles r WHERE r.name = 'Member'",
            openproject17.service,
        )
    exact = {"projects": [{"project": "webshop", "roles": ["Member"]}], "projects_exclusive": True}
    for check_mode in (True, False):
        outcome = only(openproject17.sync([Person(openproject17.name("pat"), exact)], check_mode=check_mode))
        assert (outcome.error, outcome.status, outcome.changes) == (None, "unchanged", {})
        assert all(word in outcome.remarks[0] for word in ("programs/", "portfolios/", "projects/"))
    none = only(openproject17.sync([Person(openproject17.name("pat"), {**exact, "projects": []})]))
    assert none.changes == {"project webshop": (["Member"], [])}
    count = f"SELECT count(*) FROM members m JOIN users u ON u.id = m.user_id WHERE u.login = '{prefix}pat'"
    assert sql(count, openproject17.service) == ["3"]
    # Many people at once are read in another way.
    many = [openproject17.person(f"m{number}", **exact) for number in range(25)]
    report = openproject17.sync([Person(openproject17.name("pat"), exact), *many])
    assert [outcome.error for outcome in report.outcomes] == [None] * 26


def test_removal_by_a_job(openproject17: Application) -> None:
    sql = openproject17.applications.sql
    sql("UPDATE settings SET value = '1' WHERE name = 'users_deletable_by_admins'", openproject17.service)
    openproject17.sync([openproject17.person("gone"), openproject17.person("waits")])
    absent = Person(openproject17.name("gone"), {"state": "absent"})
    removed = only(openproject17.sync([absent]))
    assert (removed.status, removed.error, list(removed.remarks)) == ("removed", None, [])
    assert only(openproject17.sync([absent])).status == "unchanged"
    # A stopped worker: the account is listed until its job has run.
    login = openproject17.name("waits")
    sql(f"UPDATE users SET status = 5 WHERE login = '{login}'", openproject17.service)
    for state in ("absent", "locked"):
        waiting = only(openproject17.sync([Person(login, {"state": state})]))
        assert (waiting.status, waiting.has_changed) == ("unchanged", False)
        assert "has not finished the removal" in waiting.remarks[0]
    assert "is being removed by OpenProject" in only(openproject17.sync([openproject17.person("waits")])).error
    renamed = openproject17.person("other", rename_from=login)
    assert only(openproject17.sync([renamed], check_mode=True)).status == "created"


def test_password_rules_of_the_real_one(openproject: Application) -> None:
    assert only(openproject.sync([openproject.person("easy", password="onlylowercase")])).status == "created"
    short = only(openproject.sync([openproject.person("short", password="S3cret!")]))
    assert "minimum is 10 characters" in short.error
    assert "Administration > Authentication" in short.error


def test_change_that_openproject_does_not_take(openproject: Application, openproject_proxy: FaultProxy) -> None:
    openproject.sync([openproject.person("odd")])
    shown = openproject.api(f"GET /users/{openproject.name('odd')}").text
    openproject_proxy.inject("PATCH .*/users/", status=200, body=shown)
    outcome = only(openproject.sync([Person(openproject.name("odd"), {"language": "ko"})]))
    assert "language is still en and not ko: OpenProject 14.6.3 accepted the request" in outcome.error
    assert not outcome.has_changed


@pytest.mark.parametrize("header", ["Host", "X-Forwarded-Host"])
def test_foreign_host_names_the_right_address(openproject17: Application, header: str) -> None:
    headers = {"Host": "ops.example.test", header: "127.0.0.1:9000"}
    with pytest.raises(MaxopsError) as caught:
        openproject17.sync([openproject17.person("x")], headers=headers)
    assert "Invalid host_name configuration" in str(caught.value)
    assert "OPENPROJECT_ADDITIONAL__HOST__NAMES" in str(caught.value)
    assert only(openproject17.sync([openproject17.person("x")], headers={"Host": "localhost:9000"})).error is None


# -- addresses ------------------------------------------------------------------------------------------------------


def test_without_an_address_the_stacks_own_containers_are_asked(
    gitea122: Application, openproject17: Application, tmp_path: Path
) -> None:
    declared = {"gitea": ["gitea122"], "openproject": ["openproject17"]}
    stack = {"project_name": "maxuserstest", "applications": declared}
    person = {"email": f"{gitea122.name('far')}@example.test", "password": PASSWORD}
    # Nothing listens there: this address is for hosts where Docker cannot be asked.
    far = {"fallback_url": "http://127.0.0.1:9/git"}
    made = Module("gitea_user", {**stack, **far, "api_token": gitea122.token}, tmp_path)(
        name=gitea122.name("far"), **person
    )
    assert (made["counts"]["created"], made["version"]) == (1, "1.22.6")
    openproject = Module("openproject_user", {**stack, "api_token": openproject17.token}, tmp_path)
    made = openproject(name=gitea122.name("far"), first_name="A", last_name="B", **person)
    assert (made["counts"]["created"], made["version"]) == (1, "17.0.0")
    several = Module("gitea_user", {"project_name": "maxuserstest", "api_token": gitea122.token}, tmp_path)(name="x")
    assert "several services could be the stack's Gitea" in several["msg"]
    assert "users_gitea_url" in several["msg"]
    missing = Module("gitea_user", {"project_name": "maxusersnone", "api_token": gitea122.token}, tmp_path)(name="x")
    assert 'no Compose project "maxusersnone"' in missing["msg"]
    assert "users_gitea_url" in missing["msg"]


def test_address_without_the_right_name(openproject17: Application, tmp_path: Path) -> None:
    options = {
        "api_url": openproject17.url, "api_token": openproject17.token, "project_name": "maxuserstest",
        "applications": {"openproject": ["openproject17"]},
    }  # fmt: skip
    refused = Module("openproject_user", options, tmp_path)(name="x")
    for words in (
        "Invalid host_name configuration", "OPENPROJECT_HOST__NAME", "OPENPROJECT_ADDITIONAL__HOST__NAMES",
        "http://ops.example.test or http://localhost:9000", "users_openproject_url",
    ):  # fmt: skip
        assert words in refused["msg"]
