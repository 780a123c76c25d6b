# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A proxy before an application that loses, delays and replaces answers as a test requests."""

from __future__ import annotations

import http.client
import re
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit


@dataclass
class Fault:
    """A fault of the next ``times`` requests whose method, path and body match ``pattern``.

    ``cut`` ends the connection "before" the application gets the request, or "after" it has answered. ``status``
    answers in place of the application; with ``spoil``, after it has done the work. ``meanwhile`` is called before.
    """

    pattern: str
    times: int = 1
    cut: str = ""
    status: int = 0
    body: str = '{"message": "injected"}'
    headers: dict[str, str] = field(default_factory=dict)
    delay: float = 0.0
    spoil: bool = False
    meanwhile: Callable[[], object] | None = None


class FaultProxy:
    """Listens on its own port; ``requests`` holds all requests as ``METHOD path body``."""

    def __init__(self, upstream: str, certificate: tuple[Path, Path] | None = None) -> None:
        self.upstream = urlsplit(upstream)
        self.faults: list[Fault] = []
        self.requests: list[str] = []
        self._lock = threading.Lock()
        proxy = self

        class Handler(_Handler):
            owner = proxy

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        scheme = "http"
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*certificate)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
            scheme = "https"
        self.url = f"{scheme}://127.0.0.1:{self._server.server_address[1]}{self.upstream.path}"
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def inject(self, pattern: str, **what: object) -> Fault:
        """Inject a fault from now on."""
        fault = Fault(pattern, **what)  # type: ignore[arg-type]
        self.faults.append(fault)
        return fault

    def take(self, request: str) -> Fault | None:
        """Record a request; returns the fault that applies to it."""
        with self._lock:
            self.requests.append(request)
            for fault in self.faults:
                if fault.times and re.search(fault.pattern, request):
                    fault.times -= 1
                    return fault
        return None

    def count(self, pattern: str) -> int:
        """How many requests match a pattern."""
        return sum(bool(re.search(pattern, request)) for request in list(self.requests))

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    owner: FaultProxy
    protocol_version = "HTTP/1.1"

    def handle_any(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        fault = self.owner.take(f"{self.command} {self.path} {body.decode('utf-8', 'replace')}")
        if fault and fault.meanwhile:
            fault.meanwhile()
        if fault and fault.delay:
            time.sleep(fault.delay)
        if fault and fault.cut == "before":
            self._cut()
        elif fault and fault.status and not fault.spoil:
            self._answer(fault.status, fault.headers, fault.body.encode())
        else:
            status, headers, content = self._forward(body)
            if fault and fault.cut == "after":
                self._cut()
            elif fault and fault.spoil:
                self._answer(fault.status, fault.headers, fault.body.encode())
            else:
                self._answer(status, headers, content)

    do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = handle_any  # noqa: N815

    def _forward(self, body: bytes) -> tuple[int, dict[str, str], bytes]:
        upstream = self.owner.upstream
        kept = {key: value for key, value in self.headers.items() if key.lower() not in ("host", "connection")}
        # Closed also when the application breaks the connection: pytest fails whichever test runs when a socket is
        # collected that was left open.
        with closing(http.client.HTTPConnection(upstream.hostname or "", upstream.port, timeout=60)) as connection:
            connection.request(self.command, self.path, body, {**kept, "Connection": "close"})
            answer = connection.getresponse()
            content = answer.read()
        dropped = ("connection", "transfer-encoding", "content-length", "server", "date")
        return answer.status, {key: value for key, value in answer.getheaders() if key.lower() not in dropped}, content

    def _answer(self, status: int, headers: dict[str, str], content: bytes) -> None:
        self.send_response(status)
        for key, value in {"Content-Type": "application/json", **headers}.items():
            self.send_header(key, value)
        if status != 204:
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if status != 204:
            self.wfile.write(content)

    def _cut(self) -> None:
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self.connection.close()

    def finish(self) -> None:
        try:
            super().finish()
        except OSError:
            return  # the connection was cut

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the base class's
        """Log nothing."""


def make_certificate(folder: Path) -> tuple[Path, Path]:
    """A self-signed certificate for 127.0.0.1, and its key."""
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    words = ["-subj", "/CN=maxops-test", "-addext", "subjectAltName=IP:127.0.0.1", "-days", "2", "-nodes"]
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", *words, "-keyout", str(key), "-out", str(certificate)],
        check=True,
        capture_output=True,
    )
    return certificate, key
