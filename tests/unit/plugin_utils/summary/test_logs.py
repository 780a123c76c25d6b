# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Logs on the controller: their files, the order of several hosts, the command to follow, words of summaries."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.maxops.ops.plugins.plugin_utils.logs_text import (
    Reach,
    follow_command,
    log_path,
    logs_summary,
    logs_table,
    merged,
)

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


@pytest.mark.parametrize("host", ["lab", "a/../b", "..", "logs"])
def test_every_host_has_a_file_of_its_own_in_the_folder(host: str) -> None:
    path = log_path("/folder", host)
    assert path.startswith("/folder/logs-")
    assert path.count("/") == 2
    assert path != "/folder/logs.log"


@pytest.mark.parametrize(
    ("reach", "command"),
    [
        (Reach(), "docker compose --project-name shop logs --follow --tail 20 gitea"),
        (Reach(become=True), "sudo docker compose --project-name shop logs --follow --tail 20 gitea"),
        (
            Reach("10.0.0.1", "ops", 2222, True),
            "ssh -t -p 2222 ops@10.0.0.1 -- sudo docker compose --project-name shop logs --follow --tail 20 gitea",
        ),
        (Reach("h", port=22), "ssh -t h -- docker compose --project-name shop logs --follow --tail 20 gitea"),
        (Reach("h; rm"), "ssh -t 'h; rm' -- docker compose --project-name shop logs --follow --tail 20 gitea"),
    ],
)
def test_command_to_follow_gets_to_the_host_as_ansible_does(reach: Reach, command: str) -> None:
    assert follow_command(reach, "shop", ["gitea"]) == command


def test_lines_of_all_hosts_are_in_one_order_with_their_hosts() -> None:
    files = {
        "a": ["2026-11-25T02:00:01.0Z  gitea  one\n", "2026-11-25T02:00:03.0Z  gitea  three  x\n"],
        "longer": ["2026-11-25T02:00:02.0Z  nginx  two\n"],
    }
    assert list(merged(files)) == [
        "2026-11-25T02:00:01.0Z  a       gitea  one\n",
        "2026-11-25T02:00:02.0Z  longer  nginx  two\n",
        "2026-11-25T02:00:03.0Z  a       gitea  three  x\n",
    ]


def test_summary_tells_the_newest_lines_where_all_are_and_what_is_missing() -> None:
    lines = logs_summary("lab", RESULT, False)
    assert lines == [
        "  … 1,233 lines before these are in the file",
        "  2026-11-25T02:00:00.000000000Z  gitea  the end",
        "lab: 1,234 lines of 2 services, secrets masked in 3, 99.0 kB, 0.2 s, in /x/logs-lab.log",
        "  SERVICE  LINES  ERRORS  LAST",
        "  gitea    1,234       2  2026-11-25 02:00:00",
        "  nginx        0                               is gone",
        "  left out: older lines of gitea",
        "  follow: docker compose --project-name shop logs --follow --tail 20",
    ]
    assert "would be in /x/logs-lab.log" in "\n".join(logs_summary("lab", RESULT, True))


def test_table_has_a_line_for_every_host_the_worst_first() -> None:
    calm = {**RESULT, "services": [{**SERVICE, "errors": 0}], "left_out": []}
    lines = logs_table({"calm": calm, "lab": RESULT, "gone": AWAY})
    assert [line.split()[0] for line in lines[1:4]] == ["gone", "lab", "calm"]
    assert "Failed to connect" in lines[1]
    assert lines[4:] == [f"follow {host}: {RESULT['follow']}" for host in ("lab", "calm")]
