# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What dump and load share: the helper's environment, and the next step after a failure."""

from __future__ import annotations

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.systems.postgresql.session import NO_LIMITS
from ansible_collections.maxops.ops.plugins.module_utils.tools.process import StageResult
from ansible_collections.maxops.ops.plugins.module_utils.transfer import programs


def test_environment_has_the_settings_and_no_password() -> None:
    found = programs.environment({"synchronous_commit": "off"})
    assert found["PGOPTIONS"] == f"{NO_LIMITS} -c synchronous_commit=off"
    assert found["PGPASSFILE"] == programs.INSIDE_PASSFILE
    assert [name for name in found if "PASSWORD" in name] == []
    assert programs.environment({})["PGOPTIONS"] == NO_LIMITS


@pytest.mark.parametrize(
    ("stderr", "code", "advice"),
    [
        ("docker: Error response from daemon: no such image", 1, "was container db-1 stopped or restarted?"),
        ("", 125, "was container db-1 stopped or restarted?"),
        ("could not extend file: No space left on device", 1, "the disk of the database server is full"),
        ("write: Disk quota exceeded", 1, "the disk quota of the database server is used up"),
        ('ERROR:  role "ann" does not exist', 1, "make that role"),
        ('ERROR:  extension "vector" is not available', 1, "the database's image lacks an extension"),
        ("pg_restore: error: unsupported version (1.16) in file header", 1, "comes from a newer PostgreSQL"),
        ("gunzip failed", 3, "the file is cut short or damaged"),
        ("FATAL: terminating connection due to administrator command", 1, "docker logs --tail=50 db-1"),
        ("something else", 1, "fix the cause and run this again"),
    ],
)
def test_next_step_fits_the_failure(stderr: str, code: int, advice: str) -> None:
    assert advice in programs.advice_on(StageResult("x", code, stderr, True), "db-1")


def test_last_words_are_the_last_four_lines_or_the_exit_code() -> None:
    assert programs.last_words(StageResult("x", 1, "a\nb\n c \n\nd\n", True)) == "b; c; d"
    assert programs.last_words(StageResult("x", 7, "\n", True)) == "exit code 7"
