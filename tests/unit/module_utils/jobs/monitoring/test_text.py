# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a message says, and that it stays short."""

from __future__ import annotations

from ansible_collections.maxops.ops.plugins.module_utils.jobs.monitoring.text import body_of, title_of
from ansible_collections.maxops.ops.tests.unit.looks import finding
from ansible_collections.maxops.ops.tests.unit.nights import DOWN, Nights


def test_message_tells_all_changes_the_worst_first() -> None:
    nights = Nights(after=1, recover_after=1)
    nights.see(finding("disk", "/", "warning", "82 % used"))
    events = nights.see(DOWN, finding("http", "/health", "unknown", "no answer"))
    assert title_of("web1", events) == "[MaxOps] web1: 1 critical, 1 unknown, 1 recovered"
    assert body_of("web1", events).splitlines() == [
        "CRITICAL  containers: gitea: exited with code 137",
        "    next: docker compose start gitea",
        "UNKNOWN  http: /health: no answer",
        "RECOVERED  disk: /: well again at 2026-11-25T14:05:00Z, was warning since 2026-11-25T14:00:00Z",
        "",
        "all findings: ansible-playbook maxops.ops.health -e target=web1",
    ]


def test_message_of_a_reminder_says_since_when() -> None:
    nights = Nights(after=1, repeat_after=300)
    nights.see(DOWN)
    events = nights.see(DOWN)
    assert title_of("web1", events) == "[MaxOps] web1: 1 still critical"
    assert "exited with code 137, since 2026-11-25T14:00:00Z" in body_of("web1", events)


def test_message_stays_short_whatever_is_found() -> None:
    long = [finding("containers", f"service{number}", "critical", "x " * 1000) for number in range(500)]
    body = body_of("web1", Nights(after=1).see(*long), dropped=7)
    assert len(body) < 10000
    assert "and 480 more changes" in body
    assert "7 older messages could not be delivered" in body
