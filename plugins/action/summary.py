# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any, ClassVar

from ansible.utils.display import Display

from ansible_collections.maxops.ops.plugins.plugin_utils.actions.controller import (
    ControllerAction,
    registered,
    reported,
)
from ansible_collections.maxops.ops.plugins.plugin_utils.actions.results import LEFT_OUT, ended, write_result
from ansible_collections.maxops.ops.plugins.plugin_utils.text import Results, message, reason

display = Display()

SUMMARIES = "ansible_collections.maxops.ops.plugins.plugin_utils.summary"
JOBS = (
    "backup",
    "backups",
    "cache",
    "cleanup",
    "diagnose",
    "drill",
    "health",
    "logs",
    "monitoring",
    "optimize",
    "restart",
    "restore",
    "status",
    "users",
    "verify",
)
"""Each job has a file in plugin_utils/summary with the functions summary and table."""

OWN_FILES = ("monitoring", "users")
"""Jobs of several tasks: the summary writes their files for ``maxops_results_dir``, else the action of the one task."""

OneHost = Callable[[str, Mapping[str, Any], bool], list[str]]
ManyHosts = Callable[[Results], list[str]]


def renderers(job: str) -> tuple[OneHost, ManyHosts]:
    """The functions that print a job's results for one host and for many; only the job's own file is imported."""
    file = import_module(f"{SUMMARIES}.{job}")
    return file.summary, file.table


class ActionModule(ControllerAction):
    """Prints the results of a job on all hosts of the play."""

    ARGUMENTS: ClassVar = {
        "job": {"type": "str", "required": True, "choices": list(JOBS)},
        "variable": {"type": "str", "required": True},
        "fail_on": {"type": "str", "choices": ["critical", "never", "warning"], "default": "never"},
    }

    def _execute(self, arguments: Mapping[str, Any], variables: Mapping[str, Any]) -> dict[str, Any]:
        """Print the registered results of the hosts."""
        results = reported(registered(arguments["variable"], variables))
        one, many = renderers(arguments["job"])
        if len(results) == 1:
            [(host, result)] = results.items()
            lines = one(host, result, self._task.check_mode)
        else:
            lines = _with_reasons(many(results), results) if results else []
        for line in ["", *lines]:
            display.display(line)
        if arguments["job"] in OWN_FILES:
            self._write_results(arguments["job"], results, variables)
        if arguments["fail_on"] != "never":
            failure = import_module(f"{SUMMARIES}.health").failure(results, arguments["fail_on"])
            if failure:
                return {"changed": False, "failed": True, "msg": failure}
        return {"changed": False, "lines": lines}

    def _write_results(self, job: str, results: Results, variables: Mapping[str, Any]) -> None:
        for host, result in results.items():
            folder = variables["hostvars"][host].get("maxops_results_dir")
            if folder:
                check_mode = bool(self._task.check_mode or result.get("report_only"))
                write_result(str(folder), job, host, _for_file(result), check_mode)


def _for_file(result: Mapping[str, Any]) -> dict[str, Any]:
    """The result with those of its modules as they are in files: without the tokens that a module made."""
    content = dict(result)
    for name, value in result.items():
        if isinstance(value, Mapping):
            kept = {key: entry for key, entry in value.items() if key != "tokens" and key not in LEFT_OUT}
            content[name] = {**kept, **ended(value)}
    return content


def _with_reasons(lines: list[str], results: Results) -> list[str]:
    """The table, then the reasons of failures that it had to cut."""
    shown = "\n".join(lines)
    reasons = {host: reason(result) for host, result in results.items() if result.get("failed")}
    return [
        *lines,
        *(f"{host}: {text}" for host, text in reasons.items() if message(results[host].get("msg") or "") not in shown),
    ]
