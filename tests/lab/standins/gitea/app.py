"""The WSGI application."""

from __future__ import annotations

import http
import time
from typing import Any

import psycopg2
from flask import Flask, Response, g, jsonify, request
from werkzeug.exceptions import HTTPException

from ..shared import web
from ..shared.database import Database
from . import health, ini, log, pages, registry, release
from .api import admin, miscellaneous, organizations, packages, repositories, users
from .api.authentication import ForbiddenAccountError, authenticate
from .context import Context, client_address, context
from .errors import ApiError, VisibilityError, not_found
from .settings import Settings

API = "/api/v1/"


def application() -> Flask:
    settings = Settings(ini.read(ini.path()))
    return create(settings, release.from_environment(), settings.open_database())


def create(settings: Settings, of_release: release.Release, connections: Database) -> Flask:
    app = Flask("gitea")
    app.config["CONTEXT"] = Context(settings, of_release)
    web.install(app, connections)
    app.before_request(_authenticate_api)
    app.after_request(_log)
    for blueprint in (
        health.blueprint,
        pages.blueprint,
        registry.blueprint,
        miscellaneous.blueprint,
        admin.blueprint,
        users.blueprint,
        organizations.blueprint,
        packages.blueprint,
        repositories.blueprint,
    ):
        app.register_blueprint(blueprint)
    app.register_error_handler(ApiError, _api_error)
    app.register_error_handler(ForbiddenAccountError, lambda error: (jsonify({"message": str(error)}), 403))
    app.register_error_handler(VisibilityError, lambda error: _api_error(ApiError(500, str(error))))
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(psycopg2.Error, _database_error)
    return app


def _authenticate_api() -> None:
    if request.path.startswith(API):
        authenticate()


def _api_error(error: ApiError) -> tuple[Response, int]:
    body: dict[str, Any] = {"errors": error.errors} if error.with_errors else {}
    body |= {"message": error.message, "url": f"{context().settings.root_url}api/swagger"}
    return jsonify(body), error.status


def _http_error(error: HTTPException) -> Any:
    if error.code == 404 and request.path.startswith(API):
        return _api_error(not_found())
    return error


def _database_error(error: psycopg2.Error) -> Any:
    text = " ".join(str(error).split())
    log.write(log.API, "E", f"database: {text}")
    if request.path.startswith(API):
        return _api_error(ApiError(500, "" if context().settings.text("", "RUN_MODE") == "prod" else text))
    return "Internal Server Error", 500


def _log(response: Response) -> Response:
    spent = (time.monotonic() - g.started) * 1000
    phrase = http.HTTPStatus(response.status_code).phrase
    path = request.full_path if request.query_string else request.path
    log.write(
        log.ROUTER,
        "I",
        f"router: completed {request.method} {_without_secrets(path)} for {client_address()},"
        f" {response.status_code} {phrase} in {spent:.1f}ms @ {_function(response.status_code)}",
    )
    return response


def _function(status: int) -> str:
    """Where the answer was made, as the real program writes it: file, line and function."""
    if request.path == "/api/healthz":
        return "healthcheck/check.go:67(healthcheck.Check)"
    if request.path.startswith(API) and status == 401:
        return "v1/api.go:756(v1.Routes.apiAuth)"
    folder, _, name = (request.endpoint or "web.NotFound").rpartition(".")
    return f"{folder}/{folder}.go:100({folder}.{name})"


def _without_secrets(path: str) -> str:
    """The address may contain a token, which the real program logs; the lab's logs are kept and shown."""
    return path if "token=" not in path else request.path
