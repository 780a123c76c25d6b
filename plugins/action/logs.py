# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
from typing import Any

from ansible.errors import AnsibleActionFail

from ansible_collections.maxops.ops.plugins.module_utils.jobs.logs.lines import unpack
from ansible_collections.maxops.ops.plugins.module_utils.tools.files import write_atomically
from ansible_collections.maxops.ops.plugins.plugin_utils.actions.times import in_utc
from ansible_collections.maxops.ops.plugins.plugin_utils.actions.watched import WatchedAction
from ansible_collections.maxops.ops.plugins.plugin_utils.report.logs import Reach, follow_command, log_path

MOST = 512 * 1024 * 1024
"""Maximum size in bytes of a host's logs, so that a faulty host cannot fill the controller's disk."""


class ActionModule(WatchedAction):
    """Reads the logs on the host, and writes them to a file on the controller."""

    def _is_worth_watching(self) -> bool:
        return False

    def _prepare(self, _variables: dict[str, Any]) -> None:
        """Understand times without a zone in the time zone of the controller."""
        names = self._option_variables()
        given = {option: self._task.args.get(option) for option in ("since", "until")}
        times = {option: in_utc(str(text), names.get(option, option)) for option, text in given.items() if text}
        self._task.args = {**self._task.args, **times}

    def _finish(self, result: dict[str, Any], variables: dict[str, Any]) -> dict[str, Any]:
        """Write the host's logs to its file, and replace them in the result by its path."""
        text = unpack(result.pop("content", ""), MOST)
        host = variables.get("inventory_hostname", "host")
        path = log_path(self._task.args["dest"], host)
        if not self._task.check_mode:
            try:
                os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
                write_atomically(path, text)
            except OSError as error:
                raise AnsibleActionFail(
                    f"the logs of {host} could not be written to {path}: {error.strerror}; set dest (logs_dest) to a "
                    "folder on the controller that you may write to"
                ) from error
        return {**result, "path": path, "follow": self._follow(result, variables)}

    def _follow(self, result: dict[str, Any], variables: dict[str, Any]) -> str:
        local = self._connection.transport == "local"
        reach = Reach(
            host=None if local else str(self._value("ansible_host", variables) or variables["inventory_hostname"]),
            user=self._value("ansible_user", variables),
            port=self._value("ansible_port", variables),
            become=self._connection.become is not None,
        )
        chosen = self._task.args.get("services") or []
        services = sorted({log["service"] for log in result["services"]}) if chosen else []
        return follow_command(reach, result["project"], services)
