# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The pages and the differences, without any application."""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.maxops.ops.plugins.module_utils.jobs.users.gitea.belongings import Key
from ansible_collections.maxops.ops.plugins.module_utils.jobs.users.plan import (
    Field,
    Outcome,
    Person,
    Step,
    check_people,
    differences,
)
from ansible_collections.maxops.ops.plugins.module_utils.systems.gitea.api import Release
from ansible_collections.maxops.ops.plugins.module_utils.systems.openproject.refusals import (
    errors_of,
    is_taken,
    message_of,
)
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError
from ansible_collections.maxops.ops.plugins.module_utils.tools.http.client import ApiError
from ansible_collections.maxops.ops.plugins.module_utils.tools.paging import READINGS, Page, read_all
from ansible_collections.maxops.ops.plugins.module_utils.tools.process import Cancellation

# -- pages ---------------------------------------------------------------------------------------------------------


class Listing:
    """A listing in pages of ten that may change between two requests."""

    def __init__(self, items: list[int], tells_total: bool = True) -> None:
        self.items = items
        self.tells_total = tells_total
        self.fetched: list[int] = []

    def fetch(self, number: int) -> Page:
        self.fetched.append(number)
        page = [{"id": item} for item in self.items[(number - 1) * 10 : number * 10]]
        return Page(page, len(self.items) if self.tells_total else None)

    def read(self, workers: int = 1) -> Any:
        return read_all(self.fetch, lambda item: item["id"], lambda item: item["id"], workers, Cancellation())


@given(st.integers(0, 55), st.booleans(), st.integers(1, 4))
@settings(max_examples=40, deadline=None)
def test_all_pages_each_once(count: int, tells_total: bool, workers: int) -> None:
    listing = Listing(list(range(count)), tells_total)
    found = listing.read(workers)
    assert (sorted(found.items), found.steady) == (list(range(count)), True)
    assert len(listing.fetched) == len(set(listing.fetched)), "a page was read twice"


def test_item_that_falls_between_two_pages_is_found_by_reading_again() -> None:
    listing = Listing(list(range(30)))
    original = listing.fetch

    def moving(number: int) -> Page:
        if number == 2 and 0 in listing.items:
            listing.items.remove(0)
        return original(number)

    listing.fetch = moving  # type: ignore[method-assign]
    found = listing.read()
    assert (sorted(found.items), found.steady) == (list(range(1, 30)), True)


def test_listing_that_never_stands_still_gives_all_that_was_ever_seen() -> None:
    listing = Listing(list(range(30)))
    original = listing.fetch

    def moving(number: int) -> Page:
        if number == 2:
            listing.items.insert(0, 100 + len(listing.fetched))
        return original(number)

    listing.fetch = moving  # type: ignore[method-assign]
    found = listing.read()
    assert not found.steady
    assert set(range(30)) <= set(found.items)
    assert len(listing.fetched) <= READINGS * 5


def test_what_is_not_kept_is_not_kept() -> None:
    listing = Listing(list(range(25)))
    found = read_all(
        listing.fetch, lambda item: item["id"], lambda item: item["id"] if item["id"] < 3 else None, 2, Cancellation()
    )
    assert (sorted(found.items), found.steady) == ([0, 1, 2], True)


# -- differences ---------------------------------------------------------------------------------------------------


class Account(NamedTuple):
    email: str
    admin: bool
    source: int | None = None


FIELDS = (Field("email", fold=True), Field("admin"), Field("source"), Field("quota", readable=False))


@pytest.mark.parametrize(
    ("options", "changes", "unknown"),
    [
        ({}, {}, []),
        ({"email": "A@B.test"}, {}, []),
        ({"email": "c@b.test"}, {"email": ("a@b.test", "c@b.test")}, []),
        ({"admin": True}, {"admin": (False, True)}, []),
        ({"admin": False}, {}, []),
        ({"quota": 3, "source": 1}, {}, ["source", "quota"]),
        ({"nickname": "x"}, {}, []),
    ],
)
def test_differences(options: dict[str, Any], changes: dict[str, Any], unknown: list[str]) -> None:
    assert differences(FIELDS, Person("a", options), Account("a@b.test", False)) == (changes, unknown)


def test_contradictions_are_all_named() -> None:
    people = [
        Person("a", {"email": "x@y.test"}),
        Person("B", {"email": "z@y.test"}),
        Person("b", {"email": "X@y.test"}),
        Person("c", {"email": "x@y.test", "state": "absent"}),
    ]
    with pytest.raises(
        MaxopsError, match=r'name "b" is in entries 2, 3; email "x@y.test" is in entries 1, 3; leave one'
    ):
        check_people(people)
    check_people([people[0], people[1], people[3]])


def test_outcome_tells_what_happened_and_no_more() -> None:
    outcome = Outcome("a")
    assert outcome.shown() == {"name": "a", "status": "unchanged"}
    step = Step({"email": ("", "x")}, lambda _account: None, creates=True)
    outcome.begin(step, details=True)
    assert outcome.shown() == {"name": "a", "status": "created"}
    assert outcome.made == {"email": ("", "x")}
    more = Step({"admin": (False, True)}, lambda _account: None)
    outcome.begin(more)
    assert outcome.shown()["changes"] == {"admin": {"before": False, "after": True}}
    outcome.take_back(more)
    outcome.take_back(step)
    assert outcome.made == {}
    assert outcome.status == "unchanged"
    later = Step({"groups": ([], ["g"])}, lambda _account: None, later=True)
    outcome.begin(later)
    outcome.leave_out_later()
    assert (outcome.status, outcome.changes) == ("failed", {})


def test_password_is_masked_in_what_an_application_says() -> None:
    person = Person("a", {"password": "hunter22"})
    assert person.mask("bad password hunter22") == "bad password ********"
    assert Person("a", {}).mask("bad password") == "bad password"


# -- versions, keys, refusals --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1.21.11", (1, 21)), ("1.25.4", (1, 25)), ("1.24.0+dev-12-gabc", (1, 24)), ("10.0.1+gitea-1.22.0", (1, 22)),
        ("7.0.12+gitea-1.21.11", (1, 21)), ("v1.23.1", (1, 23)), ("development", (1, 21)),
    ],
)  # fmt: skip
def test_versions_of_gitea_and_forgejo(text: str, number: tuple[int, int]) -> None:
    assert Release.parse(text).number == number


def test_keys_are_the_same_whatever_their_comment() -> None:
    line = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHmKp6hEW3FJjz5pseg5T8RlJxpJx9ibC7hGtT7nKEGq"
    named, plain = Key.parse(f"{line}   alice at home "), Key.parse(line)
    assert (named.kind, named.body) == (plain.kind, plain.body)
    assert named.title == "alice at home"
    assert plain.title == "SHA256:KaVOPtdHcN0reLEE8HY83TgJ2bzyrXLA/hlMzoqvBuc"
    for bad in ("", "ssh-ed25519", "garbage", "ssh-rsa not*base64"):
        with pytest.raises(MaxopsError, match="no public SSH key"):
            Key.parse(bad)


def test_errors_of_openproject_in_both_forms() -> None:
    urn = "urn:openproject-org:api:v3:errors:"
    one = {
        "errorIdentifier": urn + "PropertyConstraintViolation",
        "message": "Username has already been taken.",
        "_embedded": {"details": {"attribute": "login"}},
    }
    other = {**one, "message": "Email is invalid.", "_embedded": {"details": {"attribute": "email"}}}
    many = {"errorIdentifier": urn + "MultipleErrors", "message": "Several.", "_embedded": {"errors": [one, other]}}
    assert message_of(many) == "Username has already been taken. Email is invalid."
    assert [error[1] for error in errors_of(many)] == ["login", "email"]
    assert is_taken(ApiError("", 422, "", many), "login")
    assert not is_taken(ApiError("", 422, "", other), "login")
    assert message_of(None) == ""
