# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When the modules for users are watched, and what of their result is kept in a file."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from ansible_collections.maxops.ops.plugins.plugin_utils.actions.users import MANY, UsersAction


def action(**arguments: Any) -> UsersAction:
    created: UsersAction = UsersAction.__new__(UsersAction)
    created._task = SimpleNamespace(args=arguments)
    return created


@pytest.mark.parametrize(
    ("arguments", "watched"),
    [
        ({"name": "alice"}, False),
        ({"users": [{"name": "a"}] * (MANY - 1)}, False),
        ({"users": [{"name": "a"}] * MANY}, True),
        ({"users": [{"name": "a"}] * MANY, "tokens": [{"name": "t"}]}, False),
        ({"users": [{"name": "a"}] * MANY + [{"name": "b", "tokens": [{"name": "t"}]}]}, False),
    ],
)
def test_long_lists_are_watched_unless_they_create_tokens(arguments: dict[str, Any], watched: bool) -> None:
    assert action(**arguments)._is_worth_watching() is watched


def test_tokens_are_never_kept_in_a_file() -> None:
    assert action()._without_secrets({"tokens": [{"token": "s3cr3t"}], "counts": {}}) == {"counts": {}}
