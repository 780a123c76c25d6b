# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.maxops.ops.plugins.plugin_utils.actions.watched import WatchedAction


class ActionModule(WatchedAction):
    """Restores a stack and shows its progress."""
