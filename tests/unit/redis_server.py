# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server for unit tests that speaks the protocol of Redis and keeps its databases in memory."""

from __future__ import annotations

import fnmatch
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any


@dataclass
class FakeRedis:
    """Databases with keys; ``forbidden`` are commands that are refused, ``commands`` what was asked."""

    password: str = ""
    forbidden: tuple[str, ...] = ()
    databases: dict[int, dict[str, Any]] = field(default_factory=dict)
    commands: list[list[str]] = field(default_factory=list)
    port: int = 0

    def answer(self, words: list[str], state: dict[str, Any]) -> Any:
        """The reply to one command; an Exception is an error of Redis."""
        name = words[0].upper()
        self.commands.append(words)
        if name in self.forbidden:
            return Exception(f"ERR unknown command '{words[0]}'")
        if name == "AUTH":
            state["in"] = words[-1] == self.password
            return "OK" if state["in"] else Exception("WRONGPASS invalid username-password pair")
        if self.password and not state.get("in"):
            return Exception("NOAUTH Authentication required.")
        if name == "SELECT":
            state["keys"] = self.databases.setdefault(int(words[1]), {})
            return "OK"
        return self._answer(name, words, state.get("keys", {}))

    @staticmethod
    def _answer(name: str, words: list[str], keys: dict[str, Any]) -> Any:
        if name == "FLUSHDB":
            keys.clear()
        if name == "DBSIZE":
            return len(keys)
        if name == "SCAN":
            return ["0", [key for key in keys if fnmatch.fnmatchcase(key, words[3])]]
        if name == "HKEYS":
            return list(keys.get(words[1], []))
        if name == "DEL":
            return sum(keys.pop(key, None) is not None for key in words[1:])
        if name == "CONFIG":
            return [words[2], "60 1"]
        return "PONG" if name == "PING" else "OK"


def _encoded(reply: Any) -> bytes:
    if isinstance(reply, Exception):
        return f"-{reply}\r\n".encode()
    if isinstance(reply, int):
        return f":{reply}\r\n".encode()
    if isinstance(reply, list):
        return f"*{len(reply)}\r\n".encode() + b"".join(_encoded(entry) for entry in reply)
    text = str(reply).encode()
    return b"$%d\r\n%b\r\n" % (len(text), text)


@contextmanager
def serving(redis: FakeRedis) -> Iterator[FakeRedis]:
    """Run it on a free port of this host."""

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            state: dict[str, Any] = {}
            while line := self.rfile.readline():
                words = []
                for _number in range(int(line[1:])):
                    size = int(self.rfile.readline()[1:])
                    words.append(self.rfile.read(size + 2)[:-2].decode())
                self.wfile.write(_encoded(redis.answer(words, state)))

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        redis.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield redis
        server.shutdown()
