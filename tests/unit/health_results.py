# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Results of health checks as the module returns them, for tests of alerts and metrics."""

from __future__ import annotations

from typing import Any

STATES = ("ok", "notice", "warning", "unknown", "critical")
CHECKS = ("containers", "http", "postgresql", "disk", "backup")


def finding(check: str, subject: str, state: str, seen: str = "", fix: str = "") -> dict[str, Any]:
    """One finding with all its fields."""
    texts = {"seen": seen or f"it is {state}", "limit": "", "evidence": [], "fix": fix}
    return {"check": check, "subject": subject, "state": state, **texts}


def health_result(*findings: dict[str, Any], checks: tuple[str, ...] = CHECKS, **more: Any) -> dict[str, Any]:
    """The result of a health check with these findings; the state of a check is that of its worst finding."""
    worst = {name: max([0, *(STATES.index(f["state"]) for f in findings if f["check"] == name)]) for name in checks}
    return {
        "changed": False,
        "state": STATES[max(worst.values(), default=0)],
        "grade": "none",
        "findings": list(findings),
        "counts": {state: sum(one["state"] == state for one in findings) for state in STATES},
        "checks": {name: {"state": STATES[state], "seconds": 0.25} for name, state in worst.items()},
        "measures": [],
        "duration": 0.5,
        "at": "2026-11-25T14:05:00Z",
        **more,
    }
