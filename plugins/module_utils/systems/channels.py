# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Channels that deliver messages to operators: mail, webhooks, chats. The only file that imports apprise."""

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

    # Without a handler Python prints log records to standard error, addresses included.
    logging.getLogger("apprise").propagate = False
except ImportError:
    APPRISE_IMPORT_ERROR = traceback.format_exc()

UNSUPPORTED = (
    "apprise does not support this address; see its list of services for the format, and percent-encode special "
    "characters in names and passwords"
)

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")


class Channel:
    """One address. All of it is secret: in the address of a chat even the host part is a token."""

    def __init__(self, number: int, url: str) -> None:
        scheme = _SCHEME.match(url)
        self.name = f"{scheme.group(1).lower() if scheme else 'no scheme'} (address {number})"
        """A name that is safe to show."""
        self.key = hashlib.sha256(url.encode("utf-8", "surrogateescape")).hexdigest()[:16]
        """A digest of the address, which does not reveal it."""
        self._url = url
        self._mask = Mask(_parts(url))
        self._service: Any = None

    def refusal(self) -> str:
        """Why apprise cannot use the address, which it knows without a network; empty where it can."""
        if not self._url.strip():
            return "the address is empty; correct it, or remove it from the list"
        self.prepare()
        return "" if self._service is not None else UNSUPPORTED

    def prepare(self) -> None:
        """Load apprise's service before the time limit of a delivery starts, because this takes a second or two."""
        # No remote images in a mail, nothing stored on this host's disk, and no threads besides ours.
        asset = apprise.AppriseAsset(app_id="MaxOps", image_url_mask="", image_url_logo="", async_mode=False)
        service = apprise.Apprise(asset=asset)
        self._service = service if service.add(self._url) else None

    def send(self, title: str, body: str, kind: str) -> str:
        """Deliver a message; returns why it failed, or an empty text. ``kind``: failure, warning, success."""
        if self._service is None:
            return UNSUPPORTED
        try:
            result = self._service.notify(
                body=body, title=title, notify_type=kind, body_format=apprise.NotifyFormat.TEXT
            )
        except Exception as error:  # noqa: BLE001 - a hundred services, each with its own errors
            return self._mask(f"{type(error).__name__}: {error}")
        if result:
            return ""
        messages = [entry.message for outcome in result.results for entry in outcome.logs()]
        return self._mask(messages[-1] if messages else "apprise gives no reason")


def _parts(url: str) -> set[str]:
    """All parts of an address; any of them may be the secret."""
    rest = _SCHEME.sub("", url, count=1)
    parts = {part for part in re.split(r"[/:@?&=,;#]+", rest) if part}
    return {url, rest, *parts, *map(unquote, parts)}


def deliver(messages: Sequence[tuple[Channel, str, str, str]], seconds: float) -> list[str]:
    """Send all (channel, title, body, kind) at once; returns for each the reason of its failure, else an empty text.

    A channel that does not answer within so many seconds is abandoned; it does not delay the others.
    """
    for channel, *_message in messages:
        channel.prepare()
    results = [f"no answer within {seconds:.0f} s"] * len(messages)

    def work(number: int) -> None:
        channel, title, body, kind = messages[number]
        results[number] = channel.send(title, body, kind)

    workers = [threading.Thread(target=work, args=[number], daemon=True) for number in range(len(messages))]
    for worker in workers:
        worker.start()
    deadline = time.monotonic() + seconds
    for worker in workers:
        worker.join(max(0.0, deadline - time.monotonic()))
    return list(results)
