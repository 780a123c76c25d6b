# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which ports and names are tried, and which are left alone."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.jobs.diagnose.steps.network import (
    check_certificates,
    check_connections,
    check_ports,
)
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.inspection import Inspection, PublishedPort
from ansible_collections.maxops.ops.tests.unit.diagnoses import inspection, view_of

NEEDS = "com.docker.compose.depends_on"


class Listening:
    """A server on this host that counts its connections, and what they send."""

    def __init__(self) -> None:
        self._socket = socket.socket()
        self._socket.bind(("127.0.0.1", 0))
        self._socket.listen()
        self.port: int = self._socket.getsockname()[1]
        self.connections: list[bytes] = []
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                client, _address = self._socket.accept()
                with client:
                    client.settimeout(5)
                    with suppress(OSError):
                        self.connections.append(client.recv(100))

    def close(self) -> None:
        """End it."""
        with suppress(OSError):  # closed before
            self._socket.shutdown(socket.SHUT_RDWR)
            self._socket.close()
        self._thread.join(10)


@pytest.fixture
def listening() -> Iterator[Listening]:
    server = Listening()
    yield server
    server.close()


def publishing(service: str, port: int, target: int, protocol: str = "tcp", **facts: Any) -> Inspection:
    """A running service whose port is published; its network is that of this process."""
    ports = (PublishedPort("127.0.0.1", port, target, protocol),)
    return inspection(service, pid=os.getpid(), ports=ports, **facts)


@pytest.mark.parametrize(
    ("target", "environment"),
    [
        (22, {}),
        (2222, {}),
        (2022, {"GITEA__server__SSH_LISTEN_PORT": "2022"}),
        (2022, {"GITEA__SERVER__SSH_PORT": "2022"}),
    ],
)
def test_ssh_server_is_left_alone(listening: Listening, target: int, environment: dict[str, str]) -> None:
    # It would write "banner exchange: invalid format", or a failed authentication, into its log.
    gitea = publishing("gitea", listening.port, target, environment={"GITEA__a__b": "c", **environment})
    view = view_of(gitea)
    check_ports(view)
    check_certificates(view)
    listening.close()
    assert listening.connections == []


def test_other_port_is_tried(listening: Listening) -> None:
    view = view_of(publishing("web", listening.port, listening.port, networks={"host": ()}))
    assert check_ports(view).causes == []
    assert check_certificates(view).causes == []
    listening.close()
    assert b"" in listening.connections
    assert any(sent.startswith(b"\x16\x03") for sent in listening.connections), "no TLS greeting"


def test_udp_port_is_not_tried_with_tcp(listening: Listening) -> None:
    view = view_of(publishing("proxy", listening.port, 443, "udp"))
    assert check_ports(view).causes == []
    assert check_certificates(view).causes == []
    listening.close()
    assert listening.connections == []


def test_service_that_only_starts_after_another_one_needs_no_common_network() -> None:
    front = {"networks": {"front": ("proxy",)}}
    back = {"networks": {"back": ("db",)}}
    labels = {NEEDS: "db:service_started:false"}
    result = check_connections(view_of(inspection("proxy", labels=labels, **front), inspection("db", **back)))
    assert result.causes == []
    named = inspection("proxy", labels=labels, environment={"URL": "http://db:80/"}, **front)
    [cause] = check_connections(view_of(named, inspection("db", **back))).causes
    assert (cause.check, cause.subject) == ("dns_name_missing", "db")
