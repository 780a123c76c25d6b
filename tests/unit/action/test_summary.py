# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which hosts a summary tells of: all that have something to tell, also those that were out of reach."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.maxops.ops.plugins.action.summary import JOBS, collect, renderers

# As Ansible registers them.
AWAY = {"unreachable": True, "changed": False, "msg": "Task failed: Failed to connect to the host via ssh: refused"}
SKIPPED = {"skipped": True, "changed": False, "skip_reason": "Conditional result was False"}
FAILED = {"failed": True, "changed": False, "msg": "no such project"}


def test_hosts_without_a_result_and_those_that_were_skipped_are_left_out() -> None:
    registered: dict[str, Any] = {"here": FAILED, "there": SKIPPED, "later": None, "odd": "text"}
    assert collect(registered) == {"here": FAILED}
    assert SKIPPED == {"skipped": True, "changed": False, "skip_reason": "Conditional result was False"}


def test_host_that_was_out_of_reach_has_failed() -> None:
    assert collect({"away": AWAY}) == {"away": {**AWAY, "failed": True}}
    assert "failed" not in AWAY, "what was registered is not changed"


# What "users" tells of is put together from the results of two modules by its role.
@pytest.mark.parametrize("job", sorted(set(JOBS) - {"users"}))
def test_every_job_can_tell_of_hosts_that_were_out_of_reach_or_failed(job: str) -> None:
    one, many = renderers(job)
    alone = "\n".join(one("away", collect({"away": AWAY})["away"], False))
    assert "away" in alone
    assert "Failed to connect" in alone
    table = "\n".join(many(collect({"away": AWAY, "here": FAILED, "skipped": SKIPPED})))
    for words in ("away", "Failed to connect", "here", "no such project"):
        assert words in table
    assert "skipped" not in table
