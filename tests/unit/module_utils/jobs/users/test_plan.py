# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Differences between a person and an account, and what of them was done."""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.jobs.users.plan import (
    Field,
    Outcome,
    Person,
    Step,
    check_people,
    differences,
)
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError


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


def test_outcome_shows_only_what_happened() -> None:
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
