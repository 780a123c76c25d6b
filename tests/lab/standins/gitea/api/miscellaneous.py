"""/api/v1/version, /api/v1/settings/api."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify

from ..context import context
from .authentication import needs

blueprint = Blueprint("miscellaneous", __name__, url_prefix="/api/v1")


@blueprint.get("/version")
@needs(category="misc", signed_in=False)
def version() -> Response:
    return jsonify({"version": context().release.version})


@blueprint.get("/settings/api")
def api_settings() -> Response:
    default, largest = context().settings.page_sizes
    shown = {
        "max_response_items": largest,
        "default_paging_num": default,
        "default_git_trees_per_page": 1000,
        "default_max_blob_size": 10485760,
    }
    if context().release.at_least(1, 25):
        shown["default_max_response_size"] = 104857600
    return jsonify(shown)
