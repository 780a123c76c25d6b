"""/api/v1/user and /api/v1/users/{u}: the own account, others, their keys and tokens."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, g, jsonify

from ...shared.database import Row
from ...shared.web import transaction
from .. import accounts, represent, scopes
from ..context import context
from ..errors import AlreadyExistsError, ApiError, RefusedError, not_found
from . import forms, paging
from .admin import shown
from .authentication import needs
from .targets import user_named, visible_user

blueprint = Blueprint("users", __name__, url_prefix="/api/v1")
anyone = needs(category="user", signed_in=False)
signed_in = needs(category="user")


@blueprint.get("/user")
@signed_in
def oneself() -> Response:
    return jsonify(shown(g.doer))


@blueprint.get("/users/<name>")
@anyone
def one_user(name: str) -> Response:
    return jsonify(shown(visible_user(name)))


@blueprint.get("/users/<name>/keys")
@anyone
def list_keys(name: str) -> Response:
    owner = visible_user(name)
    page = paging.requested()
    total = transaction().value("SELECT count(*) FROM public_key WHERE owner_id = %s", (owner["id"],))
    rows = transaction().rows("SELECT * FROM public_key WHERE owner_id = %s ORDER BY id" + page.sql, (owner["id"],))
    shown_owner, settings = shown(owner), context().settings
    return paging.answer([represent.key(row, shown_owner, settings) for row in rows], page, total)


def _token_owner(name: str) -> Row:
    """Tokens require a password, and are only one's own, except for an admin."""
    if not g.by_password:
        raise ApiError(401, "auth required")
    owner = user_named(name)
    if g.doer["id"] != owner["id"] and not g.doer["is_admin"]:
        raise ApiError(403, "doer should be the site admin or be same as the contextUser")
    return owner


@blueprint.get("/users/<name>/tokens")
@signed_in
def list_tokens(name: str) -> Response:
    owner = _token_owner(name)
    page = paging.requested()
    total = transaction().value("SELECT count(*) FROM access_token WHERE uid = %s", (owner["id"],))
    rows = transaction().rows("SELECT * FROM access_token WHERE uid = %s ORDER BY id" + page.sql, (owner["id"],))
    return paging.answer([represent.token(row, "", context().release) for row in rows], page, total)


@blueprint.post("/users/<name>/tokens")
@signed_in
def create_token(name: str) -> tuple[Response, int]:
    owner = _token_owner(name)
    form = forms.bind(forms.CREATE_TOKEN)
    try:
        scope = scopes.normalized(form.get("scopes", []))
    except RefusedError as error:
        raise ApiError(400, f"invalid access token scope provided: {error}") from error
    if not scope and context().release.at_least(1, 22):
        raise ApiError(400, "access token must have a scope")
    try:
        row, secret = accounts.new_token(transaction(), owner, form["name"], scope)
    except AlreadyExistsError as error:
        raise ApiError(400, str(error)) from error
    return jsonify(represent.token(row, secret, context().release)), 201


@blueprint.delete("/users/<name>/tokens/<token>")
@signed_in
def delete_token(name: str, token: str) -> tuple[str, int]:
    owner = _token_owner(name)
    column: tuple[str, Any] = ("id", int(token)) if token.isdigit() else ("name", token)
    sql = f"DELETE FROM access_token WHERE uid = %s AND {column[0]} = %s"
    if not transaction().run(sql, (owner["id"], column[1])):
        raise not_found()
    return "", 204
