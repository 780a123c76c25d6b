# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults of servers and networks during the job users, injected before the applications."""

from __future__ import annotations

import json
import signal
import socket
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.jobs.users.plan import Person
from ansible_collections.maxops.ops.plugins.module_utils.tools import paging
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError
from ansible_collections.maxops.ops.plugins.module_utils.tools.http.client import UnreachableError
from ansible_collections.maxops.ops.tests.integration.fault_proxy import FaultProxy, make_certificate
from ansible_collections.maxops.ops.tests.integration.support import Module, finish
from ansible_collections.maxops.ops.tests.integration.users_support import PASSWORD, Application, ssh_key


def only(report: Any) -> Any:
    [outcome] = report.outcomes
    return outcome


def both(test: Any) -> Any:
    """Run a test with each application."""
    return pytest.mark.parametrize("kind", ["gitea", "openproject"])(test)


@pytest.fixture
def faulty(kind: str, request: pytest.FixtureRequest) -> tuple[Application, FaultProxy]:
    """An application behind its proxy."""
    return request.getfixturevalue(kind), request.getfixturevalue(f"{kind}_proxy")


def creation(application: Application) -> str:
    return "POST .*/users " if application.service == "openproject" else "POST .*/admin/users "


# -- lost answers ---------------------------------------------------------------------------------------------------


@both
@pytest.mark.parametrize("cut", ["before", "after"])
def test_connection_reset_while_an_account_is_made(faulty: tuple[Application, FaultProxy], cut: str) -> None:
    application, proxy = faulty
    proxy.inject(creation(application), cut=cut)
    outcome = only(application.sync([application.person("one")]))
    assert (outcome.error, outcome.status) == (None, "created")
    assert proxy.count(creation(application)) == (1 if cut == "after" else 2)
    assert only(application.sync([application.person("one")])).status == "unchanged"


def test_what_follows_a_lost_creation_is_done_as_well(gitea: Application, gitea_proxy: FaultProxy) -> None:
    gitea_proxy.inject(creation(gitea), cut="after")
    person = gitea.person("full", admin=True, location="Seoul", max_repo_creation=3, ssh_keys=[ssh_key("x")])
    outcome = only(gitea.sync([person]))
    assert (outcome.error, outcome.status) == (None, "created")
    assert {"admin", "location", "max_repo_creation", "ssh_keys"} <= outcome.changes.keys()
    [row] = gitea.applications.sql(f"SELECT max_repo_creation FROM \"user\" WHERE name = '{person.name}'", "gitea")
    assert row == "3"
    assert gitea.shown("full")["location"] == "Seoul"


def test_lost_answers_of_keys_renames_and_tokens(gitea: Application, gitea_proxy: FaultProxy) -> None:
    gitea.sync([gitea.person("old")])
    gitea_proxy.inject("POST .*/rename", cut="after")
    gitea_proxy.inject("POST .*/keys", cut="after")
    gitea_proxy.inject("POST .*/tokens", cut="after")
    wanted = {
        "rename_from": gitea.name("old"),
        "ssh_keys": [ssh_key("x")],
        "tokens": [{"name": "t", "scopes": ["read:user"]}],
    }
    outcome = only(gitea.sync([Person(gitea.name("new"), wanted)], **gitea.by_password()))
    assert (outcome.error, outcome.status) == (None, "changed")
    assert outcome.changes.keys() == {"name", "ssh_keys", "tokens"}
    # The first token's secret is lost with its answer, so it must not stay behind.
    [secret] = outcome.secrets
    assert gitea.api(f"GET /users/{gitea.name('new')}/tokens", **passworded(gitea)).json()[0]["name"] == "t"
    assert gitea.api("GET /user", headers={"Authorization": f"token {secret['token']}"}).status_code != 401


def passworded(gitea: Application) -> dict[str, Any]:
    return {"headers": {"Authorization": gitea.by_password()["authorization"]}}


def test_lost_answer_of_a_membership(openproject: Application, openproject_proxy: FaultProxy) -> None:
    openproject_proxy.inject("POST .*/memberships", cut="after")
    person = openproject.person("m", projects=[{"project": "webshop", "roles": ["Member"]}])
    outcome = only(openproject.sync([person]))
    assert (outcome.error, outcome.status) == (None, "created")
    assert openproject_proxy.count("POST .*/memberships") == 1
    assert only(openproject.sync([person])).status == "unchanged"


@both
def test_changes_that_set_a_state_are_repeated(faulty: tuple[Application, FaultProxy]) -> None:
    application, proxy = faulty
    application.sync([application.person("p")])
    proxy.inject("PATCH", cut="after")
    proxy.inject("GET .*users", cut="before")
    outcome = only(application.sync([application.person("p", email=f"{application.name('n')}@example.test")]))
    assert (outcome.error, outcome.changes.keys()) == (None, {"email"})
    assert proxy.count("PATCH") == 2


def test_deletion_whose_answer_got_lost(gitea: Application, gitea_proxy: FaultProxy) -> None:
    gitea.sync([gitea.person("gone")])
    gitea_proxy.inject("DELETE", cut="after")
    assert only(gitea.sync([Person(gitea.name("gone"), {"state": "absent"})])).status == "removed"


@both
def test_account_created_by_another_run_at_the_same_moment(faulty: tuple[Application, FaultProxy]) -> None:
    application, proxy = faulty
    mine = application.person("race", email=f"{application.name('mine')}@example.test")
    direct = Application(application.service, application.applications.url(application.service), application.token,
                         application.applications, application.prefix)  # fmt: skip
    proxy.inject(creation(application), meanwhile=lambda: direct.sync([direct.person("race")]))
    outcome = only(application.sync([mine]))
    assert (outcome.error, outcome.status, outcome.changes.keys()) == (None, "changed", {"email"})


# -- an overloaded server --------------------------------------------------------------------------------------------


@both
@pytest.mark.parametrize("status", [429, 503])
def test_a_pause_is_kept_when_the_server_asks_for_one(faulty: tuple[Application, FaultProxy], status: int) -> None:
    application, proxy = faulty
    proxy.inject(creation(application), times=1, status=status, headers={"Retry-After": "1"})
    started = time.monotonic()
    report = application.sync([application.person(f"w{number}") for number in range(4)])
    assert [outcome.error for outcome in report.outcomes] == [None] * 4
    assert report.counts()["created"] == 4
    assert time.monotonic() - started >= 1


def test_a_pause_given_as_a_date(gitea: Application, gitea_proxy: FaultProxy) -> None:
    at = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(time.time() + 2))
    gitea_proxy.inject("GET .*/version", status=503, headers={"Retry-After": at})
    started = time.monotonic()
    assert only(gitea.sync([gitea.person("d")])).status == "created"
    assert time.monotonic() - started >= 0.9


def test_a_pause_that_is_too_long_is_left_to_the_operator(gitea: Application, gitea_proxy: FaultProxy) -> None:
    gitea_proxy.inject("GET .*/version", status=429, headers={"Retry-After": "3600"})
    with pytest.raises(UnreachableError, match="asks to wait 3600 seconds"):
        gitea.sync([gitea.person("x")])


def test_gateway_that_accepts_the_request_and_returns_503(gitea: Application, gitea_proxy: FaultProxy) -> None:
    gitea_proxy.inject(
        creation(gitea), status=503, spoil=True, body="Gitea does not answer", headers={"Retry-After": "0"}
    )
    outcome = only(gitea.sync([gitea.person("gw")]))
    assert (outcome.error, outcome.status) == (None, "created")
    assert gitea_proxy.count(creation(gitea)) == 1


def test_500_on_one_of_many_does_not_affect_the_others(gitea: Application, gitea_proxy: FaultProxy) -> None:
    bad = gitea.name("u3")
    gitea_proxy.inject(f'{creation(gitea)}.*"{bad}"', times=99, status=500, body='{"message": "boom"}')
    report = gitea.sync([gitea.person(f"u{number}") for number in range(10)])
    assert [outcome.name for outcome in report.failures] == [bad]
    assert "boom" in report.failures[0].error
    assert report.counts() == {"created": 9, "changed": 0, "unchanged": 0, "removed": 0, "failed": 1}
    gitea_proxy.faults.clear()
    assert gitea.sync([gitea.person(f"u{number}") for number in range(10)]).counts()["created"] == 1


def test_slow_server_is_given_up_after_the_timeout(gitea: Application, gitea_proxy: FaultProxy) -> None:
    gitea_proxy.inject("GET .*/version", times=99, delay=5)
    started = time.monotonic()
    with pytest.raises(UnreachableError, match="no answer in time, tried 2 times"):
        gitea.sync([gitea.person("x")], timeout=0.5, retries=1)
    assert time.monotonic() - started < 9


def test_slow_creation_is_done_once(gitea: Application, gitea_proxy: FaultProxy) -> None:
    # The second attempt is done long before the first one arrives, also on a busy machine.
    gitea_proxy.inject(creation(gitea), delay=8)
    outcome = only(gitea.sync([gitea.person("slow")], timeout=3.0))
    assert (outcome.error, outcome.status) == (None, "created")


def test_connection_refused(gitea: Application) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        gitea.url = f"http://127.0.0.1:{free.getsockname()[1]}"
        with pytest.raises(UnreachableError, match="connection refused, tried 2 times"):
            gitea.sync([gitea.person("x")], retries=1)


def test_server_that_dies_in_the_middle_ends_the_run_soon(gitea: Application, gitea_proxy: FaultProxy) -> None:
    gitea.sync([gitea.person("seen")])
    gitea_proxy.inject("PATCH", times=999, cut="before")
    people = [gitea.person("seen", full_name="x"), *(gitea.person(f"n{number}") for number in range(3))]
    report = gitea.sync(people, retries=1, concurrency=1)
    assert "does not answer" in report.outcomes[0].error
    assert all(outcome.error.startswith("not tried: ") for outcome in report.outcomes[1:])


def test_server_that_stops_answering_ends_the_run_for_the_remaining_people(
    gitea: Application, gitea_proxy: FaultProxy
) -> None:
    gitea_proxy.inject("POST|users/", times=999, status=503, headers={"Retry-After": "0"})
    people = [gitea.person(f"g{number}") for number in range(25)]
    report = gitea.sync(people, retries=1, concurrency=2)
    assert "is not ready (503" in report.outcomes[0].error
    assert sum(outcome.error.startswith("not tried: ") for outcome in report.outcomes) >= 20
    assert gitea_proxy.count("POST") <= 2


# -- invalid answers -------------------------------------------------------------------------------------------------


@both
def test_html_instead_of_json(faulty: tuple[Application, FaultProxy]) -> None:
    application, proxy = faulty
    page = "<html><head><title>Sign in - Company SSO</title></head><body>…</body></html>"
    proxy.inject("GET", times=9, status=200, body=page, headers={"Content-Type": "text/html; charset=utf-8"})
    with pytest.raises(MaxopsError, match=r"an HTML page instead of JSON \(Sign in - Company SSO\): api_url leads to"):
        application.sync([application.person("x")])


@both
def test_address_of_something_else(faulty: tuple[Application, FaultProxy]) -> None:
    application, _proxy = faulty
    application.url += "/nothing/here"
    with pytest.raises(MaxopsError, match="correct api_url"):
        application.sync([application.person("x")])


def test_redirect_to_another_address_is_not_followed(gitea: Application, gitea_proxy: FaultProxy) -> None:
    gitea_proxy.inject("GET .*/version", status=301, headers={"Location": "https://git.example.com/"}, body="")
    with pytest.raises(MaxopsError, match=r"redirected to https://git\.example\.com/: set api_url"):
        gitea.sync([gitea.person("x")])


def test_proxy_that_follows_the_redirect_of_a_renamed_user(gitea: Application, gitea_proxy: FaultProxy) -> None:
    old, new = gitea.name("old"), gitea.name("new")
    gitea.sync([gitea.person("old")])
    gitea.sync([Person(new, {"rename_from": old})])
    renamed = json.dumps(gitea.shown("new"))
    gitea_proxy.inject(f"GET .*/users/{old}", times=9, status=200, body=renamed)
    assert only(gitea.sync([Person(old, {"state": "locked"})])).status == "unchanged"
    assert not gitea.shown("new")["prohibit_login"]


# -- TLS -----------------------------------------------------------------------------------------------------------


def test_certificate_of_an_unknown_authority(gitea: Application, tmp_path: Path) -> None:
    certificate, key = make_certificate(tmp_path)
    proxy = FaultProxy(gitea.url, (certificate, key))
    try:
        gitea.url = proxy.url
        with pytest.raises(UnreachableError, match="not signed by an authority that this host trusts: name the CA's"):
            gitea.sync([gitea.person("tls")])
        assert only(gitea.sync([gitea.person("tls")], ca_file=str(certificate))).status == "created"
        assert only(gitea.sync([gitea.person("tls")], validate_certs=False)).status == "unchanged"
        gitea.url = proxy.url.replace("127.0.0.1", "localhost")
        with pytest.raises(UnreachableError, match="is for another name"):
            gitea.sync([gitea.person("tls")], ca_file=str(certificate))
        with pytest.raises(MaxopsError, match="does not exist; name a PEM file"):
            gitea.sync([gitea.person("tls")], ca_file="/nowhere.pem")
    finally:
        proxy.close()


# -- a list that changes -------------------------------------------------------------------------------------------


@pytest.fixture
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages so small that there are several."""
    for module in ("gitea", "openproject"):
        monkeypatch.setattr(f"ansible_collections.maxops.ops.plugins.module_utils.systems.{module}.api.PAGE_SIZE", 10)


@both
def test_list_that_changes_while_it_is_read(faulty: tuple[Application, FaultProxy], small_pages: None) -> None:
    application, proxy = faulty
    people = [application.person(f"p{number:02}") for number in range(30)]
    application.sync(people)
    victim = application.shown if application.service == "gitea" else None
    numbered = "page=2" if victim else "offset=2"
    removed = iter(people)

    def remove_one() -> None:
        """Remove the first account: all others move up, and one of them falls between two pages."""
        name = next(removed).name
        if application.service == "gitea":
            application.api(f"DELETE /admin/users/{name}")
        else:
            application.applications.sql(f"DELETE FROM users WHERE login = '{name}'")

    proxy.inject(f"GET .*users.*{numbered}", meanwhile=remove_one)
    report = application.sync(people, concurrency=1)
    assert [outcome.error for outcome in report.outcomes] == [None] * 30
    # The removed account is created again; no other one was changed or created twice.
    assert report.counts()["unchanged"] >= 29
    assert application.sync(people).counts()["unchanged"] == 30


def test_list_that_keeps_changing(gitea: Application, gitea_proxy: FaultProxy, small_pages: None) -> None:
    people = [gitea.person(f"q{number:02}") for number in range(25)]
    gitea.sync(people)
    extra = iter(gitea.person(f"a{number}") for number in range(99))
    direct = Application("gitea", gitea.applications.url("gitea"), gitea.token, gitea.applications, gitea.prefix)
    second_page = r"GET .*admin/users.*page=2(?!\d)"
    gitea_proxy.requests.clear()
    gitea_proxy.inject(second_page, times=99, meanwhile=lambda: direct.sync([next(extra)]))
    report = gitea.sync(people, concurrency=1)
    assert gitea_proxy.count(second_page) == paging.READINGS
    assert report.counts()["unchanged"] == 25


# -- a run that is stopped -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stopped_in_the_middle_and_completed_by_the_next_run(
    gitea: Application, gitea_proxy: FaultProxy, tmp_path: Path, number: int
) -> None:
    people = [
        {"name": gitea.name(f"s{index:03}"), "email": f"{gitea.name(f's{index:03}')}@example.test"}
        for index in range(150)
    ]
    module = Module("gitea_user", {"api_url": gitea.url, "api_token": gitea.token, "password": PASSWORD}, tmp_path)
    enough = threading.Event()
    gitea_proxy.inject(f"{creation(gitea)}.*s04", meanwhile=enough.set)
    process = module.start(users=people)
    assert enough.wait(30)
    process.send_signal(number)
    result = finish(process)
    assert result["failed"]
    assert result["changed"]
    assert "stopped by signal" in result["msg"]
    assert "run this again for the rest" in result["msg"]
    done = [user["name"] for user in result["users"] if user["status"] == "created"]
    assert 0 < len(done) < 150
    assert {user["status"] for user in result["users"]} == {"created", "failed"}
    assert result["unchanged"] == []
    second = module(users=people)
    assert not second.get("failed")
    assert second["counts"]["created"] + second["counts"]["unchanged"] == 150
    assert second["counts"]["unchanged"] >= len(done)
    assert PASSWORD not in json.dumps([result, second])


def test_killed_in_the_middle_and_completed_by_the_next_run(
    gitea: Application, gitea_proxy: FaultProxy, tmp_path: Path
) -> None:
    people = [
        {"name": gitea.name(f"k{index:03}"), "email": f"{gitea.name(f'k{index:03}')}@example.test", "location": "Seoul"}
        for index in range(60)
    ]
    module = Module("gitea_user", {"api_url": gitea.url, "api_token": gitea.token, "password": PASSWORD}, tmp_path)
    enough = threading.Event()
    gitea_proxy.inject("PATCH .*k02", meanwhile=enough.set, delay=0.2)
    process = module.start(users=people)
    assert enough.wait(30)
    process.kill()
    process.communicate()
    second = module(users=people)
    assert not second.get("failed")
    assert gitea.shown("k020")["location"] == "Seoul"
    assert module(users=people)["counts"]["unchanged"] == 60
