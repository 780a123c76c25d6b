"""/api/healthz and /metrics."""

from __future__ import annotations

import hmac
import json
from datetime import UTC, datetime
from typing import Any

import psycopg2
from flask import Blueprint, Response, abort, g, request

from ..shared.redis import RedisError
from ..shared.web import transaction
from . import log
from .context import context

blueprint = Blueprint("health", __name__)
GAUGES = {
    "gitea_accesses": ("Number of Accesses", "SELECT count(*) FROM team_user"),
    "gitea_attachments": ("Number of Attachments", "SELECT count(*) FROM attachment"),
    "gitea_comments": ("Number of Comments", "SELECT count(*) FROM comment"),
    "gitea_issues": ("Number of Issues", "SELECT count(*) FROM issue"),
    "gitea_issues_closed": ("Number of closed issues", "SELECT count(*) FROM issue WHERE is_closed"),
    "gitea_issues_open": ("Number of open issues", "SELECT count(*) FROM issue WHERE NOT is_closed"),
    "gitea_loginsources": ("Number of LoginSources", "SELECT count(*) FROM login_source"),
    "gitea_organizations": ("Number of Organizations", 'SELECT count(*) FROM "user" WHERE type = 1'),
    "gitea_publickeys": ("Number of PublicKeys", "SELECT count(*) FROM public_key"),
    "gitea_repositories": ("Number of Repositories", "SELECT count(*) FROM repository"),
    "gitea_teams": ("Number of Teams", "SELECT count(*) FROM team"),
    "gitea_users": ("Number of Users", 'SELECT count(*) FROM "user" WHERE type = 0'),
}


@blueprint.get("/api/healthz")
def healthz() -> Response:
    checks: dict[str, list[dict[str, str]]] = {}
    if context().settings.cache is not None or context().settings.text("cache", "ADAPTER", "memory") == "memory":
        checks["cache:ping"] = [_outcome(_cache_problem(), "cache")]
    checks["database:ping"] = [_outcome(_database_problem(), "database")]
    passed = all(check["status"] == "pass" for (check,) in checks.values())
    body = {
        "status": "pass" if passed else "fail",
        "description": context().settings.app_name,
        "checks": checks,
    }
    return Response(json.dumps(body, indent=2), 200 if passed else 424, mimetype="application/json")


def _outcome(problem: str | None, what: str) -> dict[str, str]:
    if problem:
        log.write(log.HEALTH, "E", f"{what} ping failed with error: {problem}")
    return {"status": "fail" if problem else "pass", "time": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")}


def _database_problem() -> str | None:
    if g.control.unhealthy:
        return "driver: bad connection (asked for by lab-control)"
    log.write(log.PING, "I", f"PING DATABASE {context().settings.database_kind}")
    try:
        transaction().value("SELECT version FROM version WHERE id = 1")
    except psycopg2.Error as error:
        return " ".join(str(error).split())
    return None


def _cache_problem() -> str | None:
    server = context().settings.cache
    if server is None:
        return None
    try:
        answer = server.run("PING")
    except (OSError, RedisError) as error:
        return str(error)
    return None if answer == "PONG" else answer or "no answer"


@blueprint.get("/metrics")
def metrics() -> Response:
    token: Any = context().settings.metrics_token
    if token is None:
        abort(404)
    if token and not hmac.compare_digest(request.headers.get("Authorization", ""), f"Bearer {token}"):
        abort(401)
    lines = []
    for name, (about, sql) in GAUGES.items():
        lines += [f"# HELP {name} {about}", f"# TYPE {name} gauge", f"{name} {transaction().value(sql)}"]
    return Response("\n".join(lines) + "\n", mimetype="text/plain; version=0.0.4")
