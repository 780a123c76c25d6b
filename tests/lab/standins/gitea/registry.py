"""/v2/: the first answer of the container registry, which is at the root of the host whatever ROOT_URL says."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify

from .context import context

blueprint = Blueprint("registry", __name__, url_prefix="/v2")


@blueprint.get("/")
def sign_in_first() -> Response:
    response: Response = jsonify({"errors": [{"code": "UNAUTHORIZED", "message": ""}]})
    response.status_code = 401
    response.headers["Docker-Distribution-Api-Version"] = "registry/2.0"
    realm = f"{context().settings.root_url}v2/token"
    response.headers["WWW-Authenticate"] = f'Bearer realm="{realm}",service="container_registry",scope="*"'
    return response
