# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All checks of health at once, each with its own end, the whole with another. Private to this collection."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterable
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
    """Run the chosen checks at the same time and grade what they found; changes nothing of the stack.

    In check mode it keeps no measurements for the next run either.
    """
    started = time.monotonic()
    now = time.time()
    view = View(options, now)
    runs = [_Run(name, view) for name in options.checks]
    for run in runs:
        run.thread.start()
    limit = min(options.timeout, options.check_timeout)
    for run in runs:
        run.thread.join(max(0.0, started + limit - time.monotonic()))
    if not check_mode:
        save(view)
    findings = worst_first(each for run in runs for each in run.findings(limit))
    state = worst(each.state for each in findings)
    counts = Counter(each.state for each in findings)
    return {
        "state": state,
        "grade": grade(findings, Parts(options.database_service, options.cache_service)),
        "findings": [each.to_dict() for each in findings],
        "counts": {each: counts[each] for each in STATES},
        "checks": {run.name: {"state": run.state, "seconds": round(run.seconds, 4)} for run in runs},
        "measures": sorted(view.measures, key=lambda each: (each["name"], sorted(each["labels"].items()))),
        "duration": round(time.monotonic() - started, 4),
        "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now)),
    }


class _Run:
    """One check under way, in a thread that nobody has to wait for: it may hang on what it asks."""

    def __init__(self, name: str, view: View) -> None:
        self.name = name
        self.seconds = 0.0
        self.state = UNKNOWN
        self.thread = threading.Thread(target=self._work, daemon=True, name=name)
        self._view = view
        self._found: list[Finding] = []
        self._ended = False

    def findings(self, limit: float) -> list[Finding]:
        """What the check has found, also where it has not ended; to be asked once all waiting is over."""
        found = list(self._found)
        if not self._ended:
            self.seconds = limit
            found.append(
                Finding(
                    self.name,
                    self.name,
                    UNKNOWN,
                    f"did not end within {limit:.3g} s",
                    remedy="see what hangs: maxops.ops.diagnose; or give it more time (check_timeout)",
                )
            )
        self.state = worst(each.state for each in found)
        return found

    def _work(self) -> None:
        started = time.monotonic()
        try:
            for finding in CHECKS[self.name](self._view):
                self._found.append(finding)
        except MaxopsError as error:
            self._found.append(from_error(self.name, self.name, UNKNOWN, error))
        except Exception as error:  # noqa: BLE001 - one check that fails in a way nobody thought of must not end the others
            said = f"the check itself failed: {type(error).__name__}: {error}"
            remedy = "please report this as a fault of maxops.ops"
            self._found.append(Finding(self.name, self.name, UNKNOWN, said, remedy=remedy))
        self.seconds = time.monotonic() - started
        self._ended = True
