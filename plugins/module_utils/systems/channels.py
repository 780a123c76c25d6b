# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Channels that carry a message to people: mail, webhooks, chats. Private to this collection.

The only room that imports apprise.
"""

from __future__ import annotations

import hashlib
import logging
import re
import threading
import time
import traceback
from collections.abc import Sequence
from typing import Any
from urllib.parse import unquote

from ansible_collections.maxops.ops.plugins.module_utils.tools.masking import Mask

APPRISE_IMPORT_ERROR: str | None = None
try:
    import apprise

    # What no handler takes Python prints on standard error, addresses included.
    logging.getLogger("apprise").propagate = False
except ImportError:
    APPRISE_IMPORT_ERROR = traceback.format_exc()

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")


class Channel:
    """One address. It is a secret as a whole: for a chat even the host's place in it is a token."""

    def __init__(self, number: int, url: str) -> None:
        scheme = _SCHEME.match(url)
        self.name = f"{scheme.group(1).lower() if scheme else 'no scheme'} (address {number})"
        """How it may be called where others read it."""
        self.key = hashlib.sha256(url.encode("utf-8", "surrogateescape")).hexdigest()[:16]
        """The same for the same address, and tells nothing of it."""
        self._url = url
        self._mask = Mask(_pieces(url))
        self._service: Any = None

    def prepare(self) -> None:
        """Load what apprise needs, which takes a second or two: before the clock of a delivery runs."""
        # No pictures from elsewhere in a mail, nothing kept on this host's disk, and no threads beside ours.
        asset = apprise.AppriseAsset(app_id="MaxOps", image_url_mask="", image_url_logo="", async_mode=False)
        service = apprise.Apprise(asset=asset)
        self._service = service if service.add(self._url) else None

    def send(self, title: str, body: str, kind: str) -> str:
        """Deliver a message; gives why it failed, and nothing when it arrived. ``kind``: failure, warning, success."""
        if self._service is None:
            return (
                "apprise does not understand it; see the list of its services for the form of the address, and write "
                "%-codes for special characters in names and passwords"
            )
        try:
            result = self._service.notify(
                body=body, title=title, notify_type=kind, body_format=apprise.NotifyFormat.TEXT
            )
        except Exception as error:  # noqa: BLE001 - a hundred services, and each may fail in its own way
            return self._mask(f"{type(error).__name__}: {error}")
        if result:
            return ""
        said = [entry.message for each in result.results for entry in each.logs()]
        return self._mask(said[-1] if said else "apprise gives no reason")


def _pieces(url: str) -> set[str]:
    """All that an address is made of; each piece may be the secret one."""
    rest = _SCHEME.sub("", url, count=1)
    pieces = {piece for piece in re.split(r"[/:@?&=,;#]+", rest) if piece}
    return {url, rest, *pieces, *map(unquote, pieces)}


def deliver(messages: Sequence[tuple[Channel, str, str, str]], seconds: float) -> list[str]:
    """Send all (channel, title, body, kind) at once; gives for each why it failed, or nothing.

    A channel that does not answer is left to itself after that many seconds and harms no other.
    """
    for channel, *_words in messages:
        channel.prepare()
    late = f"no answer within {seconds:.0f} s"
    results = [late] * len(messages)

    def work(number: int) -> None:
        channel, title, body, kind = messages[number]
        results[number] = channel.send(title, body, kind)

    crew = [threading.Thread(target=work, args=[number], daemon=True) for number in range(len(messages))]
    for worker in crew:
        worker.start()
    deadline = time.monotonic() + seconds
    for worker in crew:
        worker.join(max(0.0, deadline - time.monotonic()))
    return list(results)
