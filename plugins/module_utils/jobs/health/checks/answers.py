# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the checks over HTTP share: how an answer is judged and shown."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import SplitResult, urlsplit

from ansible_collections.maxops.ops.plugins.module_utils.tools.finding import OK, Finding, judged
from ansible_collections.maxops.ops.plugins.module_utils.tools.http.probe import Probe

from ..view import View

CHECK = "http"
REDIRECTS = (301, 302, 303, 307, 308)
_HOST_REFUSED = ("Invalid host_name configuration", "Blocked host")
"""What OpenProject and its framework say to a request for a name that they do not know."""


def on_time(view: View, answer: Probe, subject: str, outcome: str, endpoint: str = "") -> Finding:
    """The finding of a good answer, judged by how long it took."""
    warning, critical = view.limit(CHECK, "latency_warning"), view.limit(CHECK, "latency_critical")
    view.measure("http_latency_seconds", round(answer.seconds, 6), endpoint=endpoint or subject)
    state = judged(answer.seconds, warning, critical)
    taken = f"{answer.seconds:.2f} s" if answer.seconds >= 0.1 else f"{answer.seconds * 1000:.0f} ms"
    busy = (
        "find what keeps the host or the database busy (ansible-playbook maxops.ops.status, ansible-playbook "
        "maxops.ops.optimize)"
    )
    fix = busy if state != OK else ""
    return Finding(CHECK, subject, state, f"{outcome} in {taken}", f"within {warning:g} s", (answer.url,), fix)


def text_of(answer: Probe) -> str:
    """Status and beginning of an answer; its problem where there is none."""
    if answer.problem:
        return answer.problem
    text = " ".join(answer.body.split())
    return f"{answer.status} {text[:120]}".strip() if "<" not in text else f"{answer.status}"


def fault_of(answer: Probe, host: str = "") -> tuple[str, str]:
    """Why users cannot work although there is an answer, with the next step; empty texts where they can.

    ``host`` is the name in the request, where it is not that of the address.
    """
    if answer.status in (400, 403) and any(sign in answer.body for sign in _HOST_REFUSED):
        name = host or urlsplit(answer.url).netloc
        return (
            f"{answer.status}: OpenProject refuses requests for the host name {name}",
            (
                "let the gateway pass the header Host on, and set OPENPROJECT_HOST__NAME to the name that users open "
                "(further ones: OPENPROJECT_ADDITIONAL__HOST__NAMES); that name also belongs in gateway_url, if set"
            ),
        )
    if answer.status in REDIRECTS and _is_same(answer, host):
        return (
            f"{answer.status}: it redirects to the same address, so browsers give up: {answer.location}",
            "let the gateway send X-Forwarded-Proto: https, or see which part of the stack redirects to HTTPS",
        )
    return "", ""


def target_of(answer: Probe) -> SplitResult:
    """The parts of the address that a redirect leads to; empty ones for what is no address."""
    try:
        target = urlsplit(answer.location)
        _port = target.port  # read here, because it is checked only then
    except ValueError:
        return urlsplit("")
    return target


def _is_same(answer: Probe, host: str) -> bool:
    """Whether a redirect leads to the address that was asked, as an unlimited one from HTTP to HTTPS does."""
    asked, target = urlsplit(answer.url), target_of(answer)
    usual = ":443" if target.scheme == "https" else ":80"
    names = {(name if ":" in name else name + usual).lower() for name in (asked.netloc, host) if name}
    named = target.netloc if ":" in target.netloc else target.netloc + usual
    wanted = (asked.scheme, asked.path or "/", asked.query)
    return named.lower() in names and (target.scheme, target.path or "/", target.query) == wanted


def json_of(answer: Probe) -> dict[str, Any] | None:
    """An answer that is an object in JSON, or None."""
    try:
        data = json.loads(answer.body)
    except ValueError:
        return None
    return data if isinstance(data, dict) else None
