# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names, connections and ports of this very machine."""

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
    """A port of this machine that this process has."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def test_holder_of_a_port_is_found_and_its_command_line_is_not_told() -> None:
    with listening() as port:
        [holder] = network.holders(port)
    assert holder.pid == os.getpid()
    assert holder.in_words().startswith(f"process {os.getpid()} (")


def test_port_that_nobody_has_has_no_holder() -> None:
    with listening() as port:
        pass
    assert network.holders(port) == []


def test_connection_is_open_refused_or_silent() -> None:
    with listening() as port:
        assert network.connect("127.0.0.1", port, 2) == network.OPEN
    assert network.connect("127.0.0.1", port, 2) == network.REFUSED


@contextmanager
def name_server(answers: dict[str, str]) -> Iterator[str]:
    """A name server of a few names, at an address of its own where port 53 may be had."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        address = f"127.77.{os.getpid() % 250}.53"
        try:
            server.bind((address, 53))
        except OSError:
            pytest.skip("port 53 may not be had")
        server.settimeout(5)

        def serve() -> None:
            question, client = server.recvfrom(512)
            name, place = [], 12
            while question[place]:
                name.append(question[place + 1 : place + 1 + question[place]].decode())
                place += question[place] + 1
            found = answers.get(".".join(name))
            head = question[:2] + struct.pack(">HHHHH", 0x8180, 1, 1 if found else 0, 0, 0)
            record = b"\xc0\x0c" + struct.pack(">HHIH", 1, 1, 60, 4) + socket.inet_aton(found) if found else b""
            server.sendto(head + question[12 : place + 5] + record, client)

        threading.Thread(target=serve, daemon=True).start()
        yield address


def root_with(folder: Path, server: str) -> str:
    """A file system with the two files that names are looked up with."""
    (folder / "etc").mkdir()
    (folder / "etc" / "hosts").write_text("127.0.0.1 localhost # here\n::1 six\n172.18.0.9 known alias\n")
    (folder / "etc" / "resolv.conf").write_text(f"search lab\nnameserver {server}\noptions ndots:0\n")
    return str(folder)


def test_name_is_asked_for_as_its_container_would(tmp_path: Path) -> None:
    with name_server({"postgres": "172.18.0.2"}) as server:
        assert network.resolve("postgres", root_with(tmp_path, server), 2) == ["172.18.0.2"]


def test_name_that_nobody_knows_has_no_address(tmp_path: Path) -> None:
    with name_server({}) as server:
        assert network.resolve("postgres", root_with(tmp_path, server), 2) == []


def test_hosts_file_and_addresses_need_no_name_server(tmp_path: Path) -> None:
    root = root_with(tmp_path, "192.0.2.1")
    assert network.resolve("alias", root, 0.1) == ["172.18.0.9"]
    assert network.resolve("10.0.0.7", root, 0.1) == ["10.0.0.7"]


def test_name_server_that_is_silent_is_named(tmp_path: Path) -> None:
    with listening():
        root = root_with(tmp_path, "127.77.251.53")
        with pytest.raises(MaxopsError, match=r"no name server answers: 127\.77\.251\.53"):
            network.resolve("postgres", root, 0.2)


def test_network_of_a_process_that_is_gone_is_told_in_a_sentence() -> None:
    with pytest.raises(MaxopsError, match="cannot look into the network of process 999999999"):
        network.inside(999999999, lambda: None)
