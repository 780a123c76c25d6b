# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was asked, compared with the answer."""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.jobs.users.answers import check_answer, refused
from ansible_collections.maxops.ops.plugins.module_utils.jobs.users.job import Options, synchronise
from ansible_collections.maxops.ops.plugins.module_utils.jobs.users.plan import (
    Field,
    NotTakenError,
    Outcome,
    Person,
    Step,
)
from ansible_collections.maxops.ops.plugins.module_utils.tools.process import Cancellation

FIELDS = (Field("email", fold=True), Field("visibility"), Field("source_id"), Field("hook", readable=False))


class Account(NamedTuple):
    name: str = "ann"
    email: str = "ann@b.test"
    visibility: str = "private"
    source_id: int | None = None


def test_fields_that_were_taken_or_are_not_shown() -> None:
    asked = {"email": "ANN@b.test", "visibility": "private", "source_id": 3, "hook": True, "password": "x"}
    check_answer(FIELDS, asked, Account(), "Gitea 1.22.6", "the page")


def test_each_field_that_was_not_taken_has_its_sentence() -> None:
    asked = {"visibility": "public", "email": ""}
    with pytest.raises(NotTakenError) as caught:
        check_answer(FIELDS, asked, Account(), "Gitea 1.22.6", "the page", before=Account())
    assert caught.value.problems.keys() == {"visibility", "email"}
    assert caught.value.problems["visibility"] == (
        "visibility is still private and not public: Gitea 1.22.6 accepted the request and did not take it; set it by "
        "hand (the page), or leave visibility out"
    )
    assert 'not ""' in caught.value.problems["email"]


@pytest.mark.parametrize(
    ("stored", "asked"),
    [("\uae40\ubbfc\uc218", " \uae40\ubbfc\uc218 "), ("\uae40", "\u1100\u1175\u11b7"), ("Kim ", "Kim "), ("", "  ")],
)
def test_spaces_around_a_text_and_its_unicode_form_are_no_difference(stored: str, asked: str) -> None:
    field = Field("location")
    assert field.same(stored, asked)
    check_answer([field], {"location": asked}, Located(stored), "Gitea 1.22.6", "the page", before=Located("old"))


def test_a_space_that_the_application_has_and_the_list_does_not_is_a_difference() -> None:
    assert not Field("location").same("Kim ", "Kim")
    assert not Field("location").same("Kim", "kim")
    assert Field("language", fold=True).same("pt-BR", " pt-br")


def test_a_value_that_was_stored_otherwise_is_named_as_such_and_is_a_change() -> None:
    def send(now: Any) -> Any:
        answer = now._replace(location="a &amp; b")
        check_answer([Field("location")], {"location": "a & b"}, answer, "Gitea 1.22.6", "the page", before=now)

    class Stubborn(System):
        def read(self, _people: Any, _all_accounts: bool) -> dict[str, Any]:
            return {"ann": Located("Seoul")}

        def steps(self, _person: Person, _account: Any, _outcome: Outcome) -> list[Step]:
            return [Step({"location": ("Seoul", "a & b")}, send)]

    report = synchronise(Stubborn(), [Person("ann", {})], Options(), False, Cancellation())  # type: ignore[arg-type]
    [outcome] = report.outcomes
    assert outcome.error == (
        'location is "a &amp; b" and not "a & b": Gitea 1.22.6 accepted the request and stored another value; give it '
        "as it was stored, set it by hand (the page), or leave location out"
    )
    assert outcome.changes == {"location": ("Seoul", "a &amp; b")}
    assert outcome.has_changed


class Located(NamedTuple):
    location: str
    name: str = "ann"


class System:
    """One account whose visibility cannot be changed, and whose location can."""

    title = "Gitea"

    def __init__(self) -> None:
        self.sent: list[str] = []

    def read(self, _people: Any, _all_accounts: bool) -> dict[str, Any]:
        return {"ann": Account()}

    def find(self, _person: Person) -> Any:
        return Account()

    def steps(self, _person: Person, _account: Any, _outcome: Outcome) -> list[Step]:
        def send(now: Any) -> Any:
            self.sent.append("fields")
            raise NotTakenError({"visibility": "visibility is still private"}, now)

        def join(_now: Any) -> None:
            self.sent.append("teams")

        changes = {"visibility": ("private", "public"), "location": ("", "Seoul")}
        return [
            Step(changes, send, expected={"visibility": "visibility is still private"}),
            refused("website", ("", "https://a.test"), "website was not sent"),
            Step({"teams": ([], ["a/b"])}, join),
        ]

    def finish(self, _outcomes: Any) -> None:
        pass


@pytest.mark.parametrize("check_mode", [True, False])
def test_the_rest_is_done_and_the_person_fails_in_the_end(check_mode: bool) -> None:
    system = System()
    report = synchronise(system, [Person("ann", {})], Options(), check_mode, Cancellation())  # type: ignore[arg-type]
    [outcome] = report.outcomes
    assert outcome.error == "visibility is still private; website was not sent"
    assert outcome.changes == {"location": ("", "Seoul"), "teams": ([], ["a/b"])}
    assert system.sent == ([] if check_mode else ["fields", "teams"])
