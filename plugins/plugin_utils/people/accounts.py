# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What each person of the list is in each application: options of its module."""

from __future__ import annotations

import secrets
import string
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from . import names

LENGTH = 20
SIGNS = "!#%+-=?@_"
CLASSES = (string.ascii_lowercase, string.ascii_uppercase, string.digits, SIGNS)


def new_password() -> str:
    """A password that both applications' rules take: all four kinds of letters, none that looks like another."""
    letters = "".join(letter for letter in "".join(CLASSES) if letter not in "Il1O0o")
    while True:
        password = "".join(secrets.choice(letters) for _letter in range(LENGTH))
        # A sign at the start is what shells and spreadsheets stumble over.
        if password[0].isalpha() and all(any(each in kind for each in password) for kind in CLASSES):
            return password


@dataclass(frozen=True)
class Choices:
    """What holds for everybody on the list.

    ``passwords`` are those of new accounts by login; without them, new accounts get one that nobody knows, which is
    enough to find out who is new.
    """

    exact: bool = True
    unlock: bool = True
    rotate: bool = False
    invite: bool = False
    passwords: Mapping[str, str] | None = field(default=None, repr=False)


def gitea_users(people: Iterable[Mapping[str, Any]], choices: Choices) -> list[dict[str, Any]]:
    """Entries for the module gitea_user."""
    users = []
    for person in people:
        section = person.get("gitea", True)
        if section is False:
            continue
        if person.get("state") == "left":
            farewell = {"password": new_password(), "ssh_keys": []} if choices.rotate else {}
            users.append({"name": person["login"], "state": "locked", **farewell})
            continue
        user: dict[str, Any] = {**_common(person, choices), **(section if isinstance(section, dict) else {})}
        known = names.of(person)
        full_name = known.full if known else person.get("full_name")
        if full_name:
            user["full_name"] = full_name
        if choices.unlock:
            user["prohibit_login"] = False
        if "teams" in user:
            user["teams_exclusive"] = choices.exact
        users.append(user)
    return users


def openproject_users(people: Iterable[Mapping[str, Any]], choices: Choices) -> list[dict[str, Any]]:
    """Entries for the module openproject_user."""
    users = []
    for person in people:
        section = person.get("openproject", True)
        if section is False:
            continue
        if person.get("state") == "left":
            farewell = {"password": new_password()} if choices.rotate else {}
            users.append({"name": person["login"], "state": "locked", **farewell})
            continue
        given = dict(section) if isinstance(section, dict) else {}
        user = {**_common(person, choices), **given}
        known = names.of(person)
        if known:
            user.update(first_name=known.first, last_name=known.last)
        user.setdefault("status", "invited" if choices.invite else "active")
        if choices.unlock:
            user["locked"] = False
        if "projects" in user:
            user["projects"] = [{"project": name, "roles": roles} for name, roles in user["projects"].items()]
            user["projects_exclusive"] = choices.exact
        if "groups" in user:
            user["groups_exclusive"] = choices.exact
        users.append(user)
    return users


def _common(person: Mapping[str, Any], choices: Choices) -> dict[str, Any]:
    user = {"name": person["login"], "email": person["email"]}
    if person.get("former_login"):
        user["rename_from"] = person["former_login"]
    password = person.get("password")
    if not password:
        password = new_password() if choices.passwords is None else choices.passwords.get(person["login"].lower())
    if password:
        user["password"] = password
    return user
