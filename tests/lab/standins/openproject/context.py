"""The context of a request of the OpenProject stand-in: the release, the client's address, the request's id."""

from __future__ import annotations

import ipaddress
import uuid

from flask import current_app, g, request

from .release import Release


def release() -> Release:
    found: Release = current_app.config["RELEASE"]
    return found


def request_id() -> str:
    if "request_id" not in g:
        g.request_id = request.headers.get("X-Request-Id") or str(uuid.uuid4())
    found: str = g.request_id
    return found


def client_address() -> str:
    """As in Rails: the nearest address that is not a proxy's; private addresses count as proxies."""
    forwarded = [part.strip() for part in request.headers.get("X-Forwarded-For", "").split(",") if part.strip()]
    chain = [*reversed(forwarded), request.environ.get("REMOTE_ADDR") or "127.0.0.1"]
    public = [address for address in chain if not _is_proxy(address)]
    if public:
        return public[0]
    return forwarded[0] if forwarded else chain[-1]


def _is_proxy(address: str) -> bool:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    return parsed.is_private or parsed.is_loopback
