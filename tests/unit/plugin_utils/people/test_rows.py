# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The list of people: accepted and refused rows, and how they are named."""

from __future__ import annotations

import json
import unicodedata
from typing import Any

import jsonschema
import pytest
import yaml

from ansible_collections.maxops.ops.plugins.plugin_utils.people import file
from ansible_collections.maxops.ops.plugins.plugin_utils.people.file import decode, read_csv
from ansible_collections.maxops.ops.plugins.plugin_utils.people.rows import People, PeopleError, check
from ansible_collections.maxops.ops.tests.unit.checkout import ROOT

FILES = ROOT / "roles" / "users" / "files"
SCHEMA = json.loads((FILES / "people.schema.json").read_text(encoding="utf-8"))
KIM = {"login": "mskim", "email": "mskim@example.com", "full_name": "김민수"}


def checked(text: str) -> People:
    return check(read_csv(text, "people.csv"))


def problems(text: str) -> list[str]:
    with pytest.raises(PeopleError) as caught:
        checked(text)
    return caught.value.problems


def test_decomposed_letters_are_composed() -> None:
    apart = unicodedata.normalize("NFD", "김민수")
    assert checked(f"login,email,full_name\na,a@b.test,{apart}\n").rows[0]["full_name"] == "김민수"


def test_empty_rows_are_skipped_with_a_remark() -> None:
    people = checked("login,email,full_name\n\na,a@b.test,Ann Lee\n,,\n;;\n".replace(";;", ",,"))
    assert len(people.rows) == 1
    assert people.remarks == [f"people.csv row {number} is empty and was skipped" for number in (2, 4, 5)]


def test_every_invalid_row_is_named_at_once() -> None:
    text = (
        "login,email,full_name,state,gitea,openproject_projects\n"
        "a,a@b.test,Ann Lee,,,\n"
        "a b,nope,Bob Lee,gone,maybe,webshop\n"
        "A,A@B.test,Ann Lee,,,\n"
        ",c@b.test,Carl Lee,,,\n"
        "d,d@b.test,Dot,,,\n"
        "e,e@b.test,Eva Lee,,,,surplus\n"
        "f,f@b.test,Fay Lee,left,,\n"
    )
    named = problems(text)
    assert [problem.partition(":")[0][-1] for problem in named] == [*"33333", *"44", "5", "6", "7"]
    for word in ('login is "a b"', 'email is "nope"', 'state is "gone"', "gitea has to be", "webshop=Member|"):
        assert any(word in problem for problem in named), word
    assert 'row 4: login "A" is in people.csv row 2 already' in " ".join(named)
    assert "has no login" in named[7]
    assert "has no first_name and last_name" in named[8]
    assert "quote a cell that holds ','" in named[9]


GOOD = [
    KIM,
    {**KIM, "gitea": {"teams": ["a/b"], "visibility": "private"}, "openproject": False},
    {"login": "x", "state": "left"},
    {"login": "x", "email": "x@y.test", "openproject": False},
    {**KIM, "openproject": {"projects": {"web": ["Member"]}, "groups": [], "status": "invited", "language": "ko"}},
]
BAD: list[Any] = [
    {"login": "x"},
    {"login": "x", "email": "x@y.test"},
    {"email": "x@y.test", "full_name": "Ann Lee"},
    {**KIM, "login": "-x"},
    {**KIM, "login": 7},
    {**KIM, "nickname": "x"},
    {**KIM, "state": "gone"},
    {**KIM, "email": "no address"},
    {**KIM, "gitea": {"team": ["a/b"]}},
    {**KIM, "gitea": {"teams": ["b"]}},
    {**KIM, "gitea": {"ssh_keys": ["garbage"]}},
    {**KIM, "gitea": {"admin": "yes"}},
    {**KIM, "openproject": {"projects": ["web"]}},
    {**KIM, "openproject": {"projects": {"web": "Member"}}},
    {**KIM, "openproject": "yes"},
    {**KIM, "full_name": "   "},
    "mskim",
]


@pytest.mark.parametrize("row", GOOD)
def test_schema_and_check_accept_the_same(row: Any) -> None:
    jsonschema.validate({"people": [row]}, SCHEMA)
    assert check([("entry 1", row)]).rows == [row]


@pytest.mark.parametrize("row", BAD)
def test_schema_and_check_refuse_the_same(row: Any) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"people": [row]}, SCHEMA)
    with pytest.raises(PeopleError, match="entry 1: "):
        check([("entry 1", row)])


def test_templates_are_valid_and_equal() -> None:
    from_yaml = yaml.safe_load((FILES / "people.example.yml").read_text(encoding="utf-8"))
    jsonschema.validate(from_yaml, SCHEMA)
    text = decode((FILES / "people.example.csv").read_bytes(), "example", "utf-8")
    assert set(text.splitlines()[0].split(",")) == set(file.COLUMNS)
    from_csv = check(read_csv(text, "example"))
    assert from_csv.rows == check(("", row) for row in from_yaml["people"]).rows


@pytest.mark.parametrize("login", ["a--b", "a.-b", "a__b", "a_", "a."])
def test_names_that_only_gitea_refuses(login: str) -> None:
    row = {**KIM, "login": login}
    with pytest.raises(PeopleError, match="no two dots, dashes or underscores in a row, and none at the end"):
        check([("row 2", row)])
    assert check([("row 2", {**row, "gitea": False})]).rows
    assert check([("row 2", {"login": login, "state": "left"})]).rows
