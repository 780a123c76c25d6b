# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Findings that follow from one cause are one finding."""

from __future__ import annotations

from ansible_collections.maxops.ops.plugins.module_utils.jobs.health.consequences import DOCKER, collapse, following
from ansible_collections.maxops.ops.plugins.module_utils.tools.finding import Finding

STOPPED = Finding("containers", "gitea", "critical", "exited", evidence=("137",))
HTTP = Finding("http", "gitea", "critical", "no answer: its container is exited")
BEHIND = Finding("http", "gitea through the gateway", "critical", "502")


def test_chain_of_consequences_collapses_into_its_beginning() -> None:
    direct = following(HTTP, ("containers", "gitea"))
    through = following(BEHIND, ("http", "gitea"), ("http", "gateway"))
    done = collapse([through, STOPPED, direct])
    [cause] = done.causes
    assert (cause.check, cause.subject, cause.state) == ("containers", "gitea", "critical")
    assert cause.evidence == (
        "137",
        ("follows from it: http gitea through the gateway (502), http gitea (no answer: its container is exited)"),
    )
    assert [(entry["subject"], entry["follows"]["subject"]) for entry in done.data()] == [
        ("gitea through the gateway", "gitea"),
        ("gitea", "gitea"),
    ]
    assert set(done.data()[0]) == {"check", "subject", "state", "seen", "limit", "evidence", "fix", "follows"}


def test_finding_whose_possible_cause_is_fine_stands_for_itself() -> None:
    well = Finding("containers", "gitea", "ok", "running")
    done = collapse([well, following(HTTP, ("containers", "gitea"))])
    assert [finding.subject for finding in done.causes] == ["gitea", "gitea"]
    assert done.consequences == []
    assert "of" not in done.causes[1].to_dict()


def test_first_cause_that_is_not_ok_counts() -> None:
    database = Finding("containers", "db", "critical", "exited")
    done = collapse([STOPPED, database, following(BEHIND, ("containers", "web"), ("containers", "db"))])
    assert [cause for _finding, cause in done.consequences] == [("containers", "db")]


def test_same_text_of_many_checks_is_one_finding_where_the_cause_was_not_checked() -> None:
    seen = "cannot reach the Docker daemon"
    down = [following(Finding(name, name, "unknown", seen), DOCKER) for name in ("http", "postgresql", "redis")]
    done = collapse(down)
    assert [finding.check for finding in done.causes] == ["http"]
    assert done.causes[0].evidence == ("follows from it: postgresql postgresql, redis redis",)


def test_consequence_is_not_worse_than_its_cause() -> None:
    starting = Finding("http", "openproject", "warning", "connection refused; it was started 20 s ago")
    done = collapse([following(starting, starts=True), following(BEHIND, ("http", "openproject"))])
    assert [finding.state for finding in done.all] == ["warning", "warning"]
    assert len(done.causes) == 1


def test_warning_does_not_hide_a_fault_that_is_worse() -> None:
    slow = Finding("postgresql", "connections", "warning", "81 of 97 connections used (84 %)")
    error = following(HTTP, ("postgresql", "connections"))
    done = collapse([slow, error, following(BEHIND, ("http", "gitea"))])
    assert [(finding.subject, finding.state) for finding in done.causes] == [
        ("connections", "warning"),
        ("gitea", "critical"),
    ]
    assert [(finding.subject, finding.state) for finding, _cause in done.consequences] == [
        ("gitea through the gateway", "critical")
    ]


def test_second_possible_cause_counts_where_the_first_explains_nothing() -> None:
    slow = Finding("containers", "redis", "warning", "up for 1 min after 2 automatic restarts")
    down = Finding("containers", "db", "critical", "exited")
    done = collapse([slow, down, following(HTTP, ("containers", "redis"), ("containers", "db"))])
    assert [cause for _finding, cause in done.consequences] == [("containers", "db")]


def test_two_faults_with_the_same_text_are_two_findings() -> None:
    seen = "running, but its health check failed 3 times in a row"
    of = (("containers", "db"), ("postgresql", "server"))
    names = ("openproject web", "openproject worker")
    done = collapse([following(Finding("containers", name, "critical", seen), *of) for name in names])
    assert tuple(finding.subject for finding in done.causes) == names
    assert done.consequences == []


def test_of_findings_that_may_follow_from_each_other_the_worst_stands() -> None:
    container = Finding("containers", "web", "unknown", "its health check cannot run")
    one = following(HTTP, ("containers", "web"))
    other = following(container, ("http", "gitea"))
    third = following(BEHIND, ("containers", "web"))
    for order in ([one, other, third], [third, other, one]):
        [cause] = collapse(order).causes
        assert (cause.check, cause.subject) == ("http", "gitea")


def test_long_texts_and_lists_are_cut() -> None:
    many = [following(Finding("http", str(n), "critical", "x" * 200), ("containers", "gitea")) for n in range(9)]
    [cause] = collapse([STOPPED, *many]).causes
    assert cause.evidence[-1].endswith("…), and 3 more")
