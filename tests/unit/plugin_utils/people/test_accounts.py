# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""People of the list as users of each application."""

from __future__ import annotations

import pytest

from ansible_collections.maxops.ops.plugins.plugin_utils.people.accounts import (
    CLASSES,
    Choices,
    gitea_users,
    needing,
    new_password,
    openproject_users,
)

KIM = {"login": "mskim", "email": "mskim@example.com", "full_name": "김민수"}


def test_active_person_in_both() -> None:
    row = {**KIM, "former_login": "kim", "gitea": {"teams": ["a/b"]}, "openproject": {"projects": {"web": ["Member"]}}}
    [gitea] = gitea_users([row], Choices(passwords={}))
    assert gitea == {
        "name": "mskim", "email": "mskim@example.com", "full_name": "김민수", "rename_from": "kim",
        "teams": ["a/b"], "teams_exclusive": True, "prohibit_login": False,
    }  # fmt: skip
    [openproject] = openproject_users(
        [row], Choices(passwords={"mskim": "Secret"}, exact=False, unlock=False, invite=True)
    )
    assert openproject == {
        "name": "mskim", "email": "mskim@example.com", "first_name": "민수", "last_name": "김", "rename_from": "kim",
        "projects": [{"project": "web", "roles": ["Member"]}], "projects_exclusive": False, "status": "invited",
        "password": "Secret",
    }  # fmt: skip


def test_people_who_left_and_people_without_accounts() -> None:
    left, elsewhere = (
        {"login": "carol", "state": "left", "password": "x"},
        {**KIM, "gitea": False, "openproject": False},
    )
    assert gitea_users([left, elsewhere], Choices()) == [{"name": "carol", "state": "locked"}]
    assert openproject_users([left, elsewhere], Choices()) == [{"name": "carol", "state": "locked"}]
    [rotated] = gitea_users([left], Choices(rotate=True))
    assert rotated["ssh_keys"] == []
    assert rotated["password"] not in ("x", gitea_users([left], Choices(rotate=True))[0]["password"])


def test_passwords_of_new_people_only() -> None:
    rows = [KIM, {**KIM, "login": "Own", "password": "of her own"}, {**KIM, "login": "New"}]
    users = gitea_users(rows, Choices(passwords={"new": "generated"}))
    assert [user.get("password") for user in users] == [None, "of her own", "generated"]
    assert all(user["password"] for user in gitea_users(rows, Choices()))


def test_new_passwords_satisfy_both_applications() -> None:
    made = {new_password() for _number in range(200)}
    assert len(made) == 200
    for password in made:
        assert len(password) == 20
        assert all(any(letter in kind for letter in password) for kind in CLASSES)
        assert password[0].isalpha()
        assert not set(password) & set("Il1O0o")


@pytest.mark.parametrize("exact", [True, False])
def test_an_empty_list_means_none_in_every_column(exact: bool) -> None:
    row = {
        **KIM,
        "gitea": {"ssh_keys": [], "teams": []},
        "openproject": {"projects": {}, "groups": [], "roles": []},
    }
    [gitea] = gitea_users([row], Choices(passwords={}, exact=exact))
    assert (gitea["ssh_keys"], gitea["ssh_keys_exclusive"], gitea["teams_exclusive"]) == ([], True, True)
    [openproject] = openproject_users([row], Choices(passwords={}, exact=exact))
    assert (openproject["projects"], openproject["projects_exclusive"]) == ([], True)
    assert (openproject["groups"], openproject["groups_exclusive"], openproject["roles"]) == ([], True, [])


def test_keys_of_the_list_are_at_least() -> None:
    [gitea] = gitea_users([{**KIM, "gitea": {"ssh_keys": ["ssh-ed25519 AAAA"]}}], Choices(passwords={}))
    assert "ssh_keys_exclusive" not in gitea


def test_who_needs_a_password_is_cut_only_where_it_is_long() -> None:
    assert needing(["alice"]) == "1 new account needs a password (alice)"
    assert needing(["alice", "mskim"]) == "2 new accounts need a password (alice, mskim)"
    assert needing(list("abcdefg")) == "7 new accounts need a password (a, b, c, d, e and 2 more)"
