# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Talks to the stack's Redis from the host, in its own protocol.

It uses neither a library nor ``redis-cli``: a program in the container takes a tenth of a second to start, has no time
limit, and would need the password.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.container import (
    Container,
    mount_of,
    on_host,
    read_secret,
)
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError
from ansible_collections.maxops.ops.plugins.module_utils.tools.redis_configuration import read_configuration

PORT = 6379
SECONDS = 10.0
"""How long one answer may take unless the caller says otherwise."""
BATCH = 1000
"""How many keys one command lists or deletes."""

CONFIGURATION_BYTES = 256 * 1024
"""At most this much of a configuration file is read; real ones are shorter."""

_CONFIGURATION = re.compile(r"/[^\s'\"]+\.conf\b")
_USUAL_CONFIGURATIONS = (
    "/etc/redis/redis.conf",
    "/usr/local/etc/redis/redis.conf",
    "/etc/redis.conf",
    "/etc/valkey/valkey.conf",
    "/usr/local/etc/valkey/valkey.conf",
)
_PASSWORD_NAMES = ("REDISCLI_AUTH", "REDIS_PASSWORD", "REDIS_PASS")
_PASSWORD_WORD = re.compile(r"--requirepass[ =]+(\S+)")


class RedisError(MaxopsError):
    """Redis refused a command; ``reply`` is its own text."""

    def __init__(self, text: str, reply: str) -> None:
        super().__init__(text)
        self.reply = reply


class RedisUnreachable(MaxopsError):
    """Redis cannot be reached, or does not answer in time."""


class RedisPasswordUnknown(RedisError):
    """The server answers, and requires a password that is not known here: nothing else is known about it."""

    def __init__(self, text: str, reply: str = "") -> None:
        super().__init__(text, reply)


@dataclass(frozen=True)
class RedisServer:
    """How to reach the stack's Redis; ``container`` is a name for messages.

    ``other_hosts`` are tried in turn where ``host`` cannot be reached. ``likely`` are passwords of its clients, tried
    where its own is not known.
    """

    host: str
    port: int
    password: str = field(repr=False)
    container: str
    user: str = ""
    other_hosts: tuple[str, ...] = ()
    likely: tuple[str, ...] = field(default=(), repr=False)

    def connect(self, seconds: float = SECONDS) -> Redis:
        """Open a connection. Raises MaxopsError that names the container, the cause and the next step."""
        return Redis(self, seconds)


def find_redis(container: Container, root: str = "", password: str | None = None) -> RedisServer:
    """How to reach the Redis of a container from this host, with the password from its container.

    ``root`` is its file system on this host while it runs, or empty: then only mounted files are read. ``password`` is
    the operator's, which comes first.
    """
    if not container.addresses:
        raise RedisUnreachable(
            f"container {container.name} has no address on any network that this host can reach; "
            "attach it to a bridge network of the project (networks: in the Compose file)"
        )
    port = container.environment.get("REDIS_PORT", "")
    return RedisServer(
        host=container.addresses[0],
        port=int(port) if port.isdigit() else PORT,
        password=_password(container, root) if password is None else password,
        container=container.name,
        other_hosts=container.addresses[1:],
    )


def _password(container: Container, root: str) -> str:
    for name in _PASSWORD_NAMES:
        if container.environment.get(name):
            return container.environment[name]
        inside = container.environment.get(f"{name}_FILE")
        if inside:
            otherwise = "mount it, or set REDIS_PASSWORD in the container's environment"
            try:
                return read_secret(container, inside, otherwise, "run as root (become: true)")[0]
            except MaxopsError as error:
                raise RedisPasswordUnknown(str(error)) from error
    match = _PASSWORD_WORD.search(" ".join(container.command))
    if match and "$" not in match.group(1):
        return match.group(1).strip("'\"")
    named = _CONFIGURATION.findall(" ".join(container.command))
    paths = named or [path for path in _USUAL_CONFIGURATIONS if mount_of(path, container.mounts)]
    return read_configuration(paths, lambda inside: _read(container, root, inside)).password


def _read(container: Container, root: str, inside: str) -> str | None:
    """A configuration file of the container; None where this host cannot read it."""
    path = on_host(inside, container.mounts) if mount_of(inside, container.mounts) else f"{root}{inside}"
    with suppress(OSError):
        if root or path != inside:
            with open(path, encoding="utf-8", errors="surrogateescape") as stream:
                return stream.read(CONFIGURATION_BYTES)
    return None


class Redis:
    """One connection, as a context manager. It is not thread-safe."""

    def __init__(self, server: RedisServer, seconds: float = SECONDS) -> None:
        self._server = server
        self._name = f"Redis in container {server.container}"
        self._socket = self._connected(seconds)
        self._stream = self._socket.makefile("rb")
        try:
            if server.password:
                self._authenticate(server.user, server.password)
            else:
                self._try(server.likely)
        except BaseException:
            self.close()
            raise

    def _connected(self, seconds: float) -> socket.socket:
        """A connection to the first address that can be reached, in ``seconds`` for all of them."""
        server = self._server
        hosts = [server.host, *server.other_hosts]
        failures = []
        for host in hosts:
            try:
                connection = socket.create_connection((host, server.port), timeout=seconds / len(hosts))
            except OSError as error:  # noqa: PERF203 - every address is tried separately
                failures.append(f"{host}:{server.port}: {error.strerror or error}")
            else:
                connection.settimeout(seconds)
                return connection
        raise RedisUnreachable(
            f"{self._name} cannot be reached at {', '.join(failures)}; see docker logs --tail=50 {server.container}"
        )

    def __enter__(self) -> Redis:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection; a connection that is already closed is not an error."""
        with suppress(OSError):
            self._stream.close()
        self._socket.close()

    def run(self, *words: str | int) -> Any:
        """Send one command and return its reply: text, number, list or None. Raises RedisError where Redis refuses."""
        try:
            self._send(words)
            return self._reply(str(words[0]))
        except OSError as error:
            raise RedisUnreachable(
                f"{self._name} does not answer {words[0]} ({error.strerror or error}): it is stopped, paused or busy; "
                f"see docker logs --tail=50 {self._server.container}"
            ) from error

    def info(self, *sections: str) -> dict[str, str]:
        """The reply to INFO, as text by name; for some sections, or for the default ones."""
        lines = str(self.run("INFO", *sections)).splitlines()
        return dict(line.partition(":")[::2] for line in lines if ":" in line and not line.startswith("#"))

    def setting(self, name: str) -> str:
        """One of the server's settings; empty for an unknown name."""
        reply = self.run("CONFIG", "GET", name)
        return str(reply[1]) if reply else ""

    # -- deleting -----------------------------------------------------------------------------------------------

    def empty(self, database: int) -> None:
        """Delete all keys of one database."""
        self.run("SELECT", database)
        try:
            self.run("FLUSHDB", "ASYNC")
        except RedisError:  # the command is renamed or forbidden
            self._delete(self._scan("*"))
            # A name that is not text cannot be deleted this way.
            left = int(self.run("DBSIZE"))
            if left:
                raise MaxopsError(
                    f"{self._name} still has {left} keys in database {database} and forbids FLUSHDB: allow that command"
                ) from None

    def delete_matching(self, database: int, prefix: str, pattern: str) -> None:
        """Delete the keys of one database that begin with ``prefix`` and match a regular expression as a whole."""
        self.run("SELECT", database)
        escaped = re.sub(r"([\\*?\[\]^])", r"\\\1", prefix)
        self._delete(key for key in self._scan(f"{escaped}*") if re.fullmatch(pattern, key))

    def delete_listed(self, database: int, name: str) -> None:
        """Delete the keys that are fields of a hash, and the hash."""
        self.run("SELECT", database)
        self._delete([*(self.run("HKEYS", name) or []), name])

    def save_soon(self) -> None:
        """Let Redis write its snapshot, if it writes any, so that deleted keys do not come back after a crash."""
        with suppress(RedisError):
            if self.setting("save"):
                self.run("BGSAVE", "SCHEDULE")

    def _scan(self, pattern: str) -> list[str]:
        cursor, found = "0", []
        while True:
            cursor, keys = self.run("SCAN", cursor, "MATCH", pattern, "COUNT", BATCH)
            found += keys
            if str(cursor) == "0":
                return list(dict.fromkeys(found))

    def _delete(self, keys: Iterable[str]) -> None:
        names = list(keys)
        for start in range(0, len(names), BATCH):
            self.run("DEL", *names[start : start + BATCH])

    # -- the protocol (RESP 2) ----------------------------------------------------------------------------------

    def _authenticate(self, user: str, password: str) -> None:
        try:
            self.run("AUTH", *([user] if user else []), password)
        except RedisError as error:
            # The server has no password; the password in the environment is for another program.
            if "without any password configured" in error.reply:
                return
            raise RedisError(
                f"{self._name} refuses the password of the container's configuration (REDISCLI_AUTH, REDIS_PASSWORD or "
                "--requirepass): it was changed after the container was created; recreate the container (docker "
                "compose up --detach)",
                error.reply,
            ) from error

    def _try(self, passwords: Iterable[str]) -> None:
        """Sign in with the first password that is accepted; without one, the first command shows what is missing."""
        for password in passwords:
            with suppress(RedisError):
                self.run("AUTH", password)
                return

    def _send(self, words: tuple[str | int, ...]) -> None:
        encoded = [str(word).encode("utf-8") for word in words]
        parts = [b"*%d\r\n" % len(encoded), *(b"$%d\r\n%b\r\n" % (len(word), word) for word in encoded)]
        self._socket.sendall(b"".join(parts))

    def _reply(self, command: str) -> Any:
        line = self._stream.readline()
        if not line.endswith(b"\r\n"):
            raise ConnectionResetError("the connection ended")
        kind, text = line[:1], line[1:-2].decode("utf-8", "replace")
        if kind == b"+":
            return text
        if kind == b":":
            return int(text)
        if kind == b"$":
            return self._bulk(int(text))
        if kind == b"*":
            return None if int(text) < 0 else [self._reply(command) for _number in range(int(text))]
        if kind == b"-" and text.startswith("NOAUTH"):
            raise RedisPasswordUnknown(f"{self._name} refuses {command}: {text}{_advice(text)}", text)
        if kind == b"-":
            raise RedisError(f"{self._name} refuses {command}: {text}{_advice(text)}", text)
        raise RedisUnreachable(
            f"the server at {self._server.host}:{self._server.port} is not Redis; check that container "
            f"{self._server.container} is the cache, or name the right service in cache_service"
        )

    def _bulk(self, size: int) -> str | None:
        if size < 0:
            return None
        data = self._stream.read(size + 2)
        if len(data) < size + 2:
            raise ConnectionResetError("the connection ended")
        return data[:-2].decode("utf-8", "replace")


def _advice(reply: str) -> str:
    if reply.startswith("NOAUTH"):
        return (
            "; it answers, and its password is not known: not from its container's environment (REDISCLI_AUTH), a "
            "mounted configuration file or the applications' settings; set cache_password"
        )
    if reply.startswith("OOM"):
        return "; it has reached maxmemory: raise it, or choose a policy that evicts (maxmemory-policy)"
    if reply.startswith("LOADING"):
        return "; it is still reading its data from the disk: wait a moment, then run this again"
    if reply.startswith("MISCONF"):
        return "; it cannot write its snapshot: check whether its disk is full"
    return ""
