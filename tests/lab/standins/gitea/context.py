"""The context of a request of the Gitea stand-in: settings, release, the client's address."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

from flask import current_app, request

from .release import Release
from .settings import Settings


@dataclass(frozen=True)
class Context:
    settings: Settings
    release: Release


def context() -> Context:
    found: Context = current_app.config["CONTEXT"]
    return found


def client_address() -> str:
    """With the port, as Gitea shows it; without where a trusted proxy names the client."""
    peer = request.environ.get("REMOTE_ADDR") or "127.0.0.1"
    networks = context().settings.trusted_proxies
    if any(ipaddress.ip_address(peer) in network for network in networks):
        forwarded = request.headers.get("X-Real-IP") or request.headers.get("X-Forwarded-For", "").split(",")[-1]
        if forwarded.strip():
            return forwarded.strip()
    return f"{peer}:{request.environ.get('REMOTE_PORT', '0')}"
