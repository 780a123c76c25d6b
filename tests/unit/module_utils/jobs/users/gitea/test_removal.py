# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is left, refused and named before an account of Gitea is removed."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.jobs.users.gitea.removal import steps
from ansible_collections.maxops.ops.plugins.module_utils.jobs.users.plan import Outcome, Person
from ansible_collections.maxops.ops.plugins.module_utils.systems.gitea.records import Account, Belongings
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError

MYSELF, LEAVER = Account("root", id=1), Account("leaver", id=2)


class Api:
    def __init__(self, belongings: Belongings) -> None:
        self._belongings = belongings
        self.done: list[Any] = []

    def belongings(self, _account: Account) -> Belongings:
        return self._belongings

    def leave_organization(self, organization: str, account: Account) -> None:
        self.done.append(("leave", organization, account.name))

    def delete(self, account: Account, purge: bool) -> None:
        self.done.append(("delete", account.name, purge))


def removal(belongings: Belongings, purge: bool = False) -> tuple[Outcome, list[Any], list[Any]]:
    api, outcome = Api(belongings), Outcome("leaver")
    person = Person("leaver", {"state": "absent", "purge": purge})
    planned = steps(api, MYSELF, person, LEAVER, outcome)  # type: ignore[arg-type]
    for step in planned:
        step.run(LEAVER)
    return outcome, [step.changes for step in planned], api.done


def test_organisations_of_others_are_left_first() -> None:
    outcome, changes, done = removal(Belongings([], [], [], ["acme", "umbrella"]))
    assert changes == [{"organizations": (["acme", "umbrella"], [])}, {"state": ("present", "absent")}]
    assert done == [("leave", "acme", "leaver"), ("leave", "umbrella", "leaver"), ("delete", "leaver", False)]
    assert outcome.more == {}


def test_packages_are_named_and_deleted_only_with_purge() -> None:
    packages = Belongings([], [], ["generic/tool 1.0"], [])
    with pytest.raises(MaxopsError, match=r"still owns packages generic/tool 1\.0; transfer or delete them first"):
        removal(packages)
    outcome, changes, done = removal(packages, purge=True)
    assert (changes, done) == ([{"state": ("present", "absent")}], [("delete", "leaver", True)])
    assert outcome.more == {"removed_with": {"packages": ["generic/tool 1.0"]}}


def test_packages_that_the_token_does_not_see_are_said() -> None:
    unseen = Belongings([], [], None, [])
    outcome, _changes, done = removal(unseen)
    assert done == [("delete", "leaver", False)]
    assert "read:package" in outcome.remarks[0]
    with pytest.raises(MaxopsError, match="no scope read:package, and purge deletes them"):
        removal(unseen, purge=True)


def test_own_account() -> None:
    with pytest.raises(MaxopsError, match="cannot remove itself"):
        steps(Api(Belongings([], [], [], [])), MYSELF, Person("root", {}), MYSELF, Outcome("root"))  # type: ignore[arg-type]
