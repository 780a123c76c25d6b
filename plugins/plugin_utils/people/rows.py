# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The list of people: what may stand in it, and who is wrong in it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from . import names

LOGIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}")
"""What both applications take as a name."""
EMAIL = re.compile(r"[^@\s<>,;]+@[^@\s<>,;]+")
TEAM = re.compile(r"[^/\s]+/[^/]+")
SSH_KEY = re.compile(r"(ssh|ecdsa|sk)-[\w@.-]+ [A-Za-z0-9+/]+={0,2}( .*)?")

Check = Callable[[Any], "str | None"]


class PeopleError(Exception):
    """The list cannot be used; each problem names its row."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = list(problems)


class BadRow(str):
    """In the place of a row that could not be read: why."""

    __slots__ = ()


@dataclass
class People:
    """The list, each row checked, and what deserves a look."""

    rows: list[dict[str, Any]]
    remarks: list[str] = field(default_factory=list)


def _text(pattern: re.Pattern[str] | None = None, wanted: str = "") -> Check:
    def check(value: Any) -> str | None:
        if not isinstance(value, str) or not value.strip():
            return "has to be text"
        if any(unicodedata.category(letter) == "Cc" for letter in value):
            return "holds a control character"
        return f'is "{value}", {wanted}' if pattern and not pattern.fullmatch(value) else None

    return check


def _truth(value: Any) -> str | None:
    return None if isinstance(value, bool) else f'is "{value}", which is neither true nor false'


def _one_of(*choices: str) -> Check:
    return lambda value: None if value in choices else f'is "{value}", which is none of {", ".join(choices)}'


def _list_of(check: Check) -> Check:
    def check_list(value: Any) -> str | None:
        if not isinstance(value, list):
            return "has to be a list"
        return next((f"has an entry that {problem}" for problem in map(check, value) if problem), None)

    return check_list


def _roles_by_project(value: Any) -> str | None:
    if not isinstance(value, dict):
        return "has to name projects with roles, in YAML webshop: [Member], in CSV webshop=Member|intranet=Reader"
    return next((problem for problem in map(_list_of(_text()), value.values()) if problem), None)


def _section(fields: Mapping[str, Check]) -> Check:
    def check(value: Any) -> str | None:
        if isinstance(value, bool):
            return None
        if not isinstance(value, dict):
            return "has to be true, false, or what the person has there"
        return "; ".join(_problems(value, fields)) or None

    return check


GITEA: dict[str, Check] = {
    "admin": _truth,
    "restricted": _truth,
    "visibility": _one_of("public", "limited", "private"),
    "teams": _list_of(_text(TEAM, "which is no organisation/team")),
    "ssh_keys": _list_of(_text(SSH_KEY, "which is no line of a .pub file")),
}
OPENPROJECT: dict[str, Check] = {
    "admin": _truth,
    "language": _text(),
    "status": _one_of("active", "invited"),
    "roles": _list_of(_text()),
    "projects": _roles_by_project,
    "groups": _list_of(_text()),
}
FIELDS: dict[str, Check] = {
    "login": _text(LOGIN, "which is not made of 1 to 40 letters, digits, dots, dashes and underscores"),
    "former_login": _text(LOGIN, "which is not made of 1 to 40 letters, digits, dots, dashes and underscores"),
    "state": _one_of("active", "left"),
    "email": _text(EMAIL, "which is no address"),
    "first_name": _text(),
    "last_name": _text(),
    "full_name": _text(),
    "password": _text(),
    "gitea": _section(GITEA),
    "openproject": _section(OPENPROJECT),
}


def check(rows: Iterable[tuple[str, Any]]) -> People:
    """Check all rows, each with the words that name its place. Raises PeopleError that names every bad one."""
    people = People([])
    problems: list[str] = []
    seen: dict[tuple[str, str], str] = {}
    for place, row in rows:
        if row is None or row == {}:
            people.remarks.append(f"{place} is empty and was passed over")
            continue
        if isinstance(row, BadRow):
            problems.append(f"{place}: {row}")
            continue
        if not isinstance(row, dict):
            problems.append(f"{place}: has to be a person with login, email and so on")
            continue
        person = _composed(row)
        found = _problems(person, FIELDS) + _missing(person) + _duplicates(place, person, seen)
        problems += [f"{place}: {problem}" for problem in found]
        people.rows.append(person)
    if problems:
        raise PeopleError(problems)
    if not people.rows:
        raise PeopleError(["the list holds nobody"])
    return people


def _problems(row: Mapping[str, Any], fields: Mapping[str, Check]) -> list[str]:
    found = [f'has "{key}", which is none of {", ".join(fields)}' for key in row if key not in fields]
    for key, value in row.items():
        problem = fields[key](value) if key in fields else None
        if problem:
            found.append(f"{key} {problem}")
    return found


def _missing(row: Mapping[str, Any]) -> list[str]:
    if row.get("state") == "left":
        return [] if row.get("login") else ["has no login"]
    found = [f"has no {key}" for key in ("login", "email") if not row.get(key)]
    if row.get("openproject", True) is not False and names.of(row) is None:
        found.append("has no first_name and last_name, and no full_name that tells them, which OpenProject demands")
    return found


def _duplicates(place: str, row: Mapping[str, Any], seen: dict[tuple[str, str], str]) -> list[str]:
    found = []
    for key in ("login", "email"):
        value = row.get(key)
        if not isinstance(value, str) or (key == "email" and row.get("state") == "left"):
            continue
        first = seen.setdefault((key, value.strip().lower()), place)
        if first != place:
            found.append(f'{key} "{value}" stands in {first} already')
    return found


def _composed(value: Any) -> Any:
    """Letters as everybody else writes them: some systems write a Korean syllable as the signs that it is made of."""
    if isinstance(value, str):
        return unicodedata.normalize("NFC", value.strip())
    if isinstance(value, list):
        return [_composed(each) for each in value]
    if isinstance(value, dict):
        return {_composed(key): _composed(each) for key, each in value.items()}
    return value
