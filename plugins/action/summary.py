# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

from ansible_collections.maxops.ops.plugins.plugin_utils.backups_text import backups_summary, backups_table
from ansible_collections.maxops.ops.plugins.plugin_utils.care_text import (
    cache_summary,
    cache_table,
    cleanup_summary,
    cleanup_table,
    optimize_summary,
    optimize_table,
)
from ansible_collections.maxops.ops.plugins.plugin_utils.diagnosis_text import diagnosis_summary, diagnosis_table
from ansible_collections.maxops.ops.plugins.plugin_utils.health_text import (
    FAILS,
    health_failure,
    health_summary,
    health_table,
)
from ansible_collections.maxops.ops.plugins.plugin_utils.logs_text import logs_summary, logs_table
from ansible_collections.maxops.ops.plugins.plugin_utils.monitoring_text import monitoring_summary, monitoring_table
from ansible_collections.maxops.ops.plugins.plugin_utils.restart_text import restart_summary, restart_table
from ansible_collections.maxops.ops.plugins.plugin_utils.restore_text import restore_summary, restore_table
from ansible_collections.maxops.ops.plugins.plugin_utils.status_text import status_summary, status_table
from ansible_collections.maxops.ops.plugins.plugin_utils.text import backup_summary, backup_table
from ansible_collections.maxops.ops.plugins.plugin_utils.users_text import users_summary, users_table
from ansible_collections.maxops.ops.plugins.plugin_utils.verify_text import verify_summary, verify_table

display = Display()

# job → (lines for one host, lines for many)
RENDERERS = {
    "backup": (backup_summary, backup_table),
    "backups": (backups_summary, backups_table),
    "cache": (cache_summary, cache_table),
    "cleanup": (cleanup_summary, cleanup_table),
    "diagnose": (diagnosis_summary, diagnosis_table),
    "drill": (verify_summary, verify_table),
    "health": (health_summary, health_table),
    "logs": (logs_summary, logs_table),
    "monitoring": (monitoring_summary, monitoring_table),
    "restart": (restart_summary, restart_table),
    "optimize": (optimize_summary, optimize_table),
    "restore": (restore_summary, restore_table),
    "status": (status_summary, status_table),
    "users": (users_summary, users_table),
    "verify": (verify_summary, verify_table),
}


class ActionModule(ActionBase):  # type: ignore[misc]
    """Shows what a job did on all hosts of the play, in words, without going to any of them."""

    _supports_check_mode = True
    _requires_connection = False
    TRANSFERS_FILES = False

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Collect the hosts' registered results and print them."""
        super().run(tmp, task_vars)
        _validation, arguments = self.validate_argument_spec(
            argument_spec={
                "job": {"type": "str", "required": True, "choices": sorted(RENDERERS)},
                "variable": {"type": "str", "required": True},
                "fail_on": {"type": "str", "choices": sorted(FAILS), "default": "never"},
            }
        )
        variables = task_vars or {}
        hosts = variables.get("ansible_play_hosts_all", [])
        results = collect({host: variables["hostvars"][host].get(arguments["variable"]) for host in hosts})
        one, many = RENDERERS[arguments["job"]]
        if len(results) == 1:
            [(host, result)] = results.items()
            lines = one(host, result, self._task.check_mode)
        else:
            lines = many(results) if results else []
        for line in ["", *lines]:
            display.display(line)
        failure = health_failure(results, arguments["fail_on"])
        return {"changed": False, "failed": True, "msg": failure} if failure else {"changed": False, "lines": lines}


def collect(registered: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The results that there is something to say about; a host that was out of reach has failed."""
    results = {host: dict(result) for host, result in registered.items() if isinstance(result, Mapping)}
    for result in results.values():
        if result.get("unreachable"):
            result["failed"] = True
    return {host: result for host, result in results.items() if not result.get("skipped")}
