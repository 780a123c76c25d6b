# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Causes that are found in logs and in the output of health checks."""

from __future__ import annotations

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.symptoms import (
    cannot_run,
    last_words,
    quote,
    sign,
)


@pytest.mark.parametrize(
    ("code", "output", "expected"),
    [
        (127, "", True),
        (126, "", True),
        (-1, "", True),
        (1, "bash: line 1: wget: command not found", True),
        (1, "/bin/sh: 1: curl: not found", True),
        (None, "OCI runtime exec failed: exec failed: no such file or directory: unknown", True),
        (-1, "Health check exceeded timeout (5s)", False),
        (126, "OCI runtime exec failed: exec failed: unable to start container process: resource temporarily", False),
        (126, "OCI runtime exec failed: fork/exec /usr/bin/runc: resource temporarily unavailable: unknown", False),
        (-1, "OCI runtime exec failed: exec failed: cannot allocate memory: unknown", False),
        (126, 'OCI runtime exec failed: exec failed: exec: "/app/check": permission denied: unknown', True),
        (126, "OCI runtime exec failed: exec /check: exec format error: unknown", True),
        (1, "404 page not found", False),
        (1, 'database "x" not found', False),
        (0, "", False),
        (None, "OCI runtime exec failed: cannot exec in a stopped container", False),
        (None, "Container f00 is not running", False),
    ],
)
def test_a_check_that_cannot_run(code: int | None, output: str, expected: bool) -> None:
    assert cannot_run(code, output) is expected


@pytest.mark.parametrize(
    ("line", "remedy"),
    [
        ("ActiveRecord::PendingMigrationError (", "docker compose up seeder"),
        ("You have 3 pending migrations:", "docker compose up seeder"),
        ("Migrations are pending. To resolve this issue, run:", "docker compose up seeder"),
        ("Missing `secret_key_base` for 'production' environment", "set SECRET_KEY_BASE"),
        ("400 Bad Request: Invalid host_name configuration", "OPENPROJECT_HOST__NAME"),
    ],
)
def test_known_signs_are_quoted_with_their_remedy(line: str, remedy: str) -> None:
    text = sign(["booting", line, "bye"])
    assert f'its log says "{line}"' in text
    assert remedy in text


def test_the_last_line_with_words_is_quoted_without_secrets() -> None:
    assert sign(["all is well"]) == ""
    assert last_words(["first", "password=geheim", ""]) == 'last log line: "password=***"'
    assert last_words([]) == ""
    psql = ['ERROR:  relation "marker" does not exist', "LINE 1: TABLE marker", "              ^"]
    assert last_words(psql) == f'last log line: "{psql[0]}"'
    assert last_words(["ERROR: long ago", *["line"] * 20, "bye"]) == 'last log line: "bye"'
    assert len(quote("x" * 5000)) == 300
