# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Servers that tests send messages to: a web server that fails when it is told to, and one for mail."""

from __future__ import annotations

import json
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Webhook:
    """Keeps what was sent to it. ``status`` is what it answers, ``silent`` whether it answers at all."""

    def __init__(self) -> None:
        self.messages: list[dict[str, Any]] = []
        self.pings: list[str] = []
        self.status = 200
        self.silent = threading.Event()
        webhook = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                webhook.pings.append(self.path)
                self.answer()

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                if webhook.status < 400 and not webhook.silent.is_set():
                    webhook.messages.append({"path": self.path, **body})
                self.answer()

            def answer(self) -> None:
                if webhook.silent.is_set():
                    threading.Event().wait(5)
                self.send_response(webhook.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_words: Any) -> None:
                """Nobody reads it."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()

    def url(self, token: str = "s3cr3t-t0ken") -> str:
        """Its address as apprise wants it."""
        return f"json://127.0.0.1:{self.port}/hook/{token}"

    def ping_url(self, token: str = "p1ng-t0ken") -> str:
        """Its address for a dead man's switch."""
        return f"http://127.0.0.1:{self.port}/ping/{token}"

    def titles(self) -> list[str]:
        """What was sent since the last time, in a line each."""
        titles = [message["title"] for message in self.messages]
        self.messages.clear()
        return titles

    def close(self) -> None:
        """Answer no more."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@contextmanager
def webhook() -> Iterator[Webhook]:
    """A server for the length of the block."""
    server = Webhook()
    try:
        yield server
    finally:
        server.close()


class MailHandler(socketserver.StreamRequestHandler):
    """As much of SMTP as a mail takes."""

    def handle(self) -> None:
        """Take mails until the other side has said all."""
        self.wfile.write(b"220 here\r\n")
        for line in self.rfile:
            word = line[:4].upper()
            if word == b"DATA":
                self.wfile.write(b"354 go on\r\n")
                self.server.mails.append(b"".join(iter(self.rfile.readline, b".\r\n")).decode())  # type: ignore[attr-defined]
            self.wfile.write(b"221 bye\r\n" if word == b"QUIT" else b"250 yes\r\n")
            if word == b"QUIT":
                return


@contextmanager
def mailbox() -> Iterator[tuple[int, list[str]]]:
    """The port of a mail server, and the mails that it took."""
    with socketserver.TCPServer(("127.0.0.1", 0), MailHandler) as server:
        server.mails = []  # type: ignore[attr-defined]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield server.server_address[1], server.mails  # type: ignore[attr-defined]
        finally:
            server.shutdown()
            thread.join()
