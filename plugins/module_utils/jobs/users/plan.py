# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""People as a list wants them, accounts as they are, and the steps between. Private to this collection."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Callable, NamedTuple, Protocol

from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError
from ansible_collections.maxops.ops.plugins.module_utils.tools.paging import Listing
from ansible_collections.maxops.ops.plugins.module_utils.tools.process import Cancellation
from ansible_collections.maxops.ops.plugins.module_utils.tools.workers import for_each

MASK = "********"
NOTHING: Mapping[str, Any] = MappingProxyType({})
FEW = 20
"""Up to so many people are looked up one by one."""


class Field(NamedTuple):
    """One field of an account, by the name of its option.

    ``readable`` is False where the application never tells it; ``fold`` where capitals make no difference.
    """

    name: str
    readable: bool = True
    fold: bool = False

    def same(self, present: Any, wanted: Any) -> bool:
        """True when there is nothing to change."""
        if self.fold and isinstance(present, str):
            return present.casefold() == str(wanted).casefold()
        return bool(present == wanted)


class Person(NamedTuple):
    """One entry of the list: only what was given for it is in ``options``."""

    name: str
    options: Mapping[str, Any]

    @property
    def key(self) -> str:
        """What tells people apart; applications ignore capitals in names."""
        return self.name.lower()

    @property
    def state(self) -> str:
        """What is wanted of the account: present, locked or absent."""
        return str(self.options.get("state") or "present")

    def mask(self, text: str) -> str:
        """The text without this person's password, should an application have repeated it."""
        password = self.options.get("password")
        return text.replace(password, MASK) if password else text


class Step(NamedTuple):
    """One change: what of (before, after), and how. ``run`` gets the account as it is now and may give a newer one.

    With ``later``, it only notes what the system's ``finish`` does for everybody at once.
    """

    changes: Mapping[str, tuple[Any, Any]]
    run: Callable[[Any], Any]
    creates: bool = False
    removes: bool = False
    later: bool = False


class AlreadyThereError(MaxopsError):
    """Somebody made the account after the accounts were read; it has to be looked at."""


class Outcome:
    """What became of one person.

    ``made`` are the fields of a new account, kept where somebody wants to see them; ``changes`` what was changed
    otherwise. Ten thousand of these live at once, so an outcome holds no container before it has something to hold.
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
        self.changes: Mapping[str, tuple[Any, Any]] = NOTHING
        self.made: Mapping[str, tuple[Any, Any]] = NOTHING
        self.more: Mapping[str, Any] = NOTHING
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
        """True when something is different from before, even for somebody who failed in the end."""
        return bool(self.changes) or self.created or self.removed

    def begin(self, step: Step, details: bool = False) -> None:
        """The step is under way: from here on it may have happened."""
        if step.creates:
            self.made = step.changes if details else NOTHING
        else:
            self.changes = {**self.changes, **step.changes}
        if step.later:
            self.later = (*self.later, *step.changes)
        self.created = self.created or step.creates
        self.removed = self.removed or step.removes

    def take_back(self, step: Step) -> None:
        """The application refused the step, so it has not happened."""
        if step.creates:
            self.made = NOTHING
        else:
            self.leave_out(step.changes)
        self.created = self.created and not step.creates
        self.removed = self.removed and not step.removes

    def leave_out(self, names: Iterable[str]) -> None:
        """These changes have not been made."""
        self.changes = {key: change for key, change in self.changes.items() if key not in names}

    def leave_out_later(self) -> None:
        """The run was stopped before the changes that are made for everybody at once."""
        if self.later:
            self.leave_out(self.later)
            names = " and ".join(self.later)
            self.error = self.error or f"the run was stopped before {names} were changed; the next run does it"

    @property
    def says_nothing(self) -> bool:
        """True for somebody about whom there is nothing to tell but the name."""
        return self.status == "unchanged" and not (self.not_compared or self.remarks)

    def shown(self) -> dict[str, Any]:
        """The outcome as a result has it; what says nothing is left out."""
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
    """An application with accounts, as the engine sees it. Accounts are whatever it makes of them."""

    title: str

    def read(self, people: Sequence[Person], everybody: bool) -> dict[str, Any]:
        """Accounts by key: those that the people's steps will ask for, or all."""

    def find(self, person: Person) -> Any:
        """The person's account as it is now, None when there is none."""

    def steps(self, person: Person, account: Any, outcome: Outcome) -> Iterable[Step]:
        """What is to be done, in order. Raises MaxopsError for what must not be done; adds remarks to the outcome."""

    def prunable(self, account: Any) -> bool:
        """True for an account that may be locked because nobody named it, and is not locked yet."""

    def lock(self) -> Step:
        """How to lock an account out."""

    def finish(self, outcomes: Mapping[str, Outcome]) -> None:
        """Do what is done for many people at once, such as groups; puts errors into the outcomes."""


class Directory(Protocol):
    """An application's API, as far as it knows accounts."""

    def accounts(self, keep: Callable[[Any], bool]) -> Listing[Any]:
        """All accounts that ``keep`` wants."""

    def find(self, name: str) -> Any:
        """The account of exactly this name, None when there is none."""


def differences(fields: Sequence[Field], person: Person, account: Any) -> tuple[dict[str, tuple[Any, Any]], list[str]]:
    """Field → (before, after) for what is given and not so; and the given fields that the application does not tell."""
    found = {}
    unknown = []
    for each_field in fields:
        if each_field.name not in person.options:
            continue
        wanted = person.options[each_field.name]
        present = getattr(account, each_field.name) if each_field.readable else None
        if present is None:
            unknown.append(each_field.name)
        elif not each_field.same(present, wanted):
            found[each_field.name] = (present, wanted)
    return found, unknown


def check_people(people: Sequence[Person]) -> None:
    """Raise MaxopsError that names every entry of the list which contradicts another one."""
    problems = []
    for what in ("name", "email"):
        places: dict[str, list[int]] = {}
        for number, person in enumerate(people, 1):
            value = person.name if what == "name" else person.options.get("email")
            if value and (what == "name" or person.state == "present"):
                places.setdefault(value.lower(), []).append(number)
        problems += [
            f'{what} "{value}" is in entries {", ".join(map(str, numbers))}'
            for value, numbers in places.items()
            if len(numbers) > 1
        ]
    if problems:
        raise MaxopsError(
            "the list contradicts itself, so nothing was changed: " + "; ".join(problems) + "; leave one entry for each"
        )


def names_of(people: Iterable[Person]) -> set[str]:
    """Lower-case names that the people have or had."""
    former = {str(person.options["rename_from"]).lower() for person in people if "rename_from" in person.options}
    return {person.key for person in people} | former


def read_accounts(
    directory: Directory, people: Sequence[Person], everybody: bool, workers: int, cancellation: Cancellation
) -> dict[str, Any]:
    """The people's accounts, or all, by lower-case name: a few are looked up, for more the whole list is read."""
    names = names_of(people)
    accounts: dict[str, Any] = {}
    missing = names
    if everybody or len(names) > FEW:
        listing = directory.accounts(lambda account: everybody or account.name.lower() in names)
        accounts = {account.name.lower(): account for account in listing.items}
        # A list that moved while it was read may lack somebody.
        missing = set() if listing.steady else names - accounts.keys()
    lock = threading.Lock()

    def look(name: str) -> None:
        account = directory.find(name)
        if account:
            with lock:
                accounts[account.name.lower()] = account

    for_each(sorted(missing), look, workers, cancellation)
    return accounts
