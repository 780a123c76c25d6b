# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The saved state of alerts, including that of an earlier version."""

from __future__ import annotations

import json
from pathlib import Path

from ansible_collections.maxops.ops.plugins.module_utils.jobs.monitoring.plan import Event, Watch
from ansible_collections.maxops.ops.plugins.module_utils.jobs.monitoring.state import read_state, write_state

WATCH = {
    "check": "disk",
    "subject": "/",
    "since": "2026-11-25T14:00:00Z",
    "state": "warning",
    "told": "warning",
    "told_at": "2026-11-25T14:05:00Z",
    "bad_runs": 2,
    "good_runs": 0,
    "state_runs": 2,
    "last": {"seen": "84 % used", "limit": "80 %", "remedy": "clean up"},
}
EVENT = {
    "kind": "raised",
    "check": "disk",
    "subject": "/",
    "state": "warning",
    "before": "ok",
    "since": "2026-11-25T14:00:00Z",
    "at": "2026-11-25T14:05:00Z",
    "seen": "84 % used",
    "limit": "80 %",
    "remedy": "clean up",
}


def test_state_of_an_earlier_version_is_still_read(tmp_path: Path) -> None:
    path = tmp_path / "alert.json"
    queues = {"digest": {"events": [EVENT], "dropped": 0}}
    path.write_text(json.dumps({"format": 1, "watches": [WATCH], "queues": queues, "checks": {}}))
    state = read_state(str(path))
    assert Watch(**state.watches[0]).last == {"seen": "84 % used", "limit": "80 %", "fix": "clean up"}
    assert Event(**state.queues["digest"].events[0]).fix == "clean up"
    write_state(str(path), state)
    assert "remedy" not in path.read_text()
    assert read_state(str(path)) == state
