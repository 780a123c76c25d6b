# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The list of people as a CSV file, in the dialects of spreadsheets."""

from __future__ import annotations

import pytest

from ansible_collections.maxops.ops.plugins.plugin_utils.people.file import decode, read_csv
from ansible_collections.maxops.ops.plugins.plugin_utils.people.rows import People, PeopleError, check


def checked(text: str) -> People:
    return check(read_csv(text, "people.csv"))


def problems(text: str) -> list[str]:
    with pytest.raises(PeopleError) as caught:
        checked(text)
    return caught.value.problems


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_dialects_of_spreadsheets(delimiter: str, end: str, mark: str) -> None:
    rows = [["login", "email", "full_name"], ["mskim", "mskim@example.com", '"김, ""민수"""']]
    data = (mark + end.join(delimiter.join(row) for row in rows) + end).encode()
    people = checked(decode(data, "people.csv", "utf-8"))
    assert people.rows == [{"login": "mskim", "email": "mskim@example.com", "full_name": '김, "민수"'}]


def test_hint_of_excel_and_blank_lines_before_the_header() -> None:
    assert checked("sep=;\r\n\r\nlogin;email;full_name\r\na;a@b.test;Ann Lee\r\n").rows[0]["login"] == "a"


def test_korean_windows_encoding() -> None:
    data = "login,email,full_name\nmskim,m@b.test,김민수\n".encode("cp949")
    with pytest.raises(PeopleError, match=r"people\.csv line 2 is not utf-8: save it as .*cp949"):
        decode(data, "people.csv", "utf-8")
    assert checked(decode(data, "people.csv", "cp949")).rows[0]["full_name"] == "김민수"
    with pytest.raises(PeopleError, match='no encoding "nonsense"'):
        decode(data, "people.csv", "nonsense")


def test_row_numbers_are_those_of_the_spreadsheet_after_a_cell_of_two_lines() -> None:
    assert problems('login,email,full_name\na,a@b.test,"Ann\nLee"\nb,nope,Bob Lee\n') == [
        "people.csv row 2: full_name contains a control character",
        'people.csv row 4: email is "nope", which is not an e-mail address',
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("login,mail\n", 'row 1: there is no column "mail"; columns are login, former_login'),
        ("login,login\n", 'column "login" appears twice'),
        ("email\na@b.test\n", "login is missing"),
        ('login,email,full_name\na,a@b.test,"Ann\n', "look for a quotation mark that is not closed"),
        ("login,email\n", "the list is empty"),
        ("", "the list is empty"),
    ],
)
def test_files_without_a_valid_list(text: str, words: str) -> None:
    assert words in problems(text)[0]


def test_lists_in_cells() -> None:
    text = (
        "login;email;full_name;gitea_teams;gitea_ssh_keys;openproject_projects;openproject_groups;gitea_admin\n"
        "a;a@b.test;Ann Lee;acme/devs | acme/ops;-;webshop=Member|webshop=Reader | intranet=Member;;예\n"
    )
    [row] = checked(text).rows
    assert row["gitea"] == {"admin": True, "teams": ["acme/devs", "acme/ops"], "ssh_keys": []}
    assert row["openproject"] == {"projects": {"webshop": ["Member", "Reader"], "intranet": ["Member"]}}


def test_no_for_an_application_overrides_its_other_columns() -> None:
    [row] = checked("login,email,full_name,gitea,gitea_teams\na,a@b.test,Ann Lee,no,acme/devs\n").rows
    assert row["gitea"] is False
