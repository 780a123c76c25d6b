"""Request bodies, checked field by field in the order and with the texts of Gitea's own binding."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import request

from .. import names
from ..accounts import VISIBILITIES
from ..context import context
from ..errors import ApiError

Rule = Callable[[Any], str | None]
GO_TYPES = {str: "string", bool: "bool", int: "int64", list: "[]string"}


@dataclass(frozen=True)
class Field:
    name: str
    key: str
    kind: type = str
    rules: tuple[Rule, ...] = ()


def required(value: Any) -> str | None:
    return None if value else "Required"


def username(value: str) -> str | None:
    return None if names.is_username(value) else "invalid username"


def email(value: str) -> str | None:
    return None if names.is_email(value) else "Email"


def visibility(value: str) -> str | None:
    return None if not value or value in VISIBILITIES else "In"


def website(_value: str) -> str | None:
    """Before 1.22 an edit takes no website at all (go-gitea/gitea#30518)."""
    return None if context().release.at_least(1, 22) else "Url"


def at_most(length: int) -> Rule:
    return lambda value: "MaxSize" if value and len(value) > length else None


VISIBILITY = Field("Visibility", "visibility", rules=(visibility,))
CREATE_USER = (
    Field("SourceID", "source_id", int),
    Field("LoginName", "login_name"),
    Field("Username", "username", rules=(required, username, at_most(40))),
    Field("FullName", "full_name", rules=(at_most(100),)),
    Field("Email", "email", rules=(required, email, at_most(254))),
    Field("Password", "password", rules=(at_most(255),)),
    Field("MustChangePassword", "must_change_password", bool),
    Field("SendNotify", "send_notify", bool),
    Field("Restricted", "restricted", bool),
    VISIBILITY,
)
EDIT_USER = (
    Field("SourceID", "source_id", int),
    Field("LoginName", "login_name", rules=(required,)),
    Field("Email", "email", rules=(at_most(254),)),
    Field("FullName", "full_name", rules=(at_most(100),)),
    Field("Password", "password", rules=(at_most(255),)),
    Field("MustChangePassword", "must_change_password", bool),
    Field("Website", "website", rules=(website, at_most(255))),
    Field("Location", "location", rules=(at_most(50),)),
    Field("Description", "description", rules=(at_most(255),)),
    Field("Active", "active", bool),
    Field("Admin", "admin", bool),
    Field("AllowGitHook", "allow_git_hook", bool),
    Field("AllowImportLocal", "allow_import_local", bool),
    Field("MaxRepoCreation", "max_repo_creation", int),
    Field("ProhibitLogin", "prohibit_login", bool),
    Field("AllowCreateOrganization", "allow_create_organization", bool),
    Field("Restricted", "restricted", bool),
    VISIBILITY,
)
CREATE_ORGANIZATION = (
    Field("UserName", "username", rules=(required, username, at_most(40))),
    Field("FullName", "full_name", rules=(at_most(100),)),
    Field("Email", "email", rules=(at_most(255),)),
    Field("Description", "description", rules=(at_most(255),)),
    Field("Website", "website", rules=(at_most(255),)),
    Field("Location", "location", rules=(at_most(50),)),
    VISIBILITY,
)
RENAME_USER = (Field("NewName", "new_username", rules=(required,)),)
CREATE_KEY = (
    Field("Title", "title", rules=(required,)),
    Field("Key", "key", rules=(required,)),
    Field("ReadOnly", "read_only", bool),
)
CREATE_TOKEN = (Field("Name", "name", rules=(required,)), Field("Scopes", "scopes", list))


def bind(fields: tuple[Field, ...]) -> dict[str, Any]:
    """The body's values for these fields, without absent and null ones."""
    body = _body()
    given: dict[str, Any] = {}
    for field in fields:
        value = body.get(field.key)
        if value is not None:
            _check_type(field, value)
            given[field.key] = value
    for field in fields:
        for rule in field.rules:
            value = given.get(field.key)
            # Only `required` applies to an absent field.
            problem = rule(value) if value is not None or rule is required else None
            if problem:
                raise ApiError(422, f"[{field.name}]: {problem}")
    return given


def _body() -> dict[str, Any]:
    raw = request.get_data(as_text=True)
    if not raw.strip():
        return {}
    try:
        body = json.loads(raw)
    except ValueError as error:
        raise ApiError(422, f"[]: {error}") from error
    if not isinstance(body, dict):
        raise ApiError(422, "[]: json: cannot unmarshal into Go value")
    return body


def _check_type(field: Field, value: Any) -> None:
    if not isinstance(value, field.kind) or (field.kind is int and isinstance(value, bool)):
        wanted = GO_TYPES[field.kind]
        raise ApiError(422, f"[]: json: cannot unmarshal into Go struct field .{field.key} of type {wanted}")
