# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import ExitStack
from typing import Any, ClassVar

from ansible.errors import AnsibleActionFail
from ansible.utils.display import Display

from ansible_collections.maxops.ops.plugins.plugin_utils.actions.controller import (
    ControllerAction,
    registered,
    reported,
)
from ansible_collections.maxops.ops.plugins.plugin_utils.report.logs import ALL_HOSTS, merged

display = Display()


class ActionModule(ControllerAction):
    """Merges the logs of all hosts of the play into one file on the controller."""

    ARGUMENTS: ClassVar = {
        "variable": {"type": "str", "required": True},
        "dest": {"type": "path", "required": True},
    }

    def _execute(self, arguments: Mapping[str, Any], variables: Mapping[str, Any]) -> dict[str, Any]:
        """Collect the files of the hosts and merge them."""
        results = reported(registered(arguments["variable"], variables))
        paths = {host: result["path"] for host, result in results.items() if "path" in result}
        path = os.path.join(os.path.abspath(arguments["dest"]), ALL_HOSTS)
        # With one host there is nothing to merge.
        if len(paths) < 2:
            return {"changed": False, "path": None, "hosts": sorted(paths)}
        if not self._task.check_mode:
            try:
                _merge(paths, path)
            except OSError as error:
                raise AnsibleActionFail(
                    f"the logs of all hosts could not be written to {path}: {error.strerror}; the file of every "
                    "host is in the same folder"
                ) from error
            display.display(f"all hosts: {path}")
        return {"changed": False, "path": path, "hosts": sorted(paths)}


def _merge(paths: Mapping[str, str], path: str) -> None:
    temporary = f"{path}.tmp-{os.getpid()}"
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream, ExitStack() as opened:
            files = {host: opened.enter_context(open(paths[host], encoding="utf-8")) for host in sorted(paths)}
            stream.writelines(merged(files))
        os.rename(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
