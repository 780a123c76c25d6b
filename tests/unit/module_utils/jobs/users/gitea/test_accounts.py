# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""New and changed accounts of Gitea, compared with what its answers show; the rest is in tests/integration."""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.jobs.users.gitea.accounts import GiteaUsers
from ansible_collections.maxops.ops.plugins.module_utils.jobs.users.job import Options, synchronise
from ansible_collections.maxops.ops.plugins.module_utils.jobs.users.plan import Outcome, Person
from ansible_collections.maxops.ops.plugins.module_utils.systems.gitea.api import Release
from ansible_collections.maxops.ops.plugins.module_utils.systems.gitea.records import Account
from ansible_collections.maxops.ops.plugins.module_utils.tools.process import Cancellation

NEW = {"email": "Kim@A.test", "password": "S3cret!pass"}


class Api:
    """A Gitea with one account at most: it keeps no login_name without a login source, and composes texts."""

    by_password = False
    release = Release.parse("1.21.11")
    http = SimpleNamespace(endpoint=SimpleNamespace(concurrency=1))

    def __init__(self) -> None:
        self.account: Account | None = None

    def myself(self) -> Account:
        return Account("root", id=1, admin=True)

    def find(self, _name: str) -> Account | None:
        return self.account

    def create(self, fields: Mapping[str, Any]) -> Account:
        kept = {"email": fields["email"].lower(), "full_name": fields.get("full_name", "").strip()}
        self.account = Account(fields["username"], id=2, **kept)
        return self.account

    def edit(self, account: Account, fields: Mapping[str, Any]) -> Account:
        self.account = account._replace(**{key: value for key, value in fields.items() if key in Account._fields})
        return self.account


def synchronised(api: Api, **options: Any) -> Outcome:
    system = GiteaUsers(api, Cancellation())  # type: ignore[arg-type]
    [outcome] = synchronise(system, [Person("kim", options)], Options(workers=1), False, Cancellation()).outcomes
    return outcome


@pytest.mark.parametrize(
    "options", [{}, {"login_name": "kim"}, {"full_name": " Kim Minsu "}, {"full_name": "", "admin": True}]
)
def test_an_account_that_is_stored_in_gitea_s_own_way_is_as_wanted(options: dict[str, Any]) -> None:
    api = Api()
    created = synchronised(api, **NEW, **options)
    assert (created.error, created.status) == (None, "created")
    again = synchronised(api, **NEW, **options)
    assert (again.error, again.status) == (None, "unchanged")


def test_a_login_name_of_a_new_local_account_follows_in_a_second_request() -> None:
    api = Api()
    created = synchronised(api, **NEW, login_name="cn=kim")
    assert (created.error, created.status) == (None, "created")
    assert api.account is not None
    assert api.account.login_name == "cn=kim"
    assert synchronised(api, **NEW, login_name="cn=kim").status == "unchanged"
