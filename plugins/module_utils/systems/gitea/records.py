# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the API of Gitea and Forgejo returns, read into values of our own."""

from __future__ import annotations

from typing import Any, NamedTuple

from ansible_collections.maxops.ops.plugins.module_utils.tools.http.client import answer_reader


class Account(NamedTuple):
    """One account, by the names of the module's options; ``source_id`` is None where the version does not report it."""

    name: str
    id: int = 0
    email: str = ""
    full_name: str = ""
    login_name: str = ""
    source_id: int | None = None
    admin: bool = False
    active: bool = True
    prohibit_login: bool = False
    restricted: bool = False
    visibility: str = "public"
    website: str = ""
    location: str = ""
    description: str = ""


class Address(NamedTuple):
    """An e-mail address: the account that has it, and whether it is the account's main one."""

    email: str
    owner: str
    main: bool


class Team(NamedTuple):
    """A team of an organisation, with the lower-case names of its members."""

    id: int
    name: str
    members: set[str]


class Belongings(NamedTuple):
    """What an account owns, and what it is a member of.

    ``organizations`` are those that it alone owns, and ``packages`` is None where the token may not see them.
    """

    repositories: list[str]
    organizations: list[str]
    packages: list[str] | None
    member_of: list[str]

    def owned(self) -> dict[str, list[str]]:
        """What a purge deletes with the account, by kind, without kinds that are empty."""
        kinds = {"repositories": self.repositories, "organizations": self.organizations, "packages": self.packages}
        return {kind: names for kind, names in kinds.items() if names}


@answer_reader
def items_of(data: Any) -> list[Any]:
    """The elements of a list; the search for repositories wraps its results, and an empty list may be null."""
    return list((data["data"] if isinstance(data, dict) else data) or [])


@answer_reader
def secret_of(data: Any) -> str:
    """The secret of a new token."""
    return str(data["sha1"])


@answer_reader
def number_of(data: Any) -> int:
    """What identifies an element of a list."""
    return int(data["id"])


@answer_reader
def account_of(data: Any) -> Account:
    """An account."""
    return Account(
        name=data["login"],
        id=data["id"],
        email=data["email"],
        full_name=data["full_name"],
        login_name=data.get("login_name") or "",
        source_id=data.get("source_id"),
        admin=data["is_admin"],
        active=data["active"],
        prohibit_login=data["prohibit_login"],
        restricted=data["restricted"],
        visibility=data["visibility"],
        website=data["website"],
        location=data["location"],
        description=data["description"],
    )


@answer_reader
def addresses_of(data: Any) -> list[Address]:
    """The addresses that a search found."""
    return [Address(str(item["email"]), str(item["username"]), bool(item["primary"])) for item in data or []]


def package_of(data: Any) -> str:
    """A version of a package, as its page names it: ``generic/tool 1.0``."""
    return f"{data['type']}/{data['name']} {data['version']}"


def message_of(data: Any) -> str:
    """Gitea's own words in an answer that refuses."""
    if not isinstance(data, dict):
        return ""
    return ": ".join([str(data.get("message") or ""), *map(str, data.get("errors") or [])])
