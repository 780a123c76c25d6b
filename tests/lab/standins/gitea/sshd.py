"""The image's SSH server, as far as a visitor without a key sees it: it greets, and logs how the visit ended."""

from __future__ import annotations

import socketserver

PORT = 22
GREETING = b"SSH-2.0-OpenSSH_9.7\r\n"


class Visit(socketserver.StreamRequestHandler):
    timeout = 120

    def handle(self) -> None:
        address, port = self.client_address[:2]
        try:
            self.wfile.write(GREETING)
            line = self.rfile.readline(255)
        except OSError:
            line = b""
        if line.startswith(b"SSH-"):
            text = f"Connection closed by {address} port {port} [preauth]"
        elif line:
            text = f"banner exchange: Connection from {address} port {port}: invalid format"
        else:
            text = f"Connection closed by {address} port {port}"
        print(text, flush=True)


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


if __name__ == "__main__":
    Server(("", PORT), Visit).serve_forever()
