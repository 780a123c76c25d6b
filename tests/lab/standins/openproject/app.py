"""The WSGI application."""

from __future__ import annotations

import os
import time
from typing import Any

import psycopg2
from flask import Flask, Response, g, jsonify, request
from werkzeug.exceptions import HTTPException

from ..shared import web
from ..shared.database import Database, clean_url
from . import health, hosts, log, pages
from .api import contents, groups, memberships, root, users
from .api.authentication import authenticate
from .api.bodies import MissingContentTypeError, check_content_type
from .context import request_id
from .errors import ApiError, not_found
from .release import Release, from_environment

API = "/api/v3"


def application() -> Flask:
    return create(from_environment(), Database(dsn=clean_url(os.environ["DATABASE_URL"])))


def create(of_release: Release, connections: Database) -> Flask:
    app = Flask("openproject")
    app.config["RELEASE"] = of_release
    web.install(app, connections)
    app.before_request(hosts.refuse_foreign)
    app.before_request(_guard_api)
    app.after_request(_finish)
    for blueprint in (
        health.blueprint,
        pages.blueprint,
        root.blueprint,
        users.blueprint,
        groups.blueprint,
        memberships.blueprint,
        contents.blueprint,
    ):
        app.register_blueprint(blueprint)
    app.register_error_handler(ApiError, _api_error)
    app.register_error_handler(MissingContentTypeError, _missing_content_type)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(psycopg2.Error, _database_error)
    return app


def _is_api() -> bool:
    return request.path == API or request.path.startswith(f"{API}/")


def _guard_api() -> None:
    if _is_api():
        authenticate()
        check_content_type()


def _api_error(error: ApiError) -> tuple[Response, int]:
    response: Response = jsonify(error.body())
    if error.status == 401:
        response.headers["WWW-Authenticate"] = 'Basic realm="OpenProject API"'
    return response, error.status


def _missing_content_type(_error: MissingContentTypeError) -> Response:
    return Response("Missing content-type header", 406, mimetype="text/plain")


def _http_error(error: HTTPException) -> Any:
    if _is_api() and error.code == 404:
        return _api_error(not_found())
    return error


def _database_error(error: psycopg2.Error) -> Any:
    log.write("ERROR", f"ActiveRecord: {' '.join(str(error).split())}", request_id())
    if _is_api():
        return _api_error(ApiError(500, "InternalServerError", "An internal error has occured."))
    return "Internal server error", 500


def _finish(response: Response) -> Response:
    if _is_api() and response.mimetype == "application/json":
        response.content_type = "application/hal+json; charset=utf-8"
    spent = (time.monotonic() - g.started) * 1000
    line = _api_line(response.status_code, spent) if _is_api() else _page_line(response.status_code, spent)
    user = g.get("user")
    log.write("INFO", line + (f" user={user['id']}" if user else ""), request_id())
    return response


def _api_line(status: int, spent: float) -> str:
    """The API's lines, which are Grape's, have another order than the pages'."""
    parameters = ", ".join(f'"{name}"=>"{log.quoted(value)}"' for name, value in request.args.items())
    return (
        f"duration={spent:.2f} db={spent * 0.6:.2f} view={spent * 0.4:.2f} status={status} method={request.method} "
        f"path={request.path} params={{{parameters}}} host={request.host.partition(':')[0]}"
    )


def _page_line(status: int, spent: float) -> str:
    folder, _, action = (request.endpoint or "errors.not_found").rpartition(".")
    controller = "".join(map(str.capitalize, folder.split("_")))
    return (
        f"method={request.method} path={request.path} format=html controller={controller}Controller action={action} "
        f"status={status} allocations={int(spent * 500)} duration={spent:.2f} view={spent * 0.5:.2f} "
        f"db={spent * 0.5:.2f}"
    )
