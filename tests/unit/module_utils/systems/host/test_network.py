# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names, connections and ports of this machine."""

from __future__ import annotations

import os
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.systems.host import network
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError

TABLE = """  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:2328 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 111 1 0
   1: 00000000:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 222 1 0
   2: 0100007F:A2C4 0100007F:2328 01 00000000:00000000 00:00000000 00000000     0        0 333 1 0
"""


def test_listening_ports_are_read_from_the_kernels_table() -> None:
    assert network.parse_listeners(TABLE) == [
        network.Listener(9000, True, "111"),
        network.Listener(8080, False, "222"),
    ]


@contextmanager
def listening() -> Iterator[int]:
    """A port of this machine that this process listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def test_process_on_a_port_is_found_without_its_command_line() -> None:
    with listening() as port:
        [holder] = network.holders(port)
    assert holder.pid == os.getpid()
    assert holder.in_words().startswith(f"process {os.getpid()} (")


def test_unused_port_has_no_process() -> None:
    with listening() as port:
        pass
    assert network.holders(port) == []


def test_connection_is_open_refused_or_silent() -> None:
    with listening() as port:
        assert network.connect("127.0.0.1", port, 2) == network.OPEN
    assert network.connect("127.0.0.1", port, 2) == network.REFUSED


@contextmanager
def name_server(answers: dict[str, str]) -> Iterator[str]:
    """A name server with a few names, at its own loopback address; skips the test where port 53 is not available."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        address = f"127.77.{os.getpid() % 250}.53"
        try:
            server.bind((address, 53))
        except OSError:
            pytest.skip("port 53 is not available")
        server.settimeout(5)

        def serve() -> None:
            question, client = server.recvfrom(512)
            labels, offset = [], 12
            while question[offset]:
                labels.append(question[offset + 1 : offset + 1 + question[offset]].decode())
                offset += question[offset] + 1
            answer = answers.get(".".join(labels))
            head = question[:2] + struct.pack(">HHHHH", 0x8180, 1, 1 if answer else 0, 0, 0)
            record = b"\xc0\x0c" + struct.pack(">HHIH", 1, 1, 60, 4) + socket.inet_aton(answer) if answer else b""
            server.sendto(head + question[12 : offset + 5] + record, client)

        threading.Thread(target=serve, daemon=True).start()
        yield address


def root_with(folder: Path, server: str) -> str:
    """A file system with the two files that name resolution reads."""
    (folder / "etc").mkdir()
    (folder / "etc" / "hosts").write_text("127.0.0.1 localhost # here\n::1 six\n172.18.0.9 gitea alias\n")
    (folder / "etc" / "resolv.conf").write_text(f"search lab\nnameserver {server}\noptions ndots:0\n")
    return str(folder)


def test_name_is_resolved_by_the_name_server_of_the_container(tmp_path: Path) -> None:
    with name_server({"postgres": "172.18.0.2"}) as server:
        assert network.resolve("postgres", root_with(tmp_path, server), 2) == ["172.18.0.2"]


def test_unknown_name_has_no_address(tmp_path: Path) -> None:
    with name_server({}) as server:
        assert network.resolve("postgres", root_with(tmp_path, server), 2) == []


def test_hosts_file_and_addresses_need_no_name_server(tmp_path: Path) -> None:
    root = root_with(tmp_path, "192.0.2.1")
    assert network.resolve("alias", root, 0.1) == ["172.18.0.9"]
    assert network.resolve("10.0.0.7", root, 0.1) == ["10.0.0.7"]


def test_silent_name_server_is_named_in_the_error(tmp_path: Path) -> None:
    with listening():
        root = root_with(tmp_path, "127.77.251.53")
        with pytest.raises(MaxopsError, match=r"no name server answers: 127\.77\.251\.53"):
            network.resolve("postgres", root, 0.2)


def test_network_of_a_process_that_has_ended_is_an_error() -> None:
    with pytest.raises(MaxopsError, match="cannot open the network of process 999999999"):
        network.in_network_of(999999999, lambda: None)
