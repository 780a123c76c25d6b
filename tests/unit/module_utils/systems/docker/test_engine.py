# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading a stack whose daemon cannot inspect one container."""

from __future__ import annotations

import json
import socketserver
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.systems.docker import engine as stack_engine
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.engine import Engine

LABELS = {"com.docker.compose.project": "p", "com.docker.compose.service": "web"}
LISTED = [
    {"Id": f"id{number}", "Names": [f"/p-web-{number}"], "Image": "i:1", "ImageID": "sha256:i", "Labels": LABELS,
     "State": state, "Mounts": [], "NetworkSettings": {"Networks": {}}, "HostConfig": {"NetworkMode": "p_default"}}
    for number, state in ((1, "paused"), (2, "running"))
]  # fmt: skip
INSPECTED = {"Id": "id2", "Name": "/p-web-2", "Image": "sha256:i", "Config": {"Image": "i:1", "Labels": LABELS},
             "State": {"Status": "running", "Health": {"Status": "healthy"}}}  # fmt: skip


class Daemon(BaseHTTPRequestHandler):
    """Lists two containers, and never answers about the first."""

    protocol_version = "HTTP/1.1"
    asked_in_vain = threading.Event()

    def do_GET(self) -> None:
        if self.path.startswith("/containers/id1"):
            self.asked_in_vain.wait(20)
            return
        answer = json.dumps(LISTED if self.path.startswith("/containers/json") else INSPECTED).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_words: object) -> None:
        """Print nothing."""


class Server(socketserver.ThreadingUnixStreamServer):
    """A server on the test's own socket."""

    daemon_threads = True

    def get_request(self):
        connection, _address = super().get_request()
        return connection, ("local", 0)


@pytest.fixture
def path(tmp_path: Path) -> Iterator[Path]:
    """Socket of such a daemon."""
    server = Server(str(tmp_path / "docker.sock"), Daemon)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield tmp_path / "docker.sock"
    Daemon.asked_in_vain.set()
    server.shutdown()
    server.server_close()


def test_container_that_cannot_be_inspected_is_read_from_the_list(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stack_engine, "INSPECT_SECONDS", 0.2)
    actual = Engine(f"unix://{path}").containers("p")
    assert [(container.name, container.state, container.exit_code) for container in actual] == [
        ("p-web-1", "paused", None),
        ("p-web-2", "running", None),
    ]
    assert [container.health for container in actual] == ["", "healthy"]
    assert [container.service for container in actual] == ["web", "web"]
