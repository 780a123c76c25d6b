# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Roles in OpenProject's projects."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Sequence

from ansible_collections.maxops.ops.plugins.module_utils.systems.openproject.api import (
    Account,
    Group,
    Membership,
    OpenProject,
    Project,
)
from ansible_collections.maxops.ops.plugins.module_utils.systems.openproject.refusals import is_taken
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError
from ansible_collections.maxops.ops.plugins.module_utils.tools.http.client import ApiError

from ..plan import AlreadyThereError, NotTakenError, Outcome, Person, Step

EVERYWHERE = None
"""In place of a project: global roles."""


class Roles:
    """Projects, roles and memberships."""

    def __init__(self, api: OpenProject) -> None:
        self._api = api
        self._names: dict[int, str] = {}
        self._projects: dict[int, Project] = {}
        self._memberships: dict[int, dict[int | None, Membership]] = {}
        self._others: dict[int, set[str]] = {}
        """Memberships of programs, portfolios and the like, by account: they are never changed."""
        self._groups: Sequence[Group] = ()
        self._lock = threading.Lock()

    @classmethod
    def read(cls, api: OpenProject, groups: Sequence[Group], accounts: Sequence[int] | None) -> Roles:
        """Read them all, or only the memberships of these accounts and of their groups."""
        roles = cls(api)
        roles._names = api.roles()
        roles._projects = {project.id: project for project in api.projects()}
        roles._groups = groups
        principals = None
        if accounts is not None:
            principals = [*accounts, *(group.id for group in groups if group.members & set(accounts))]
        if principals != []:
            roles._add(api.memberships(principals))
        return roles

    def read_again(self, account_id: int) -> None:
        """Read one account's memberships again."""
        with self._lock:
            self._memberships.pop(account_id, None)
        self._add(self._api.memberships([account_id]))

    def _add(self, memberships: Iterable[Membership]) -> None:
        with self._lock:
            for membership in memberships:
                if membership.other:
                    self._others.setdefault(membership.principal, set()).add(membership.other)
                else:
                    self._memberships.setdefault(membership.principal, {})[membership.project] = membership

    # -- one person -----------------------------------------------------------------------------------------------

    def steps(self, person: Person, account: Account, outcome: Outcome) -> Iterator[Step]:
        """One step for each project in which something changes, and one for global roles.

        Memberships that are no projects' of the list's kind, or of projects that the API does not show, stay.
        """
        options = person.options
        present = self._memberships.get(account.id, {}) if account.id else {}
        wanted: dict[int | None, frozenset[int]] = {}
        if "roles" in options:
            wanted[EVERYWHERE] = self._roles(options["roles"])
        for entry in options.get("projects") or ():
            wanted[self._project(entry["project"]).id] = self._roles(entry["roles"])
        if "projects" in options and options.get("projects_exclusive"):
            for project in present:
                if project is not EVERYWHERE and project in self._projects:
                    wanted.setdefault(project, frozenset())
            self._remark_kept(account, present, outcome)
        for project, roles in wanted.items():
            yield from self._membership_steps(
                project, roles, present.get(project), account, bool(options.get("notify"))
            )

    def _remark_kept(self, account: Account, present: Iterable[int | None], outcome: Outcome) -> None:
        unseen = [f"projects/{number}" for number in present if number is not None and number not in self._projects]
        kept = [*sorted(self._others.get(account.id, ()) if account.id else ()), *sorted(unseen)]
        if kept:
            outcome.remark(
                f"stays a member of {', '.join(kept)}: the list covers neither programs and portfolios nor projects "
                "that this token does not see, such as archived ones"
            )

    def _membership_steps(
        self, project: int | None, wanted: frozenset[int], present: Membership | None, account: Account, notify: bool
    ) -> Iterator[Step]:
        has = present.roles if present else frozenset()
        # Roles from a group stay as long as the person is a member of it.
        given = self._given_by_groups(project, account)
        if wanted - has or has - wanted - given:
            changes = {self._label(project): (self._shown(has), self._shown(wanted | (has & given)))}
            yield Step(changes, lambda now: self._change(now, project, present, wanted, notify))

    def _change(
        self, account: Account, project: int | None, present: Membership | None, wanted: frozenset[int], notify: bool
    ) -> None:
        if present and not wanted:
            self._api.leave(present)
            return
        if present:
            answer = self._api.change_roles(present, wanted, notify)
        else:
            try:
                answer = self._api.join(account, project, wanted, notify)
            except ApiError as error:
                if is_taken(error, "principal"):
                    raise AlreadyThereError(str(error)) from error
                raise
        missing = wanted - answer.roles
        if missing:
            label = self._label(project)
            sentence = (
                f"{label}: OpenProject accepted the request and did not give {', '.join(self._shown(missing))}; set "
                "it by hand on the project's page Members, or leave it out"
            )
            raise NotTakenError({label: sentence}, account)

    def _given_by_groups(self, project: int | None, account: Account) -> frozenset[int]:
        mine = [group.id for group in self._groups if account.id in group.members]
        memberships = [self._memberships.get(group, {}).get(project) for group in mine]
        return frozenset().union(*(membership.roles for membership in memberships if membership))

    # -- names ----------------------------------------------------------------------------------------------------

    def _label(self, project: int | None) -> str:
        if project is None:
            return "roles"
        known = self._projects.get(project)
        return f"project {known.identifier if known else project}"

    def _shown(self, roles: Iterable[int]) -> list[str]:
        return sorted(self._names.get(role, str(role)) for role in roles)

    def _roles(self, names: Iterable[str]) -> frozenset[int]:
        numbers = {name.lower(): number for number, name in self._names.items()}
        unknown = [name for name in names if name.lower() not in numbers]
        if unknown:
            existing = ", ".join(sorted(self._names.values()))
            raise MaxopsError(
                f'OpenProject has no role "{unknown[0]}" (it has {existing}); correct it, or create the role first'
            )
        return frozenset(numbers[name.lower()] for name in names)

    def _project(self, name: str) -> Project:
        projects = self._projects.values()
        matches = [project for project in projects if project.identifier.lower() == name.lower()]
        matches = matches or [project for project in projects if project.name.lower() == name.lower()]
        if len(matches) == 1:
            return matches[0]
        if matches:
            identifiers = ", ".join(project.identifier for project in matches)
            raise MaxopsError(f'"{name}" is the name of several projects: give the identifier of one ({identifiers})')
        raise MaxopsError(f'OpenProject has no project "{name}": give the identifier that is part of its address')
