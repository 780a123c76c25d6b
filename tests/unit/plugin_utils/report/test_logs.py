# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Logs on the controller: their files, the merged lines of several hosts, the command to follow."""

from __future__ import annotations

import pytest

from ansible_collections.maxops.ops.plugins.plugin_utils.report.logs import Reach, follow_command, log_path, merged


@pytest.mark.parametrize("host", ["lab", "a/../b", "..", "logs"])
def test_every_host_has_its_own_file_in_the_folder(host: str) -> None:
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
def test_command_to_follow_connects_as_ansible_does(reach: Reach, command: str) -> None:
    assert follow_command(reach, "shop", ["gitea"]) == command


def test_lines_of_all_hosts_are_merged_by_time_with_their_hosts() -> None:
    files = {
        "a": ["2026-11-25T02:00:01.0Z  gitea  one\n", "2026-11-25T02:00:03.0Z  gitea  three  x\n"],
        "longer": ["2026-11-25T02:00:02.0Z  nginx  two\n"],
    }
    assert list(merged(files)) == [
        "2026-11-25T02:00:01.0Z  a       gitea  one\n",
        "2026-11-25T02:00:02.0Z  longer  nginx  two\n",
        "2026-11-25T02:00:03.0Z  a       gitea  three  x\n",
    ]
