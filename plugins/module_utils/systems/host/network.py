# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names, connections and ports, seen from the host or out of a container's own network. Private to this collection.

Nothing is run in a container, so nothing has to be installed there: a thread of this process steps into the
container's network and asks from within.
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
    """A TCP port that somebody listens on; ``local_only`` when only its own machine or container can reach it."""

    port: int
    local_only: bool
    inode: str


@dataclass(frozen=True)
class Holder:
    """The process that has a port: never its command line, which may hold a password."""

    pid: int
    name: str
    user: str
    unit: str
    container_id: str

    def in_words(self) -> str:
        """As a person says it."""
        place = f", unit {self.unit}" if self.unit else ""
        return f"process {self.pid} ({self.name}, user {self.user}{place})"


def inside(pid: int, work: Callable[[], Result]) -> Result:
    """Do ``work`` in the network of a process; only one thread of ours goes there, and it ends afterwards."""
    results: list[Result] = []
    failures: list[BaseException] = []

    def visit() -> None:
        try:
            _enter(pid)
            results.append(work())
        except BaseException as error:  # noqa: BLE001 - raised below, in the thread that asked for the work
            failures.append(error)

    visitor = threading.Thread(target=visit, daemon=True, name=f"network-of-{pid}")
    visitor.start()
    visitor.join()
    if failures:
        raise failures[0]
    return results[0]


def _enter(pid: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    try:
        descriptor = os.open(f"/proc/{pid}/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise MaxopsError(f"cannot look into the network of process {pid}: {error.strerror}; run as root") from error
    try:
        if libc.setns(descriptor, _CLONE_NEWNET) != 0:
            said = os.strerror(ctypes.get_errno())
            raise MaxopsError(f"cannot step into the network of process {pid}: {said}; run as root (become: true)")
    finally:
        os.close(descriptor)


def connect(host: str, port: int, timeout: float) -> str:
    """What a TCP connection to an address meets: open, refused, silent or unreachable."""
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
    """IPv4 addresses that a name has for who lives in ``root`` (its /etc/hosts, its name server); none: no such name.

    Raises MaxopsError when the name server does not answer.
    """
    if _ADDRESS.fullmatch(name):
        return [name]
    known = _from_hosts(name, os.path.join(root, "etc/hosts"))
    if known:
        return known
    silent = []
    for server in _name_servers(os.path.join(root, "etc/resolv.conf")):
        addresses, problem = _ask(server, name, timeout)
        if not problem:
            return addresses
        silent.append(f"{server} ({problem})")
    raise MaxopsError(f"no name server answers: {', '.join(silent) or 'none is set'}")


def _ask(server: str, name: str, timeout: float) -> tuple[list[str], str]:
    try:
        return ask_name_server(server, name, timeout), ""
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


def ask_name_server(server: str, name: str, timeout: float) -> list[str]:
    """One question for IPv4 addresses over UDP; a name that is not known has none."""
    number = int.from_bytes(os.urandom(2), "big")
    labels = b"".join(bytes([len(each)]) + each for each in name.encode("idna").strip(b".").split(b"."))
    question = struct.pack(">HHHHHH", number, 0x0100, 1, 0, 0, 0) + labels + b"\0" + struct.pack(">HH", 1, 1)
    family = socket.AF_INET6 if ":" in server else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as asking:
        asking.settimeout(timeout)
        asking.connect((server, 53))
        asking.send(question)
        while True:
            answer = asking.recv(4096)
            if answer[:2] == question[:2]:
                return _addresses(answer)


def _addresses(answer: bytes) -> list[str]:
    questions, answers = struct.unpack(">HH", answer[4:8])
    place = 12
    for _each in range(questions):
        place = _after_name(answer, place) + 4
    found = []
    for _each in range(answers):
        place = _after_name(answer, place)
        kind, _class, _ttl, length = struct.unpack(">HHIH", answer[place : place + 10])
        place += 10
        if kind == 1 and length == 4:
            found.append(socket.inet_ntoa(answer[place : place + 4]))
        place += length
    return found


def _after_name(answer: bytes, place: int) -> int:
    while place < len(answer):
        length = answer[place]
        if length >= 0xC0:
            return place + 2
        place += 1 + length
        if length == 0:
            break
    return place


# -- ports --------------------------------------------------------------------------------------------------------


def listeners(pid: int | None = None) -> list[Listener]:
    """TCP ports that are listened on, on this host or in the network of a process. Raises OSError when it is gone."""
    folder = f"/proc/{pid}/net" if pid else "/proc/net"
    found = parse_listeners(_read(os.path.join(folder, "tcp")))
    with suppress(FileNotFoundError):  # a kernel without IPv6
        found += parse_listeners(_read(os.path.join(folder, "tcp6")))
    return found


def parse_listeners(text: str) -> list[Listener]:
    """The listening sockets of the kernel's table."""
    found = []
    for line in text.splitlines()[1:]:
        fields = line.split()
        if len(fields) > 9 and fields[3] == _LISTEN:
            address, _colon, port = fields[1].partition(":")
            found.append(Listener(int(port, 16), _is_loopback(address), fields[9]))
    return found


def _is_loopback(address: str) -> bool:
    # Each 32-bit word in the machine's byte order; every machine that runs Docker today is little-endian.
    return address[6:8] == "7F" if len(address) == 8 else address == "0" * 24 + "01000000"


def holders(port: int) -> list[Holder]:
    """Who listens on a port of this host. Without root, other users' processes stay unknown."""
    inodes = {f"socket:[{each.inode}]" for each in listeners() if each.port == port}
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
    except OSError:  # it has ended, or it is somebody else's
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
    # The daemon's own unit says nothing of who has the port: its proxies are in it too.
    ours = unit.group(1) if unit and not unit.group(1).startswith(("docker", "containerd", "user@")) else ""
    return Holder(pid, name, user, ours, container.group(0) if container else "")


def _user_name(number: int) -> str:
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)


def _read(path: str) -> str:
    with open(path, encoding="utf-8", errors="replace") as stream:
        return stream.read()
