"""/api/v1/packages/{owner}."""

from __future__ import annotations

from flask import Blueprint, Response

from ...shared.web import transaction
from .. import packages
from . import paging
from .admin import shown
from .authentication import needs
from .targets import user_named

blueprint = Blueprint("packages", __name__, url_prefix="/api/v1/packages")


@blueprint.get("/<owner>")
@needs(category="package", signed_in=False)
def list_packages(owner: str) -> Response:
    user = user_named(owner)
    page = paging.requested()
    rows = packages.owned(transaction(), user, page.sql)
    return paging.answer([packages.shown(row, shown(user)) for row in rows], page, packages.count(transaction(), user))
