# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs all health checks at the same time, each with its own time limit and all of them with another."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable
from functools import partial
from typing import Any, Callable

from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError
from ansible_collections.maxops.ops.plugins.module_utils.tools.finding import (
    STATES,
    UNKNOWN,
    Finding,
    from_error,
    worst,
    worst_first,
)
from ansible_collections.maxops.ops.plugins.module_utils.tools.side_by_side import Answer, side_by_side

from .checks.backup import check_backup
from .checks.cache import check_redis
from .checks.containers import check_containers
from .checks.database import check_postgresql
from .checks.disk import check_disk
from .checks.gateway import check_certificate, check_http
from .checks.host import check_clock, check_memory
from .checks.images import check_images
from .grade import Parts, grade
from .history import save
from .options import HealthOptions
from .view import View

Check = Callable[[View], Iterable[Finding]]

CHECKS: dict[str, Check] = {
    "containers": check_containers,
    "http": check_http,
    "postgresql": check_postgresql,
    "redis": check_redis,
    "disk": check_disk,
    "memory": check_memory,
    "certificate": check_certificate,
    "clock": check_clock,
    "backup": check_backup,
    "images": check_images,
}


def check_health(options: HealthOptions, check_mode: bool = False) -> dict[str, Any]:
    """Run the chosen checks at the same time and grade their findings; changes nothing in the stack.

    In check mode it saves no measurements for the next run either.
    """
    started = time.monotonic()
    now = time.time()
    view = View(options, now)
    limit = min(options.timeout, options.check_timeout)
    # Filled while the checks run: the findings of a check count even if it does not finish.
    collected: dict[str, list[Finding]] = {name: [] for name in options.checks}
    answers = side_by_side({name: partial(_run, name, view, collected[name]) for name in options.checks}, limit)
    if not check_mode:
        save(view)
    by_check = {name: [*collected[name], *_failure(name, answer, limit)] for name, answer in answers.items()}
    findings = worst_first(finding for several in by_check.values() for finding in several)
    state = worst(finding.state for finding in findings)
    counts = Counter(finding.state for finding in findings)
    return {
        "state": state,
        "grade": grade(findings, _parts(view)),
        "findings": [finding.to_dict() for finding in findings],
        "counts": {name: counts[name] for name in STATES},
        "checks": {
            name: {
                "state": worst(finding.state for finding in by_check[name]),
                "seconds": round(answer.seconds if answer.ended else limit, 4),
            }
            for name, answer in answers.items()
        },
        "measures": sorted(view.measures, key=lambda measure: (measure["name"], sorted(measure["labels"].items()))),
        "duration": round(time.monotonic() - started, 4),
        "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now)),
    }


def _parts(view: View) -> Parts:
    """The names of the servers; without Docker, no finding is about one of them."""
    try:
        roles = view.roles()
    except MaxopsError:
        return Parts()
    return Parts(roles.database, roles.cache)


def _run(name: str, view: View, findings: list[Finding]) -> None:
    for finding in CHECKS[name](view):
        findings.append(finding)  # noqa: PERF402 - one by one, because the deadline may come between two


def _failure(name: str, answer: Answer[None], limit: float) -> list[Finding]:
    """The finding of a check that did not finish, or failed."""
    if not answer.ended:
        fix = "find what hangs: maxops.ops.diagnose; or allow more time (check_timeout)"
        return [Finding(name, name, UNKNOWN, f"did not finish within {limit:.3g} s", fix=fix)]
    if answer.error is None:
        return []
    if isinstance(answer.error, MaxopsError):
        return [from_error(name, name, UNKNOWN, answer.error)]
    # An unexpected failure of one check must not stop the others.
    seen = f"the check itself failed: {type(answer.error).__name__}: {answer.error}"
    return [Finding(name, name, UNKNOWN, seen, fix="please report this as a fault of maxops.ops")]
