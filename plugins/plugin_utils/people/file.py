# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The list of people as a CSV file, as spreadsheets write it."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Any

from .rows import GITEA, OPENPROJECT, BadRow, PeopleError

DELIMITERS = ",;\t"
NOTHING = "-"
"""Notation of an empty list; an empty cell gives no value."""
TRUE, FALSE = ("true", "yes", "y", "1", "o", "예"), ("false", "no", "n", "0", "x", "아니오", "아니요")

PLAIN = ("login", "former_login", "state", "email", "first_name", "last_name", "full_name", "password")
SECTIONS = {"gitea": GITEA, "openproject": OPENPROJECT}
LISTS = ("gitea_teams", "gitea_ssh_keys", "openproject_groups", "openproject_roles")
BOOLEANS = ("gitea", "openproject", "gitea_admin", "gitea_restricted", "openproject_admin")
COLUMNS = (*PLAIN, *SECTIONS, *(f"{section}_{key}" for section, fields in SECTIONS.items() for key in fields))


def decode(data: bytes, name: str, encoding: str) -> str:
    """The file's text. Raises PeopleError that names the first line which is not in this encoding."""
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        advice = 'save it as "CSV UTF-8"' if encoding.lower().startswith("utf") else "correct the encoding"
        raise PeopleError(
            [f"{name} line {line} is not {encoding}: {advice}, or name its encoding (Korean Excel writes cp949)"]
        ) from None
    except LookupError:
        raise PeopleError([f'there is no encoding "{encoding}": write utf-8 or cp949']) from None
    return text.removeprefix("\ufeff")


def read_csv(text: str, name: str) -> Iterator[tuple[str, Any]]:
    """The rows in the form of the YAML list, each with the name of its place in the file."""
    delimiter = _delimiter(text)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    header: list[str] = []
    first = 1
    try:
        for cells in reader:
            # A quoted cell may have several lines; a row is named by its first line.
            place, first = f"{name} row {first}", reader.line_num + 1
            if not header:
                is_hint = len(cells) <= 2 and "".join(cells).lower().startswith("sep=")
                header = [] if is_hint or not any(cells) else _header([cell.strip().lower() for cell in cells], place)
            elif any(cell.strip() for cell in cells[len(header) :]):
                yield place, BadRow(f"has more cells than the first row; quote a cell that holds {delimiter!r}")
            else:
                yield place, _person(dict(zip(header, (cell.strip() for cell in cells))))
    except csv.Error as error:
        raise PeopleError([f"{name} row {first}: {error}; look for a quotation mark that is not closed"]) from None


def _delimiter(text: str) -> str:
    first = text.lstrip().partition("\n")[0]
    if first.lower().startswith("sep=") and len(first) > 4:
        return first[4]
    return max(DELIMITERS, key=first.count)


def _header(cells: list[str], place: str) -> list[str]:
    unknown = [cell for cell in cells if cell and cell not in COLUMNS]
    twice = sorted({cell for cell in cells if cell and cells.count(cell) > 1})
    problems = [f'{place}: there is no column "{cell}"; columns are {", ".join(COLUMNS)}' for cell in unknown]
    problems += [f'{place}: column "{cell}" appears twice' for cell in twice]
    if "login" not in cells:
        problems.append(f"{place}: has to contain the column names, and login is missing")
    if problems:
        raise PeopleError(problems)
    return cells


def _person(cells: dict[str, str]) -> dict[str, Any]:
    person: dict[str, Any] = {key: cells[key] for key in PLAIN if cells.get(key)}
    for section, fields in SECTIONS.items():
        given = {
            key: _value(f"{section}_{key}", cells[f"{section}_{key}"])
            for key in fields
            if cells.get(f"{section}_{key}")
        }
        whole = _value(section, cells[section]) if cells.get(section) else None
        if given and whole in (None, True):
            person[section] = given
        elif whole is not None:
            person[section] = whole
    return person


def _value(column: str, cell: str) -> Any:
    if column in BOOLEANS:
        word = cell.lower()
        return True if word in TRUE else False if word in FALSE else cell
    if column == "openproject_projects":
        return _roles(cell)
    if column in LISTS:
        return [] if cell == NOTHING else [entry.strip() for entry in cell.split("|")]
    return cell


def _roles(cell: str) -> Any:
    """``webshop=Member | webshop=Reader | intranet=Member`` as roles by project."""
    projects: dict[str, list[str]] = {}
    for entry in [] if cell == NOTHING else cell.split("|"):
        project, equals, role = (part.strip() for part in entry.partition("="))
        if not (project and equals and role):
            return cell
        projects.setdefault(project, []).append(role)
    return projects
