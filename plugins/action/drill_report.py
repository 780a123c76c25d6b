# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, ClassVar

from ansible.errors import AnsibleActionFail
from ansible.utils.display import Display

from ansible_collections.maxops.ops.plugins.module_utils.tools.files import to_json, write_atomically
from ansible_collections.maxops.ops.plugins.module_utils.tools.moments import timestamp, utc_now
from ansible_collections.maxops.ops.plugins.plugin_utils.actions.controller import ControllerAction, registered
from ansible_collections.maxops.ops.plugins.plugin_utils.report.drill import make_report, to_markdown

display = Display()


class ActionModule(ControllerAction):
    """Writes the report of a drill on all hosts of the play, on the controller."""

    ARGUMENTS: ClassVar = {
        "variable": {"type": "str", "required": True},
        "folder": {"type": "path", "required": True},
    }

    def _execute(self, arguments: Mapping[str, Any], variables: Mapping[str, Any]) -> dict[str, Any]:
        """Collect the hosts' registered results and write the report."""
        now = utc_now()
        report = make_report(registered(arguments["variable"], variables), timestamp(now))
        # Another drill on the same day replaces the report.
        stem = os.path.join(os.path.abspath(arguments["folder"]), f"drill-{now:%Y-%m-%d}")
        paths = {"markdown": f"{stem}.md", "json": f"{stem}.json"}
        if not self._task.check_mode:
            try:
                os.makedirs(os.path.dirname(stem), exist_ok=True)
                write_atomically(paths["markdown"], to_markdown(report), mode=0o644)
                write_atomically(paths["json"], to_json(report), mode=0o644)
            except OSError as error:
                raise AnsibleActionFail(
                    f"the report of the drill could not be written to {stem}.md: {error.strerror}; name a writable "
                    "folder of the controller in maxops_results_dir"
                ) from error
            display.display(f"report: {paths['markdown']}")
        return {"changed": not self._task.check_mode, "report": report, **paths}
