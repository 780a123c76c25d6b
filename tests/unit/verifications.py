# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Results of the module verify, as input for tests."""

from __future__ import annotations

from typing import Any

NONE = {"ok": 0, "notice": 0, "warning": 0, "unknown": 0, "critical": 0}

FINDING = {
    "set_id": "20261123T020000Z",
    "check": "databases",
    "subject": "table public.a|b of shop",
    "state": "critical",
    "seen": "2 rows",
    "limit": "3 rows",
    "evidence": [],
    "fix": "Take another set.",
}


def a_set(**changes: Any) -> dict[str, Any]:
    return {
        "set_id": "20261123T020000Z",
        "state": "passed",
        "level": "rehearse",
        "problem": None,
        "counts": NONE,
        "bytes": 310378496,
        "files": 212,
        "steps": {"checksum": 0.4, "rehearse": 48.1},
        "recovery_seconds": 41.8,
        "rehearsal": {
            "postgresql": "17.12",
            "image": "postgres:17",
            "rows": {"shop": {"public.entry": 1200}},
            "content": {"OpenProject": {"attachments": 1403, "attachment_files": 1403}},
        },
        "rows": {"shop": 1200},
        **changes,
    }


def a_result(passed: bool = True, **changes: Any) -> dict[str, Any]:
    return {
        "passed": passed,
        "level": "rehearse",
        "duration": 49.0,
        "sets": [a_set()],
        "findings": [],
        "remarks": [],
        **({} if passed else {"failed": True, "msg": "set 20261123T020000Z is bad: table …"}),
        **changes,
    }


BAD = a_result(False, sets=[a_set(state="failed", counts={**NONE, "critical": 1})], findings=[FINDING])
NOT_EVEN_BEGUN = {"failed": True, "msg": "cannot reach the Docker daemon"}
