# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

from ansible_collections.maxops.ops.plugins.plugin_utils.actions.times import past_in_utc
from ansible_collections.maxops.ops.plugins.plugin_utils.actions.watched import WatchedAction


class ActionModule(WatchedAction):
    """Restores a stack and shows its progress."""

    def _prepare(self, _variables: dict[str, Any]) -> None:
        """Understand the time before the task in the time zone of the controller."""
        before = self._task.args.get("before")
        if before is not None:
            name = self._option_variables().get("before", "before")
            self._task.args = {**self._task.args, "before": past_in_utc(str(before), name)}

    def _finish(self, result: dict[str, Any], _variables: dict[str, Any]) -> dict[str, Any]:
        """Add the moment that was understood, for the plan."""
        return {**result, "before": self._task.args.get("before")}
