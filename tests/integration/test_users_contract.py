# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every request of the job users is valid by the applications' own specifications."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import jsonschema
import pytest

from ansible_collections.maxops.ops.plugins.module_utils.jobs.users.plan import Person
from ansible_collections.maxops.ops.tests.integration.fault_proxy import FaultProxy
from ansible_collections.maxops.ops.tests.integration.users_support import PASSWORD, Application, ssh_key

SPECS = Path("/work/shared/specs")


def spec(name: str) -> dict[str, Any]:
    path = SPECS / name
    if not path.exists():
        pytest.skip(f"{path} is not on this machine")
    document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return document


class Contract:
    """One specification, of either kind, that requests are checked against."""

    def __init__(self, document: dict[str, Any]) -> None:
        self._document = document
        self._prefix = document.get("basePath", "")
        if self._prefix.startswith("{{"):  # Gitea's own file has a placeholder before the path
            self._prefix = self._prefix[self._prefix.index("}}") + 2 :]

    def problems(self, requests: Iterable[str]) -> list[str]:
        return [f"{request[:80]}: {problem}" for request in requests for problem in self._problems_of(request)]

    def _problems_of(self, request: str) -> Iterable[str]:
        method, address, body = request.split(" ", 2)
        parts = urlsplit(address)
        operation = self._operation(method.lower(), parts.path)
        if operation is None:
            yield "no such operation"
            return
        parameters = operation.get("parameters", [])
        allowed = {parameter.get("name") for parameter in parameters if parameter.get("in") == "query"}
        if "components" in self._document:
            allowed |= {"offset", "pageSize"}  # documented once for all collections
        yield from (f"no query {name}" for name, _value in parse_qsl(parts.query) if name not in allowed)
        schema = self._schema(operation)
        if body and schema is None and body != "{}":
            yield "no body is expected"
        elif schema is not None:
            yield from self._body_problems(method, json.loads(body or "{}"), schema)

    def _operation(self, method: str, path: str) -> Any:
        path = path.removeprefix(self._prefix)
        # Fixed words win over placeholders, as in the applications themselves.
        for pattern in sorted(self._document["paths"], key=lambda pattern: pattern.count("{")):
            expression = re.sub(r"\\{\w+\\}", "[^/]+", re.escape(pattern))
            if re.fullmatch(expression, path) and method in self._document["paths"][pattern]:
                return self._document["paths"][pattern][method]
        return None

    @staticmethod
    def _schema(operation: dict[str, Any]) -> Any:
        for parameter in operation.get("parameters", []):
            if parameter.get("in") == "body":
                return parameter["schema"]
        content = (operation.get("requestBody") or {}).get("content") or {}
        return next(iter(content.values()))["schema"] if content else None

    def _body_problems(self, method: str, body: Any, schema: Any) -> Iterable[str]:
        root = {
            **schema,
            **{key: self._document[key] for key in ("definitions", "components") if key in self._document},
        }
        for error in jsonschema.Draft7Validator(root).iter_errors(body):
            # OpenProject has one model for creating and changing; a change needs only the changed fields.
            if method != "PATCH" or error.validator != "required" or "definitions" in root:
                yield error.message
        properties = self._resolved(schema).get("properties", {})
        yield from (f"no field {key}" for key in body if key not in properties)

    def _resolved(self, schema: Any) -> Any:
        while "$ref" in schema:
            target: Any = self._document
            for word in schema["$ref"].removeprefix("#/").split("/"):
                target = target[word]
            schema = target
        return schema


def test_contract_finds_invalid_requests() -> None:
    contract = Contract(spec("gitea-1.21.11.swagger.json"))
    assert contract.problems(['POST /api/v1/admin/users {"username": "a", "email": "a@b.test"}']) == []
    assert contract.problems(["GET /api/v1/nothing "])
    assert contract.problems(["GET /api/v1/admin/users?colour=red "])
    assert contract.problems(['POST /api/v1/admin/users {"username": "a"}'])
    assert contract.problems(['POST /api/v1/admin/users {"username": "a", "email": "a@b.test", "admin": true}'])
    assert contract.problems(['PATCH /api/v1/admin/users/a {"full_name": "A"}'])


@pytest.mark.parametrize("version", ["1.21.11", "1.25.4"])
def test_requests_to_gitea(gitea: Application, gitea_proxy: FaultProxy, version: str) -> None:
    contract = Contract(spec(f"gitea-{version}.swagger.json"))
    organization = gitea.name("org")
    gitea.sync([gitea.person("owner")])
    gitea.api(f"POST /admin/users/{gitea.name('owner')}/orgs", {"username": organization})
    everything = {
        "full_name": "K", "admin": True, "active": True, "prohibit_login": False, "restricted": True,
        "visibility": "private", "login_name": "k", "location": "l", "description": "d", "must_change_password": False,
        "send_notify": False, "allow_git_hook": True, "allow_import_local": True, "allow_create_organization": False,
        "max_repo_creation": 1, "ssh_keys": [ssh_key("k")], "teams": [f"{organization}/Owners"],
        "tokens": [{"name": "t", "scopes": ["all"]}],
    }  # fmt: skip
    gitea.sync([gitea.person("all", **everything)], **gitea.by_password())
    gitea.sync([gitea.person("all", password="An0ther!pw", update_password="always", full_name="L")])
    gitea.sync(
        [Person(gitea.name("new"), {"rename_from": gitea.name("all"), "ssh_keys": [], "ssh_keys_exclusive": True})]
    )
    gitea.sync([Person(gitea.name("new"), {"email": "new@other.test"})])
    gitea.sync([Person(gitea.name("owner"), {"teams": [], "teams_exclusive": True})])
    gitea.sync([Person(gitea.name("new"), {"state": "locked", "password": PASSWORD})], prune="report")
    gitea.sync(
        [
            Person(gitea.name("new"), {"state": "absent"}),
            Person(gitea.name("owner"), {"state": "absent", "purge": True}),
        ]
    )
    assert gitea_proxy.count("POST|PATCH|PUT|DELETE") > 10
    assert contract.problems(gitea_proxy.requests) == []


def test_requests_to_openproject(openproject: Application, openproject_proxy: FaultProxy) -> None:
    contract = Contract(spec("openproject-17.openapi.json"))
    group = openproject.name("group")
    openproject.api("POST /groups", {"name": group})
    options = {
        "language": "ko", "admin": False, "roles": ["Staff and projects manager"], "groups": [group],
        "projects": [{"project": "webshop", "roles": ["Member"]}],
    }  # fmt: skip
    openproject.sync([openproject.person("all", **options)])
    changed = {"password": "An0ther!pw-long", "update_password": "always", "first_name": "N", "admin": True}
    moved = {"projects": [{"project": "intranet", "roles": ["Reader"]}], "projects_exclusive": True, "groups": []}
    openproject.sync([openproject.person("all", **changed, **moved, groups_exclusive=True, locked=True)])
    again = {"projects": [{"project": "intranet", "roles": ["Member"]}], "locked": False}
    openproject.sync([Person(openproject.name("all"), again)], prune="report")
    openproject.sync([Person(openproject.name("all"), {"state": "absent"})])
    assert openproject_proxy.count("POST|PATCH|DELETE") > 8
    assert contract.problems(openproject_proxy.requests) == []
