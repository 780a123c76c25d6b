# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names, connections and ports, seen from the host or from a container's own network.

Nothing runs in a container, so nothing has to be installed there: a thread of this process enters the container's
network namespace.
"""

from __future__ import annotations

import ctypes
import errno
import os
import pwd
import re
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Callable, TypeVar

from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError

Result = TypeVar("Result")

OPEN = "open"
REFUSED = "refused"
SILENT = "silent"
UNREACHABLE = "unreachable"

_CLONE_NEWNET = 0x40000000
_LISTEN = "0A"
_ADDRESS = re.compile(r"\d+\.\d+\.\d+\.\d+")
_UNIT = re.compile(r"/([^/]+\.service)(?:/|$)")
_CONTAINER = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Listener:
    """A TCP port that a process listens on; ``local_only`` when only its own host or container can reach it."""

    port: int
    local_only: bool
    inode: str


@dataclass(frozen=True)
class Holder:
    """The process that uses a port; without its command line, which may hold a password."""

    pid: int
    name: str
    user: str
    unit: str
    container_id: str

    def in_words(self) -> str:
        """One phrase for a message."""
        unit = f", unit {self.unit}" if self.unit else ""
        return f"process {self.pid} ({self.name}, user {self.user}{unit})"


def in_network_of(pid: int, work: Callable[[], Result]) -> Result:
    """Call ``work`` in the network namespace of a process, in a thread that ends afterwards.

    Raises what ``work`` raised, or MaxopsError when the namespace cannot be entered.
    """
    results: list[Result] = []
    failures: list[BaseException] = []

    def enter_and_work() -> None:
        try:
            _enter(pid)
            results.append(work())
        except BaseException as error:  # noqa: BLE001 - raised below, in the calling thread
            failures.append(error)

    thread = threading.Thread(target=enter_and_work, daemon=True, name=f"network-of-{pid}")
    thread.start()
    thread.join()
    if failures:
        raise failures[0]
    return results[0]


def _enter(pid: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    try:
        descriptor = os.open(f"/proc/{pid}/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        cause = f"{error.strerror}; run as root (become: true)"
        raise MaxopsError(f"cannot open the network of process {pid}: {cause}") from error
    try:
        if libc.setns(descriptor, _CLONE_NEWNET) != 0:
            cause = f"{os.strerror(ctypes.get_errno())}; run as root (become: true)"
            raise MaxopsError(f"cannot enter the network of process {pid}: {cause}")
    finally:
        os.close(descriptor)


def connect(host: str, port: int, timeout: float) -> str:
    """How a TCP connection to an address ends: open, refused, silent or unreachable."""
    try:
        socket.create_connection((host, port), timeout=timeout).close()
    except socket.timeout:
        return SILENT
    except ConnectionRefusedError:
        return REFUSED
    except OSError as error:
        return SILENT if error.errno == errno.ETIMEDOUT else UNREACHABLE
    return OPEN


def resolve(name: str, root: str, timeout: float) -> list[str]:
    """IPv4 addresses of a name for processes whose file system is ``root``: by its /etc/hosts, then its name servers.

    An unknown name has none. Raises MaxopsError when no name server answers.
    """
    if _ADDRESS.fullmatch(name):
        return [name]
    addresses = _from_hosts(name, os.path.join(root, "etc/hosts"))
    if addresses:
        return addresses
    silent = []
    for server in _name_servers(os.path.join(root, "etc/resolv.conf")):
        addresses, problem = _query(server, name, timeout)
        if not problem:
            return addresses
        silent.append(f"{server} ({problem})")
    raise MaxopsError(f"no name server answers: {', '.join(silent) or 'none is set'}")


def _query(server: str, name: str, timeout: float) -> tuple[list[str], str]:
    try:
        return query_name_server(server, name, timeout), ""
    except (OSError, struct.error, UnicodeError) as error:
        return [], str(getattr(error, "strerror", None) or error)


def _from_hosts(name: str, path: str) -> list[str]:
    return [words[0] for words in _lines_of(path) if name in words[1:] and _ADDRESS.fullmatch(words[0])]


def _name_servers(path: str) -> list[str]:
    return [words[1] for words in _lines_of(path) if words[0] == "nameserver" and len(words) > 1]


def _lines_of(path: str) -> list[list[str]]:
    try:
        with open(path, encoding="utf-8", errors="replace") as stream:
            lines = [line.partition("#")[0].split() for line in stream]
    except OSError:
        return []
    return [words for words in lines if words]


def query_name_server(server: str, name: str, timeout: float) -> list[str]:
    """One query for IPv4 addresses over UDP; an unknown name has none."""
    number = int.from_bytes(os.urandom(2), "big")
    labels = b"".join(bytes([len(label)]) + label for label in name.encode("idna").strip(b".").split(b"."))
    question = struct.pack(">HHHHHH", number, 0x0100, 1, 0, 0, 0) + labels + b"\0" + struct.pack(">HH", 1, 1)
    family = socket.AF_INET6 if ":" in server else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as client:
        client.settimeout(timeout)
        client.connect((server, 53))
        client.send(question)
        while True:
            answer = client.recv(4096)
            if answer[:2] == question[:2]:
                return _addresses(answer)


def _addresses(answer: bytes) -> list[str]:
    questions, answers = struct.unpack(">HH", answer[4:8])
    offset = 12
    for _question in range(questions):
        offset = _after_name(answer, offset) + 4
    addresses = []
    for _answer in range(answers):
        offset = _after_name(answer, offset)
        kind, _class, _ttl, length = struct.unpack(">HHIH", answer[offset : offset + 10])
        offset += 10
        if kind == 1 and length == 4:
            addresses.append(socket.inet_ntoa(answer[offset : offset + 4]))
        offset += length
    return addresses


def _after_name(answer: bytes, offset: int) -> int:
    while offset < len(answer):
        length = answer[offset]
        if length >= 0xC0:
            return offset + 2
        offset += 1 + length
        if length == 0:
            break
    return offset


# -- ports --------------------------------------------------------------------------------------------------------


def listeners(pid: int | None = None) -> list[Listener]:
    """Listening TCP ports of this host, or of the network of a process. Raises OSError when the process has ended."""
    folder = f"/proc/{pid}/net" if pid else "/proc/net"
    sockets = parse_listeners(_read(os.path.join(folder, "tcp")))
    with suppress(FileNotFoundError):  # a kernel without IPv6
        sockets += parse_listeners(_read(os.path.join(folder, "tcp6")))
    return sockets


def parse_listeners(text: str) -> list[Listener]:
    """The listening sockets of the kernel's table."""
    sockets = []
    for line in text.splitlines()[1:]:
        fields = line.split()
        if len(fields) > 9 and fields[3] == _LISTEN:
            address, _colon, port = fields[1].partition(":")
            sockets.append(Listener(int(port, 16), _is_loopback(address), fields[9]))
    return sockets


def _is_loopback(address: str) -> bool:
    # Each 32-bit word in the machine's byte order; every machine that runs Docker today is little-endian.
    return address[6:8] == "7F" if len(address) == 8 else address == "0" * 24 + "01000000"


def holders(port: int) -> list[Holder]:
    """The processes that listen on a port of this host. Without root, other users' processes stay unknown."""
    inodes = {f"socket:[{listener.inode}]" for listener in listeners() if listener.port == port}
    if not inodes:
        return []
    return [_holder(pid) for pid in _process_ids() if _has_socket(pid, inodes)]


def _process_ids() -> Iterator[int]:
    return (int(name) for name in os.listdir("/proc") if name.isdigit())


def _has_socket(pid: int, inodes: set[str]) -> bool:
    folder = f"/proc/{pid}/fd"
    try:
        for name in os.listdir(folder):
            with suppress(OSError):
                if os.readlink(os.path.join(folder, name)) in inodes:
                    return True
    except OSError:  # it has ended, or it is another user's
        return False
    return False


def _holder(pid: int) -> Holder:
    name, user, groups = "?", "?", ""
    with suppress(OSError):
        name = _read(f"/proc/{pid}/comm").strip()
    with suppress(OSError):
        owner = os.stat(f"/proc/{pid}").st_uid
        user = _user_name(owner)
    with suppress(OSError):
        groups = _read(f"/proc/{pid}/cgroup")
    unit, container = _UNIT.search(groups), _CONTAINER.search(groups)
    # The daemon's own unit does not name the service: Docker's port proxies are in it, too.
    service = unit.group(1) if unit and not unit.group(1).startswith(("docker", "containerd", "user@")) else ""
    return Holder(pid, name, user, service, container.group(0) if container else "")


def _user_name(number: int) -> str:
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)


def _read(path: str) -> str:
    with open(path, encoding="utf-8", errors="replace") as stream:
        return stream.read()
