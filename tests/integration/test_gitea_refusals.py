# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every known refusal of Gitea, from Gitea itself where possible."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.jobs.users.plan import Person
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError
from ansible_collections.maxops.ops.tests.integration.fault_proxy import FaultProxy
from ansible_collections.maxops.ops.tests.integration.users_support import ADMIN, Application


def only(report: Any) -> Any:
    [outcome] = report.outcomes
    return outcome


@pytest.mark.parametrize(
    ("options", "refusal", "advice"),
    [
        ({"email": f"{ADMIN}@example.test"}, "e-mail already in use", "another account has this address"),
        ({"email": "nope"}, "[Email]: Email", "correct email"),
        ({"password": "x"}, "PasswordIsRequired", "give a longer one"),
        ({"source_id": 99}, "login source does not exist [id: 99]", "correct source_id"),
    ],
)
def test_refused_new_account(any_gitea: Application, options: dict[str, Any], refusal: str, advice: str) -> None:
    person = any_gitea.person("new", **options)
    outcome = only(any_gitea.sync([person]))
    assert (outcome.status, outcome.changes) == ("failed", {})
    assert refusal in outcome.error
    assert advice in outcome.error
    assert any_gitea.api(f"GET /users/{person.name}").status_code == 404


@pytest.mark.parametrize(
    ("name", "refusal", "advice"),
    [
        ("api", "name is reserved [name: api]", "choose another one"),
        ("a b", "[Username]: invalid username", "use letters, digits"),
        ("x" * 41, "[Username]", "40 at most"),
    ],
)
def test_refused_name(any_gitea: Application, name: str, refusal: str, advice: str) -> None:
    person = Person(name, any_gitea.person("n").options)
    outcome = only(any_gitea.sync([person]))
    assert refusal in outcome.error
    assert advice in outcome.error


@pytest.mark.parametrize(
    ("options", "refusal", "advice"),
    [
        ({"email": f"{ADMIN}@example.test"}, "e-mail already in use", "another account has this address"),
        ({"email": "bad"}, "e-mail address contains unsupported character", "correct email"),
        ({"password": "x", "update_password": "always"}, "password must be at least 8 characters", "give a longer one"),
    ],
)
def test_refused_change(any_gitea: Application, options: dict[str, Any], refusal: str, advice: str) -> None:
    """A bad address is a 500 before 1.22, and is neither repeated nor taken for a fault of the server."""
    any_gitea.sync([any_gitea.person("old", must_change_password=False)])
    outcome = only(any_gitea.sync([Person(any_gitea.name("old"), options)]))
    assert (outcome.status, outcome.changes) == ("failed", {})
    assert refusal in outcome.error
    assert advice in outcome.error


def test_partial_effect_of_a_refused_change_is_reported(any_gitea: Application) -> None:
    """From 1.22 on, Gitea has stored the one field when it refuses the other."""
    any_gitea.sync([any_gitea.person("half")])
    outcome = only(any_gitea.sync([Person(any_gitea.name("half"), {"email": "bad", "prohibit_login": True})]))
    assert outcome.status == "failed"
    stored = any_gitea.shown("half")["prohibit_login"]
    assert stored is (any_gitea.service != "gitea")
    assert outcome.changes == ({"prohibit_login": (False, True)} if stored else {})


def test_refused_rename(any_gitea: Application) -> None:
    any_gitea.sync([any_gitea.person("owner"), any_gitea.person("who")])
    any_gitea.api(f"POST /admin/users/{any_gitea.name('owner')}/orgs", {"username": any_gitea.name("org")})
    outcome = only(any_gitea.sync([Person(any_gitea.name("org"), {"rename_from": any_gitea.name("who")})]))
    assert "choose another one" in outcome.error
    assert outcome.changes == {}


def test_missing_and_wrong_credentials(any_gitea: Application) -> None:
    with pytest.raises(MaxopsError, match="the request had no credentials"):
        any_gitea.sync([any_gitea.person("x")], authorization="")
    with pytest.raises(MaxopsError, match="credentials are not accepted"):
        any_gitea.sync([any_gitea.person("x")], authorization="token " + "0" * 40)


@pytest.mark.parametrize(
    ("method", "status", "message", "options", "advice"),
    [
        ("PATCH", 404, "user redirect does not exist [name: x]", {"location": "a"}, "removed or renamed meanwhile"),
        (
            "PATCH",
            400,
            "You cannot remove the last admin.",
            {"admin": True},
            "make another account a site administrator",
        ),
        ("PATCH", 403, "user should be the site admin", {"location": "a"}, "use the token of one"),
        ("PATCH", 403, "token does not have at least one of required scope(s)", {"location": "a"}, "make one with all"),
        ("PATCH", 422, "[Visibility]: In", {"visibility": "limited"}, "public, limited or private"),
        ("PATCH", 400, "PasswordPwned", {"location": "a"}, "never leaked"),
        ("PATCH", 418, "short and stout", {"location": "a"}, "short and stout"),
        ("DELETE", 422, "you cannot delete yourself", {"state": "absent"}, "the token of another administrator"),
        ("DELETE", 422, "user still has membership of organizations [uid: 2]", {"state": "absent"}, "purge to true"),
        ("DELETE", 422, "x is an organization not a user", {"state": "absent"}, "belongs to an organisation"),
    ],
)
def test_refusal_is_explained_and_not_repeated(
    gitea: Application,
    gitea_proxy: FaultProxy,
    method: str,
    status: int,
    message: str,
    options: dict[str, Any],
    advice: str,
) -> None:
    gitea.sync([gitea.person("u")])
    gitea_proxy.inject(f"{method} .*/admin/users/", times=9, status=status, body=json.dumps({"message": message}))
    outcome = only(gitea.sync([Person(gitea.name("u"), options)]))
    assert outcome.status == "failed"
    assert message in outcome.error
    assert advice in outcome.error
    assert gitea_proxy.count(f"{method} .*/admin/users/") == 1, "a refusal was repeated"


def test_token_that_is_revoked_in_the_middle_ends_the_run(gitea: Application, gitea_proxy: FaultProxy) -> None:
    gitea_proxy.inject(
        "POST .*/admin/users ", times=99, status=401, body='{"message": "invalid username, password or token"}'
    )
    report = gitea.sync([gitea.person(f"r{number}") for number in range(5)], concurrency=1)
    assert "give a valid api_token" in report.outcomes[0].error
    assert all(outcome.error.startswith("not tried") for outcome in report.outcomes[1:])
    assert gitea_proxy.count("POST .*/admin/users ") == 1


def test_unexpected_answer_fails_one_user_only(gitea: Application, gitea_proxy: FaultProxy) -> None:
    gitea_proxy.inject(f'POST .*"{gitea.name("odd")}"', status=201, body='{"strange": true}')
    report = gitea.sync([gitea.person("odd"), gitea.person("even")])
    assert "unexpected form" in report.outcomes[0].error
    assert report.outcomes[1].status == "created"
