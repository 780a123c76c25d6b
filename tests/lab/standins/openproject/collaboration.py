"""The image's own web server on port 80 as far as OpenProject 17 needs it: it alone leads to /hocuspocus."""

from __future__ import annotations

import base64
import hashlib
import subprocess
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PORT = 80
FIRST_MAJOR = 17
PATH = "/hocuspocus"
# RFC 6455, 1.3: proves that the answer is one to this request.
MAGIC = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


def start() -> None:
    """Run it beside the application, which becomes the container's first process."""
    subprocess.Popen([sys.executable, "-u", "-m", "standins.openproject.collaboration"])


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if self.path.partition("?")[0].rstrip("/") != PATH:
            self._end(404, "Not found\n")
        elif self.headers.get("Upgrade", "").lower() != "websocket":
            self._end(200, "Welcome to Hocuspocus!")
        else:
            key = self.headers.get("Sec-WebSocket-Key", "")
            self.send_response(101)
            self.send_header("Upgrade", "websocket")
            self.send_header("Connection", "Upgrade")
            self.send_header(
                "Sec-WebSocket-Accept", base64.b64encode(hashlib.sha1((key + MAGIC).encode()).digest()).decode()
            )
            self.end_headers()
            self.close_connection = True

    def _end(self, status: int, text: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_arguments: object) -> None:
        """The application's own log is enough."""


if __name__ == "__main__":
    ThreadingHTTPServer(("", PORT), Handler).serve_forever()
