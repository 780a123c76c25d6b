# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from ansible_collections.maxops.ops.plugins.plugin_utils.actions.controller import ControllerAction, registered
from ansible_collections.maxops.ops.plugins.plugin_utils.summary.health import outcome


class ActionModule(ControllerAction):
    """Fails on a host whose job failed, after the summary of all hosts was shown."""

    ARGUMENTS: ClassVar = {
        "job": {"type": "str", "required": True},
        "variable": {"type": "str", "required": True},
        "fail_on": {"type": "str", "choices": ["critical", "never", "warning"]},
    }

    def _execute(self, arguments: Mapping[str, Any], variables: Mapping[str, Any]) -> dict[str, Any]:
        """Fail if the host's registered result is missing, failed or unreachable; a skipped job is no failure."""
        host, job = str(variables["inventory_hostname"]), arguments["job"]
        # Only of this host: the variables of every host, read for every host, would take seconds on a large fleet.
        own = {"ansible_play_hosts_all": [host], "hostvars": {host: variables}}
        result = registered(arguments["variable"], own)[host]
        if arguments.get("fail_on"):
            return _by_state(host, result or {"failed": True}, arguments["fail_on"])
        if result is None:
            return {"changed": False, "failed": True, "msg": f"{job} of {host}: no result; the error is shown above"}
        if result.get("unreachable"):
            message = f"{job}: {host} is unreachable, see the summary above"
            return {"changed": False, "unreachable": True, "msg": message}
        if result.get("failed"):
            return {"changed": False, "failed": True, "msg": f"{job} of {host} failed, see the summary above"}
        return {"changed": False}


def _by_state(host: str, result: Mapping[str, Any], fail_on: str) -> dict[str, Any]:
    """The outcome of a job whose result has a state, on its own host."""
    if result.get("skipped"):
        return {"changed": False}
    message = outcome(host, result, fail_on)
    if not message:
        return {"changed": False}
    return {"changed": False, "unreachable" if result.get("unreachable") else "failed": True, "msg": message}
