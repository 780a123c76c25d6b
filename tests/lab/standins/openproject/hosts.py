"""The check of Host and X-Forwarded-Host, as Rails does it in front of everything but the health addresses."""

from __future__ import annotations

import re

from flask import Response, request

from . import log, settings
from .context import request_id

EXEMPT = re.compile(r"/health_checks?(/|$)|/health_check|/sys(/|$)")


def refuse_foreign() -> Response | None:
    allowed = settings.allowed_hosts()
    if not allowed or EXEMPT.match(request.path):
        return None
    forwarded = request.headers.get("X-Forwarded-Host", "").split(",")[-1].strip()
    for host in filter(None, (request.headers.get("Host", ""), forwarded)):
        if not any(_covers(name, host) for name in allowed):
            log.write(
                "ERROR", f"[ActionDispatch::HostAuthorization::DefaultResponseApp] Blocked hosts: {host}", request_id()
            )
            return Response("Invalid host_name configuration", 400, mimetype="text/plain")
    return None


def _covers(name: str, host: str) -> bool:
    """A name allows every port; a dot at its start, every name below it."""
    below = r"([a-z0-9-]+\.)?" if name.startswith(".") else ""
    return bool(re.fullmatch(rf"{below}{re.escape(name.removeprefix('.'))}(:\d+)?", host, re.IGNORECASE))
