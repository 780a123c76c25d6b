# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the checks over HTTP share: how an answer is judged and shown."""

from __future__ import annotations

import json
from typing import Any

from ansible_collections.maxops.ops.plugins.module_utils.tools.finding import OK, Finding, judged
from ansible_collections.maxops.ops.plugins.module_utils.tools.http.probe import Probe

from ..view import View

CHECK = "http"


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


def json_of(answer: Probe) -> dict[str, Any] | None:
    """An answer that is an object in JSON, or None."""
    try:
        data = json.loads(answer.body)
    except ValueError:
        return None
    return data if isinstance(data, dict) else None
