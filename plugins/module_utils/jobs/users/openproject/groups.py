# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who is in which of OpenProject's groups. Private to this collection."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from ansible_collections.maxops.ops.plugins.module_utils.systems.openproject.api import Account, Group, OpenProject
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError
from ansible_collections.maxops.ops.plugins.module_utils.tools.http.client import ApiError

from ..plan import Outcome, Person, Step

ATTEMPTS = 4
"""How often a group is read and written anew when somebody else changes it at the same moment."""


@dataclass
class MembershipChanges:
    """Who is to come into a group and who is to leave it, by account id, with the people's keys."""

    come: dict[int, str] = field(default_factory=dict)
    go: dict[int, str] = field(default_factory=dict)


class Groups:
    """All groups, and what the people want to be changed in them."""

    def __init__(self, api: OpenProject, groups: Sequence[Group]) -> None:
        self._api = api
        self.all = list(groups)
        self._by_name = {group.name.lower(): group for group in groups}
        self._wishes: dict[int, MembershipChanges] = {}
        self._lock = threading.Lock()

    def steps(self, person: Person, account: Account) -> Iterator[Step]:
        """Note who comes and goes. The groups themselves change once, after everybody has been seen."""
        if "groups" not in person.options:
            return
        wanted = [self._group(name) for name in person.options["groups"]]
        present = [group for group in self.all if account.id in group.members]
        come = [group for group in wanted if group not in present]
        exactly = person.options.get("groups_exclusive", False)
        go = [group for group in present if exactly and group not in wanted]
        if not come and not go:
            return

        def note(now: Account) -> None:
            with self._lock:
                for group in come:
                    self._wishes.setdefault(group.id, MembershipChanges()).come[now.id] = person.key
                for group in go:
                    self._wishes.setdefault(group.id, MembershipChanges()).go[now.id] = person.key

        after = {group.name for group in present if group not in go} | {group.name for group in come}
        yield Step({"groups": (sorted(group.name for group in present), sorted(after))}, note, later=True)

    def _group(self, name: str) -> Group:
        group = self._by_name.get(name.lower())
        if group is None:
            known = ", ".join(sorted(each.name for each in self.all)) or "none"
            raise MaxopsError(f'OpenProject has no group "{name}" (it has {known}); make it first, or correct groups')
        return group

    def apply(self, outcomes: Mapping[str, Outcome]) -> None:
        """Write each group once; what fails becomes the error of everybody who waited for it."""
        for group in self.all:
            wishes = self._wishes.get(group.id)
            if wishes is None:
                continue
            try:
                self._write(group.id, wishes)
            except MaxopsError as error:
                for key in {*wishes.come.values(), *wishes.go.values()}:
                    outcomes[key].leave_out(["groups"])
                    outcomes[key].error = outcomes[key].error or f'group "{group.name}": {error}'

    def _write(self, group_id: int, wishes: MembershipChanges) -> None:
        for attempt in range(ATTEMPTS):
            # Read just before it is written: the API takes the whole list of members only.
            group = self._api.group(group_id)
            members = (group.members | wishes.come.keys()) - wishes.go.keys()
            if members == group.members:
                return
            try:
                self._api.set_members(group, members)
            except ApiError as error:
                if error.status != 409 or attempt == ATTEMPTS - 1:
                    raise
