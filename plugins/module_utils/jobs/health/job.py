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

from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.engine import EngineUnreachable
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError
from ansible_collections.maxops.ops.plugins.module_utils.tools.finding import (
    CRITICAL,
    STATES,
    UNKNOWN,
    Finding,
    from_error,
    worst,
)
from ansible_collections.maxops.ops.plugins.module_utils.tools.side_by_side import Answer, side_by_side

from .checks.backup import check_backup
from .checks.cache import check_cache
from .checks.certificate import check_certificate
from .checks.containers import check_containers
from .checks.database import check_postgresql
from .checks.disk import check_disk
from .checks.gateway import check_http
from .checks.host import check_clock, check_memory
from .checks.images import check_images
from .consequences import DOCKER, collapse, following
from .grade import GRADES, Parts, grade, grade_of
from .history import save
from .options import HealthOptions
from .view import View

Check = Callable[[View], Iterable[Finding]]

CHECKS: dict[str, Check] = {
    "containers": check_containers,
    "http": check_http,
    "postgresql": check_postgresql,
    "redis": check_cache,
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
    # A wrong project name leaves no file behind.
    if not check_mode and not view.is_missing():
        save(view)
    found = [finding for name, answer in answers.items() for finding in collected[name] + _failure(name, answer, limit)]
    parts = _parts(view)
    collapsed = collapse(found)
    findings = in_order(collapsed.causes, parts)
    state = worst(finding.state for finding in findings)
    counts = Counter(finding.state for finding in findings)
    return {
        "state": state,
        "grade": grade(collapsed.all, parts),
        "findings": [finding.to_dict() for finding in findings],
        "consequences": collapsed.data(),
        "counts": {name: counts[name] for name in STATES},
        "checks": {
            name: {
                "state": worst(finding.state for finding in collapsed.all if finding.check == name),
                "seconds": round(answer.seconds if answer.ended else limit, 4),
            }
            for name, answer in answers.items()
        },
        "measures": sorted(view.measures, key=lambda measure: (measure["name"], sorted(measure["labels"].items()))),
        "duration": round(time.monotonic() - started, 4),
        "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now)),
    }


def in_order(findings: Iterable[Finding], parts: Parts) -> list[Finding]:
    """The worst first: by state, then by the grade that each has alone. A daemon that cannot be asked comes first."""

    def place(finding: Finding) -> tuple[bool, int]:
        is_docker = (finding.check, finding.subject) == DOCKER and finding.state in (UNKNOWN, CRITICAL)
        return not is_docker, GRADES.index(grade_of(finding, parts))

    ranked = sorted(findings, key=lambda finding: (-STATES.index(finding.state), place(finding)))
    return sorted(ranked, key=lambda finding: place(finding)[0])


def _parts(view: View) -> Parts:
    """The names of the stack's services; the usual ones where Docker cannot be queried."""
    try:
        roles = view.stack().roles
    except MaxopsError:
        return Parts()
    return Parts(roles.database, roles.cache, roles.applications, roles.gateways)


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
        finding = from_error(name, name, UNKNOWN, answer.error)
        return [following(finding, DOCKER) if isinstance(answer.error, EngineUnreachable) else finding]
    # An unexpected failure of one check must not stop the others.
    seen = f"the check itself failed: {type(answer.error).__name__}: {answer.error}"
    return [Finding(name, name, UNKNOWN, seen, fix="please report this as a fault of maxops.ops")]
