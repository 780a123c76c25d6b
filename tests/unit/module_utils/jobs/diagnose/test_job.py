# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A log line counts only as far as the matching step agrees, and steps show what was asked for."""

from __future__ import annotations

from typing import Any

from ansible_collections.maxops.ops.plugins.module_utils.jobs.diagnose.cause import (
    CERTAIN,
    LIKELY,
    POSSIBLE,
    Cause,
    StepResult,
)
from ansible_collections.maxops.ops.plugins.module_utils.jobs.diagnose.job import doubted, only_asked_for
from ansible_collections.maxops.ops.tests.unit.diagnoses import inspection, view_of


def cause(kind: str, *services: str, likelihood: str = LIKELY, **more: Any) -> Cause:
    """One cause about the first of its services."""
    subject = more.pop("subject", services[0] if services else "host")
    return Cause.of(kind, subject, likelihood, more.pop("seen", "seen"), "fix it", services=services, **more)


def likelihoods(causes: list[Cause], results: dict[str, StepResult]) -> list[str]:
    """How likely the causes are, given the results of the steps."""
    return [item.likelihood for item in doubted(causes, results)]


def test_log_is_doubted_where_the_matching_step_finds_nothing() -> None:
    logged = [cause("dns_name_missing", "gitea"), cause("disk_full", "gitea")]
    results = {"network": StepResult("fine"), "database": StepResult("fine"), "cache": StepResult("fine")}
    assert likelihoods(logged, results) == [POSSIBLE, LIKELY]
    results["network"] = StepResult("fine", [cause("connection_failed", "nginx")], ["gitea has just ended"])
    assert likelihoods(logged, results) == [POSSIBLE, LIKELY]
    results["network"] = StepResult("fine", [cause("dns_name_missing", "gitea", likelihood=CERTAIN)])
    assert likelihoods(logged, results) == [LIKELY, LIKELY]
    results["network"] = StepResult(unknown=["cannot see"])
    assert likelihoods(logged, results) == [LIKELY, LIKELY]


def test_steps_name_only_what_concerns_the_requested_services() -> None:
    services = [inspection("gitea"), inspection("backup", health="unhealthy")]
    result = StepResult("all is well", [cause("service_unhealthy", "backup"), cause("disk_full")])
    asked = only_asked_for(result, view_of(*services, services=["gitea"]))
    assert asked.in_words() == "host: seen"
    result = StepResult("none is unhealthy", [cause("service_unhealthy", "backup")])
    asked = only_asked_for(result, view_of(*services, services=["gitea"]))
    assert (asked.state, asked.in_words()) == ("ok", "nothing that concerns gitea")
    assert only_asked_for(result, view_of(*services)).in_words() == "backup: seen"
