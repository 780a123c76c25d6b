# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The values of a backup's plan, and the estimate of a part's size."""

from __future__ import annotations

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.jobs.backup.values import (
    GROWTH,
    BackupPlan,
    estimate_of,
    is_excluded,
)
from ansible_collections.maxops.ops.plugins.module_utils.storage.repository.local import Repository
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError
from ansible_collections.maxops.ops.tests.unit.stacks import stack_of


@pytest.mark.parametrize(
    ("previous", "size", "estimate"),
    [(None, 1000, 600), ((0, 5), 1000, 600), ((1000, 250), 2000, int(500 * GROWTH))],
)
def test_estimates(previous: tuple[int, int] | None, size: int, estimate: int) -> None:
    assert estimate_of(previous, size, 0.6) == estimate


def test_plan_without_databases_has_no_server() -> None:
    plan = BackupPlan(stack_of(), Repository("/r"))
    with pytest.raises(MaxopsError, match="no database was planned"):
        plan.require_server()
    with pytest.raises(MaxopsError, match="no database was planned"):
        plan.require_container()


@pytest.mark.parametrize(
    ("name", "pattern", "excluded"),
    [
        ("latest", "*test*", True),
        ("/opt/greatest/gitea", "*test*", False),
        ("/opt/greatest/gitea", "*/gitea", True),
        ("/opt/greatest/gitea", "/opt/greatest/gitea", True),
        ("web:/test", "web:*", True),
        ("Compose files", "Compose*", True),
    ],
)
def test_pattern_for_names_excludes_no_path(name: str, pattern: str, excluded: bool) -> None:
    assert is_excluded(name, [pattern]) is excluded
