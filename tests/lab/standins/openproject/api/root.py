"""/api/v3 and /api/v3/configuration."""

from __future__ import annotations

from flask import Blueprint, Response, g, jsonify

from ...shared.web import transaction
from .. import represent, settings
from ..context import release

blueprint = Blueprint("root", __name__, url_prefix="/api/v3")
RESOURCES = {
    "configuration": "configuration",
    "memberships": "memberships",
    "priorities": "priorities",
    "relations": "relations",
    "statuses": "statuses",
    "time_entries": "time_entries",
    "types": "types",
    "userPreferences": "my_preferences",
    "workPackages": "work_packages",
}


@blueprint.get("")
def root() -> Response:
    links = {name: {"href": f"/api/v3/{path}"} for name, path in RESOURCES.items()}
    links |= {"self": {"href": "/api/v3"}, "user": represent.principal_link(g.user)}
    shown = {"_type": "Root", "instanceName": settings.value(transaction(), "app_title", "OpenProject")}
    if g.user["admin"]:
        shown["coreVersion"] = release().version
    return jsonify({**shown, "_links": links})


@blueprint.get("/configuration")
def configuration() -> Response:
    return jsonify(
        {
            "_type": "Configuration",
            "maximumAttachmentFileSize": 5242880,
            "hostName": settings.host_name(),
            "perPageOptions": [20, 100],
            "durationFormat": "hours_only",
            "activeFeatureFlags": [],
            "_links": {"self": {"href": "/api/v3/configuration"}},
        }
    )
