# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Logs as they are printed, for one host and for many."""

from __future__ import annotations

from typing import Any

from ansible_collections.maxops.ops.plugins.plugin_utils.summary.logs import summary, table

SERVICE = {
    "service": "gitea",
    "source": "gitea",
    "container": "shop-gitea-1",
    "lines": 1234,
    "errors": 2,
    "first": "2026-11-25T01:00:00.000000000Z",
    "last": "2026-11-25T02:00:00.000000000Z",
    "problem": None,
}
RESULT: dict[str, Any] = {
    "project": "shop",
    "services": [SERVICE, {**SERVICE, "source": "nginx", "lines": 0, "errors": 0, "last": None, "problem": "is gone"}],
    "lines": 1234,
    "bytes": 99_000,
    "first": SERVICE["first"],
    "last": SERVICE["last"],
    "masked": 3,
    "left_out": ["older lines of gitea"],
    "newest": ["2026-11-25T02:00:00.000000000Z  gitea  the end"],
    "duration": 0.2,
    "path": "/x/logs-lab.log",
    "follow": "docker compose --project-name shop logs --follow --tail 20",
}
AWAY = {"unreachable": True, "failed": True, "msg": "Failed to connect"}


def test_summary_shows_the_newest_lines_the_file_and_what_is_left_out() -> None:
    lines = summary("lab", RESULT, False)
    assert lines == [
        "  … 1,233 earlier lines are in the file",
        "  2026-11-25T02:00:00.000000000Z  gitea  the end",
        "lab: 1,234 lines of 2 services, secrets masked in 3, 99.0 kB, 0.2 s, in /x/logs-lab.log",
        "  SERVICE  LINES  ERRORS  LAST",
        "  gitea    1,234       2  2026-11-25 02:00:00",
        "  nginx        0                               is gone",
        "  left out: older lines of gitea",
        "  follow: docker compose --project-name shop logs --follow --tail 20",
    ]
    assert "would be in /x/logs-lab.log" in "\n".join(summary("lab", RESULT, True))


def test_table_has_one_line_per_host_the_worst_first() -> None:
    calm = {**RESULT, "services": [{**SERVICE, "errors": 0}], "left_out": []}
    lines = table({"calm": calm, "lab": RESULT, "gone": AWAY})
    assert [line.split()[0] for line in lines[1:4]] == ["gone", "lab", "calm"]
    assert "Failed to connect" in lines[1]
    assert lines[4:] == [f"follow {host}: {RESULT['follow']}" for host in ("lab", "calm")]
