# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Apply a list of people to the accounts of an application."""

from __future__ import annotations

import fnmatch
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import Cancelled, MaxopsError
from ansible_collections.maxops.ops.plugins.module_utils.tools.http.client import (
    ApiError,
    OutcomeUnknownError,
    UnreachableError,
)
from ansible_collections.maxops.ops.plugins.module_utils.tools.process import Cancellation
from ansible_collections.maxops.ops.plugins.module_utils.tools.progress import Progress
from ansible_collections.maxops.ops.plugins.module_utils.tools.workers import for_each

from .plan import AlreadyThereError, NotTakenError, Outcome, Person, Step, StepsOf, System, check_people, names_of

ATTEMPTS = 4
"""How often a person is tried whose request or answer got lost."""
RETRY_SECONDS = 0.5


@dataclass(frozen=True)
class Options:
    """How a list is applied.

    ``prune`` is none, report or lock, for accounts that are not in the list; with ``details``, outcomes hold the fields
    of new accounts as well.
    """

    workers: int = 8
    prune: str = "none"
    prune_exclude: Sequence[str] = ()
    progress_file: str | None = None
    details: bool = False


@dataclass
class Report:
    """The results for the whole list."""

    outcomes: list[Outcome]
    unlisted: list[str]
    stopped: str | None = None

    @property
    def failures(self) -> list[Outcome]:
        """The people whose account is not as wanted."""
        return [outcome for outcome in self.outcomes if outcome.error is not None]

    def counts(self) -> dict[str, int]:
        """How many people had each status."""
        counts = dict.fromkeys(("created", "changed", "unchanged", "removed", "failed"), 0)
        for outcome in self.outcomes:
            counts[outcome.status] += 1
        return counts


def synchronise(
    system: System, people: Sequence[Person], options: Options, check_mode: bool, cancellation: Cancellation
) -> Report:
    """Make the accounts match the list (in check mode, only report what that would change).

    A person's failure does not stop the others. Raises MaxopsError when nothing at all could be done.
    """
    check_people(people)
    if options.prune == "lock" and not people:
        raise MaxopsError(
            "prune is lock and the list is empty, so all accounts would be locked; give the list of people"
        )
    return Synchronisation(system, options, check_mode, cancellation).run(people)


class Synchronisation:
    """One list of people, applied once."""

    def __init__(self, system: System, options: Options, check_mode: bool, cancellation: Cancellation) -> None:
        self._system = system
        self._options = options
        self._check_mode = check_mode
        self._cancellation = cancellation
        self._accounts: dict[str, Any] = {}
        self._abort_reason: str | None = None
        self._lock = threading.Lock()
        self._done = 0

    def run(self, people: Sequence[Person]) -> Report:
        """Read the accounts, make each one match its entry, and report what was done."""
        prune = self._options.prune != "none"
        self._accounts = self._system.read(people, prune)
        report = Report([Outcome(person.name) for person in people], [])
        with Progress(self._options.progress_file, "users") as progress:
            part = progress.part(self._system.title, total=len(people), unit="users")
            part.start()
            part.measure = lambda: self._done
            try:
                self._apply_all(people, report.outcomes, self._system.steps)
                if not self._check_mode:
                    self._system.finish({outcome.name.lower(): outcome for outcome in report.outcomes})
                if prune:
                    self._prune(people, report)
            except Cancelled as error:
                report.stopped = str(error)
                for outcome in report.outcomes:
                    outcome.leave_out_later()
            part.finish()
        return report

    def _apply_all(self, people: Sequence[Person], outcomes: Sequence[Outcome], steps: StepsOf) -> None:
        def apply_one(number: int) -> None:
            self._apply_one(people[number], outcomes[number], steps)

        try:
            for_each(range(len(people)), apply_one, self._options.workers, self._cancellation)
        except Cancelled:
            for outcome in outcomes:
                if not outcome.begun:
                    outcome.error = "not tried: the run was stopped before it"
            raise

    def _apply_one(self, person: Person, outcome: Outcome, steps: StepsOf) -> None:
        outcome.begun = True
        if self._abort_reason is not None:
            outcome.error = f"not tried: {self._abort_reason}"
            return
        try:
            self._apply(person, outcome, steps)
        except Cancelled:
            outcome.error = "the run was stopped while this account was being changed; the next run completes it"
            raise
        except MaxopsError as error:
            outcome.error = person.mask(str(error))
            if isinstance(error, UnreachableError) or (isinstance(error, ApiError) and error.status == 401):
                self._abort_reason = str(error)
        finally:
            with self._lock:
                self._done += 1

    def _apply(self, person: Person, outcome: Outcome, steps: StepsOf) -> None:
        """Do the steps; where an answer got lost, read the account again and continue from there.

        What the application silently did not take is the person's error in the end: the other steps are done first.
        """
        account = self._accounts.get(person.key)
        for attempt in range(ATTEMPTS):
            not_taken: list[str] = []
            try:
                for step in steps(person, account, outcome):
                    outcome.begin(step, self._options.details)
                    try:
                        account = self._run(step, person, account, outcome)
                    except NotTakenError as error:
                        outcome.take_other_values(step, error.problems, error.account)
                        not_taken += error.problems.values()
                        account = error.account or account
                if not_taken:
                    raise MaxopsError("; ".join(not_taken))
                return
            except (OutcomeUnknownError, AlreadyThereError) as error:
                if attempt == ATTEMPTS - 1:
                    raise MaxopsError(f"{error}; tried {ATTEMPTS} times, run this again") from error
                if isinstance(error, OutcomeUnknownError):
                    self._sleep(RETRY_SECONDS * 2**attempt)
                account = self._system.find(person)

    def _run(self, step: Step, person: Person, account: Any, outcome: Outcome) -> Any:
        if self._check_mode:
            if step.expected:
                raise NotTakenError(step.expected, account)
            return account
        try:
            return step.run(account) or account
        except NotTakenError:
            raise
        except OutcomeUnknownError:
            outcome.lost_creation = outcome.lost_creation or step.creates
            raise
        except AlreadyThereError:
            # Created by this run where an answer got lost before; otherwise by another one, so it is not "created".
            if not outcome.lost_creation:
                outcome.take_back(step)
            raise
        except ApiError:
            outcome.take_back(step)
            self._note_partial_changes(step, person, outcome)
            raise
        except MaxopsError:
            outcome.take_back(step)
            raise

    def _note_partial_changes(self, step: Step, person: Person, outcome: Outcome) -> None:
        """A refused request may have changed something: Gitea stores some fields before it checks others."""
        if step.creates or len(step.changes) < 2:
            return
        account = self._system.find(person)
        for name, (before, after) in step.changes.items():
            if getattr(account, name, before) == after:
                outcome.changes = {**outcome.changes, name: (before, after)}

    def _sleep(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self._cancellation.check()
            time.sleep(0.05)

    # -- accounts that are not in the list -------------------------------------------------------------------------

    def _prune(self, people: Sequence[Person], report: Report) -> None:
        listed = names_of(people)
        unlisted = [
            account.name
            for key, account in sorted(self._accounts.items())
            if key not in listed and not self._excluded(account.name) and self._system.prunable(account)
        ]
        report.unlisted = unlisted
        if self._options.prune == "lock":
            outcomes = [Outcome(name) for name in unlisted]
            report.outcomes += outcomes
            people = [Person(name, {}) for name in unlisted]
            self._apply_all(people, outcomes, lambda _person, _account, _outcome: [self._system.lock()])

    def _excluded(self, name: str) -> bool:
        return any(fnmatch.fnmatchcase(name.lower(), pattern.lower()) for pattern in self._options.prune_exclude)
