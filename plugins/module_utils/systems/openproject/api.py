# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""OpenProject over its API v3. Private to this collection."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Callable, NamedTuple

from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError
from ansible_collections.maxops.ops.plugins.module_utils.tools.http.client import (
    Answer,
    ApiError,
    Client,
    Endpoint,
    understood,
)
from ansible_collections.maxops.ops.plugins.module_utils.tools.paging import Listing, Page, read_all
from ansible_collections.maxops.ops.plugins.module_utils.tools.process import Cancellation

from .refusals import advise, message_of

PAGE_SIZE = 1000
"""As many as OpenProject gives at once."""


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
        """True when the person is locked out."""
        return self.status == "locked"


class Group(NamedTuple):
    """A group and the ids of its members."""

    id: int
    name: str
    members: frozenset[int]


class Membership(NamedTuple):
    """The roles (ids) that a user or a group has in a project; without a project, everywhere."""

    id: int
    principal: int
    project: int | None
    roles: frozenset[int]


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
    """The API, asked as an administrator."""

    def __init__(self, endpoint: Endpoint, cancellation: Cancellation | None = None) -> None:
        self.http = Client(endpoint, message_of, cancellation)
        self._cancellation = cancellation or Cancellation()
        self._workers = endpoint.concurrency
        self.version = self._read_version()

    def _read_version(self) -> str:
        data = self._ask("GET", "", accept=(200, 404)).data
        if not isinstance(data, dict) or data.get("_type") != "Root":
            raise MaxopsError(
                f"{self.http.url} is no OpenProject: its /api/v3 tells nothing of itself; correct api_url"
            )
        return str(data.get("coreVersion") or "unknown")

    def _ask(self, method: str, path: str, **options: Any) -> Answer:
        try:
            return self.http.request(method, "/api/v3" + path, **options)
        except ApiError as error:
            raise ApiError(advise(error), error.status, error.message, error.data) from error

    def _pages(self, path: str, keep: Callable[[Any], Any], filters: Sequence[Any] | None = None) -> Listing[Any]:
        query: dict[str, Any] = {"pageSize": PAGE_SIZE, "sortBy": '[["id","asc"]]'}
        if filters:
            query["filters"] = json.dumps(filters)

        def fetch(number: int) -> Page:
            return _page(self._ask("GET", path, query={**query, "offset": number}).data)

        return read_all(fetch, _number, understood(keep), self._workers, self._cancellation)

    # -- accounts -----------------------------------------------------------------------------------------------

    def myself(self) -> Account:
        """The account that the API is used with. Raises MaxopsError when it is no administrator."""
        data = self._ask("GET", "/users/me").data
        if not data.get("admin"):
            raise MaxopsError(
                f'the account "{data.get("name")}" of the API is no administrator of {self.http.url}: '
                "give the token (api_token) of one that is"
            )
        return _account(data)

    def accounts(self, keep: Callable[[Account], bool]) -> Listing[Account]:
        """All accounts of people that ``keep`` wants, whatever their status."""

        def read(item: Any) -> Account | None:
            account = _account(item)
            return account if keep(account) else None

        return self._pages("/users", read)

    def find(self, name: str) -> Account | None:
        """The account of exactly this name, None when there is none."""
        # Asked for by filter: as part of the address, a name of digits is a number, and a dot begins a format.
        found = self._pages("/users", _account, [{"login": {"operator": "=", "values": [name]}}]).items
        return next((account for account in found if account.name.lower() == name.lower()), None)

    def create(self, fields: Mapping[str, Any]) -> Account:
        """Make an account of what the options say."""
        body = {KEYS[key]: value for key, value in fields.items()}
        return _account(self._ask("POST", "/users", body=body).data)

    def edit(self, account: Account, fields: Mapping[str, Any]) -> Account:
        """Change fields of an account."""
        body = {KEYS[key]: value for key, value in fields.items()}
        return _account(self._ask("PATCH", f"/users/{account.id}", body=body).data)

    def lock(self, account: Account) -> Account:
        """Lock an account out; to do it twice does no harm."""
        return _account(self._ask("POST", f"/users/{account.id}/lock", body={}, repeatable=True).data)

    def unlock(self, account: Account) -> Account:
        """Let an account in again."""
        return _account(self._ask("DELETE", f"/users/{account.id}/lock").data)

    def delete(self, account: Account) -> None:
        """Have an account removed, which OpenProject does some time later."""
        self._ask("DELETE", f"/users/{account.id}", accept=(202, 204, 404))

    # -- roles, projects, groups ----------------------------------------------------------------------------------

    def roles(self) -> dict[int, str]:
        """Names of all roles by id."""
        # The one collection that comes in one piece.
        return _roles(self._ask("GET", "/roles").data)

    def projects(self) -> list[Project]:
        """All projects."""
        return self._pages("/projects", lambda item: Project(item["id"], item["identifier"], item["name"])).items

    def groups(self) -> list[Group]:
        """All groups."""
        return self._pages("/groups", _group).items

    def group(self, group_id: int) -> Group:
        """A group as it is now."""
        return _group(self._ask("GET", f"/groups/{group_id}").data)

    def set_members(self, group: Group, members: Iterable[int]) -> None:
        """Give a group these members and no others; the API knows no way to add a single one."""
        links = [{"href": f"/api/v3/users/{number}"} for number in sorted(members)]
        self._ask("PATCH", f"/groups/{group.id}", body={"_links": {"members": links}})

    def memberships(self, principals: Sequence[int] | None = None) -> list[Membership]:
        """Memberships of these users and groups, or of all."""
        filters = None
        if principals is not None:
            filters = [{"principal": {"operator": "=", "values": [str(number) for number in principals]}}]
        return self._pages("/memberships", _membership, filters).items

    def join(self, account: Account, project: int | None, roles: Iterable[int], notify: bool) -> None:
        """Give somebody roles in a project (None: everywhere) where they had none."""
        links: dict[str, Any] = {"principal": _link("users", account.id), "roles": _links("roles", roles)}
        if project is not None:
            links["project"] = _link("projects", project)
        self._ask("POST", "/memberships", body={"_links": links, "_meta": _meta(notify)})

    def change_roles(self, membership: Membership, roles: Iterable[int], notify: bool) -> None:
        """Give somebody other roles in the same project."""
        body = {"_links": {"roles": _links("roles", roles)}, "_meta": _meta(notify)}
        self._ask("PATCH", f"/memberships/{membership.id}", body=body)

    def leave(self, membership: Membership) -> None:
        """End a membership."""
        self._ask("DELETE", f"/memberships/{membership.id}", accept=(204, 404))


def _meta(notify: bool) -> dict[str, Any]:
    # The specification's schema has the one name, its text and the program the other.
    return {"sendNotifications": notify, "sendNotification": notify}


def _link(kind: str, number: int) -> dict[str, str]:
    return {"href": f"/api/v3/{kind}/{number}"}


def _links(kind: str, numbers: Iterable[int]) -> list[dict[str, str]]:
    return [_link(kind, number) for number in sorted(numbers)]


def _id(link: Mapping[str, Any] | None) -> int | None:
    href = (link or {}).get("href")
    return int(str(href).rpartition("/")[2]) if href else None


@understood
def _page(data: Any) -> Page:
    return Page(data["_embedded"]["elements"], int(data["total"]))


@understood
def _roles(data: Any) -> dict[int, str]:
    return {int(item["id"]): str(item["name"]) for item in data["_embedded"]["elements"]}


@understood
def _number(data: Any) -> int:
    return int(data["id"])


@understood
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


@understood
def _group(data: Any) -> Group:
    members = (_id(link) for link in data["_links"].get("members") or [])
    return Group(data["id"], data["name"], frozenset(number for number in members if number is not None))


@understood
def _membership(data: Any) -> Membership:
    links = data["_links"]
    roles = frozenset(number for number in map(_id, links["roles"]) if number is not None)
    return Membership(data["id"], _id(links["principal"]) or 0, _id(links.get("project")), roles)
