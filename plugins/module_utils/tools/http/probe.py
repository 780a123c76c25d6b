# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One HTTP request that checks whether a server answers.

Not client.py: that one repeats and expects JSON, and importing its library takes longer than the whole request.
"""

from __future__ import annotations

import http.client
import socket
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

BODY_LIMIT = 64 * 1024
"""Bytes of an answer that are read; no health check needs more."""

_TOO_LATE = (TimeoutError, socket.timeout)  # two different classes in Python 3.9


@dataclass(frozen=True)
class Probe:
    """The answer; without one, ``status`` is 0 and ``problem`` says why."""

    url: str
    status: int
    body: str
    location: str
    seconds: float
    problem: str = ""
    timed_out: bool = False


class _NamedConnection(http.client.HTTPSConnection):
    """HTTPS that asks for the certificate of another name than the address: a gateway may have several."""

    def __init__(self, name: str, host: str, port: int, **options: Any) -> None:
        super().__init__(host, port, **options)
        self._name = name
        self._secure = options["context"]

    def connect(self) -> None:
        """Connect, and agree on the encryption."""
        http.client.HTTPConnection.connect(self)
        self.sock = self._secure.wrap_socket(self.sock, server_hostname=self._name)


class SocketConnection(http.client.HTTPConnection):
    """HTTP over a socket in the file system, as the Docker daemon speaks it."""

    def __init__(self, path: str, seconds: float) -> None:
        super().__init__("localhost", timeout=seconds)
        self._path = path

    def connect(self) -> None:
        """Open the socket."""
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


def probe(url: str, seconds: float, headers: dict[str, str] | None = None) -> Probe:
    """Request an address once, follow no redirect, accept any certificate; never raises for what the server does.

    ``seconds`` limits the whole request, also for a server that sends one byte a second. A Host among the headers is
    also the name whose certificate an encrypted server should show.
    """
    parts = urlsplit(url)
    started = time.monotonic()
    connection = _connection(parts, seconds, name_of((headers or {}).get("Host", "")))
    try:
        # Each received byte restarts the socket's own timeout, so it is shortened by hand.
        connection.connect()
        connection.sock.settimeout(max(0.05, seconds - (time.monotonic() - started)))
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request("GET", path, headers={"Connection": "close", "User-Agent": "maxops.ops", **(headers or {})})
        response = connection.getresponse()
        body = _read(response, connection, started + seconds)
        elapsed = time.monotonic() - started
        location = response.getheader("Location") or ""
        return Probe(url, response.status, body, location, elapsed)
    except (OSError, http.client.HTTPException, ValueError) as error:
        timed_out = isinstance(error, _TOO_LATE)
        return Probe(url, 0, "", "", time.monotonic() - started, _words(error, seconds), timed_out)
    finally:
        connection.close()


def name_of(host: str) -> str:
    """The name in a Host header, without its port; empty for an address, which no certificate is chosen by."""
    name = host if host.count(":") > 1 else host.partition(":")[0]
    return "" if not name or ":" in name or name.replace(".", "").isdigit() else name


def _connection(parts: Any, seconds: float, name: str = "") -> http.client.HTTPConnection:
    if parts.scheme != "https":
        return http.client.HTTPConnection(parts.hostname or "", parts.port or 80, timeout=seconds)
    import ssl  # noqa: PLC0415

    return _NamedConnection(
        name or parts.hostname or "",
        parts.hostname or "",
        parts.port or 443,
        timeout=seconds,
        # The request checks the server; its certificate is checked separately.
        context=ssl._create_unverified_context(),  # noqa: S323
    )


def _read(response: http.client.HTTPResponse, connection: http.client.HTTPConnection, until: float) -> str:
    pieces: list[bytes] = []
    size = 0
    while size < BODY_LIMIT:
        left = until - time.monotonic()
        if left <= 0:
            raise TimeoutError
        if connection.sock:
            connection.sock.settimeout(left)
        piece = response.read1(BODY_LIMIT - size)
        if not piece:
            break
        pieces.append(piece)
        size += len(piece)
    return b"".join(pieces).decode("utf-8", "replace")


def _words(error: Exception, seconds: float) -> str:
    if isinstance(error, _TOO_LATE):
        return f"no answer within {seconds:.3g} s"
    if isinstance(error, ConnectionRefusedError):
        return "connection refused: nothing listens there"
    if isinstance(error, socket.gaierror):
        return "the host name cannot be resolved"
    if isinstance(error, http.client.RemoteDisconnected):
        return "the connection was closed without an answer"
    if isinstance(error, http.client.HTTPException):
        return f"the server does not speak HTTP ({type(error).__name__})"
    return str(getattr(error, "strerror", None) or error)


def certificate_end(host: str, port: int, seconds: float, name: str = "") -> float:
    """When the certificate of a server expires, in seconds since 1970. Raises OSError or ValueError.

    ``name`` is the name whose certificate the server should show, where it is not ``host``.
    """
    import ssl  # noqa: PLC0415

    context = ssl._create_unverified_context()  # noqa: S323 - an expired one has to be read as well
    with (
        socket.create_connection((host, port), timeout=seconds) as plain,
        context.wrap_socket(plain, server_hostname=name or host) as secured,
    ):
        data = secured.getpeercert(binary_form=True)
    if not data:
        raise ValueError("the server sent no certificate")
    return not_after(data)


def not_after(certificate: bytes) -> float:
    """The end of a certificate's validity, read from its DER form: the standard library reads only trusted ones."""
    _tag, body, _rest = _der(certificate)
    _tag, fields, _rest = _der(body)
    tag, _version, rest = _der(fields)
    if tag == 0xA0:  # the version, which the first certificates left out
        _tag, _serial, rest = _der(rest)
    for _skipped in ("signature algorithm", "issuer"):
        _tag, _value, rest = _der(rest)
    _tag, validity, _rest = _der(rest)
    _tag, _begin, rest = _der(validity)
    tag, end, _rest = _der(rest)
    text = end.decode("ascii")
    if tag == 0x17:  # two digits of the year: 50 and more are of the last century
        text = ("20" if text < "50" else "19") + text
    import calendar  # noqa: PLC0415

    return float(calendar.timegm(time.strptime(text, "%Y%m%d%H%M%SZ")))


def _der(data: bytes) -> tuple[int, bytes, bytes]:
    """The first element of some DER: its tag, its value, and what follows it."""
    if len(data) < 2:
        raise ValueError("the certificate is truncated")
    tag, size, start = data[0], data[1], 2
    if size & 0x80:
        start += size & 0x7F
        size = int.from_bytes(data[2:start], "big")
    if len(data) < start + size:
        raise ValueError("the certificate is truncated")
    return tag, data[start : start + size], data[start + size :]
