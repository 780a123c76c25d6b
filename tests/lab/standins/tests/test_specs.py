"""Answers against the applications' own API specifications."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from standins.tests import gitea_client
from standins.tests.gitea_client import Gitea
from standins.tests.openproject_client import OpenProject

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHmKp6hEW3FJjz5pseg5T8RlJxpJx9ibC7hGtT7nKEGq x"


class Specification:
    def __init__(self, file: Path, prefix: str) -> None:
        if not file.exists():
            pytest.skip(f"{file} is not on this machine")
        contents = json.loads(file.read_text(encoding="utf-8"))
        resource = Resource(contents=contents, specification=DRAFT202012)
        self.registry: Any = Registry().with_resource("urn:spec", resource)
        self.prefix = prefix

    def problems(self, name: str, body: Any) -> list[str]:
        validator = jsonschema.Draft202012Validator({"$ref": f"urn:spec#{self.prefix}{name}"}, registry=self.registry)
        return [f"{name} {error.json_path}: {error.message}" for error in validator.iter_errors(body)]

    def unknown_fields(self, name: str, body: dict[str, Any]) -> set[str]:
        definition = self.registry.resolver("urn:spec").lookup(f"urn:spec#{self.prefix}{name}").contents
        return body.keys() - definition["properties"].keys()


@pytest.mark.parametrize("fixture", ["gitea", "newest_gitea"])
def test_gitea(request: pytest.FixtureRequest, shared: Path, fixture: str) -> None:
    gitea: Gitea = request.getfixturevalue(fixture)
    version = gitea.application.version
    spec = Specification(shared / "specs" / f"gitea-{version}.swagger.json", "/definitions/")
    api = gitea.api
    api("POST /admin/users/root1/orgs", {"username": "orga"})
    gitea.application.query("UPDATE \"user\" SET language = NULL, full_name = NULL WHERE name = 'orga'")
    gitea.application.query(
        "INSERT INTO repository (owner_id, owner_name, lower_name, name)"
        " SELECT id, name, 'tool', 'tool' FROM \"user\" WHERE name = 'orga'"
    )
    answers = {
        "User": api("GET /users/root1"),
        "Organization": api("GET /orgs/orga"),
        "Team": api("GET /orgs/orga/teams"),
        "Email": api("GET /admin/emails"),
        "PublicKey": api("POST /admin/users/root1/keys", {"title": "k", "key": KEY}),
        "AccessToken": api("GET /users/root1/tokens", who=f"{gitea_client.ADMIN}:{gitea_client.ADMIN_PASSWORD}"),
        "GeneralAPISettings": api("GET /settings/api"),
        "ServerVersion": api("GET /version"),
        "Repository": api("GET /repos/orga/tool"),
    }
    problems = []
    for name, answer in answers.items():
        body = answer.json()
        one = body[0] if isinstance(body, list) else body
        # The specification does not allow null for optional fields; the recorded answers contain it.
        given = {key: value for key, value in one.items() if value is not None}
        problems += spec.problems(name, given)
        # `username` is in every recorded user, and in no specification.
        problems += [f"{name}: unknown {field}" for field in spec.unknown_fields(name, one) - {"username"}]
    assert not problems, "\n".join(problems)


def test_openproject(openproject: OpenProject, shared: Path) -> None:
    spec = Specification(shared / "specs" / "openproject-17.openapi.json", "/components/schemas/")
    api = openproject.api
    group = api("POST /api/v3/groups", json={"name": "Crew", "_links": {"members": [{"href": "/api/v3/users/3"}]}})
    links = {
        "principal": {"href": "/api/v3/users/3"},
        "project": {"href": "/api/v3/projects/1"},
        "roles": [{"href": "/api/v3/roles/3"}],
    }
    answers = {
        "membership_read_model": api("POST /api/v3/memberships", json={"_links": links}),
        "group_model": group,
        "root_model": api("GET /api/v3"),
        "configuration_model": api("GET /api/v3/configuration"),
        "user_model": api("GET /api/v3/users/me"),
        "user_collection_model": api("GET /api/v3/users"),
        "membership_collection_model": api("GET /api/v3/memberships"),
        "role_model": api("GET /api/v3/roles/3"),
        "roles_model": api("GET /api/v3/roles"),
        "group_collection_model": api("GET /api/v3/groups"),
        "project_collection_model": api("GET /api/v3/projects"),
        "project_model": api("GET /api/v3/projects/1"),
        "work_packages_model": api("GET /api/v3/work_packages"),
        "work_package_model": api("GET /api/v3/work_packages/1"),
        "attachments_model": api("GET /api/v3/work_packages/1/attachments"),
        "attachment_model": api("GET /api/v3/attachments/1"),
        "error_response": api("GET /api/v3/users/99999"),
    }
    problems = [problem for name, answer in answers.items() for problem in spec.problems(name, answer.json())]
    assert not problems, "\n".join(problems)
