# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The address of a container at which this host reaches a server: a container can be in several networks."""

from __future__ import annotations

import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Reached:
    """Where a server accepts connections; without such a place ``host`` is empty, and ``failures`` says what was tried.

    ``refused`` is True when every address refused at once: the container is there, and nothing listens in it.
    """

    host: str = ""
    port: int = 0
    failures: tuple[str, ...] = ()
    refused: bool = False

    def describe(self) -> str:
        """Why nothing was reached, with every place that was tried."""
        return ", ".join(self.failures)


def reach(addresses: Sequence[str], ports: Sequence[int], seconds: float) -> Reached:
    """Try every address with every port, in their order, for at most ``seconds``; the first that accepts counts."""
    places = [(address, port) for address in addresses for port in ports]
    ends = time.monotonic() + seconds
    failures: list[str] = []
    refused = bool(places)
    for number, (address, port) in enumerate(places):
        left = max(0.05, (ends - time.monotonic()) / (len(places) - number))
        try:
            socket.create_connection((address, port), timeout=left).close()
        except OSError as error:
            refused = refused and isinstance(error, ConnectionRefusedError)
            failures.append(f"{address}:{port} {_words(error, left)}")
        else:
            return Reached(address, port, tuple(failures))
    return Reached(failures=tuple(failures), refused=refused)


def _words(error: OSError, seconds: float) -> str:
    if isinstance(error, (TimeoutError, socket.timeout)):
        return f"no answer within {seconds:.3g} s"
    if isinstance(error, ConnectionRefusedError):
        return "connection refused"
    return str(error.strerror or error).lower()
