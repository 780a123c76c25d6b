# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Errors of HTTP and TLS in words."""

from __future__ import annotations

import email.utils
import re
import time
from typing import Any
from urllib.parse import urlsplit


def reason(error: Exception) -> str:
    """Why a request got no answer."""
    text = str(error)
    for pattern, words in (
        (r"Connection refused", "connection refused"),
        (r"Name or service not known|NameResolutionError|name resolution|nodename nor servname", "unknown host name"),
        (r"No route to host", "no route to host"),
        (r"Read timed out", "no answer in time"),
        (r"ConnectTimeout|connect timeout", "no connection in time"),
        (r"RemoteDisconnected|Connection ?reset|IncompleteRead|BrokenPipe", "the connection was cut"),
        (r"ProxyError|proxy", "the proxy refused"),
    ):
        if re.search(pattern, text):
            return words
    return text


def tls_advice(url: str, error: Exception) -> str:
    """Why the TLS connection failed, and what to do."""
    text = str(error)
    host = urlsplit(url).netloc
    if re.search(r"(?i)hostname mismatch|doesn't match|IP address mismatch", text):
        return f"the certificate of {host} is for another name: use the name in the certificate in api_url"
    if "expired" in text:
        return f"the certificate of {host} has expired: renew it"
    if "CERTIFICATE_VERIFY_FAILED" in text:
        return (
            f"the certificate of {host} is not signed by an authority that this host trusts: name the CA's "
            "certificate in ca_file (on Debian, /etc/ssl/certs/ca-certificates.crt holds what update-ca-certificates "
            "installed)"
        )
    return f"no TLS connection to {host}: {text}; check that api_url has the right scheme and port"


def retry_after_seconds(retry_after: str) -> float | None:
    """Seconds that the server asks to wait, given as a number or as a date; None where it gives neither."""
    text = retry_after.strip()
    if text.isdigit():
        return float(text)
    try:
        return max(0.0, email.utils.parsedate_to_datetime(text).timestamp() - time.time())
    except (TypeError, ValueError, IndexError):
        return None


def kind_of(content_type: str) -> str:
    """What the server sent instead of JSON."""
    kind = content_type.partition(";")[0]
    return "an HTML page" if "html" in kind else f"{kind or 'something'}"


def page_title(text: str) -> str:
    """The title of a page, or its first words."""
    title = re.search(r"<title[^>]*>(.*?)</title>", text, re.IGNORECASE | re.DOTALL)
    words = title.group(1) if title else re.sub(r"<[^>]+>", " ", text)
    return " ".join(words.split())[:100]


def shape(data: Any) -> str:
    """The keys or the type of an answer, without its values, which may be secret."""
    return "{" + ", ".join(sorted(map(str, data))[:12]) + "}" if isinstance(data, dict) else type(data).__name__
