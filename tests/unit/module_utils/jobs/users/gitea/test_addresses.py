# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Second addresses of an account, and what a look-up that fails must not change."""

from __future__ import annotations

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.jobs.users.gitea.addresses import Addresses
from ansible_collections.maxops.ops.plugins.module_utils.jobs.users.plan import Outcome
from ansible_collections.maxops.ops.plugins.module_utils.systems.gitea.records import Account, Address
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import Cancelled
from ansible_collections.maxops.ops.plugins.module_utils.tools.http.client import ApiError

BEFORE, AFTER = Account("kim", email="old@a.test"), Account("kim", email="new@a.test")
IN_USE = ApiError("Gitea refused (422)", 422, "e-mail already in use [email: old@a.test]")


class Api:
    def __init__(self, answer: Address | Exception | None) -> None:
        self.answer = answer

    def address(self, _email: str) -> Address | None:
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def remarks(answer: Address | Exception | None) -> list[str]:
    outcome = Outcome("kim")
    Addresses(Api(answer)).remark_old(BEFORE, AFTER, outcome)  # type: ignore[arg-type]
    return list(outcome.remarks)


def test_old_address_that_stays_is_said() -> None:
    [remark] = remarks(Address("old@a.test", "Kim", False))
    assert remark.startswith("old@a.test stays a second address of this account: it still signs in")
    assert remarks(None) == []
    assert remarks(Address("old@a.test", "lee", False)) == []


def test_a_look_up_that_fails_does_not_undo_the_change() -> None:
    [remark] = remarks(ApiError("Gitea refused (403): the token lacks a scope", 403, "scope"))
    assert remark == (
        "it is not known whether old@a.test stays a second address of this account: Gitea refused (403): the token "
        "lacks a scope"
    )
    with pytest.raises(Cancelled):
        remarks(Cancelled("stopped"))


def test_the_refusal_stays_where_the_look_up_fails() -> None:
    failing = Addresses(Api(ApiError("x", 500, "x")))  # type: ignore[arg-type]
    assert failing.explained(IN_USE, "old@a.test") is IN_USE
    found = Addresses(Api(Address("old@a.test", "lee", False))).explained(IN_USE, "old@a.test")  # type: ignore[arg-type]
    assert '"lee", as a second address, which no list of users shows' in str(found)
