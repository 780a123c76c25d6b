# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""memcached is emptied in its own protocol, and a refusal names the server."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.systems import memcached
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError


@contextmanager
def answering(reply: bytes, seen: list[bytes]) -> Iterator[int]:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:

        def answer() -> None:
            connection, _address = server.accept()
            with closing(connection):
                seen.append(connection.recv(100))
                connection.sendall(reply)

        thread = threading.Thread(target=answer)
        thread.start()
        yield server.getsockname()[1]
        thread.join()


def test_flush_all() -> None:
    seen: list[bytes] = []
    with answering(b"OK\r\n", seen) as port:
        memcached.flush_all("127.0.0.1", port, "memcached in container c")
    assert seen == [b"flush_all\r\n"]


def test_refusal_and_silence_are_errors() -> None:
    with (
        answering(b"ERROR\r\n", []) as port,
        pytest.raises(MaxopsError, match="memcached in container c refuses version: ERROR"),
    ):
        memcached.check("127.0.0.1", port, "memcached in container c")
    with pytest.raises(MaxopsError, match=r"container c does not answer at 127.0.0.1:1: "):
        memcached.flush_all("127.0.0.1", 1, "memcached in container c")
