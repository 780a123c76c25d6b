# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The API of Gitea and Forgejo, with the differences between their versions."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Callable
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

from .records import (
    Account,
    Address,
    Belongings,
    Team,
    account_of,
    addresses_of,
    items_of,
    message_of,
    number_of,
    package_of,
    secret_of,
)
from .refusals import advise

PAGE_SIZE = 1000
"""Requested; the server returns as many as it allows (MAX_RESPONSE_ITEMS, 50 by default)."""
REDIRECTS = (301, 302, 307, 308)
OLDEST = (1, 21)
LAST_FORGEJO = 8
"""The last version of Forgejo that is known to keep a hidden account hidden."""


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

    @property
    def title(self) -> str:
        """The program and its version, for messages."""
        return f"{'Forgejo' if 'gitea-' in self.text else 'Gitea'} {self.text.partition('+')[0]}"

    @property
    def takes_website(self) -> bool:
        """False where every change of ``website`` is refused, and all that is sent with it (go-gitea/gitea#30518)."""
        return self.number >= (1, 22) or not re.search(r"\d\.\d", self.text)

    @property
    def keeps_hidden(self) -> bool:
        """True where ``visibility: public`` is accepted and ignored: 0, its number, counts as not given."""
        forgejo = re.match(r"v?(\d+)\..*gitea-", self.text)
        return self.number in ((1, 22), (1, 23)) and (not forgejo or int(forgejo.group(1)) <= LAST_FORGEJO)


class Gitea:
    """The API, used as a site administrator."""

    def __init__(self, endpoint: Endpoint, cancellation: Cancellation | None = None) -> None:
        self.http = Client(endpoint, message_of, cancellation)
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
            return Page(items_of(answer.data), int(total) if total.isdigit() else None)

        return read_all(fetch, number_of, answer_reader(keep), self._workers, self._cancellation)

    # -- accounts -----------------------------------------------------------------------------------------------

    def myself(self) -> Account:
        """The account that the API is used with. Raises MaxopsError when it is not a site administrator."""
        account = account_of(self._request("GET", "/user").data)
        if not account.admin:
            raise MaxopsError(
                f'the account "{account.name}" of the API is not a site administrator of {self.http.url}: '
                "give the token (api_token) or the name and password of one"
            )
        return account

    def accounts(self, keep: Callable[[Account], bool]) -> Listing[Account]:
        """All accounts of people (without organisations) that ``keep`` accepts."""

        def read(item: Any) -> Account | None:
            account = account_of(item)
            return account if keep(account) else None

        return self._pages("/admin/users", read)

    def find(self, name: str) -> Account | None:
        """The account of exactly this name, None when it does not exist or is an organisation's."""
        answer = self._request("GET", f"/users/{quote(name, safe='')}", accept=(200, 404, *REDIRECTS))
        if answer.status != 200:
            return None
        account = account_of(answer.data)
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
        # The moment 0 in the server's time zone: west of Greenwich that is still 1969.
        return str(data.get("last_login", ""))[:4] in ("0001", "1969", "1970")

    def create(self, fields: Mapping[str, Any]) -> Account:
        """Create an account from ``username``, ``email`` and the other fields of the API."""
        return account_of(self._request("POST", "/admin/users", body=dict(fields)).data)

    def edit(self, account: Account, fields: Mapping[str, Any]) -> Account:
        """Change fields of an account."""
        # The API requires both; it overwrites login_name with what is sent, and takes source 0 as "unchanged".
        kept = {"login_name": account.login_name or account.name, "source_id": account.source_id or 0}
        return account_of(self._request("PATCH", self._admin(account), body={**kept, **fields}).data)

    def rename(self, account: Account, name: str) -> Account:
        """Rename an account; Gitea redirects from the old name."""
        self._request("POST", self._admin(account) + "/rename", body={"new_username": name})
        return account._replace(name=name)

    def delete(self, account: Account, purge: bool) -> None:
        """Remove an account; with ``purge`` also its repositories, and organisations that it alone owns."""
        # An earlier attempt whose answer was lost may have removed it already.
        self._request("DELETE", self._admin(account), query={"purge": "true"} if purge else None, accept=(204, 404))

    def belongings(self, account: Account) -> Belongings:
        """What the account owns, and the organisations that it is a member of."""
        name = quote(account.name, safe="")
        repositories = self._pages("/repos/search", lambda item: item, uid=account.id, exclusive="true").items
        own = [item["full_name"] for item in repositories if item["owner"]["id"] == account.id]
        organizations = self._pages(f"/users/{name}/orgs", lambda item: str(item["username"])).items
        alone = []
        for organization in organizations:
            owners = next((team for team in self.teams(organization) if team.name.lower() == "owners"), None)
            if owners and self.members(owners) == {account.name.lower()}:
                alone.append(organization)
        others = sorted(set(organizations) - set(alone))
        return Belongings(sorted(own), sorted(alone), self._packages(name), others)

    def _packages(self, owner: str) -> list[str] | None:
        try:
            return sorted(self._pages(f"/packages/{owner}", package_of).items)
        except ApiError as error:
            if error.status == 404:  # packages are switched off
                return []
            if error.status == 403:
                return None
            raise

    def leave_organization(self, organization: str, account: Account) -> None:
        """End the memberships in all teams of an organisation. Gitea refuses that for its last owner."""
        path = f"/orgs/{quote(organization, safe='')}/members/{quote(account.name, safe='')}"
        self._request("DELETE", path, accept=(204, 404))

    def address(self, email: str) -> Address | None:
        """The account that has an address, as its main one or as another, which no list of accounts shows."""
        answer = self._request("GET", "/admin/emails/search", query={"q": email, "limit": PAGE_SIZE}, accept=(200, 404))
        found = addresses_of(answer.data) if answer.status == 200 else []
        return next((address for address in found if address.email.lower() == email.lower()), None)

    def password_is_right(self, account: Account, password: str) -> bool | None:
        """Whether this is the account's password; None where Gitea does not allow the check."""
        if account.prohibit_login or account.source_id:
            return None
        try:
            answer = self.http.request(
                "GET", "/api/v1/user", accept=(200, 403), authorization=basic(account.name, password)
            )
        except ApiError as error:
            if error.status != 401:
                return None
            # Only a right password leads to the question for the second factor.
            if re.search(r"provided OTP|WebAuthn", error.message):
                return True
            wrong = "password is invalid" in error.message or error.message == "invalid username, password or token"
            return False if wrong else None
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
        return secret_of(self._request("POST", path, body={"name": name, "scopes": list(scopes)}).data)

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
