# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers of Gitea as values."""

from __future__ import annotations

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.systems.gitea.records import (
    Address,
    Belongings,
    account_of,
    addresses_of,
    items_of,
    message_of,
    package_of,
)
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError

ALICE = {
    "login": "Alice", "id": 3, "email": "a@b.test", "full_name": "", "is_admin": False, "active": True,
    "prohibit_login": False, "restricted": False, "visibility": "private", "website": "", "location": "",
    "description": "",
}  # fmt: skip


def test_account_with_and_without_its_source() -> None:
    assert account_of(ALICE).source_id is None
    assert account_of({**ALICE, "source_id": 2, "login_name": "cn=a"})._asdict() | {} == {
        **account_of(ALICE)._asdict(), "source_id": 2, "login_name": "cn=a",
    }  # fmt: skip
    with pytest.raises(MaxopsError, match="unexpected form"):
        account_of({"login": "x"})


def test_lists_in_all_their_forms() -> None:
    assert items_of(None) == []
    assert items_of({"data": [1], "ok": True}) == [1]
    found = [{"email": "a@b.test", "username": "Alice", "primary": False, "verified": True}]
    assert addresses_of(found) == [Address("a@b.test", "Alice", False)]
    assert addresses_of(None) == []


def test_what_is_deleted_with_an_account() -> None:
    package = package_of({"type": "generic", "name": "tool", "version": "1.0"})
    assert package == "generic/tool 1.0"
    assert Belongings([], [], [package], ["acme"]).owned() == {"packages": ["generic/tool 1.0"]}
    assert Belongings(["a/b"], [], None, []).owned() == {"repositories": ["a/b"]}


def test_words_of_a_refusal() -> None:
    assert message_of({"message": "GetUserByName", "errors": ["user does not exist"]}) == (
        "GetUserByName: user does not exist"
    )
    assert message_of({"errors": None}) == message_of([]) == ""
