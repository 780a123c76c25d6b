# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Base class of the actions for users."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .watched import WatchedAction

MANY = 200
"""Fewer users than this are finished before progress could be shown."""


class UsersAction(WatchedAction):
    """Runs the module of the same name, with progress for long lists."""

    def _is_worth_watching(self) -> bool:
        users = self._task.args.get("users") or []
        # The result of a watched job is in a file on the host for a moment; secrets of tokens must not be.
        makes_tokens = self._task.args.get("tokens") or any(
            isinstance(user, Mapping) and user.get("tokens") for user in users
        )
        return len(users) >= MANY and not makes_tokens

    def _option_variables(self) -> dict[str, str]:
        """Also for the API's options: ``api_token`` of the module gitea_user is ``users_gitea_token`` of the role."""
        variables = super()._option_variables()
        application = str(self._task.action).rpartition(".")[2].partition("_")[0]
        prefix = f"{application}_"
        of_api = {name.replace(prefix, "api_", 1): full for name, full in variables.items() if name.startswith(prefix)}
        return {**variables, **of_api}

    def _without_secrets(self, result: Mapping[str, Any]) -> Mapping[str, Any]:
        return {key: value for key, value in result.items() if key != "tokens"}
