# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

from ansible.utils.display import Display

from ansible_collections.maxops.ops.plugins.plugin_utils.actions.watched import WatchedAction
from ansible_collections.maxops.ops.plugins.plugin_utils.summary.cleanup import summary

display = Display()


class ActionModule(WatchedAction):
    """Shows each item that will be removed, then removes them."""

    def _run_watched(self, module: str, variables: dict[str, Any]) -> dict[str, Any]:
        self._task.check_mode = True
        try:
            preview: dict[str, Any] = self._execute_module(module_name=module, task_vars=variables)
        finally:
            self._task.check_mode = False
        if preview.get("failed") or not preview["items"]:
            return preview
        for line in summary(variables.get("inventory_hostname", "host"), preview, check_mode=True):
            display.display(line)
        result: dict[str, Any] = self._execute_module(module_name=module, task_vars=variables)
        return result
