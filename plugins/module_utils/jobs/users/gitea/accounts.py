# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The steps from a list of people to Gitea's accounts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ansible_collections.maxops.ops.plugins.module_utils.systems.gitea.api import Gitea
from ansible_collections.maxops.ops.plugins.module_utils.systems.gitea.records import Account
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError
from ansible_collections.maxops.ops.plugins.module_utils.tools.http.client import ApiError
from ansible_collections.maxops.ops.plugins.module_utils.tools.process import Cancellation

from ..answers import check_answer, not_taken, refused
from ..plan import EMPTY, MASK, AlreadyThereError, Field, Outcome, Person, Step, differences, read_accounts
from . import belongings, removal
from .addresses import Addresses

FIELDS = (
    Field("email", fold=True),
    Field("full_name"),
    Field("login_name"),
    Field("source_id"),
    Field("admin"),
    Field("active"),
    Field("prohibit_login"),
    Field("restricted"),
    Field("visibility"),
    Field("website"),
    Field("location"),
    Field("description"),
    Field("allow_git_hook", readable=False),
    Field("allow_import_local", readable=False),
    Field("allow_create_organization", readable=False),
    Field("max_repo_creation", readable=False),
)
UNREADABLE = tuple(field.name for field in FIELDS if not field.readable)
WITH_CREATION = (
    "email",
    "full_name",
    "login_name",
    "source_id",
    "restricted",
    "visibility",
    "must_change_password",
    "send_notify",
    "password",
)
"""The fields that the API accepts when it creates an account; all others follow in a second request."""

PAGE = "Site Administration > User Accounts"


class GiteaUsers:
    """Gitea as the job sees it."""

    title = "Gitea"

    def __init__(self, api: Gitea, cancellation: Cancellation) -> None:
        self._api = api
        self._cancellation = cancellation
        self._workers = api.http.endpoint.concurrency
        self._myself = api.myself()
        self._accounts: dict[str, Account] = {}
        self._addresses = Addresses(api)
        self._teams = belongings.Teams(api)
        self._lost_tokens: dict[str, set[str]] = {}

    # -- reading --------------------------------------------------------------------------------------------------

    def read(self, people: Sequence[Person], all_accounts: bool) -> dict[str, Account]:
        """Read the accounts, by lower-case name, and the teams that the people need."""
        self._accounts = read_accounts(self._api, people, all_accounts, self._workers, self._cancellation)
        self._teams = belongings.Teams.read(self._api, people, self._cancellation)
        return self._accounts

    def find(self, person: Person) -> Account | None:
        """The account as it is now."""
        return self._api.find(person.name)

    # -- one person -----------------------------------------------------------------------------------------------

    def steps(self, person: Person, account: Account | None, outcome: Outcome) -> list[Step]:
        """The steps, in order; everything they need is read before the first one runs."""
        if person.state != "present":
            if not account:
                return []
            if person.state == "absent":
                return removal.steps(self._api, self._myself, person, account, outcome)
            return self._deactivate(person, account, outcome)
        if account:
            self._protect(person.options, account)
        former = None if account else self._former(person)
        present = account or former
        steps = []
        if former:
            steps.append(_renaming(self._api, former, person))
        elif not present:
            steps.append(self._creation(person))
        new = outcome.created or not present
        present = present or _as_created(person)
        steps += self._update(person, present, new, outcome)
        steps += belongings.key_steps(self._api, person, present)
        steps += self._teams.steps(person, present)
        lost = self._lost_tokens.setdefault(person.key, set())
        steps += belongings.token_steps(self._api, person, present, outcome, lost)
        return steps

    def _former(self, person: Person) -> Account | None:
        old = person.options.get("rename_from")
        former = self._accounts.get(str(old).lower()) if old else None
        if former and former.id == self._myself.id:
            raise MaxopsError(f'the account "{former.name}" is used for the API itself and is not renamed by it')
        return former

    def _creation(self, person: Person) -> Step:
        options = person.options
        if not options.get("email"):
            raise MaxopsError("has no account yet and no email, which Gitea requires: give email")
        if not options.get("password") and not options.get("source_id"):
            raise MaxopsError(
                "has no account yet and no password: give one (the role users generates one), "
                "or the source_id of the login source where this person signs in"
            )
        fields = {"username": person.name, **_with_creation(options)}

        def create(_account: Any) -> Account:
            try:
                account = self._api.create(fields)
            except ApiError as error:
                if "user already exists" in error.message and not self._api.is_organization(person.name):
                    raise AlreadyThereError(str(error)) from error
                raise self._addresses.explained(error, str(fields["email"])) from error
            self._check(account, fields)
            return account

        changes = {
            key: (None, MASK if key == "password" else value) for key, value in fields.items() if key != "username"
        }
        return Step(changes, create, creates=True)

    def _update(self, person: Person, account: Account, new: bool, outcome: Outcome) -> Iterator[Step]:
        options = person.options
        changes, unknown = differences(FIELDS, person, _comparable(account))
        if new:
            changes.update({key: (None, options[key]) for key in UNREADABLE if key in options})
        else:
            outcome.not_compared = [*unknown, *(["must_change_password"] if "must_change_password" in options else [])]
        self._refuse_local_source(person, account, changes)
        website = None if self._api.release.takes_website else changes.pop("website", None)
        fields = {key: after for key, (_before, after) in changes.items()}
        if not new and self._password_differs(person, account):
            changes["password"] = (MASK, "a new one")
            fields["password"] = options["password"]
            if "must_change_password" in options:
                fields["must_change_password"] = options["must_change_password"]
        if fields:
            # Gitea never reports these, so they are sent along with any other change.
            fields.update({key: options[key] for key in UNREADABLE if key in options})
            yield Step(changes, lambda now: self._edit(now, fields, outcome), expected=self._expected(changes))
        if website:
            yield refused("website", website, self._without_website())
        if not new and self._is_kept_elsewhere(person, account):
            yield refused("password", (MASK, "a new one"), _password_elsewhere(account))

    def _edit(self, account: Account, fields: Mapping[str, Any], outcome: Outcome) -> Account:
        """Change fields, and raise NotTakenError for those that Gitea left as they were."""
        try:
            changed = self._api.edit(account, fields)
        except ApiError as error:
            raise self._addresses.explained(error, str(fields.get("email"))) from error
        if "email" in fields:
            self._addresses.remark_old(account, changed, outcome)
        self._check(changed, fields, account)
        return changed

    def _check(self, account: Account, fields: Mapping[str, Any], before: Account | None = None) -> None:
        former = _comparable(before) if before else None
        check_answer(FIELDS, fields, _comparable(account), self._api.release.title, PAGE, former)

    def _expected(self, changes: Mapping[str, tuple[Any, Any]]) -> Mapping[str, str]:
        before, after = changes.get("visibility", (None, None))
        if after != "public" or before is None or not self._api.release.keeps_hidden:
            return EMPTY
        why = "1.22 and 1.23 cannot make a hidden account public through their API"
        return {"visibility": not_taken("visibility", before, after, self._api.release.title, PAGE, why)}

    def _without_website(self) -> str:
        return (
            f"website was not sent: {self._api.release.title} refuses every change of it through its API, and all that "
            "is sent with it (repaired in 1.22); leave website out, set it on the account's page, or update Gitea"
        )

    @staticmethod
    def _is_kept_elsewhere(person: Person, account: Account) -> bool:
        options = person.options
        wanted = options.get("update_password") == "always" and options.get("password")
        return bool(wanted and account.source_id and options.get("check_password", True))

    def _password_differs(self, person: Person, account: Account) -> bool:
        options = person.options
        if options.get("update_password") != "always" or not options.get("password"):
            return False
        if self._is_kept_elsewhere(person, account):
            return False
        if account.id == self._myself.id and self._api.by_password:
            raise MaxopsError(
                "is the account whose password the API is used with, so it is not changed here: "
                "use a token, or the account of another administrator"
            )
        if not options.get("check_password", True):
            return True
        return not self._api.password_is_right(account, options["password"])

    @staticmethod
    def _refuse_local_source(person: Person, account: Account, changes: Mapping[str, Any]) -> None:
        if person.options.get("source_id") == 0 and "source_id" in changes:
            raise MaxopsError(
                f"signs in through login source {account.source_id}, and Gitea's API cannot move an account back to "
                "a local password (source_id 0): change it on the account's page, or leave source_id out"
            )

    # -- what must not happen -------------------------------------------------------------------------------------

    def _protect(self, options: Mapping[str, Any], account: Account) -> None:
        """Refuse to lock the account that the API is used with: nothing could be undone after that."""
        if account.id != self._myself.id:
            return
        for key, harm in (("admin", False), ("active", False), ("prohibit_login", True), ("restricted", True)):
            if options.get(key) is harm:
                raise MaxopsError(
                    f"is the account that the API is used with: {key} {str(harm).lower()} would "
                    "end its access to the API; use the token of another administrator for that"
                )

    def _deactivate(self, person: Person, account: Account, outcome: Outcome) -> list[Step]:
        """Lock the account of a person who has left, with a new password and without SSH keys where that was given."""
        self._protect({"prohibit_login": True}, account)
        keys = Person(person.name, {**person.options, "ssh_keys_exclusive": True})
        steps = [*belongings.key_steps(self._api, keys, account)]
        if account.prohibit_login:
            # Nothing shows whether a locked account's password is the given one.
            outcome.not_compared = ["password"] if "password" in person.options else []
            return steps
        fields: dict[str, Any] = {"prohibit_login": True}
        changes: dict[str, tuple[Any, Any]] = {"prohibit_login": (False, True)}
        if "password" in person.options and account.source_id:
            outcome.remark(_password_elsewhere(account))
        elif "password" in person.options:
            fields["password"] = person.options["password"]
            changes["password"] = (MASK, "a new one")
        # The lock comes last: as long as it is missing, the next run repeats everything.
        return [*steps, Step(changes, lambda now: self._edit(now, fields, outcome))]

    def prunable(self, account: Account) -> bool:
        """True for accounts that can still sign in, except the API's own."""
        return account.id != self._myself.id and not account.prohibit_login

    def lock(self) -> Step:
        """The step that forbids an account to sign in."""
        fields = {"prohibit_login": True}

        def run(now: Account) -> Account:
            account = self._api.edit(now, fields)
            self._check(account, fields, now)
            return account

        return Step({"prohibit_login": (False, True)}, run)

    def finish(self, outcomes: Mapping[str, Outcome]) -> None:
        """Gitea has no changes for many people at once."""


def _renaming(api: Gitea, former: Account, person: Person) -> Step:
    return Step({"name": (former.name, person.name)}, lambda _now: api.rename(former, person.name))


def _comparable(account: Account) -> Account:
    """The account as operators see it: a local one has no login_name until a change writes its name there."""
    return account._replace(login_name=account.login_name or account.name)


def _as_created(person: Person) -> Account:
    """The account that Gitea will create, for the steps that follow."""
    fields = {key: value for key, value in _with_creation(person.options).items() if key in Account._fields}
    return Account(name=person.name, **fields)


def _with_creation(options: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that a new account gets at once: Gitea ignores a login_name there without a login source."""
    return {
        key: options[key]
        for key in WITH_CREATION
        if key in options and (key != "login_name" or options.get("source_id"))
    }


def _password_elsewhere(account: Account) -> str:
    return (
        f"password was not sent: the account signs in through login source {account.source_id}, which keeps the "
        "password, and Gitea ignores one without a word; change it there and leave password out, or set check_password "
        "to false to send it all the same (for OAuth2, where Gitea has a password of its own)"
    )
