# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which cause comes first, and which causes follow from it."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.jobs.diagnose.cause import (
    CERTAIN,
    LIKELY,
    POSSIBLE,
    STATES,
    Cause,
    StepResult,
    all_needs,
    confirmed,
    rank,
)

NEEDS = {"nginx": ["openproject", "gitea"], "openproject": ["postgres", "redis"], "gitea": ["postgres"], "postgres": []}


def cause(kind: str, *services: str, likelihood: str = LIKELY, **more: Any) -> Cause:
    """One cause about the first of its services."""
    subject = more.pop("subject", services[0] if services else "host")
    return Cause.of(kind, subject, likelihood, more.pop("seen", "seen"), "fix it", services=services, **more)


def test_unhealthy_application_follows_from_the_database_that_it_needs() -> None:
    ranked = rank(
        [
            cause("service_unhealthy", "nginx"),
            cause("service_crashing", "openproject"),
            cause("service_stopped", "postgres", likelihood=CERTAIN),
        ],
        NEEDS,
    )
    assert [(ranked_cause.check, ranked_cause.likelihood) for ranked_cause in ranked] == [
        ("service_stopped", CERTAIN),
        ("service_crashing", POSSIBLE),
        ("service_unhealthy", POSSIBLE),
    ]
    assert ranked[1].evidence == ("follows from service stopped (postgres)",)


def test_stopped_application_does_not_explain_an_unhealthy_database() -> None:
    ranked = rank(
        [cause("service_unhealthy", "postgres"), cause("service_stopped", "openproject", likelihood=CERTAIN)], NEEDS
    )
    assert [(ranked_cause.subject, ranked_cause.likelihood) for ranked_cause in ranked] == [
        ("openproject", CERTAIN),
        ("postgres", LIKELY),
    ]


def test_of_two_stopped_services_the_one_that_others_need_comes_first() -> None:
    stopped = [cause("service_stopped", name, likelihood=CERTAIN) for name in ("nginx", "gitea", "postgres")]
    assert [ranked_cause.subject for ranked_cause in rank(stopped, NEEDS)] == ["postgres", "gitea", "nginx"]


def test_cause_of_the_whole_host_explains_every_symptom() -> None:
    ranked = rank([cause("service_crashing", "gitea"), cause("disk_full", likelihood=CERTAIN)], NEEDS)
    assert [ranked_cause.likelihood for ranked_cause in ranked] == [CERTAIN, POSSIBLE]


def test_log_confirms_the_cause_of_another_step() -> None:
    seen = cause("database_password", "openproject", "gitea", likelihood=CERTAIN, subject="database user maxops")
    [merged] = rank([cause("database_password", "gitea", seen="its log says: no"), seen], NEEDS)
    assert (merged.subject, merged.evidence) == ("database user maxops", ("its log says: no",))


def test_missing_name_in_a_log_follows_from_the_stopped_service() -> None:
    stopped = cause("service_stopped", "postgres", likelihood=CERTAIN)
    ranked = rank([cause("dns_name_missing", "gitea"), stopped], NEEDS)
    assert [(ranked_cause.check, ranked_cause.likelihood) for ranked_cause in ranked] == [
        ("service_stopped", CERTAIN),
        ("dns_name_missing", POSSIBLE),
    ]


def test_two_volumes_stay_two_causes() -> None:
    two = [cause("volume_permissions", "gitea", likelihood=CERTAIN, subject=name) for name in ("a", "b")]
    assert [ranked_cause.subject for ranked_cause in rank(two, NEEDS)] == ["a", "b"]


def test_circle_of_needs_ends() -> None:
    assert all_needs("a", {"a": ["b"], "b": ["a"]}) == ["b"]


@pytest.mark.parametrize(
    ("result", "state"),
    [
        (StepResult("fine"), "ok"),
        (StepResult(unknown=["cannot see"]), "unknown"),
        (StepResult(causes=[cause("memory_short", likelihood=POSSIBLE)], unknown=["and more"]), "unknown"),
        (StepResult(causes=[cause("disk_full", likelihood=CERTAIN)]), "critical"),
    ],
)
def test_state_of_a_step_is_the_worst_of_its_causes(result: StepResult, state: str) -> None:
    assert result.state == state


@pytest.mark.parametrize(
    ("kind", "services", "healthy", "likelihood"),
    [
        ("volume_permissions", ("gitea",), {"gitea"}, LIKELY),
        ("volume_permissions", ("gitea",), {"postgres"}, CERTAIN),
        ("volume_missing", ("gitea", "web"), {"gitea"}, CERTAIN),
        ("dns_name_missing", ("gitea",), {"gitea"}, LIKELY),
        ("configuration_unreadable", ("gitea",), {"gitea"}, LIKELY),
        # What was tried itself counts more than a health check.
        ("database_password", ("gitea",), {"gitea"}, CERTAIN),
        ("certificate_expired", ("nginx",), {"nginx"}, CERTAIN),
        ("volume_missing", (), {"gitea"}, CERTAIN),
    ],
)
def test_cause_is_certain_only_where_a_service_does_not_work(
    kind: str, services: tuple[str, ...], healthy: set[str], likelihood: str
) -> None:
    found = confirmed(cause(kind, *services, likelihood=CERTAIN), healthy)
    assert (found.likelihood, found.state) == (likelihood, STATES[likelihood])
