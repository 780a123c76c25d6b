"""/api/v1/admin: accounts, seen and changed by a site admin."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import Blueprint, Response, g, jsonify, request

from ...shared.database import Row
from ...shared.web import transaction
from .. import accounts, keys_file, removal, represent
from ..context import context
from ..errors import AlreadyExistsError, ApiError, BadNameError, RefusedError
from . import edit_user, forms, keys, paging
from .authentication import needs
from .targets import user_named

blueprint = Blueprint("admin", __name__, url_prefix="/api/v1/admin")
admin_only = needs(category="admin", admin=True)


def shown(row: Row) -> dict[str, Any]:
    return represent.user(row, g.doer, context().settings, context().release)


@blueprint.get("/users")
@admin_only
def list_users() -> Response:
    page = paging.requested()
    wanted, arguments = "type = 0", []
    if request.args.get("source_id", 0, type=int):
        wanted += " AND login_source = %s"
        arguments.append(request.args["source_id"])
    if request.args.get("login_name", "").strip():
        wanted += " AND login_name = %s"
        arguments.append(request.args["login_name"].strip())
    total = transaction().value(f'SELECT count(*) FROM "user" WHERE {wanted}', arguments)
    rows = transaction().rows(f'SELECT * FROM "user" WHERE {wanted} ORDER BY name' + page.sql, arguments)
    return paging.answer([shown(row) for row in rows], page, total)


@blueprint.post("/users")
@admin_only
def create_user() -> tuple[Response, int]:
    form = forms.bind(forms.CREATE_USER)
    columns: dict[str, Any] = {
        "full_name": form.get("full_name", ""),
        "must_change_password": form.get("must_change_password", True),
        "is_restricted": form.get("restricted", False),
        "visibility": accounts.VISIBILITIES.index(form.get("visibility") or context().settings.default_visibility),
        "login_type": 1,
        **edit_user.source_columns(form.get("source_id", 0), form.get("login_name", "")),
    }
    password = form.get("password", "")
    if columns["login_type"] == 1:
        settings = context().settings
        problem = accounts.password_problem(password, settings.shortest_password, settings.password_classes)
        if problem:
            raise ApiError(400, "PasswordIsRequired" if problem == "length" else "PasswordComplexity")
    accounts.check_visibility(context().settings, columns["visibility"])
    created_at = _creation_moment()
    if created_at:
        columns["created_unix"] = columns["updated_unix"] = created_at
    try:
        user = accounts.create(transaction(), form["username"], form["email"], password, **columns)
    except RefusedError as error:
        raise ApiError(422, str(error)) from error
    return jsonify(shown(user)), 201


def _creation_moment() -> int | None:
    text = (request.get_json(silent=True) or {}).get("created_at")
    try:
        return int(datetime.fromisoformat(text).timestamp()) if text else None
    except (TypeError, ValueError) as error:
        raise ApiError(422, f"[]: parsing time {text!r}") from error


@blueprint.patch("/users/<name>")
@admin_only
def edit(name: str) -> Response:
    user = user_named(name)
    form = forms.bind(forms.EDIT_USER)
    edit_user.apply(user, form)
    return jsonify(shown(accounts.by_id(transaction(), user["id"])))


@blueprint.delete("/users/<name>")
@admin_only
def delete(name: str) -> tuple[str, int]:
    user = user_named(name)
    if user["type"] == accounts.ORGANIZATION:
        raise ApiError(422, f"{user['name']} is an organization not a user")
    if user["id"] == g.doer["id"]:
        raise ApiError(422, "you cannot delete yourself")
    purge = request.args.get("purge", "").lower() in {"true", "1", "on"}
    try:
        removal.delete(transaction(), user, purge, context().settings.repositories)
    except RefusedError as error:
        raise ApiError(422, str(error)) from error
    keys_file.write_all(context().settings, transaction())
    return "", 204


@blueprint.post("/users/<name>/rename")
@admin_only
def rename(name: str) -> tuple[str, int]:
    user = user_named(name)
    if user["type"] == accounts.ORGANIZATION:
        raise ApiError(422, f"{user['name']} is an organization not a user")
    new_name = forms.bind(forms.RENAME_USER)["new_username"]
    try:
        removal.rename(transaction(), user, new_name, context().settings.repositories)
    except AlreadyExistsError as error:
        raise ApiError(422, "The username is already taken.") from error
    except BadNameError as error:
        raise ApiError(422, error.form_message) from error
    return "", 204 if context().release.at_least(1, 22) else 200


@blueprint.post("/users/<name>/keys")
@admin_only
def add_key(name: str) -> tuple[Response, int]:
    user = user_named(name)
    return jsonify(keys.add(user, forms.bind(forms.CREATE_KEY), shown(user))), 201


@blueprint.delete("/users/<name>/keys/<int:key_id>")
@admin_only
def delete_key(name: str, key_id: int) -> tuple[str, int]:
    keys.remove(user_named(name), key_id)
    return "", 204


@blueprint.post("/users/<name>/orgs")
@admin_only
def create_organization(name: str) -> tuple[Response, int]:
    owner = user_named(name)
    form = forms.bind(forms.CREATE_ORGANIZATION)
    columns = {key: form.get(key, "") for key in ("full_name", "email", "description", "website", "location")}
    columns["visibility"] = accounts.VISIBILITIES.index(form.get("visibility") or "public")
    try:
        organization = accounts.create_organization(transaction(), owner, form["username"], **columns)
    except RefusedError as error:
        raise ApiError(422, str(error)) from error
    return jsonify(represent.organization(organization, context().settings)), 201


@blueprint.get("/emails")
@blueprint.get("/emails/search")
@admin_only
def list_emails() -> Response:
    page = paging.requested()
    wanted = f"%{request.args.get('q', '').lower()}%"
    total = transaction().value("SELECT count(*) FROM email_address WHERE lower_email LIKE %s", (wanted,))
    rows = transaction().rows(
        'SELECT e.*, u.name FROM email_address e JOIN "user" u ON u.id = e.uid'
        " WHERE e.lower_email LIKE %s ORDER BY e.email" + page.sql,
        (wanted,),
    )
    shown_rows = [
        {
            "email": row["email"],
            "verified": bool(row["is_activated"]),
            "primary": row["is_primary"],
            "user_id": row["uid"],
            "username": row["name"],
        }
        for row in rows
    ]
    return paging.answer(shown_rows, page, total)
