# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Asks and empties a memcached server, in its own protocol. It cannot delete only some of the keys."""

from __future__ import annotations

import socket

from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError

SECONDS = 10.0
"""How long one answer may take."""


def flush_all(host: str, port: int, name: str, seconds: float = SECONDS) -> None:
    """Make all entries invalid. Raises MaxopsError that contains ``name``, the server in words."""
    _ask(host, port, name, b"flush_all\r\n", b"OK", seconds)


def check(host: str, port: int, name: str, seconds: float = SECONDS) -> None:
    """Raise MaxopsError unless the server answers."""
    _ask(host, port, name, b"version\r\n", b"VERSION", seconds)


def stats(host: str, port: int, name: str, seconds: float = SECONDS) -> dict[str, str]:
    """The server's statistics by name, such as ``evictions``. Raises MaxopsError unless it answers."""
    found: dict[str, str] = {}
    try:
        with socket.create_connection((host, port), timeout=seconds) as connection:
            connection.sendall(b"stats\r\n")
            with connection.makefile("rb") as stream:
                for line in stream:
                    words = line.decode("utf-8", "replace").split()
                    if words[:1] == ["END"]:
                        return found
                    if words[:1] != ["STAT"] or len(words) < 2:
                        raise MaxopsError(f"{name} refuses stats: {' '.join(words) or 'no answer'}; see its log")
                    found[words[1]] = " ".join(words[2:])
    except OSError as error:
        raise MaxopsError(
            f"{name} does not answer at {host}:{port}: {error.strerror or error}; restart it (docker restart)"
        ) from error
    raise MaxopsError(f"{name} closed the connection without an answer; restart it (docker restart)")


def _ask(host: str, port: int, name: str, command: bytes, expected: bytes, seconds: float) -> None:
    try:
        with socket.create_connection((host, port), timeout=seconds) as connection:
            connection.sendall(command)
            with connection.makefile("rb") as stream:
                reply = stream.readline(1000).strip()
    except OSError as error:
        raise MaxopsError(
            f"{name} does not answer at {host}:{port}: {error.strerror or error}; restart it (docker restart), which "
            "empties it too"
        ) from error
    if not reply.startswith(expected):
        raise MaxopsError(
            f"{name} refuses {command.decode().strip()}: {reply.decode('utf-8', 'replace') or 'no answer'}; restart it "
            "(docker restart), which empties it too"
        )
