"""/api/v1/repos: read only; the seeder creates them."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, g, jsonify, request

from ...shared.database import Row
from ...shared.web import transaction
from .. import accounts, represent
from ..context import context
from ..errors import not_found
from . import paging
from .admin import shown
from .authentication import needs
from .targets import user_named

blueprint = Blueprint("repositories", __name__, url_prefix="/api/v1/repos")
anyone = needs(category="repository", signed_in=False)

SEEN = """(NOT is_private OR %(all)s OR owner_id = %(doer)s
    OR owner_id IN (SELECT org_id FROM team_user WHERE uid = %(doer)s))"""


@blueprint.get("/search")
@anyone
def search() -> Response:
    page = paging.requested()
    wanted = SEEN
    arguments = {**_viewer(), "words": f"%{request.args.get('q', '').lower()}%"}
    wanted += " AND lower_name LIKE %(words)s"
    if request.args.get("uid", 0, type=int):
        wanted += " AND owner_id = %(uid)s"
        arguments["uid"] = request.args["uid"]
    total = transaction().value(f"SELECT count(*) FROM repository WHERE {wanted}", arguments)
    rows = transaction().rows(f"SELECT * FROM repository WHERE {wanted} ORDER BY lower_name, id" + page.sql, arguments)
    response = paging.answer([_shown(row) for row in rows], page, total)
    response.set_data(jsonify({"ok": True, "data": response.get_json()}).get_data())
    return response


@blueprint.get("/<owner>/<name>")
@anyone
def one_repository(owner: str, name: str) -> Response:
    row = transaction().row(
        f"SELECT * FROM repository WHERE owner_id = %(owner)s AND lower_name = %(name)s AND {SEEN}",
        {**_viewer(), "owner": user_named(owner)["id"], "name": name.lower()},
    )
    if row is None:
        raise not_found()
    return jsonify(_shown(row))


def _viewer() -> dict[str, Any]:
    viewer = g.doer
    return {"all": bool(viewer and viewer["is_admin"]), "doer": viewer["id"] if viewer else 0}


def _shown(row: Row) -> dict[str, Any]:
    owner = accounts.by_id(transaction(), row["owner_id"])
    return represent.repository(row, shown(owner), g.doer, context().settings)
