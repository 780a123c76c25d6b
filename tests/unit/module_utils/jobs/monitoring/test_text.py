# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The text of a message, and its maximum length."""

from __future__ import annotations

from ansible_collections.maxops.ops.plugins.module_utils.jobs.monitoring.text import body_of, title_of
from ansible_collections.maxops.ops.tests.unit.alert_runs import DOWN, AlertRuns
from ansible_collections.maxops.ops.tests.unit.health_results import finding


def test_message_lists_all_changes_the_worst_first() -> None:
    runs = AlertRuns(after=1, recover_after=1)
    runs.run(finding("disk", "/", "warning", "82 % used"))
    events = runs.run(DOWN, finding("http", "/health", "unknown", "no answer"))
    assert title_of("web1", events) == "[MaxOps] web1: 1 critical, 1 unknown, 1 recovered"
    assert body_of("web1", events).splitlines() == [
        "CRITICAL  containers: gitea: exited with code 137",
        "    next: docker compose start gitea",
        "UNKNOWN  http: /health: no answer",
        "RECOVERED  disk: /: ok again at 2026-11-25T14:05:00Z, was warning since 2026-11-25T14:00:00Z",
        "",
        "all findings: ansible-playbook maxops.ops.health -e target=web1",
    ]


def test_reminder_shows_since_when() -> None:
    runs = AlertRuns(after=1, repeat_after=300)
    runs.run(DOWN)
    events = runs.run(DOWN)
    assert title_of("web1", events) == "[MaxOps] web1: 1 still critical"
    assert "exited with code 137, since 2026-11-25T14:00:00Z" in body_of("web1", events)


def test_message_stays_short_with_many_findings() -> None:
    long = [finding("containers", f"service{number}", "critical", "x " * 1000) for number in range(500)]
    body = body_of("web1", AlertRuns(after=1).run(*long), dropped=7)
    assert len(body) < 10000
    assert "and 480 more changes" in body
    assert "7 older messages could not be delivered" in body
