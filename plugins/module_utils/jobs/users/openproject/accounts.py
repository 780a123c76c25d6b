# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The steps from a list of people to OpenProject's accounts."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.maxops.ops.plugins.module_utils.systems.openproject.api import Account, OpenProject
from ansible_collections.maxops.ops.plugins.module_utils.systems.openproject.refusals import is_taken
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError
from ansible_collections.maxops.ops.plugins.module_utils.tools.http.client import ApiError
from ansible_collections.maxops.ops.plugins.module_utils.tools.process import Cancellation

from ..answers import check_answer
from ..plan import LOOKUP_LIMIT, MASK, AlreadyThereError, Field, Outcome, Person, Step, differences, read_accounts
from .groups import Groups
from .roles import Roles

FIELDS = (
    Field("email", fold=True),
    Field("first_name"),
    Field("last_name"),
    Field("admin"),
    Field("language", fold=True),
)
WITH_CREATION = ("email", "first_name", "last_name", "admin", "language", "password")

COMPARED = (*FIELDS, Field("name", fold=True), Field("status"), Field("locked"))
"""What an answer shows of a request: login and status, too."""

PAGE = "Administration > Users"
DELETION_SECONDS = 20.0
SEE_WORKER = "see that its worker runs (docker compose ps), and run this again when it is done"


class OpenProjectUsers:
    """OpenProject as the job sees it."""

    title = "OpenProject"

    def __init__(self, api: OpenProject, cancellation: Cancellation) -> None:
        self._api = api
        self._cancellation = cancellation
        self._myself = api.myself()
        self._accounts: dict[str, Account] = {}
        self._groups = Groups(api, [])
        self._roles = Roles(api)

    # -- reading --------------------------------------------------------------------------------------------------

    def read(self, people: Sequence[Person], all_accounts: bool) -> dict[str, Account]:
        """Read the accounts, by lower-case name, and the groups and memberships that the people need."""
        workers = self._api.http.endpoint.concurrency
        self._accounts = read_accounts(self._api, people, all_accounts, workers, self._cancellation)
        if any(key in person.options for person in people for key in ("groups", "projects", "roles")):
            self._groups = Groups(self._api, self._api.groups())
        if any(key in person.options for person in people for key in ("projects", "roles")):
            few = len(people) <= LOOKUP_LIMIT and not all_accounts
            accounts = [account.id for account in self._accounts.values()] if few else None
            self._roles = Roles.read(self._api, self._groups.all, accounts)
        return self._accounts

    def find(self, person: Person) -> Account | None:
        """The account as it is now."""
        account = self._api.find(person.name)
        if account and ("projects" in person.options or "roles" in person.options):
            self._roles.read_again(account.id)
        return account

    # -- one person -----------------------------------------------------------------------------------------------

    def steps(self, person: Person, account: Account | None, outcome: Outcome) -> list[Step]:
        """The steps, in order."""
        if account and account.deleted:
            return self._while_removed(person, outcome)
        if person.state != "present":
            if not account:
                return []
            return [self._removal(account, outcome)] if person.state == "absent" else self._deactivate(person, account)
        if account:
            self._protect(person.options, account)
        former = None if account else self._former(person)
        present = account or former
        steps = [] if present else [self._creation(person)]
        new = outcome.created or not present
        present = present or _as_created(person)
        steps += self._update(person, present, new)
        wanted = person.options.get("locked")
        if wanted is False and present.locked:
            steps.append(Step({"locked": (True, False)}, self._unlock))
        steps += self._roles.steps(person, present, outcome)
        steps += self._groups.steps(person, present)
        if wanted and not present.locked:
            self._refuse_to_lock(present)
            steps.append(self.lock())
        return steps

    def _former(self, person: Person) -> Account | None:
        former = self._accounts.get(str(person.options.get("rename_from") or "").lower())
        return None if former and former.deleted else former

    @staticmethod
    def _while_removed(person: Person, outcome: Outcome) -> list[Step]:
        """Nothing is changed while the job that removes an account has not run (status "deleted", from 17 on)."""
        if person.state == "present":
            raise MaxopsError(f"is being removed by OpenProject, and its name is in use until then; {SEE_WORKER}")
        outcome.remark(f"OpenProject has not finished the removal of this account; {SEE_WORKER}")
        return []

    def _creation(self, person: Person) -> Step:
        options = person.options
        status = options.get("status") or ("active" if options.get("password") else "invited")
        needed = ("email",) if status == "invited" else ("email", "first_name", "last_name", "password")
        missing = [name for name in needed if not options.get(name)]
        if missing:
            raise MaxopsError(
                f"has no account yet and no {' and no '.join(missing)}, which OpenProject requires "
                f"for {status} ones: give it, or set status to invited to have the person choose the password"
            )
        fields = {"name": person.name, "status": status, "admin": False}
        fields.update({key: options[key] for key in WITH_CREATION if key in options})
        if status == "invited":
            fields.pop("password", None)

        def create(_account: Any) -> Account:
            try:
                account = self._api.create(fields)
            except ApiError as error:
                if is_taken(error, "login"):
                    raise AlreadyThereError(str(error)) from error
                raise
            self._check(account, fields)
            return account

        shown = {key: (None, MASK if key == "password" else value) for key, value in fields.items()}
        del shown["name"]
        return Step(shown, create, creates=True)

    def _update(self, person: Person, account: Account, new: bool) -> list[Step]:
        changes, _unknown = differences(FIELDS, person, account)
        fields = {key: after for key, (_before, after) in changes.items()}
        if account.name.lower() != person.key:
            changes["name"] = (account.name, person.name)
            fields["name"] = person.name
        password = person.options.get("password")
        if password and not new and person.options.get("update_password") == "always":
            if account.id == self._myself.id:
                raise MaxopsError(
                    "is the account that the API is used with, and OpenProject changes its password "
                    "only together with the present one: change it in the browser"
                )
            changes["password"] = (MASK, "a new one")
            fields["password"] = password
        return [Step(changes, lambda now: self._edit(now or account, fields))] if fields else []

    def _edit(self, account: Account, fields: Mapping[str, Any]) -> Account:
        """Change fields, and raise NotTakenError for those that OpenProject left as they were."""
        changed = self._api.edit(account, fields)
        self._check(changed, fields, account)
        return changed

    def _check(self, account: Account, fields: Mapping[str, Any], before: Account | None = None) -> None:
        check_answer(COMPARED, fields, account, f"OpenProject {self._api.version}", PAGE, before)

    # -- what must not happen -------------------------------------------------------------------------------------

    def _protect(self, options: Mapping[str, Any], account: Account) -> None:
        """Refuse to lock the account that the API is used with: nothing could be undone after that."""
        if account.id != self._myself.id:
            return
        for key, harm in (("admin", False), ("locked", True)):
            if options.get(key) is harm:
                raise MaxopsError(
                    f"is the account that the API is used with: {key} {str(harm).lower()} would "
                    "end its access to the API; use the token of another administrator for that"
                )

    @staticmethod
    def _refuse_to_lock(account: Account) -> None:
        if account.status in ("invited", "registered"):
            raise MaxopsError(
                f"is {account.status} and was never active, and OpenProject locks only active "
                "accounts: set state to absent to remove it, or wait until the person has signed in"
            )

    def _removal(self, account: Account, outcome: Outcome) -> Step:
        if account.id == self._myself.id:
            raise MaxopsError("is the account that the API is used with, so it cannot remove itself")

        def remove(now: Account) -> None:
            try:
                self._api.delete(now)
            except ApiError as error:
                if error.status == 403:
                    raise MaxopsError(
                        "was not removed: OpenProject lets administrators remove accounts only where "
                        "that is switched on (Administration > Users > User settings); set locked to true instead, "
                        "which ends the account's use and keeps the person's name on what they wrote"
                    ) from error
                raise
            if not self._is_gone(now):
                outcome.remark(f"OpenProject has accepted the removal and not finished it yet; {SEE_WORKER}")

        return Step({"state": ("present", "absent")}, remove, removes=True)

    def _is_gone(self, account: Account) -> bool:
        """OpenProject removes accounts in the background."""
        until = time.monotonic() + DELETION_SECONDS
        while self._api.find(account.name):
            if time.monotonic() > until:
                return False
            self._cancellation.check()
            time.sleep(0.5)
        return True

    def _deactivate(self, person: Person, account: Account) -> list[Step]:
        """Lock the account of a person who has left, with a new password where one was given."""
        self._protect({"locked": True}, account)
        if account.locked:
            return []
        self._refuse_to_lock(account)
        steps = []
        if "password" in person.options:
            fields = {"password": person.options["password"]}
            steps.append(Step({"password": (MASK, "a new one")}, lambda now: self._edit(now, fields)))
        return [*steps, self.lock()]

    def prunable(self, account: Account) -> bool:
        """True for active accounts, except the API's own."""
        return account.id != self._myself.id and account.status == "active"

    def lock(self) -> Step:
        """The step that locks an account."""

        def run(now: Account) -> Account:
            account = self._api.lock(now)
            self._check(account, {"locked": True}, now)
            return account

        return Step({"locked": (False, True)}, run)

    def _unlock(self, now: Account) -> Account:
        account = self._api.unlock(now)
        self._check(account, {"locked": False}, now)
        return account

    def finish(self, outcomes: Mapping[str, Outcome]) -> None:
        """Set the members of the groups, each group once for all people."""
        self._groups.apply(outcomes)


def _as_created(person: Person) -> Account:
    """The account that OpenProject will create, for the steps that follow."""
    options = person.options
    return Account(
        name=person.name, **{key: options[key] for key in WITH_CREATION if key in options and key != "password"}
    )
