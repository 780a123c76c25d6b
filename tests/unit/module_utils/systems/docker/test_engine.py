# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading a stack whose daemon cannot inspect one container, or cannot be reached."""

from __future__ import annotations

import json
import socketserver
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.systems.docker import engine as stack_engine
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.engine import (
    Engine,
    EngineTimeout,
    EngineUnreachable,
    cannot_connect,
    lost_connection,
)

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


# -- a daemon that cannot be reached ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cause", "words"),
    [
        (
            FileNotFoundError(2, "x"),
            "No such file or directory; Docker is not running: start it (systemctl start docker)",
        ),
        (ConnectionRefusedError(111, "x"), "Connection refused; Docker is not running: start it"),
        (NotADirectoryError(20, "x"), "Not a directory; name the daemon's socket in docker_host"),
    ],
)
def test_socket_that_does_not_work_is_reported_without_the_exceptions_of_the_library(
    monkeypatch: pytest.MonkeyPatch, cause: Exception, words: str
) -> None:
    # As on a host where no other daemon listens.
    monkeypatch.setattr(stack_engine, "_is_socket", lambda _docker_host: False)
    # As requests and the SDK wrap it.
    error = Exception("Error while fetching server API version: …")
    error.__context__ = Exception(Exception("Connection aborted.", cause))
    found = cannot_connect("unix:///x.sock", error, 120)
    assert isinstance(found, EngineUnreachable)
    assert str(found).startswith(f"cannot reach the Docker daemon at unix:///x.sock: {words}")
    assert not found.forbidden


def test_wrong_path_of_the_socket_is_not_a_stopped_docker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stack_engine, "_is_socket", lambda docker_host: docker_host == "unix:///var/run/docker.sock")
    text = str(cannot_connect("unix:///x.sock", FileNotFoundError(2, "x"), 120))
    assert "; correct docker_host (maxops_docker_host): there is a socket at unix:///var/run/docker.sock; or " in text
    own = str(cannot_connect("unix:///var/run/docker.sock", FileNotFoundError(2, "x"), 120))
    assert "Docker is not running: start it" in own


def test_connection_that_breaks_later_has_no_tuple_in_its_text() -> None:
    error = Exception("('Connection aborted.', FileNotFoundError(2, 'No such file or directory'))")
    error.__context__ = FileNotFoundError(2, "No such file or directory")
    found = lost_connection("unix:///var/run/docker.sock", error)
    assert isinstance(found, EngineUnreachable)
    assert "('Connection" not in str(found)
    assert lost_connection("unix:///s", ValueError("no such container")) is None


def chained(*errors: Exception) -> Exception:
    """Each error was raised from the next one."""
    for error, cause in zip(errors, errors[1:]):
        error.__cause__ = cause
    return errors[0]


def test_missing_permission_and_a_daemon_that_hangs_are_told_apart() -> None:
    denied = cannot_connect("unix:///s", chained(Exception("Connection aborted."), PermissionError(13, "x")), 120)
    assert isinstance(denied, EngineUnreachable)
    assert denied.forbidden
    assert str(denied).endswith(": Permission denied; this user has no access to Docker: run as root (become: true)")
    hangs = cannot_connect("unix:///s", chained(Exception("Read timed out."), TimeoutError("timed out")), 120)
    assert isinstance(hangs, EngineTimeout)
    assert "no answer within 120 s; it hangs: see its log" in str(hangs)


def test_libraries_that_do_not_fit_each_other_are_no_fault_of_the_daemon() -> None:
    text = "Error while fetching server API version: Not supported URL scheme http+docker"
    error = cannot_connect("unix:///s", Exception(text), 120)
    assert not isinstance(error, EngineUnreachable)
    assert str(error).startswith("the Docker SDK for Python ")
    assert f"install docker 7.1 or later, or requests before 2.32, for {sys.executable}" in str(error)
