"""/health_checks/…: text or JSON, 200 or 500."""

from __future__ import annotations

import base64
import hmac
import os
import socket
from collections.abc import Callable
from dataclasses import dataclass

import psycopg2
from flask import Blueprint, Response, g, jsonify, request

from ..shared.web import transaction

blueprint = Blueprint("health", __name__, url_prefix="/health_checks")
PASSWORD = "OPENPROJECT_HEALTH__CHECKS__AUTHENTICATION__PASSWORD"
LATE = "finished_at IS NULL AND performed_at IS NULL AND coalesce(scheduled_at, created_at) < now() - interval '5 min'"
QUEUE_LIMIT = 50


@dataclass(frozen=True)
class Outcome:
    success: bool
    message: str


def _default() -> Outcome:
    return Outcome(True, "Application is running")


def _database() -> Outcome:
    version = transaction().value("SELECT max(version) FROM schema_migrations")
    return Outcome(True, f"Schema version: {version}")


def _mail() -> Outcome:
    server = os.environ.get("SMTP_ADDRESS")
    if not server:
        return Outcome(True, "Mail delivery is not configured")
    port = int(os.environ.get("SMTP_PORT", "587"))
    try:
        socket.create_connection((server, port), timeout=2).close()
    except OSError as error:
        return Outcome(False, f"{server} at {port} is not accepting connections: '{error}'")
    return Outcome(True, f"{server} at {port} is accepting connections")


def _worker() -> Outcome:
    late = transaction().value(f"SELECT count(*) FROM good_jobs WHERE {LATE}")
    if late:
        return Outcome(False, f"{late} jobs were not picked up within 5 minutes: the worker process may be stopped")
    return Outcome(True, "All workers are working")


def _worker_backed_up() -> Outcome:
    queued = transaction().value("SELECT count(*) FROM good_jobs WHERE finished_at IS NULL")
    return Outcome(queued <= QUEUE_LIMIT, f"{queued} jobs queued")


def _puma() -> Outcome:
    return Outcome(True, "Puma is running")


CHECKS: dict[str, Callable[[], Outcome]] = {
    "default": _default,
    "database": _database,
    "mail": _mail,
    "worker": _worker,
    "worker_backed_up": _worker_backed_up,
    "puma": _puma,
}
COLLECTIONS = {
    "web": ["default", "database", "puma"],
    "full": ["default", "database", "mail", "worker", "worker_backed_up", "puma"],
    "all": list(CHECKS),
}
OPTIONAL = {"worker_backed_up", "puma"}


@blueprint.before_request
def _authenticate() -> Response | None:
    password = os.environ.get(PASSWORD)
    wanted = "Basic " + base64.b64encode(f"health_checks:{password}".encode()).decode()
    if not password or hmac.compare_digest(request.headers.get("Authorization", ""), wanted):
        return None
    headers = {"WWW-Authenticate": 'Basic realm="Application"'}
    return Response("HTTP Basic: Access denied.\n", 401, headers, mimetype="text/plain")


@blueprint.get("")
@blueprint.get("/<name>")
def check(name: str = "default") -> Response:
    as_json = name.endswith(".json")
    name = name.removesuffix(".json").removesuffix(".txt")
    members = COLLECTIONS.get(name, [name])
    if not CHECKS.keys() >= set(members):
        return _unknown(name, as_json)
    outcomes = {member: _run(member) for member in members}
    well = all(outcome.success for member, outcome in outcomes.items() if member not in OPTIONAL)
    if as_json:
        response: Response = jsonify(
            {member: {"message": outcome.message, "success": outcome.success} for member, outcome in outcomes.items()}
        )
    else:
        lines = [
            f"{member}: {'PASSED' if outcome.success else 'FAILED'} {outcome.message}\n"
            for member, outcome in outcomes.items()
        ]
        response = Response("".join(lines), mimetype="text/plain")
    response.status_code = 200 if well else 500
    return response


def _run(name: str) -> Outcome:
    if g.control.unhealthy:
        return Outcome(False, "Error: asked for by lab-control")
    try:
        return CHECKS[name]()
    except psycopg2.Error as error:
        if "transaction" in g:
            transaction().rollback()
        return Outcome(False, f"Error: '{' '.join(str(error).split())}'")


def _unknown(name: str, as_json: bool) -> Response:
    message = f"No check registered with '{name}'"
    response: Response = jsonify({"error": message}) if as_json else Response(message + "\n", mimetype="text/plain")
    response.status_code = 404
    return response
