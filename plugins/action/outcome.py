# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from ansible_collections.maxops.ops.plugins.plugin_utils.actions.controller import ControllerAction, registered


class ActionModule(ControllerAction):
    """Fails on a host whose job failed, after the summary of all hosts was shown."""

    ARGUMENTS: ClassVar = {
        "job": {"type": "str", "required": True},
        "variable": {"type": "str", "required": True},
    }

    def _execute(self, arguments: Mapping[str, Any], variables: Mapping[str, Any]) -> dict[str, Any]:
        """Fail if the host's registered result is missing, failed or unreachable; a skipped job is no failure."""
        host, job = str(variables["inventory_hostname"]), arguments["job"]
        result = registered(arguments["variable"], variables).get(host)
        if result is None:
            return {"changed": False, "failed": True, "msg": f"{job} of {host}: no result; the error is shown above"}
        if result.get("unreachable"):
            message = f"{job}: {host} is unreachable, see the summary above"
            return {"changed": False, "unreachable": True, "msg": message}
        if result.get("failed"):
            return {"changed": False, "failed": True, "msg": f"{job} of {host} failed, see the summary above"}
        return {"changed": False}
