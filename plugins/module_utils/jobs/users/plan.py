# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The people of the list, the accounts as they are, and the steps from one to the other."""

from __future__ import annotations

import threading
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Callable, NamedTuple, Protocol

from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError
from ansible_collections.maxops.ops.plugins.module_utils.tools.paging import Listing
from ansible_collections.maxops.ops.plugins.module_utils.tools.process import Cancellation
from ansible_collections.maxops.ops.plugins.module_utils.tools.workers import for_each

MASK = "********"
EMPTY: Mapping[str, Any] = MappingProxyType({})
LOOKUP_LIMIT = 20
"""Up to this many accounts are looked up one by one."""


class Field(NamedTuple):
    """One field of an account, by the name of its option.

    ``readable`` is False where the application never reports it; with ``fold``, case makes no difference. Applications
    may remove spaces around a text, and write it in composed form: that is no difference either.
    """

    name: str
    readable: bool = True
    fold: bool = False

    def same(self, present: Any, wanted: Any) -> bool:
        """True when nothing has to be changed."""
        if not isinstance(present, str) or not isinstance(wanted, str):
            return bool(present == wanted)
        forms = (wanted, unicodedata.normalize("NFC", wanted.strip()))
        return present.casefold() in map(str.casefold, forms) if self.fold else present in forms


class Person(NamedTuple):
    """One entry of the list; ``options`` holds only what was given for it."""

    name: str
    options: Mapping[str, Any]

    @property
    def key(self) -> str:
        """The identity of a person; applications ignore case in names."""
        return self.name.lower()

    @property
    def state(self) -> str:
        """The wanted state of the account: present, locked or absent."""
        return str(self.options.get("state") or "present")

    def mask(self, text: str) -> str:
        """The text with this person's password masked, in case an application repeated it."""
        password = self.options.get("password")
        return text.replace(password, MASK) if password else text


class Step(NamedTuple):
    """One change: fields with (before, after), and how. ``run`` gets the present account and may return a newer one.

    With ``later``, it only notes what the system's ``finish`` does for all people at once. ``expected`` has the fields
    that this version of the application is known not to take, with the sentence that says so; check mode reports them.
    """

    changes: Mapping[str, tuple[Any, Any]]
    run: Callable[[Any], Any]
    creates: bool = False
    removes: bool = False
    later: bool = False
    expected: Mapping[str, str] = EMPTY


class NotTakenError(MaxopsError):
    """The application answered without an error and left fields as they were: field → the sentence that says so.

    ``account`` is the account as the answer shows it.
    """

    def __init__(self, problems: Mapping[str, str], account: Any) -> None:
        super().__init__("; ".join(problems.values()))
        self.problems = problems
        self.account = account


class AlreadyThereError(MaxopsError):
    """The account was created after the accounts were read; it has to be read again."""


class Outcome:
    """The result for one person.

    ``made`` are the fields of a new account, kept only when they are shown; ``changes`` are all other changes. Ten
    thousand of these exist at once, so an outcome has no container of its own before it needs one.
    """

    __slots__ = (
        "begun",
        "changes",
        "created",
        "error",
        "later",
        "lost_creation",
        "made",
        "more",
        "name",
        "not_compared",
        "remarks",
        "removed",
        "secrets",
    )

    def __init__(self, name: str) -> None:
        self.name = name
        self.begun = self.created = self.removed = self.lost_creation = False
        self.error: str | None = None
        self.changes: Mapping[str, tuple[Any, Any]] = EMPTY
        self.made: Mapping[str, tuple[Any, Any]] = EMPTY
        self.more: Mapping[str, Any] = EMPTY
        self.not_compared: Sequence[str] = ()
        self.remarks: Sequence[str] = ()
        self.secrets: Sequence[dict[str, str]] = ()
        self.later: Sequence[str] = ()

    @property
    def status(self) -> str:
        """One word: failed, created, removed, changed or unchanged."""
        if self.error is not None:
            return "failed"
        if self.created or self.removed:
            return "created" if self.created else "removed"
        return "changed" if self.changes else "unchanged"

    @property
    def has_changed(self) -> bool:
        """True when something was changed, even for a person who failed in the end."""
        return bool(self.changes) or self.created or self.removed

    def begin(self, step: Step, details: bool = False) -> None:
        """Record a step before it runs: from here on it may have happened."""
        if step.creates:
            self.made = step.changes if details else EMPTY
        else:
            self.changes = {**self.changes, **step.changes}
        if step.later:
            self.later = (*self.later, *step.changes)
        self.created = self.created or step.creates
        self.removed = self.removed or step.removes

    def take_back(self, step: Step) -> None:
        """Remove a step that the application refused, so it has not happened."""
        if step.creates:
            self.made = EMPTY
        else:
            self.leave_out(step.changes)
        self.created = self.created and not step.creates
        self.removed = self.removed and not step.removes
        if step.removes:
            self.more = EMPTY

    def leave_out(self, names: Iterable[str]) -> None:
        """Remove changes that were not made."""
        self.changes = {key: change for key, change in self.changes.items() if key not in names}
        self.made = {key: change for key, change in self.made.items() if key not in names} if self.made else EMPTY

    def take_other_values(self, step: Step, names: Iterable[str], account: Any) -> None:
        """Remove changes that the application did not make; those that it made in another way show what it stored."""
        self.leave_out(names)
        for name in names:
            before, _after = step.changes.get(name, (None, None))
            stored = getattr(account, name, before)
            if stored != before and not step.creates:
                self.changes = {**self.changes, name: (before, stored)}

    def remark(self, text: str) -> None:
        """Add a remark, once."""
        if text not in self.remarks:
            self.remarks = (*self.remarks, text)

    def leave_out_later(self) -> None:
        """Remove the changes that are made for all people at once, because the run was stopped before."""
        if self.later:
            self.leave_out(self.later)
            names = " and ".join(self.later)
            self.error = self.error or f"the run was stopped before {names} were changed; the next run changes them"

    @property
    def is_uneventful(self) -> bool:
        """True for a person of whom the result shows only the name."""
        return self.status == "unchanged" and not (self.not_compared or self.remarks)

    def shown(self) -> dict[str, Any]:
        """The outcome as part of the result; empty fields are left out."""
        data: dict[str, Any] = {"name": self.name, "status": self.status}
        if self.changes:
            data["changes"] = {key: {"before": old, "after": new} for key, (old, new) in self.changes.items()}
        if self.error is not None:
            data["error"] = self.error
        for key in ("not_compared", "remarks"):
            if getattr(self, key):
                data[key] = list(getattr(self, key))
        return {**data, **self.more}


StepsOf = Callable[[Person, Any, Outcome], Iterable[Step]]


class System(Protocol):
    """An application with accounts, as the job sees it. The type of an account is the application's own."""

    title: str

    def read(self, people: Sequence[Person], all_accounts: bool) -> dict[str, Any]:
        """Accounts by key: those that the people's steps need, or all."""

    def find(self, person: Person) -> Any:
        """The person's account as it is now, None when it does not exist."""

    def steps(self, person: Person, account: Any, outcome: Outcome) -> Iterable[Step]:
        """The steps, in order. Raises MaxopsError for what must not be done; adds remarks to the outcome."""

    def prunable(self, account: Any) -> bool:
        """True for an account that may be locked because it is not in the list, and is not locked yet."""

    def lock(self) -> Step:
        """The step that locks an account."""

    def finish(self, outcomes: Mapping[str, Outcome]) -> None:
        """Make the changes for many people at once, such as groups; puts errors into the outcomes."""


class Directory(Protocol):
    """The part of an application's API that reads accounts."""

    def accounts(self, keep: Callable[[Any], bool]) -> Listing[Any]:
        """All accounts that ``keep`` accepts."""

    def find(self, name: str) -> Any:
        """The account of exactly this name, None when it does not exist."""


def differences(fields: Sequence[Field], person: Person, account: Any) -> tuple[dict[str, tuple[Any, Any]], list[str]]:
    """Field → (before, after) for each given field that differs; and those that the application does not report."""
    changes = {}
    unknown = []
    for field in fields:
        if field.name not in person.options:
            continue
        wanted = person.options[field.name]
        present = getattr(account, field.name) if field.readable else None
        if present is None:
            unknown.append(field.name)
        elif not field.same(present, wanted):
            changes[field.name] = (present, wanted)
    return changes, unknown


def check_people(people: Sequence[Person]) -> None:
    """Raise MaxopsError that names every entry of the list that contradicts another one."""
    problems = []
    for what in ("name", "email"):
        entries: dict[str, list[int]] = {}
        for number, person in enumerate(people, 1):
            value = person.name if what == "name" else person.options.get("email")
            if value and (what == "name" or person.state == "present"):
                entries.setdefault(value.lower(), []).append(number)
        problems += [
            f'{what} "{value}" is in entries {", ".join(map(str, numbers))}'
            for value, numbers in entries.items()
            if len(numbers) > 1
        ]
    if problems:
        raise MaxopsError(
            "the list contradicts itself, so nothing was changed: " + "; ".join(problems) + "; leave one entry for each"
        )


def names_of(people: Iterable[Person]) -> set[str]:
    """Lower-case present and former names of the people."""
    former = {str(person.options["rename_from"]).lower() for person in people if "rename_from" in person.options}
    return {person.key for person in people} | former


def read_accounts(
    directory: Directory, people: Sequence[Person], all_accounts: bool, workers: int, cancellation: Cancellation
) -> dict[str, Any]:
    """The people's accounts, or all, by lower-case name: a few are looked up, for more the whole list is read."""
    names = names_of(people)
    accounts: dict[str, Any] = {}
    missing = names
    if all_accounts or len(names) > LOOKUP_LIMIT:
        listing = directory.accounts(lambda account: all_accounts or account.name.lower() in names)
        accounts = {account.name.lower(): account for account in listing.items}
        # A list that changed while it was read may lack an account.
        missing = set() if listing.steady else names - accounts.keys()
    lock = threading.Lock()

    def look_up(name: str) -> None:
        account = directory.find(name)
        if account:
            with lock:
                accounts[account.name.lower()] = account

    for_each(sorted(missing), look_up, workers, cancellation)
    return accounts
