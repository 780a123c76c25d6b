# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Errors of Gitea's command line."""

from __future__ import annotations

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.systems.gitea.command import error_in


@pytest.mark.parametrize(
    ("output", "error"),
    [
        ("", "no output"),
        (
            "2026/12/01 01:00:00 cmd.go:1 [F] Command error: CreateUser: name is reserved\n",
            "CreateUser: name is reserved",
        ),
        ("generated random password is 's3cret'\nCommand error: no\n", "no"),
        ("Command error: no\ngenerated random password is 's3cret'\n", "no"),
        ("generated random password is 's3cret'\n", "no output"),
        ("OCI runtime exec failed\n", "OCI runtime exec failed"),
    ],
)
def test_error_without_the_password_that_was_made_up(output: str, error: str) -> None:
    assert error_in(output) == error
