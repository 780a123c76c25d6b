# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.maxops.ops.plugins.plugin_utils.actions.watched import WatchedAction


class ActionModule(WatchedAction):
    """Lists the backups, and writes the result file if one is configured."""

    def _is_worth_watching(self) -> bool:
        return False
