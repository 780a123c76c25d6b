# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A stack for tests of health checks: containers as the daemon returns them, and servers on this host."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.jobs.health.options import HealthOptions
from ansible_collections.maxops.ops.plugins.module_utils.jobs.health.view import StackView, View
from ansible_collections.maxops.ops.plugins.module_utils.systems.access import Access
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.inspection import inspection_from

NOW = 1_800_000_000.0  # 2027-01-15T08:00:00Z
RUNNING = {"Status": "running", "Running": True, "StartedAt": "2027-01-10T08:00:00.123456789Z", "ExitCode": 0}
ENDED = {"Status": "exited", "Running": False, "FinishedAt": "2027-01-15T07:57:00Z", "ExitCode": 0}


def inspected(
    service: str,
    image: str = "app:1",
    state: Mapping[str, Any] | None = None,
    environment: Mapping[str, str] | None = None,
    addresses: tuple[str, ...] = ("127.0.0.1",),
    ports: Mapping[str, Any] | None = None,
    policy: str = "unless-stopped",
    command: tuple[str, ...] = (),
    **config: Any,
) -> dict[str, Any]:
    """A container as the daemon returns it; ``ports`` are published ones: {"80/tcp": 8080}."""
    labels = {"com.docker.compose.project": "shop", "com.docker.compose.service": service}
    bindings = {target: [{"HostIp": "127.0.0.1", "HostPort": str(port)}] for target, port in (ports or {}).items()}
    return {
        "Id": f"id-{service}",
        "Name": f"/shop-{service}-1",
        "Image": "sha256:cafe",
        "State": dict(state or RUNNING),
        "Config": {
            "Image": image,
            "Env": [f"{name}={value}" for name, value in (environment or {}).items()],
            "Labels": labels,
            "Cmd": list(command),
            **config,
        },
        "HostConfig": {"RestartPolicy": {"Name": policy}, "NetworkMode": "shop_default", "PortBindings": bindings},
        "NetworkSettings": {"Networks": {f"n{place}": {"IPAddress": at} for place, at in enumerate(addresses)}},
        "Mounts": [],
    }


def view_of(
    monkeypatch: pytest.MonkeyPatch, *containers: dict[str, Any], access: Access | None = None, **options: Any
) -> View:
    """What the checks of one run get, for these containers."""
    access = access or Access("shop", "unix:///nowhere.sock")
    view = View(HealthOptions(access, state_dir="/nowhere", **options), NOW)
    stack = StackView("shop", [inspection_from(data) for data in containers], access)
    monkeypatch.setattr(view, "stack", lambda: stack)
    return view


class Site:
    """An HTTP server on this host: ``answers`` are status and body by path, ``asked`` the requests with headers."""

    def __init__(self) -> None:
        self.answers: dict[str, tuple[int, str]] = {}
        self.locations: dict[str, str] = {}
        self.password = ""
        self.asked: list[tuple[str, dict[str, str]]] = []
        site = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                site.asked.append((self.path, dict(self.headers.items())))
                status, body = site.answers.get(self.path, (404, "not here"))
                if site.password and self.headers.get("Authorization") != site.password:
                    status, body = 401, "HTTP Basic: Access denied."
                self.send_response(status)
                if self.path in site.locations:
                    self.send_header("Location", site.locations[self.path])
                self.end_headers()
                self.wfile.write(body.encode())

            def log_message(self, *_words: Any) -> None:
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_port
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        """Stop it."""
        self._server.shutdown()
        self._server.server_close()

    @property
    def paths(self) -> list[str]:
        """The requested paths, in order."""
        return [path for path, _headers in self.asked]


@contextmanager
def site(**answers: tuple[int, str]) -> Iterator[Site]:
    """A server for the length of the block."""
    one = Site()
    one.answers.update(answers)
    try:
        yield one
    finally:
        one.close()
