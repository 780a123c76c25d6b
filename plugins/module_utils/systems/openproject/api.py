# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The API v3 of OpenProject."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Callable, NamedTuple

from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError
from ansible_collections.maxops.ops.plugins.module_utils.tools.http.client import (
    Answer,
    ApiError,
    Client,
    Endpoint,
    answer_reader,
)
from ansible_collections.maxops.ops.plugins.module_utils.tools.paging import Listing, Page, read_all
from ansible_collections.maxops.ops.plugins.module_utils.tools.process import Cancellation

from .refusals import advise, message_of

PAGE_SIZE = 1000
"""As many as OpenProject returns at once."""


class Account(NamedTuple):
    """One account, by the names of the module's options; ``status`` is active, registered, locked or invited."""

    name: str
    id: int = 0
    email: str = ""
    first_name: str = ""
    last_name: str = ""
    admin: bool = False
    language: str = ""
    status: str = "active"

    @property
    def locked(self) -> bool:
        """True when the account is locked."""
        return self.status == "locked"

    @property
    def deleted(self) -> bool:
        """True for an account whose removal waits for a background job; from 17 on it is listed until then."""
        return self.status == "deleted"


class Group(NamedTuple):
    """A group and the ids of its members."""

    id: int
    name: str
    members: frozenset[int]


class Membership(NamedTuple):
    """The roles (ids) that a user or a group has in a project; without a project, everywhere.

    ``other`` names what is no project, such as ``programs/7``: 17 has memberships of programs and portfolios, too.
    """

    id: int
    principal: int
    project: int | None
    roles: frozenset[int]
    other: str = ""


class Project(NamedTuple):
    """A project."""

    id: int
    identifier: str
    name: str


KEYS = {
    "name": "login",
    "email": "email",
    "first_name": "firstName",
    "last_name": "lastName",
    "admin": "admin",
    "language": "language",
    "status": "status",
    "password": "password",
}
"""Option → field of the API."""


class OpenProject:
    """The API, used as an administrator."""

    def __init__(self, endpoint: Endpoint, cancellation: Cancellation | None = None) -> None:
        self.http = Client(endpoint, message_of, cancellation)
        self._cancellation = cancellation or Cancellation()
        self._workers = endpoint.concurrency
        self.version = self._read_version()

    def _read_version(self) -> str:
        data = self._request("GET", "", accept=(200, 404)).data
        if not isinstance(data, dict) or data.get("_type") != "Root":
            raise MaxopsError(
                f"{self.http.url} is not an OpenProject: its /api/v3 does not identify itself; correct api_url"
            )
        return str(data.get("coreVersion") or "unknown")

    def _request(self, method: str, path: str, **options: Any) -> Answer:
        try:
            return self.http.request(method, "/api/v3" + path, **options)
        except ApiError as error:
            text = advise(error, self.http.url, self.http.endpoint.headers.get("Host", ""))
            raise ApiError(text, error.status, error.message, error.data) from error

    def _pages(self, path: str, keep: Callable[[Any], Any], filters: Sequence[Any] | None = None) -> Listing[Any]:
        query: dict[str, Any] = {"pageSize": PAGE_SIZE, "sortBy": '[["id","asc"]]'}
        if filters:
            query["filters"] = json.dumps(filters)

        def fetch(number: int) -> Page:
            return _page(self._request("GET", path, query={**query, "offset": number}).data)

        return read_all(fetch, _number, answer_reader(keep), self._workers, self._cancellation)

    # -- accounts -----------------------------------------------------------------------------------------------

    def myself(self) -> Account:
        """The account that the API is used with. Raises MaxopsError when it is not an administrator."""
        data = self._request("GET", "/users/me").data
        if not data.get("admin"):
            raise MaxopsError(
                f'the account "{data.get("name")}" of the API is not an administrator of {self.http.url}: '
                "give the token (api_token) of one"
            )
        return _account(data)

    def accounts(self, keep: Callable[[Account], bool]) -> Listing[Account]:
        """All accounts of people that ``keep`` accepts, with any status."""

        def read(item: Any) -> Account | None:
            account = _account(item)
            return account if keep(account) else None

        return self._pages("/users", read)

    def find(self, name: str) -> Account | None:
        """The account of exactly this name, None when it does not exist."""
        # Requested by filter: in a path, a name of digits is taken as an id, and a dot begins a format.
        accounts = self._pages("/users", _account, [{"login": {"operator": "=", "values": [name]}}]).items
        return next((account for account in accounts if account.name.lower() == name.lower()), None)

    def create(self, fields: Mapping[str, Any]) -> Account:
        """Create an account from options of the module."""
        body = {KEYS[key]: value for key, value in fields.items()}
        return _account(self._request("POST", "/users", body=body).data)

    def edit(self, account: Account, fields: Mapping[str, Any]) -> Account:
        """Change fields of an account."""
        body = {KEYS[key]: value for key, value in fields.items()}
        return _account(self._request("PATCH", f"/users/{account.id}", body=body).data)

    def lock(self, account: Account) -> Account:
        """Lock an account; doing it twice does no harm."""
        return _account(self._request("POST", f"/users/{account.id}/lock", body={}, repeatable=True).data)

    def unlock(self, account: Account) -> Account:
        """Unlock an account."""
        return _account(self._request("DELETE", f"/users/{account.id}/lock").data)

    def delete(self, account: Account) -> None:
        """Remove an account; OpenProject does it in the background."""
        self._request("DELETE", f"/users/{account.id}", accept=(202, 204, 404))

    # -- roles, projects, groups ----------------------------------------------------------------------------------

    def roles(self) -> dict[int, str]:
        """Names of all roles by id."""
        # The only collection without pages.
        return _roles(self._request("GET", "/roles").data)

    def projects(self) -> list[Project]:
        """All projects."""
        return self._pages("/projects", lambda item: Project(item["id"], item["identifier"], item["name"])).items

    def groups(self) -> list[Group]:
        """All groups."""
        return self._pages("/groups", _group).items

    def group(self, group_id: int) -> Group:
        """A group as it is now."""
        return _group(self._request("GET", f"/groups/{group_id}").data)

    def set_members(self, group: Group, members: Iterable[int]) -> None:
        """Give a group these members and no others; the API cannot add a single one."""
        links = [{"href": f"/api/v3/users/{number}"} for number in sorted(members)]
        self._request("PATCH", f"/groups/{group.id}", body={"_links": {"members": links}})

    def memberships(self, principals: Sequence[int] | None = None) -> list[Membership]:
        """Memberships of these users and groups, or of all."""
        filters = None
        if principals is not None:
            filters = [{"principal": {"operator": "=", "values": [str(number) for number in principals]}}]
        return self._pages("/memberships", _membership, filters).items

    def join(self, account: Account, project: int | None, roles: Iterable[int], notify: bool) -> Membership:
        """Give an account roles in a project (None: global roles) where it had none."""
        links: dict[str, Any] = {"principal": _link("users", account.id), "roles": _links("roles", roles)}
        if project is not None:
            links["project"] = _link("projects", project)
        body = {"_links": links, "_meta": _meta(notify)}
        return _membership(self._request("POST", "/memberships", body=body).data)

    def change_roles(self, membership: Membership, roles: Iterable[int], notify: bool) -> Membership:
        """Change an account's roles in the same project."""
        body = {"_links": {"roles": _links("roles", roles)}, "_meta": _meta(notify)}
        return _membership(self._request("PATCH", f"/memberships/{membership.id}", body=body).data)

    def leave(self, membership: Membership) -> None:
        """End a membership."""
        self._request("DELETE", f"/memberships/{membership.id}", accept=(204, 404))


def _meta(notify: bool) -> dict[str, Any]:
    # The schema of the specification uses one name, its text and the program the other.
    return {"sendNotifications": notify, "sendNotification": notify}


def _link(kind: str, number: int) -> dict[str, str]:
    return {"href": f"/api/v3/{kind}/{number}"}


def _links(kind: str, numbers: Iterable[int]) -> list[dict[str, str]]:
    return [_link(kind, number) for number in sorted(numbers)]


def _kind_and_id(link: Mapping[str, Any] | None) -> tuple[str, int | None]:
    """What a link leads to, such as ("projects", 7); ("", None) for an empty one.

    What this account may not see has a link without a number: its kind is the whole text.
    """
    href = str((link or {}).get("href") or "")
    match = re.search(r"/api/v3/(\w+)/(\d+)/?$", href)
    return (match.group(1), int(match.group(2))) if match else (href, None)


def _id(link: Mapping[str, Any] | None) -> int | None:
    return _kind_and_id(link)[1]


@answer_reader
def _page(data: Any) -> Page:
    return Page(data["_embedded"]["elements"], int(data["total"]))


@answer_reader
def _roles(data: Any) -> dict[int, str]:
    return {int(item["id"]): str(item["name"]) for item in data["_embedded"]["elements"]}


@answer_reader
def _number(data: Any) -> int:
    return int(data["id"])


@answer_reader
def _account(data: Any) -> Account:
    return Account(
        name=data["login"],
        id=data["id"],
        email=data.get("email") or "",
        first_name=data.get("firstName") or "",
        last_name=data.get("lastName") or "",
        admin=bool(data.get("admin")),
        language=data.get("language") or "",
        status=data["status"],
    )


@answer_reader
def _group(data: Any) -> Group:
    members = (_id(link) for link in data["_links"].get("members") or [])
    return Group(data["id"], data["name"], frozenset(number for number in members if number is not None))


@answer_reader
def _membership(data: Any) -> Membership:
    links = data["_links"]
    roles = frozenset(number for number in map(_id, links["roles"]) if number is not None)
    kind, number = _kind_and_id(links.get("project"))
    if not kind or kind == "projects":
        return Membership(data["id"], _id(links["principal"]) or 0, number, roles)
    other = f"{kind}/{number}" if number else kind
    return Membership(data["id"], _id(links["principal"]) or 0, None, roles, other)
