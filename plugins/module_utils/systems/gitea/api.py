# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The API of Gitea and Forgejo, with the differences between their versions."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Callable, NamedTuple
from urllib.parse import quote

from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError
from ansible_collections.maxops.ops.plugins.module_utils.tools.http.client import (
    Answer,
    ApiError,
    Client,
    Endpoint,
    answer_reader,
    basic,
)
from ansible_collections.maxops.ops.plugins.module_utils.tools.paging import Listing, Page, read_all
from ansible_collections.maxops.ops.plugins.module_utils.tools.process import Cancellation

from .refusals import advise

PAGE_SIZE = 1000
"""Requested; the server returns as many as it allows (MAX_RESPONSE_ITEMS, 50 by default)."""
REDIRECTS = (301, 302, 307, 308)
OLDEST = (1, 21)


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


@dataclass(frozen=True)
class Release:
    """The version of Gitea; for Forgejo ``number`` is the Gitea version that its API follows."""

    text: str
    number: tuple[int, int]

    @classmethod
    def parse(cls, text: str) -> Release:
        """Read a version such as ``1.21.11`` or Forgejo's ``10.0.1+gitea-1.22.0``."""
        match = re.search(r"gitea-(\d+)\.(\d+)", text) or re.match(r"v?(\d+)\.(\d+)", text)
        return cls(text, (int(match.group(1)), int(match.group(2))) if match else OLDEST)


class Team(NamedTuple):
    """A team of an organisation, with the lower-case names of its members."""

    id: int
    name: str
    members: set[str]


class Belongings(NamedTuple):
    """What is deleted with an account that is purged."""

    repositories: list[str]
    organizations: list[str]


class Gitea:
    """The API, used as a site administrator."""

    def __init__(self, endpoint: Endpoint, cancellation: Cancellation | None = None) -> None:
        self.http = Client(endpoint, _message, cancellation)
        self._cancellation = cancellation or Cancellation()
        self._workers = endpoint.concurrency
        self.by_password = endpoint.authorization.startswith("Basic ")
        self.release = self._read_release()

    def _read_release(self) -> Release:
        answer = self._request("GET", "/version", accept=(200, 404))
        text = answer.data.get("version") if isinstance(answer.data, dict) else None
        if not text:
            raise MaxopsError(
                f"{self.http.url} is not a Gitea: its /api/v1/version returns no version; correct api_url"
            )
        release = Release.parse(str(text))
        if release.number < OLDEST:
            raise MaxopsError(
                f"{self.http.url} runs Gitea {release.text}; this collection needs 1.21 or later: update Gitea first"
            )
        return release

    def _request(self, method: str, path: str, **options: Any) -> Answer:
        try:
            return self.http.request(method, "/api/v1" + path, **options)
        except ApiError as error:
            raise ApiError(advise(error, self.http.url), error.status, error.message, error.data) from error

    def _pages(self, path: str, keep: Callable[[Any], Any], **query: Any) -> Listing[Any]:
        def fetch(number: int) -> Page:
            answer = self._request("GET", path, query={**query, "limit": PAGE_SIZE, "page": number})
            total = answer.headers.get("X-Total-Count", "")
            return Page(_items(answer.data), int(total) if total.isdigit() else None)

        return read_all(fetch, _number, answer_reader(keep), self._workers, self._cancellation)

    # -- accounts -----------------------------------------------------------------------------------------------

    def myself(self) -> Account:
        """The account that the API is used with. Raises MaxopsError when it is not a site administrator."""
        account = _account(self._request("GET", "/user").data)
        if not account.admin:
            raise MaxopsError(
                f'the account "{account.name}" of the API is not a site administrator of {self.http.url}: '
                "give the token (api_token) or the name and password of one"
            )
        return account

    def accounts(self, keep: Callable[[Account], bool]) -> Listing[Account]:
        """All accounts of people (without organisations) that ``keep`` accepts."""

        def read(item: Any) -> Account | None:
            account = _account(item)
            return account if keep(account) else None

        return self._pages("/admin/users", read)

    def find(self, name: str) -> Account | None:
        """The account of exactly this name, None when it does not exist or is an organisation's."""
        answer = self._request("GET", f"/users/{quote(name, safe='')}", accept=(200, 404, *REDIRECTS))
        if answer.status != 200:
            return None
        account = _account(answer.data)
        # A proxy may have followed the redirect from the former name of a renamed account.
        if account.name.lower() != name.lower() or self.is_organization(name):
            return None
        return account

    def is_organization(self, name: str) -> bool:
        """True when the name belongs to an organisation; users and organisations share one set of names."""
        return self._request("GET", f"/orgs/{quote(name, safe='')}", accept=(200, 404, *REDIRECTS)).status == 200

    def never_signed_in(self, account: Account) -> bool:
        """True when the account has never been used in a browser."""
        data = self._request("GET", f"/users/{quote(account.name, safe='')}").data
        return str(data.get("last_login", ""))[:4] in ("0001", "1970")

    def create(self, fields: Mapping[str, Any]) -> Account:
        """Create an account from ``username``, ``email`` and the other fields of the API."""
        return _account(self._request("POST", "/admin/users", body=dict(fields)).data)

    def edit(self, account: Account, fields: Mapping[str, Any]) -> Account:
        """Change fields of an account."""
        # The API requires both; it overwrites login_name with what is sent, and takes source 0 as "unchanged".
        kept = {"login_name": account.login_name or account.name, "source_id": account.source_id or 0}
        return _account(self._request("PATCH", self._admin(account), body={**kept, **fields}).data)

    def rename(self, account: Account, name: str) -> Account:
        """Rename an account; Gitea redirects from the old name."""
        self._request("POST", self._admin(account) + "/rename", body={"new_username": name})
        return account._replace(name=name)

    def delete(self, account: Account, purge: bool) -> None:
        """Remove an account; with ``purge`` also its repositories, and organisations that it alone owns."""
        # An earlier attempt whose answer was lost may have removed it already.
        self._request("DELETE", self._admin(account), query={"purge": "true"} if purge else None, accept=(204, 404))

    def belongings(self, account: Account) -> Belongings:
        """What a purge would delete with the account: its repositories, and organisations that it alone owns."""
        name = quote(account.name, safe="")
        repositories = self._pages("/repos/search", lambda item: item, uid=account.id, exclusive="true").items
        own = [item["full_name"] for item in repositories if item["owner"]["id"] == account.id]
        organizations = self._pages(f"/users/{name}/orgs", lambda item: str(item["username"])).items
        alone = []
        for organization in organizations:
            owners = next((team for team in self.teams(organization) if team.name.lower() == "owners"), None)
            if owners and self.members(owners) == {account.name.lower()}:
                alone.append(organization)
        return Belongings(sorted(own), sorted(alone))

    def password_is_right(self, account: Account, password: str) -> bool | None:
        """Whether this is the account's password; None where Gitea does not allow the check."""
        if account.prohibit_login or account.source_id:
            return None
        try:
            answer = self.http.request(
                "GET", "/api/v1/user", accept=(200, 403), authorization=basic(account.name, password)
            )
        except ApiError as error:
            wrong = "password is invalid" in error.message or error.message == "invalid username, password or token"
            return False if error.status == 401 and wrong else None
        # 403: correct, but it has to be changed first, or the account is not active.
        return answer.status in (200, 403)

    def _admin(self, account: Account) -> str:
        return f"/admin/users/{quote(account.name, safe='')}"

    # -- what belongs to an account -------------------------------------------------------------------------------

    def keys(self, account: Account) -> list[dict[str, Any]]:
        """Public SSH keys of an account: id, title, key."""
        path = f"/users/{quote(account.name, safe='')}/keys"
        return self._pages(path, lambda item: {key: item[key] for key in ("id", "title", "key")}).items

    def add_key(self, account: Account, title: str, key: str) -> None:
        """Add a key to an account."""
        self._request("POST", self._admin(account) + "/keys", body={"title": title, "key": key})

    def remove_key(self, account: Account, key_id: int) -> None:
        """Remove a key from an account."""
        self._request("DELETE", f"{self._admin(account)}/keys/{key_id}", accept=(204, 404))

    def tokens(self, account: Account) -> list[str]:
        """Names of an account's tokens; the API shows them only with a password."""
        return self._pages(f"/users/{quote(account.name, safe='')}/tokens", lambda item: str(item["name"])).items

    def add_token(self, account: Account, name: str, scopes: Sequence[str]) -> str:
        """Create a token; returns its secret, which Gitea never shows again."""
        path = f"/users/{quote(account.name, safe='')}/tokens"
        return _secret(self._request("POST", path, body={"name": name, "scopes": list(scopes)}).data)

    def remove_token(self, account: Account, name: str) -> None:
        """Revoke a token."""
        path = f"/users/{quote(account.name, safe='')}/tokens/{quote(name, safe='')}"
        self._request("DELETE", path, accept=(204, 404))

    # -- organisations --------------------------------------------------------------------------------------------

    def organizations(self) -> list[str]:
        """Names of all organisations."""
        return self._pages("/admin/orgs", lambda item: str(item["username"])).items

    def teams(self, organization: str) -> list[Team]:
        """Teams of an organisation, without their members. Raises MaxopsError when the organisation does not exist."""
        path = f"/orgs/{quote(organization, safe='')}/teams"
        return self._pages(path, lambda item: Team(item["id"], item["name"], set())).items

    def members(self, team: Team) -> set[str]:
        """Lower-case names of a team's members."""
        return set(self._pages(f"/teams/{team.id}/members", lambda item: str(item["login"]).lower()).items)

    def join(self, team: Team, account: Account) -> None:
        """Make an account a member of a team, and so of its organisation."""
        self._request("PUT", f"/teams/{team.id}/members/{quote(account.name, safe='')}")

    def leave(self, team: Team, account: Account) -> None:
        """End a membership."""
        self._request("DELETE", f"/teams/{team.id}/members/{quote(account.name, safe='')}", accept=(204, 404))


@answer_reader
def _items(data: Any) -> list[Any]:
    # The search for repositories wraps its results; an empty list may be null.
    return list((data["data"] if isinstance(data, dict) else data) or [])


@answer_reader
def _secret(data: Any) -> str:
    return str(data["sha1"])


@answer_reader
def _number(data: Any) -> int:
    return int(data["id"])


@answer_reader
def _account(data: Any) -> Account:
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


def _message(data: Any) -> str:
    if not isinstance(data, dict):
        return ""
    return ": ".join([str(data.get("message") or ""), *map(str, data.get("errors") or [])])
