# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A log is trusted as far as the other steps agree."""

from __future__ import annotations

from typing import Any

from ansible_collections.maxops.ops.plugins.module_utils.jobs.diagnose.cause import (
    CERTAIN,
    LIKELY,
    POSSIBLE,
    Cause,
    Report,
)
from ansible_collections.maxops.ops.plugins.module_utils.jobs.diagnose.job import doubted


def cause(kind: str, *services: str, likelihood: str = LIKELY, **more: Any) -> Cause:
    """One cause about the first of its services."""
    subject = more.pop("subject", services[0] if services else "host")
    return Cause.of(kind, subject, likelihood, more.pop("seen", "seen"), "fix it", services=services, **more)


def test_log_is_doubted_where_the_thing_itself_is_well() -> None:
    told = [cause("dns_name_missing", "gitea"), cause("disk_full", "gitea")]
    reports = {"network": Report("fine"), "database": Report("fine"), "cache": Report("fine")}
    assert [each.likelihood for each in doubted(told, reports)] == [POSSIBLE, LIKELY]
    reports["network"] = Report("fine", [cause("connection_failed", "nginx")], ["gitea has just ended"])
    assert [each.likelihood for each in doubted(told, reports)] == [POSSIBLE, LIKELY]
    reports["network"] = Report("fine", [cause("dns_name_missing", "gitea", likelihood=CERTAIN)])
    assert [each.likelihood for each in doubted(told, reports)] == [LIKELY, LIKELY]
    reports["network"] = Report(unknown=["cannot see"])
    assert [each.likelihood for each in doubted(told, reports)] == [LIKELY, LIKELY]
