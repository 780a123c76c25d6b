# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The list of people: what is taken, what is refused and how it is named, what it means for each application."""

from __future__ import annotations

import json
import unicodedata
from typing import Any

import jsonschema
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.maxops.ops.plugins.plugin_utils import people, people_file, people_names
from ansible_collections.maxops.ops.plugins.plugin_utils.people_users import (
    CLASSES,
    Choices,
    gitea_users,
    new_password,
    openproject_users,
)
from ansible_collections.maxops.ops.tests.unit.checkout import ROOT

FILES = ROOT / "roles" / "users" / "files"
SCHEMA = json.loads((FILES / "people.schema.json").read_text(encoding="utf-8"))
KIM = {"login": "mskim", "email": "mskim@example.com", "full_name": "김민수"}


def checked(text: str) -> people.People:
    return people.check(people_file.read_csv(text, "people.csv"))


def problems(text: str) -> list[str]:
    with pytest.raises(people.PeopleError) as caught:
        checked(text)
    return caught.value.problems


# -- CSV as spreadsheets write it ----------------------------------------------------------------------------------


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_spreadsheets_dialects(delimiter: str, end: str, mark: str) -> None:
    rows = [["login", "email", "full_name"], ["mskim", "mskim@example.com", '"김, ""민수"""']]
    data = (mark + end.join(delimiter.join(row) for row in rows) + end).encode()
    found = checked(people_file.decode(data, "people.csv", "utf-8"))
    assert found.rows == [{"login": "mskim", "email": "mskim@example.com", "full_name": '김, "민수"'}]


def test_hint_of_excel_and_blank_lines_before_the_header() -> None:
    assert checked("sep=;\r\n\r\nlogin;email;full_name\r\na;a@b.test;Ann Lee\r\n").rows[0]["login"] == "a"


def test_korean_windows_encoding() -> None:
    data = "login,email,full_name\nmskim,m@b.test,김민수\n".encode("cp949")
    with pytest.raises(people.PeopleError, match=r"people\.csv line 2 is not utf-8: save it as .*cp949"):
        people_file.decode(data, "people.csv", "utf-8")
    assert checked(people_file.decode(data, "people.csv", "cp949")).rows[0]["full_name"] == "김민수"
    with pytest.raises(people.PeopleError, match='no encoding "nonsense"'):
        people_file.decode(data, "people.csv", "nonsense")


def test_letters_taken_apart_are_put_together() -> None:
    apart = unicodedata.normalize("NFD", "김민수")
    assert checked(f"login,email,full_name\na,a@b.test,{apart}\n").rows[0]["full_name"] == "김민수"


def test_empty_rows_are_passed_over_and_told() -> None:
    found = checked("login,email,full_name\n\na,a@b.test,Ann Lee\n,,\n;;\n".replace(";;", ",,"))
    assert len(found.rows) == 1
    assert found.remarks == [f"people.csv row {number} is empty and was passed over" for number in (2, 4, 5)]


def test_every_bad_row_is_named_at_once() -> None:
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
    found = problems(text)
    assert [problem.partition(":")[0][-1] for problem in found] == [*"33333", *"44", "5", "6", "7"]
    for word in ('login is "a b"', 'email is "nope"', 'state is "gone"', "gitea has to be", "webshop=Member|"):
        assert any(word in problem for problem in found), word
    assert 'row 4: login "A" stands in people.csv row 2 already' in " ".join(found)
    assert "has no login" in found[7]
    assert "has no first_name and last_name" in found[8]
    assert "quote a cell that holds ','" in found[9]


def test_row_numbers_are_those_of_the_spreadsheet_after_a_cell_of_two_lines() -> None:
    assert problems('login,email,full_name\na,a@b.test,"Ann\nLee"\nb,nope,Bob Lee\n') == [
        "people.csv row 2: full_name holds a control character",
        'people.csv row 4: email is "nope", which is no address',
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("login,mail\n", 'row 1: there is no column "mail"; columns are login, former_login'),
        ("login,login\n", 'column "login" is there twice'),
        ("email\na@b.test\n", "login is not among them"),
        ('login,email,full_name\na,a@b.test,"Ann\n', "look for a quotation mark that is not closed"),
        ("login,email\n", "holds nobody"),
        ("", "holds nobody"),
    ],
)
def test_files_that_are_no_list(text: str, words: str) -> None:
    assert words in problems(text)[0]


def test_lists_in_cells() -> None:
    text = (
        "login;email;full_name;gitea_teams;gitea_ssh_keys;openproject_projects;openproject_groups;gitea_admin\n"
        "a;a@b.test;Ann Lee;acme/devs | acme/ops;-;webshop=Member|webshop=Reader | intranet=Member;;예\n"
    )
    [row] = checked(text).rows
    assert row["gitea"] == {"admin": True, "teams": ["acme/devs", "acme/ops"], "ssh_keys": []}
    assert row["openproject"] == {"projects": {"webshop": ["Member", "Reader"], "intranet": ["Member"]}}


def test_no_in_an_application_beats_what_is_said_about_it() -> None:
    [row] = checked("login,email,full_name,gitea,gitea_teams\na,a@b.test,Ann Lee,no,acme/devs\n").rows
    assert row["gitea"] is False


# -- YAML, the schema, and the templates ---------------------------------------------------------------------------

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
def test_schema_and_check_take_the_same(row: Any) -> None:
    jsonschema.validate({"people": [row]}, SCHEMA)
    assert people.check([("entry 1", row)]).rows == [row]


@pytest.mark.parametrize("row", BAD)
def test_schema_and_check_refuse_the_same(row: Any) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"people": [row]}, SCHEMA)
    with pytest.raises(people.PeopleError, match="entry 1: "):
        people.check([("entry 1", row)])


def test_templates_are_good_and_say_the_same() -> None:
    from_yaml = yaml.safe_load((FILES / "people.example.yml").read_text(encoding="utf-8"))
    jsonschema.validate(from_yaml, SCHEMA)
    text = people_file.decode((FILES / "people.example.csv").read_bytes(), "example", "utf-8")
    assert set(text.splitlines()[0].split(",")) == set(people_file.COLUMNS)
    from_csv = people.check(people_file.read_csv(text, "example"))
    assert from_csv.rows == people.check(("", row) for row in from_yaml["people"]).rows


# -- names ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("row", "names"),
    [
        ({"full_name": "김민수"}, ("민수", "김", "김민수")),
        ({"full_name": "남궁민수"}, ("민수", "남궁", "남궁민수")),
        ({"full_name": "남궁"}, ("궁", "남", "남궁")),
        ({"full_name": "김 민수"}, ("민수", "김", "김 민수")),
        ({"full_name": "Alice B. Kim"}, ("Alice B.", "Kim", "Alice B. Kim")),
        ({"first_name": "민수", "last_name": "김"}, ("민수", "김", "김민수")),
        ({"first_name": "Alice", "last_name": "Kim"}, ("Alice", "Kim", "Alice Kim")),
        ({"first_name": "A", "last_name": "K", "full_name": "Alice Kim"}, ("A", "K", "Alice Kim")),
        ({"full_name": "Cher"}, None),
        ({"first_name": "Alice"}, None),
        ({}, None),
    ],
)
def test_names(row: dict[str, str], names: tuple[str, str, str] | None) -> None:
    assert people_names.of(row) == names


@given(st.text(min_size=1, max_size=30))
def test_names_of_whatever_people_are_called(full: str) -> None:
    found = people_names.of({"full_name": full})
    assert found is None or (found.first and found.last and found.full == full.strip())


# -- what it means for the applications ----------------------------------------------------------------------------


def test_active_person_in_both() -> None:
    row = {**KIM, "former_login": "kim", "gitea": {"teams": ["a/b"]}, "openproject": {"projects": {"web": ["Member"]}}}
    [gitea] = gitea_users([row], Choices(passwords={}))
    assert gitea == {
        "name": "mskim", "email": "mskim@example.com", "full_name": "김민수", "rename_from": "kim",
        "teams": ["a/b"], "teams_exclusive": True, "prohibit_login": False,
    }  # fmt: skip
    [openproject] = openproject_users(
        [row], Choices(passwords={"mskim": "Secret"}, exact=False, unlock=False, invite=True)
    )
    assert openproject == {
        "name": "mskim", "email": "mskim@example.com", "first_name": "민수", "last_name": "김", "rename_from": "kim",
        "projects": [{"project": "web", "roles": ["Member"]}], "projects_exclusive": False, "status": "invited",
        "password": "Secret",
    }  # fmt: skip


def test_who_has_left_and_who_is_not_there() -> None:
    left, elsewhere = (
        {"login": "carol", "state": "left", "password": "x"},
        {**KIM, "gitea": False, "openproject": False},
    )
    assert gitea_users([left, elsewhere], Choices()) == [{"name": "carol", "state": "locked"}]
    assert openproject_users([left, elsewhere], Choices()) == [{"name": "carol", "state": "locked"}]
    [rotated] = gitea_users([left], Choices(rotate=True))
    assert rotated["ssh_keys"] == []
    assert rotated["password"] not in ("x", gitea_users([left], Choices(rotate=True))[0]["password"])


def test_passwords_of_new_people_only() -> None:
    rows = [KIM, {**KIM, "login": "Own", "password": "of her own"}, {**KIM, "login": "New"}]
    users = gitea_users(rows, Choices(passwords={"new": "made up"}))
    assert [user.get("password") for user in users] == [None, "of her own", "made up"]
    assert all(user["password"] for user in gitea_users(rows, Choices()))


def test_new_passwords_please_both_applications() -> None:
    made = {new_password() for _number in range(200)}
    assert len(made) == 200
    for password in made:
        assert len(password) == 20
        assert all(any(letter in kind for letter in password) for kind in CLASSES)
        assert password[0].isalpha()
        assert not set(password) & set("Il1O0o")
