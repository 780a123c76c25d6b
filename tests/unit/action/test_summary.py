# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every job has its summary, also of hosts that failed or were unreachable."""

from __future__ import annotations

import pytest
import yaml

from ansible_collections.maxops.ops.plugins.action.summary import JOBS, renderers
from ansible_collections.maxops.ops.plugins.modules.summary import DOCUMENTATION
from ansible_collections.maxops.ops.plugins.plugin_utils.actions.controller import registered, reported
from ansible_collections.maxops.ops.tests.unit.checkout import ROOT
from ansible_collections.maxops.ops.tests.unit.registered import AWAY, FAILED, SKIPPED, play


def test_jobs_are_the_files_with_summaries_and_the_choices_of_the_module() -> None:
    files = (ROOT / "plugins" / "plugin_utils" / "summary").glob("*.py")
    assert sorted(path.stem for path in files) == list(JOBS)
    assert yaml.safe_load(DOCUMENTATION)["options"]["job"]["choices"] == list(JOBS)


# The result of "users" is composed of the results of two modules by its role.
@pytest.mark.parametrize("job", sorted(set(JOBS) - {"users"}))
def test_every_job_shows_hosts_that_were_unreachable_or_failed(job: str) -> None:
    one, many = renderers(job)
    results = reported(registered("result", play("result", away=AWAY, here=FAILED, skipped=SKIPPED)))
    alone = "\n".join(one("away", results["away"], False))
    assert "away" in alone
    assert "Failed to connect" in alone
    table = "\n".join(many(results))
    for words in ("away", "Failed to connect", "here", "no such project"):
        assert words in table
    assert "skipped" not in table
