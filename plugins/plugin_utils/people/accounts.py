# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Turn the people of the list into options of the modules for users."""

from __future__ import annotations

import secrets
import string
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.maxops.ops.plugins.plugin_utils.text import count

from . import names

LENGTH = 20
SYMBOLS = "!#%+-=?@_"
CLASSES = (string.ascii_lowercase, string.ascii_uppercase, string.digits, SYMBOLS)


def new_password() -> str:
    """A password for both applications' rules: all four kinds of characters, none that looks like another."""
    characters = "".join(character for character in "".join(CLASSES) if character not in "Il1O0o")
    while True:
        password = "".join(secrets.choice(characters) for _index in range(LENGTH))
        # Shells and spreadsheets misread a symbol at the start.
        if password[0].isalpha() and all(any(character in kind for character in password) for kind in CLASSES):
            return password


def needing(logins: Sequence[str], shown: int = 5) -> str:
    """Who needs a password: all of them by name, or the first and how many more there are."""
    names = ", ".join(logins[:shown])
    if len(logins) > shown:
        names += f" and {len(logins) - shown:,} more"
    return f"{count(len(logins), 'new account')} {'needs' if len(logins) == 1 else 'need'} a password ({names})"


@dataclass(frozen=True)
class Choices:
    """Options for all people of the list.

    ``passwords`` are those of new accounts by login; without them, new accounts get a random one that is not kept:
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
            replaced = {"password": new_password(), "ssh_keys": []} if choices.rotate else {}
            users.append({"name": person["login"], "state": "locked", **replaced})
            continue
        user: dict[str, Any] = {**_common(person, choices), **(section if isinstance(section, dict) else {})}
        person_names = names.of(person)
        full_name = person_names.full if person_names else person.get("full_name")
        if full_name:
            user["full_name"] = full_name
        if choices.unlock:
            user["prohibit_login"] = False
        if "teams" in user:
            user["teams_exclusive"] = choices.exact or not user["teams"]
        if user.get("ssh_keys") == []:
            # "None" is exact; at least none would change nothing.
            user["ssh_keys_exclusive"] = True
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
            replaced = {"password": new_password()} if choices.rotate else {}
            users.append({"name": person["login"], "state": "locked", **replaced})
            continue
        given = dict(section) if isinstance(section, dict) else {}
        user = {**_common(person, choices), **given}
        person_names = names.of(person)
        if person_names:
            user.update(first_name=person_names.first, last_name=person_names.last)
        user.setdefault("status", "invited" if choices.invite else "active")
        if choices.unlock:
            user["locked"] = False
        if "projects" in user:
            user["projects"] = [{"project": name, "roles": roles} for name, roles in user["projects"].items()]
            user["projects_exclusive"] = choices.exact or not user["projects"]
        if "groups" in user:
            user["groups_exclusive"] = choices.exact or not user["groups"]
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
