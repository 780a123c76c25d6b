# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Exactly the hosts whose job failed are marked as failed."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from ansible_collections.maxops.ops.plugins.action.outcome import ActionModule
from ansible_collections.maxops.ops.tests.unit.registered import AWAY, FAILED, SKIPPED, play

LATER = {"changed": False, "failed": False, "job_state": "failed", "msg": "no room"}
LOST = {**LATER, "job_state": "unreachable"}
WELL = {"changed": True}


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("here", {"failed": True, "msg": "backup of here failed, see the summary above"}),
        ("later", {"failed": True, "msg": "backup of later failed, see the summary above"}),
        ("away", {"unreachable": True, "msg": "backup: away is unreachable, see the summary above"}),
        ("lost", {"unreachable": True, "msg": "backup: lost is unreachable, see the summary above"}),
        ("none", {"failed": True, "msg": "backup of none: no result; the error is shown above"}),
        ("skipped", {}),
        ("well", {}),
    ],
)
def test_host_ends_as_its_job_did(host: str, expected: dict[str, Any]) -> None:
    action = ActionModule.__new__(ActionModule)
    action._task = SimpleNamespace(args={}, check_mode=False)
    variables = play("result", here=FAILED, later=LATER, away=AWAY, lost=LOST, none=None, skipped=SKIPPED, well=WELL)
    arguments = {"job": "backup", "variable": "result"}
    # The variables of other hosts are not read: with many hosts that would take long.
    own = {**variables["hostvars"][host], "inventory_hostname": host}
    result = action._execute(arguments, own)
    assert result == {"changed": False, **expected}
