# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The first address and port of a container at which a server listens."""

from __future__ import annotations

import socket

from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.addresses import reach


def test_next_address_and_port_are_tried() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        found = reach(["127.0.0.9", "127.0.0.1"], [1, port], 5)
    assert (found.host, found.port) == ("127.0.0.1", port)
    assert len(found.failures) == 3


def test_all_that_were_tried_are_named() -> None:
    found = reach(["127.0.0.1"], [1, 2], 5)
    assert not found.host
    assert found.refused
    assert found.describe() == "127.0.0.1:1 connection refused, 127.0.0.1:2 connection refused"
    assert not reach([], [80], 5).refused
