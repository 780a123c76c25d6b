# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

from ansible_collections.maxops.ops.plugins.module_utils.tools.files import to_json, write_atomically
from ansible_collections.maxops.ops.plugins.module_utils.tools.moments import timestamp, utc_now
from ansible_collections.maxops.ops.plugins.plugin_utils.drill import make_report, to_markdown

display = Display()


class ActionModule(ActionBase):  # type: ignore[misc]
    """Writes what a drill found on all hosts of the play, on the controller."""

    _supports_check_mode = True
    _requires_connection = False
    TRANSFERS_FILES = False

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Collect the hosts' registered results and write the report."""
        super().run(tmp, task_vars)
        _validation, arguments = self.validate_argument_spec(
            argument_spec={
                "variable": {"type": "str", "required": True},
                "folder": {"type": "path", "required": True},
            }
        )
        variables = task_vars or {}
        hosts = variables.get("ansible_play_hosts_all", [])
        results = {host: variables["hostvars"][host].get(arguments["variable"]) for host in hosts}
        now = utc_now()
        report = make_report(results, timestamp(now))
        # A day's drill replaces one that was run again for it.
        stem = os.path.join(os.path.abspath(arguments["folder"]), f"drill-{now:%Y-%m-%d}")
        paths = {"markdown": f"{stem}.md", "json": f"{stem}.json"}
        if not self._task.check_mode:
            try:
                os.makedirs(os.path.dirname(stem), exist_ok=True)
                write_atomically(paths["markdown"], to_markdown(report), mode=0o644)
                write_atomically(paths["json"], to_json(report), mode=0o644)
            except OSError as error:
                raise AnsibleActionFail(
                    f"the report of the drill could not be written to {stem}.md: {error.strerror}; name a folder of "
                    "the controller in maxops_results_dir"
                ) from error
            display.display(f"report: {paths['markdown']}")
        return {"changed": not self._task.check_mode, "report": report, **paths}
