"""PATCH /admin/users/{u}: in one piece up to 1.21, in three stored steps from 1.22 on."""

from __future__ import annotations

import time
from typing import Any

from ...shared.database import Row
from ...shared.web import transaction
from .. import accounts, names, secrets
from ..context import context
from ..errors import ApiError, EmailError, LastAdminError

LAST_ADMIN_1_21 = "You cannot remove the last admin. There must be at least one admin."
OAUTH2 = 6
COLUMNS = {
    "full_name": "full_name",
    "website": "website",
    "location": "location",
    "description": "description",
    "active": "is_active",
    "admin": "is_admin",
    "allow_git_hook": "allow_git_hook",
    "allow_import_local": "allow_import_local",
    "max_repo_creation": "max_repo_creation",
    "allow_create_organization": "allow_create_organization",
    "restricted": "is_restricted",
}


def source_columns(source_id: int, login_name: str) -> dict[str, Any]:
    """Where the user signs in; 0 means unchanged, so an account cannot return to the local source this way."""
    if source_id == 0:
        return {}
    source = transaction().row("SELECT * FROM login_source WHERE id = %s", (source_id,))
    if source is None:
        raise ApiError(422, f"login source does not exist [id: {source_id}]")
    return {"login_type": source["type"], "login_source": source_id, "login_name": login_name}


def apply(user: Row, form: dict[str, Any]) -> None:
    stepwise = context().release.at_least(1, 22)
    _store(user, _authentication_columns(user, form))
    if stepwise:
        transaction().commit()
    if form.get("email") or (stepwise and "email" in form):
        _set_email(user, form["email"])
        if stepwise:
            transaction().commit()
    if form.get("admin") is False:
        message = f"can not delete the last admin user [uid: {user['id']}]" if stepwise else LAST_ADMIN_1_21
        try:
            accounts.check_not_last_admin(transaction(), user, message)
        except LastAdminError as error:
            raise ApiError(400, str(error)) from error
    changes = {column: form[key] for key, column in COLUMNS.items() if key in form}
    if form.get("visibility"):
        visibility = accounts.VISIBILITIES.index(form["visibility"])
        # 1.22 and 1.23 take the number of "public", 0, for "not given", and answer 200 with the old value.
        if visibility or not (stepwise and not context().release.at_least(1, 24)):
            changes["visibility"] = visibility
    accounts.check_visibility(context().settings, changes.get("visibility", user["visibility"]))
    _store(user, changes)


def _store(user: Row, changes: dict[str, Any]) -> None:
    if changes:
        transaction().update("user", user["id"], {**changes, "updated_unix": int(time.time())})


def _authentication_columns(user: Row, form: dict[str, Any]) -> dict[str, Any]:
    source = source_columns(form.get("source_id", 0), form["login_name"])
    changes = {"login_name": form["login_name"], **source}
    for key in ("must_change_password", "prohibit_login"):
        if key in form:
            changes[key] = form[key]
    login_type = changes.get("login_type", user["login_type"])
    if form.get("password") and login_type in accounts.LOCAL_LOGIN_TYPES | {OAUTH2}:
        _check_password(form["password"])
        changes |= secrets.password_fields(form["password"])
    return changes


def _check_password(password: str) -> None:
    settings = context().settings
    problem = accounts.password_problem(password, settings.shortest_password, settings.password_classes)
    if problem == "length":
        raise ApiError(400, f"password must be at least {settings.shortest_password} characters")
    if problem:
        raise ApiError(400, "PasswordComplexity")


def _set_email(user: Row, email: str) -> None:
    stepwise = context().release.at_least(1, 22)
    try:
        accounts.set_email(transaction(), user, email, keep_old=stepwise)
    except EmailError as error:
        malformed = not names.is_email(email)
        raise ApiError(400 if stepwise else 500 if malformed else 422, str(error)) from error
