# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Members of OpenProject's groups."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from ansible_collections.maxops.ops.plugins.module_utils.systems.openproject.api import Account, Group, OpenProject
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError
from ansible_collections.maxops.ops.plugins.module_utils.tools.http.client import ApiError

from ..plan import Outcome, Person, Step

ATTEMPTS = 4
"""How often a group is read and written again when it is changed by others at the same moment."""


@dataclass
class MembershipChanges:
    """Who joins and who leaves a group, by account id, with the people's keys."""

    joining: dict[int, str] = field(default_factory=dict)
    leaving: dict[int, str] = field(default_factory=dict)


class Groups:
    """All groups, and the changes of their members that the list requires."""

    def __init__(self, api: OpenProject, groups: Sequence[Group]) -> None:
        self._api = api
        self.all = list(groups)
        self._by_name = {group.name.lower(): group for group in groups}
        self._changes: dict[int, MembershipChanges] = {}
        self._lock = threading.Lock()

    def steps(self, person: Person, account: Account) -> Iterator[Step]:
        """Note who joins and leaves. The groups themselves change once, after all people."""
        if "groups" not in person.options:
            return
        wanted = [self._group(name) for name in person.options["groups"]]
        present = [group for group in self.all if account.id in group.members]
        to_join = [group for group in wanted if group not in present]
        exactly = person.options.get("groups_exclusive", False)
        to_leave = [group for group in present if exactly and group not in wanted]
        if not to_join and not to_leave:
            return

        def note(now: Account) -> None:
            with self._lock:
                for group in to_join:
                    self._changes.setdefault(group.id, MembershipChanges()).joining[now.id] = person.key
                for group in to_leave:
                    self._changes.setdefault(group.id, MembershipChanges()).leaving[now.id] = person.key

        after = {group.name for group in present if group not in to_leave} | {group.name for group in to_join}
        yield Step({"groups": (sorted(group.name for group in present), sorted(after))}, note, later=True)

    def _group(self, name: str) -> Group:
        group = self._by_name.get(name.lower())
        if group is None:
            existing = ", ".join(sorted(group.name for group in self.all)) or "none"
            raise MaxopsError(
                f'OpenProject has no group "{name}" (it has {existing}); create it first, or correct groups'
            )
        return group

    def apply(self, outcomes: Mapping[str, Outcome]) -> None:
        """Write each group once; a failure becomes the error of all people whom the group concerns."""
        for group in self.all:
            changes = self._changes.get(group.id)
            if changes is None:
                continue
            try:
                self._write(group.id, changes)
            except MaxopsError as error:
                for key in {*changes.joining.values(), *changes.leaving.values()}:
                    outcomes[key].leave_out(["groups"])
                    outcomes[key].error = outcomes[key].error or f'group "{group.name}": {error}'

    def _write(self, group_id: int, changes: MembershipChanges) -> None:
        for attempt in range(ATTEMPTS + 1):
            # Read just before it is written: the API accepts only the whole list of members.
            group = self._api.group(group_id)
            members = (group.members | changes.joining.keys()) - changes.leaving.keys()
            if members == group.members:
                return
            if attempt == ATTEMPTS:
                break
            try:
                self._api.set_members(group, members)
            except ApiError as error:
                if error.status != 409 or attempt == ATTEMPTS - 1:
                    raise
        raise MaxopsError(
            f"OpenProject accepted the new list of members {ATTEMPTS} times and still shows another one; set the "
            "members by hand on the group's page (Administration > Groups)"
        )
