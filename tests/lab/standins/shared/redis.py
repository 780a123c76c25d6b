"""A minimal client of Redis: one connection per use, which is enough for sessions and a cache of the lab."""

from __future__ import annotations

import socket
from dataclasses import dataclass, field
from typing import Any, BinaryIO
from urllib.parse import parse_qsl, unquote, urlsplit

TIMEOUT = 2.0


class RedisError(Exception):
    """Redis refused a command."""


@dataclass(frozen=True)
class Redis:
    host: str
    port: int = 6379
    password: str | None = field(default=None, repr=False)
    database: int = 0

    def run(self, *words: str | int) -> Any:
        commands: list[tuple[str | int, ...]] = [("AUTH", self.password)] if self.password else []
        commands += [("SELECT", self.database)] if self.database else []
        commands.append(words)
        with socket.create_connection((self.host, self.port), timeout=TIMEOUT) as connection:
            connection.sendall(b"".join(_encoded(command) for command in commands))
            stream = connection.makefile("rb")
            return [_reply(stream) for _command in commands][-1]


def from_text(text: str) -> Redis:
    """Both forms of Gitea: a URL, or network=tcp,addr=redis:6379,password=secret,db=3."""
    if "://" in text:
        parts = urlsplit(text)
        password = unquote(parts.password or parts.username or "") or None
        number = parts.path.strip("/") or dict(parse_qsl(parts.query)).get("db", "0")
        return Redis(parts.hostname or "localhost", parts.port or 6379, password, int(number or 0))
    words = text.split() if len(text.split()) > 1 else text.split(",")
    options = dict(word.partition("=")[::2] for word in words)
    host, _, port = options.get("addr", text if "=" not in text else "localhost").partition(":")
    return Redis(host, int(port or 6379), options.get("password") or None, int(options.get("db") or 0))


def _encoded(words: tuple[str | int, ...]) -> bytes:
    parts = [f"${len(str(word).encode())}\r\n{word}\r\n" for word in words]
    return f"*{len(words)}\r\n{''.join(parts)}".encode()


def _reply(stream: BinaryIO) -> Any:
    line = stream.readline().rstrip(b"\r\n").decode(errors="replace")
    if not line:
        raise OSError("the connection ended")
    kind, text = line[0], line[1:]
    if kind == "-":
        raise RedisError(text)
    if kind == ":":
        return int(text)
    if kind == "$":
        return stream.read(int(text) + 2)[:-2].decode(errors="replace") if int(text) >= 0 else None
    return text
