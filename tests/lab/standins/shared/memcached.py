"""A minimal client of memcached: one connection per use. A server that is down is a cache without the entry."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from typing import BinaryIO

TIMEOUT = 2.0


class MemcachedError(Exception):
    """The server cannot be reached, or refuses a command."""


@dataclass(frozen=True)
class Memcached:
    host: str
    port: int = 11211

    def get(self, key: str) -> str | None:
        lines = self._run(f"get {key}\r\n".encode())
        if not lines.startswith(b"VALUE "):
            return None
        header, _, rest = lines.partition(b"\r\n")
        return rest[: int(header.split()[3])].decode()

    def set(self, key: str, value: str, seconds: int) -> None:
        data = value.encode()
        self._run(f"set {key} 0 {seconds} {len(data)}\r\n".encode() + data + b"\r\n")

    def _run(self, command: bytes) -> bytes:
        try:
            with socket.create_connection((self.host, self.port), timeout=TIMEOUT) as connection:
                connection.sendall(command)
                return _answer(connection.makefile("rb"))
        except OSError as error:
            raise MemcachedError(f"{self.host}:{self.port} failed: {error}") from error


def from_text(text: str) -> Memcached:
    host, _, port = text.partition(":")
    return Memcached(host, int(port or 11211))


def _answer(stream: BinaryIO) -> bytes:
    found = b""
    for line in stream:
        found += line
        if line.rstrip() in {b"END", b"STORED", b"NOT_STORED", b"ERROR"} or line.startswith((b"SERVER_", b"CLIENT_")):
            return found
    raise OSError("the connection ended")
