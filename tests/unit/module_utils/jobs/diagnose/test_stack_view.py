# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts and ports in settings and in configuration files of a gateway."""

from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.jobs.diagnose.stack_view import (
    hosts_in,
    hosts_in_files,
)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("postgres://maxops:p%40ss@postgres:5432/openproject", [("postgres", 5432)]),
        ("postgres://maxops:p@ss@postgres/openproject", [("postgres", 5432)]),
        ("redis://:secret@redis:6379/1", [("redis", 6379)]),
        ("postgres:5432", [("postgres", 5432)]),
        ("set $openproject_server openproject:8080;", [("openproject", 8080)]),
        ("http://$openproject_server/", []),
        ("12:30", []),
        ("image/name:1", []),
    ],
)
def test_hosts_are_found_in_settings(text: str, found: list[tuple[str, int]]) -> None:
    assert hosts_in(text) == found


def test_hosts_are_found_in_the_configuration_of_a_gateway_and_not_in_its_comments(tmp_path: Path) -> None:
    (tmp_path / "nginx.conf").write_text("# old:1234\nset $gitea_server gitea:3000;\n")
    (tmp_path / "notes.txt").write_text("other:1111")
    assert hosts_in_files(str(tmp_path)) == [("gitea", 3000)]
