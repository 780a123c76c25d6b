# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The list of people: its fields, and the checks of its rows."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from . import names

LOGIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}")
"""Names that both applications accept."""
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
    """The reason, in place of a row that could not be read."""

    __slots__ = ()


@dataclass
class People:
    """The list with checked rows, and remarks on it."""

    rows: list[dict[str, Any]]
    remarks: list[str] = field(default_factory=list)


def _text(pattern: re.Pattern[str] | None = None, wanted: str = "") -> Check:
    def check(value: Any) -> str | None:
        if not isinstance(value, str) or not value.strip():
            return "has to be text"
        if any(unicodedata.category(character) == "Cc" for character in value):
            return "contains a control character"
        return f'is "{value}", {wanted}' if pattern and not pattern.fullmatch(value) else None

    return check


def _boolean(value: Any) -> str | None:
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
            return "has to be true, false, or the options of the person there"
        return "; ".join(_problems(value, fields)) or None

    return check


GITEA: dict[str, Check] = {
    "admin": _boolean,
    "restricted": _boolean,
    "visibility": _one_of("public", "limited", "private"),
    "teams": _list_of(_text(TEAM, "which is not organisation/team")),
    "ssh_keys": _list_of(_text(SSH_KEY, "which is not the line of a .pub file")),
}
OPENPROJECT: dict[str, Check] = {
    "admin": _boolean,
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
    "email": _text(EMAIL, "which is not an e-mail address"),
    "first_name": _text(),
    "last_name": _text(),
    "full_name": _text(),
    "password": _text(),
    "gitea": _section(GITEA),
    "openproject": _section(OPENPROJECT),
}


def check(rows: Iterable[tuple[str, Any]]) -> People:
    """Check all rows, each with the name of its place. Raises PeopleError that names every invalid one."""
    people = People([])
    problems: list[str] = []
    first_places: dict[tuple[str, str], str] = {}
    for place, row in rows:
        if row is None or row == {}:
            people.remarks.append(f"{place} is empty and was skipped")
            continue
        if isinstance(row, BadRow):
            problems.append(f"{place}: {row}")
            continue
        if not isinstance(row, dict):
            problems.append(f"{place}: has to be a mapping with login, email and so on")
            continue
        person = _composed(row)
        row_problems = _problems(person, FIELDS) + _gitea_name(person) + _missing(person)
        row_problems += _duplicates(place, person, first_places)
        problems += [f"{place}: {problem}" for problem in row_problems]
        people.rows.append(person)
    if problems:
        raise PeopleError(problems)
    if not people.rows:
        raise PeopleError(["the list is empty"])
    return people


def _problems(row: Mapping[str, Any], fields: Mapping[str, Check]) -> list[str]:
    problems = [f'has "{key}", which is none of {", ".join(fields)}' for key in row if key not in fields]
    for key, value in row.items():
        problem = fields[key](value) if key in fields else None
        if problem:
            problems.append(f"{key} {problem}")
    return problems


def _gitea_name(row: Mapping[str, Any]) -> list[str]:
    """Gitea is stricter than OpenProject about names; a person who has left gets no new one."""
    login = row.get("login")
    if row.get("state") == "left" or row.get("gitea", True) is False or not isinstance(login, str):
        return []
    if not LOGIN.fullmatch(login) or not re.search(r"[._-]{2}|[._-]$", login):
        return []
    return [f'login is "{login}", and Gitea takes no two dots, dashes or underscores in a row, and none at the end']


def _missing(row: Mapping[str, Any]) -> list[str]:
    if row.get("state") == "left":
        return [] if row.get("login") else ["has no login"]
    problems = [f"has no {key}" for key in ("login", "email") if not row.get(key)]
    if row.get("openproject", True) is not False and names.of(row) is None:
        problems.append("has no first_name and last_name, and no full_name with both, which OpenProject requires")
    return problems


def _duplicates(place: str, row: Mapping[str, Any], first_places: dict[tuple[str, str], str]) -> list[str]:
    problems = []
    for key in ("login", "email"):
        value = row.get(key)
        if not isinstance(value, str) or (key == "email" and row.get("state") == "left"):
            continue
        first = first_places.setdefault((key, value.strip().lower()), place)
        if first != place:
            problems.append(f'{key} "{value}" is in {first} already')
    return problems


def _composed(value: Any) -> Any:
    """Text in composed form: some systems write a Korean syllable as its single letters (jamo)."""
    if isinstance(value, str):
        return unicodedata.normalize("NFC", value.strip())
    if isinstance(value, list):
        return [_composed(item) for item in value]
    if isinstance(value, dict):
        return {_composed(key): _composed(item) for key, item in value.items()}
    return value
