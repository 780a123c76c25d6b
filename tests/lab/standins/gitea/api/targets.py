"""The user that a path names, with the redirect that a rename leaves behind."""

from __future__ import annotations

from urllib.parse import quote

from flask import g, request
from werkzeug.exceptions import HTTPException
from werkzeug.utils import redirect

from ...shared.database import Row
from ...shared.web import transaction
from .. import accounts
from ..context import context
from ..errors import ApiError, not_found


def user_named(name: str) -> Row:
    row = accounts.by_name(transaction(), name)
    if row is None:
        _follow_redirect(name)
        raise ApiError(404, f"user redirect does not exist [name: {name}]")
    return row


def visible_user(name: str) -> Row:
    row = user_named(name)
    viewer = g.doer
    if viewer is not None and (viewer["is_admin"] or viewer["id"] == row["id"]):
        return row
    visibility = accounts.VISIBILITIES[row["visibility"]]
    # A private user is visible to members of the same organisations, a limited one to all signed-in users.
    hidden = viewer is None or (visibility == "private" and not _share_organization(row["id"], viewer["id"]))
    if visibility != "public" and hidden:
        raise not_found("Visit Project")
    return row


def _share_organization(one: int, other: int) -> bool:
    return bool(
        transaction().row(
            "SELECT 1 FROM org_user a JOIN org_user b ON a.org_id = b.org_id WHERE a.uid = %s AND b.uid = %s",
            (one, other),
        )
    )


def organization_named(name: str) -> Row:
    row = accounts.by_name(transaction(), name)
    if row is None:
        _follow_redirect(name)
    if row is None or row["type"] != accounts.ORGANIZATION:
        raise not_found("GetOrgByName", [f"user redirect does not exist [name: {name}]"])
    return row


def _follow_redirect(name: str) -> None:
    renamed = transaction().value(
        'SELECT u.name FROM user_redirect r JOIN "user" u ON u.id = r.redirect_user_id WHERE r.lower_name = %s',
        (name.lower(),),
    )
    if renamed is None:
        return
    path = context().settings.sub_path + request.path.replace(quote(name), quote(renamed), 1)
    query = request.query_string.decode()
    raise HTTPException(response=redirect(f"{path}?{query}" if query else path, 307))
