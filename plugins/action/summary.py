# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any, Callable

from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

display = Display()

# job → the room of plugin_utils and the word before _summary and _table that make its lines
JOBS = {
    "backup": ("text", "backup"),
    "backups": ("backups_text", "backups"),
    "cache": ("care_text", "cache"),
    "cleanup": ("care_text", "cleanup"),
    "diagnose": ("diagnosis_text", "diagnosis"),
    "drill": ("verify_text", "verify"),
    "health": ("health_text", "health"),
    "logs": ("logs_text", "logs"),
    "monitoring": ("monitoring_text", "monitoring"),
    "optimize": ("care_text", "optimize"),
    "restart": ("restart_text", "restart"),
    "restore": ("restore_text", "restore"),
    "status": ("status_text", "status"),
    "users": ("users_text", "users"),
    "verify": ("verify_text", "verify"),
}

OneHost = Callable[[str, Mapping[str, Any], bool], list[str]]
ManyHosts = Callable[[Mapping[str, Mapping[str, Any]]], list[str]]


def renderers(job: str) -> tuple[OneHost, ManyHosts]:
    """What makes a job's lines for one host, and for many; a run imports only those of its own job."""
    name, word = JOBS[job]
    room = import_module(f"ansible_collections.maxops.ops.plugins.plugin_utils.{name}")
    return getattr(room, f"{word}_summary"), getattr(room, f"{word}_table")


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
                "job": {"type": "str", "required": True, "choices": sorted(JOBS)},
                "variable": {"type": "str", "required": True},
                "fail_on": {"type": "str", "choices": ["critical", "never", "warning"], "default": "never"},
            }
        )
        variables = task_vars or {}
        hosts = variables.get("ansible_play_hosts_all", [])
        results = collect({host: variables["hostvars"][host].get(arguments["variable"]) for host in hosts})
        one, many = renderers(arguments["job"])
        if len(results) == 1:
            [(host, result)] = results.items()
            lines = one(host, result, self._task.check_mode)
        else:
            lines = many(results) if results else []
        for line in ["", *lines]:
            display.display(line)
        if arguments["fail_on"] != "never":
            from ansible_collections.maxops.ops.plugins.plugin_utils.health_text import health_failure  # noqa: PLC0415

            failure = health_failure(results, arguments["fail_on"])
            if failure:
                return {"changed": False, "failed": True, "msg": failure}
        return {"changed": False, "lines": lines}


def collect(registered: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The results that there is something to say about; a host that was out of reach has failed."""
    results = {host: dict(result) for host, result in registered.items() if isinstance(result, Mapping)}
    for result in results.values():
        if result.get("unreachable"):
            result["failed"] = True
    return {host: result for host, result in results.items() if not result.get("skipped")}
