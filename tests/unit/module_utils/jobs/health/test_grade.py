# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The manual's table 7.1: which findings are P1, P2, P3 and P4."""

from __future__ import annotations

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.jobs.health.grade import Parts, grade, grade_of
from ansible_collections.maxops.ops.plugins.module_utils.tools.finding import Finding, worst, worst_first

WELL = [
    Finding(check, subject, "ok", "")
    for check, subject in [
        ("containers", "openproject"),
        ("containers", "gitea"),
        ("containers", "nginx"),
        ("http", "gateway"),
        ("http", "openproject"),
        ("http", "gitea through the gateway"),
        ("disk", "/"),
    ]
]


def graded(*given: tuple[str, str, str], parts: Parts | None = None) -> str:
    findings = [Finding(check, subject, state, "") for check, subject, state in given]
    return grade([*WELL, *findings], parts or Parts())


def test_healthy_stack_has_no_grade() -> None:
    assert graded() == "none"


@pytest.mark.parametrize(
    ("check", "subject"),
    [
        ("containers", "postgres"),
        ("containers", "nginx"),
        ("containers", "docker"),
        ("containers", "stack"),
        ("http", "gateway"),
        ("postgresql", "server"),
    ],
)
def test_failure_of_the_whole_service_is_p1(check: str, subject: str) -> None:
    assert graded((check, subject, "critical")) == "P1"


@pytest.mark.parametrize(
    ("check", "subject"),
    [
        ("containers", "openproject"),
        ("containers", "redis"),
        ("http", "gitea through the gateway"),
        ("http", "gateway /health"),
        ("postgresql", "gitea to its database"),
        ("postgresql", "connections"),
        ("redis", "memory"),
        ("disk", "/"),
        ("certificate", "gateway"),
    ],
)
def test_failure_of_a_main_function_is_p2(check: str, subject: str) -> None:
    assert graded((check, subject, "critical")) == "P2"


def test_both_applications_down_is_p1() -> None:
    assert graded(("http", "openproject", "critical"), ("containers", "gitea", "critical")) == "P1"


def test_only_application_of_a_stack_down_is_p1() -> None:
    assert grade([Finding("http", "gitea", "critical", "")], Parts()) == "P1"


@pytest.mark.parametrize("check", ["backup", "clock", "images"])
def test_failure_of_another_part_is_p3(check: str) -> None:
    assert graded((check, "anything", "critical")) == "P3"


def test_backup_service_down_is_p3() -> None:
    assert graded(("containers", "backup", "critical")) == "P3"


def test_unknown_is_p3() -> None:
    assert graded(("postgresql", "server", "unknown")) == "P3"


def test_warning_is_p4_even_for_the_database() -> None:
    assert graded(("containers", "postgres", "warning")) == "P4"


def test_database_service_with_another_name_is_graded_by_that_name() -> None:
    assert graded(("containers", "db", "critical"), parts=Parts(database="db")) == "P1"
    assert graded(("containers", "db", "critical")) == "P3"


def test_unknown_is_worse_than_warning_and_better_than_critical() -> None:
    assert worst(["ok", "warning", "unknown"]) == "unknown"
    assert worst(["unknown", "critical", "ok"]) == "critical"
    assert worst([]) == "ok"


def test_worst_finding_comes_first_and_equal_ones_keep_their_order() -> None:
    states = ["ok", "warning", "critical", "unknown", "warning"]
    findings = [Finding("disk", str(number), state, "") for number, state in enumerate(states)]
    assert [finding.subject for finding in worst_first(findings)] == ["2", "3", "1", "4", "0"]


OFFICIAL = Parts("db", "cache", {"openproject": ("web", "worker", "cron", "seeder")}, ("proxy",))


@pytest.mark.parametrize(
    ("check", "subject", "expected"),
    [
        ("containers", "openproject web", "P1"),  # the only application of the stack
        ("containers", "db", "P1"),
        ("containers", "proxy", "P1"),
        ("containers", "openproject worker", "P2"),
        ("containers", "openproject seeder", "P2"),
        ("containers", "cache", "P2"),
        ("redis", "server", "P2"),
        ("containers", "autoheal", "P3"),
        ("containers", "openproject shop-web-2", "P3"),  # one of several containers of the service
        ("backup", "newest set", "P3"),
    ],
)
def test_grade_of_one_fault_in_the_official_stack_of_openproject(check: str, subject: str, expected: str) -> None:
    assert grade_of(Finding(check, subject, "critical", ""), OFFICIAL) == expected


def test_stopped_worker_is_not_the_whole_application() -> None:
    parts = Parts("db", "cache", {"openproject": ("web", "worker"), "gitea": ("server",)}, ())
    worker = Finding("containers", "openproject worker", "critical", "")
    server = Finding("containers", "gitea server", "critical", "")
    web = Finding("http", "openproject", "ok", "")
    assert grade([worker, server, web], parts) == "P2"
    assert grade([worker, server, Finding("http", "openproject", "critical", "")], parts) == "P1"
