# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The action of the modules for users."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .watched import WatchedAction

MANY = 200
"""Fewer users than this are done before progress could be shown."""


class UsersAction(WatchedAction):
    """Runs the module of the same name, with progress for long lists."""

    def _is_worth_watching(self) -> bool:
        users = self._task.args.get("users") or []
        # A watched job's result lies in a file on the host for a moment, and secrets of tokens should not.
        makes_tokens = self._task.args.get("tokens") or any(
            isinstance(user, Mapping) and user.get("tokens") for user in users
        )
        return len(users) >= MANY and not makes_tokens

    def _fit_to_keep(self, result: Mapping[str, Any]) -> Mapping[str, Any]:
        return {key: value for key, value in result.items() if key != "tokens"}
