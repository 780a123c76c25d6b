"""/api/v3/users."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, g, jsonify

from ...shared.database import Row
from ...shared.web import transaction
from .. import accounts, deletion, represent, settings
from ..accounts import ACTIVE, DELETED, INVITED, LOCKED, PERSON
from ..context import release
from ..errors import ApiError, constraint, missing_permission, not_found, raise_all, read_only, status_transition
from . import bodies, collections
from .authentication import admin_only

blueprint = Blueprint("users", __name__, url_prefix="/api/v3/users")

MISSING = "The specified user does not exist or you do not have permission to view them."
LAST_ADMIN = "There must be at least one active administrator."
COLUMNS = {
    "login": "login",
    "email": "mail",
    "firstName": "firstname",
    "lastName": "lastname",
    "language": "language",
    "admin": "admin",
}
SELF_SERVICE = {"email", "firstName", "lastName", "language", "password", "currentPassword"}
NOT_WRITABLE = {
    "id": "ID",
    "name": "Name",
    "status": "Status",
    "createdAt": "Created on",
    "updatedAt": "Updated on",
    "avatar": "Avatar",
}


def _in_group(operator: str, values: list[str]) -> collections.Condition:
    sql, arguments = collections.equals("p.lastname")("=", values)
    member = (
        "id IN (SELECT m.user_id FROM group_users m JOIN users p ON p.id = m.group_id"
        f" WHERE ({sql}) OR p.id::text = ANY(%s))"
    )
    return ("NOT " if operator == "!" else "") + member, [*arguments, values]


QUERY = collections.Query(
    source="users",
    filters={
        "status": collections.equals("status", {name: number for number, name in accounts.STATUSES.items()}),
        "login": collections.contains("login"),
        "name": collections.contains("concat_ws(' ', firstname, lastname, mail, login)"),
        "group": _in_group,
    },
    sorts={
        "id": "id",
        "name": "lower(concat_ws(' ', firstname, lastname))",
        "login": "lower(login)",
        "email": "lower(mail)",
        "status": "status",
        "createdAt": "created_at",
        "updatedAt": "updated_at",
    },
)


@blueprint.get("")
@admin_only
def list_users() -> Response:
    rows, total = QUERY.rows((PERSON, []))
    return jsonify(collections.collection([represent.user(row, g.user) for row in rows], total))


@blueprint.get("/<key>")
def one_user(key: str) -> Response:
    return jsonify(represent.user(_user(key), g.user))


def _user(key: str) -> Row:
    """By number, by login, or `me`."""
    if key == "me":
        row: Row | None = accounts.by_id(transaction(), g.user["id"])
    else:
        row = accounts.by_id(transaction(), int(key)) if key.isdigit() else accounts.by_login(transaction(), key)
    if row is None:
        raise not_found(MISSING)
    return row


@blueprint.post("")
@admin_only
def create_user() -> tuple[Response, int]:
    body = bodies.json_object()
    values = _values(body)
    problems: list[ApiError] = _read_only_problems(body, allowed={"status"})
    status = {"active": ACTIVE, "invited": INVITED}.get(body.get("status", "active"))
    password = bodies.text(body, "password", "") if "password" in body else ""
    if status is None:
        problems.append(constraint("status", "Status is not a valid status for new users."))
    elif status == INVITED:
        _fill_from_email(values)
    elif not password:
        problems.append(constraint("password", "Password can't be blank."))
    needed = {"login": "", "mail": "", "firstname": "", "lastname": ""}
    problems += accounts.field_problems(transaction(), needed | values)
    if password:
        problems += accounts.password_problems(transaction(), password)
    raise_all(problems)
    defaults = {"type": "User", "language": "en", "admin": False, "status": status}
    user = transaction().insert("users", defaults | values)
    if password:
        accounts.set_password(transaction(), user["id"], password)
    return jsonify(represent.user(user, g.user)), 201


def _fill_from_email(values: Row) -> None:
    """An invitation needs only the address: the name is derived from it until the person fills it in."""
    before, _, after = values.get("mail", "").partition("@")
    for column, value in {"login": values.get("mail", ""), "firstname": before, "lastname": f"@{after}"}.items():
        if not values.get(column) and before:
            values[column] = value


def _values(body: Row) -> Row:
    values: Row = {}
    for key, column in COLUMNS.items():
        if key not in body:
            continue
        if key == "admin":
            if not isinstance(body[key], bool):
                message = "Invalid format for property 'admin': Expected a boolean."
                raise ApiError(422, "PropertyFormatError", message, "admin")
            values[column] = body[key]
        else:
            values[column] = bodies.text(body, key, key)
    return values


def _read_only_problems(body: Row, allowed: set[str]) -> list[ApiError]:
    return [read_only(key, NOT_WRITABLE[key]) for key in NOT_WRITABLE if key in body and key not in allowed]


@blueprint.patch("/<key>")
def update_user(key: str) -> Response:
    user = _user(key)
    oneself = user["id"] == g.user["id"]
    if not g.user["admin"] and not oneself:
        raise missing_permission()
    body = bodies.json_object()
    values = _values(body)
    problems = _read_only_problems(body, allowed=set())
    if not g.user["admin"]:
        problems += [read_only(name, name) for name in COLUMNS if name in body and name not in SELF_SERVICE]
    problems += accounts.field_problems(transaction(), values, user["id"])
    if values.get("admin") is False and accounts.last_active_admin(transaction(), user):
        problems.append(constraint("admin", LAST_ADMIN))
    password = bodies.text(body, "password", "") if "password" in body else ""
    if password:
        problems += _password_change_problems(user, body, password, oneself)
    raise_all(problems)
    if password:
        accounts.set_password(transaction(), user["id"], password)
    return _stored(user, values)


def _password_change_problems(user: Row, body: Row, password: str, oneself: bool) -> list[ApiError]:
    current: Any = body.get("currentPassword")
    if oneself and not accounts.password_is_right(transaction(), user, str(current or "")):
        return [constraint("currentPassword", "Current password is invalid.")]
    return accounts.password_problems(transaction(), password)


def _stored(user: Row, values: Row) -> Response:
    transaction().update("users", user["id"], values)
    transaction().run("UPDATE users SET updated_at = clock_timestamp() WHERE id = %s", (user["id"],))
    return jsonify(represent.user(_user(str(user["id"])), g.user))


@blueprint.delete("/<key>")
def delete_user(key: str) -> tuple[str, int]:
    user = _user(key)
    deletable = settings.value(transaction(), "users_deletable_by_admins", "0") in {"1", "t", "true"}
    if not g.user["admin"] or not deletable or user["id"] == g.user["id"]:
        raise missing_permission()
    if release().major >= 17:
        # A background job removes the row; until then the account is listed, with the status "deleted".
        transaction().update("users", user["id"], {"status": DELETED})
        deletion.later(user["id"])
    else:
        transaction().run("DELETE FROM users WHERE id = %s", (user["id"],))
    return "", 202


@blueprint.post("/<key>/lock")
@admin_only
def lock(key: str) -> Response:
    user = _lockable(key)
    if accounts.last_active_admin(transaction(), user):
        raise constraint("status", LAST_ADMIN)
    return _stored(user, {"status": LOCKED})


@blueprint.delete("/<key>/lock")
@admin_only
def unlock(key: str) -> Response:
    return _stored(_lockable(key), {"status": ACTIVE})


def _lockable(key: str) -> Row:
    user = _user(key)
    if user["status"] not in {ACTIVE, LOCKED}:
        raise status_transition()
    return user
