# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Health of the gateway's certificate."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError
from ansible_collections.maxops.ops.plugins.module_utils.tools.finding import (
    CRITICAL,
    NOTICE,
    OK,
    UNKNOWN,
    Finding,
    judged_low,
)
from ansible_collections.maxops.ops.plugins.module_utils.tools.http.probe import certificate_end, name_of

from ..consequences import DOCKER, STACK, following
from ..view import View
from .published import NoGateway, gateway_of

CHECK = "certificate"


def check_certificate(view: View) -> Iterator[Finding]:
    """How long the gateway's certificate is still valid."""
    try:
        gateway = gateway_of(view)
    except NoGateway:
        if view.is_missing():
            yield following(Finding(CHECK, "gateway", UNKNOWN, "the stack has no container"), STACK)
            return
        yield Finding(CHECK, "gateway", OK, "no gateway publishes a port on this host: no certificate to check")
        return
    except MaxopsError:
        seen = "the address of the gateway is not known"
        finding = Finding(CHECK, "gateway", UNKNOWN, seen, fix="see the finding of the check http")
        yield following(finding, ("http", "gateway"), DOCKER)
        return
    if gateway.unseen:
        seen = f"the gateway sends to {gateway.unseen}, whose port this host does not publish: not checked"
        yield Finding(CHECK, "gateway", NOTICE, seen, fix="set gateway_url to the address that users open")
        return
    parts = urlsplit(gateway.url)
    if parts.scheme != "https":
        yield Finding(CHECK, "gateway", OK, "the gateway uses plain HTTP: no certificate to check")
        return
    try:
        end = certificate_end(parts.hostname or "", parts.port or 443, view.left, name_of(gateway.host))
    except (OSError, ValueError) as error:
        seen = f"its certificate cannot be read: {getattr(error, 'strerror', None) or error}"
        finding = Finding(CHECK, "gateway", UNKNOWN, seen, fix="see the http check: does the gateway answer?")
        yield following(finding, ("http", "gateway"))
        return
    yield _judged(view, (end - view.now), parts.netloc)


def _judged(view: View, left: float, address: str) -> Finding:
    days = left / 86400
    warning, critical = view.limit(CHECK, "days_warning"), view.limit(CHECK, "days_critical")
    view.measure("certificate_expiry_seconds", round(left), gateway=address)
    expired = left <= 0
    seen = f"expired {-days:.0f} days ago: browsers and git reject it" if expired else f"valid for {days:.0f} more days"
    return Finding(
        CHECK,
        "gateway",
        CRITICAL if expired else judged_low(days, warning, critical),
        seen,
        f"more than {warning:g} days",
        (address,),
        "put the renewed certificate where stack_tls_certificate says and run ansible-playbook maxops.ops.deploy; see "
        "why it was not renewed",
    )
