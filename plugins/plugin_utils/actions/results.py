# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files with the results of commands, for CI: their names, their content, and when a failure is shown only later."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping
from datetime import date
from pathlib import PurePath
from typing import Any

from ansible.errors import AnsibleError

from ansible_collections.maxops.ops.plugins.module_utils.tools.files import safe_name

SUMMARY_FOLLOWS = "__maxops_summary_follows"
"""Variable of a playbook or role that shows a summary of all hosts, and then fails on the hosts that failed."""

COMMAND = "__maxops_command"
"""Variable of a role whose command is not the one of its modules; empty where the role's summary writes the file."""

COMMANDS = {"backup_info": "backups", "health_check": "health"}
"""Modules whose command has another name."""

JOB_STATE = "job_state"
"""Key of a result whose failure is shown later: ``failed`` or ``unreachable``."""

LEFT_OUT = {"invocation", "exception", "failed_when_suppressed_exception", "failed_when_result", JOB_STATE}
"""Keys that are Ansible's own: in a file they would be Python objects, or repeat the arguments."""


def command_of(module: str, variables: Mapping[str, Any]) -> str:
    """The command that a module's result belongs to, the name of its playbook; empty where no file is to be written."""
    name = module.rpartition(".")[2]
    return str(variables.get(COMMAND, COMMANDS.get(name, name)))


def write_result(folder: str, command: str, host: str, result: Mapping[str, Any], check_mode: bool) -> None:
    """Write a host's result to COMMAND-HOST.json in the folder of the controller, always as valid JSON.

    A run in check mode has its own file, COMMAND-HOST.check.json: it does not replace the result of a real run.
    Raises AnsibleError where the file cannot be written.
    """
    folder = os.path.expanduser(folder)
    path = os.path.join(folder, f"{command}-{safe_name(host)}{'.check' if check_mode else ''}.json")
    kept = {key: value for key, value in result.items() if key not in LEFT_OUT and not key.startswith("_ansible")}
    content = {"host": host, "failed": False, **ended(result), "check_mode": check_mode}
    try:
        os.makedirs(folder, exist_ok=True)
        # A file name that is not UTF-8 contains lone surrogates; backslashes turn them into JSON escapes.
        with open(path + ".new", "w", encoding="utf-8", errors="backslashreplace") as stream:
            json.dump(plain({**kept, **content}), stream, indent=2, sort_keys=True, ensure_ascii=False)
        os.replace(path + ".new", path)
    except OSError as error:
        raise AnsibleError(
            f"the result could not be written to {path} (maxops_results_dir): {error.strerror}; "
            f"the job itself {'failed' if content['failed'] else 'succeeded'}"
        ) from error


def plain(value: Any) -> Any:
    """The value with only the types of JSON: an object of Python is left out, and so is a number that JSON lacks."""
    if value is None or isinstance(value, (bool, int)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, (str, date, PurePath)):
        return str(value)
    if isinstance(value, Mapping):
        return {str(key): plain(entry) for key, entry in value.items() if _is_plain(entry)}
    if isinstance(value, (set, frozenset)):
        return sorted((plain(entry) for entry in value if _is_plain(entry)), key=str)
    return [plain(entry) for entry in value if _is_plain(entry)]


def _is_plain(value: Any) -> bool:
    known = (bool, int, float, str, date, PurePath, Mapping, list, tuple, set, frozenset)
    return value is None or isinstance(value, known)


def shown_later(result: Mapping[str, Any], variables: Mapping[str, Any]) -> dict[str, Any]:
    """The result as the task returns it: where a summary follows, a failure does not end the host's part of the play.

    Ansible would otherwise print the whole result of the failed task, and no summary where all hosts failed.
    """
    state = "unreachable" if result.get("unreachable") else "failed" if result.get("failed") else ""
    if not state or not variables.get(SUMMARY_FOLLOWS):
        return dict(result)
    kept = {key: value for key, value in result.items() if key not in ("failed", "unreachable", "exception")}
    # Without the key, Ansible would take an exit code that is not 0 as a failure.
    return {"changed": False, **kept, "failed": False, JOB_STATE: state}


def ended(result: Mapping[str, Any]) -> dict[str, bool]:
    """How the job of a result ended, as Ansible's own keys; without any for a job that succeeded."""
    state = result.get(JOB_STATE)
    if state == "unreachable" or result.get("unreachable"):
        return {"failed": True, "unreachable": True}
    if state == "failed" or result.get("failed"):
        return {"failed": True}
    return {}
