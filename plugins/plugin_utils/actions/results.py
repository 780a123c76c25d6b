# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files with the results of commands, for CI: their names, their content, and when a failure is shown only later."""

from __future__ import annotations

import json
import math
import os
import re
from collections.abc import Mapping
from datetime import date
from pathlib import PurePath
from typing import Any

from ansible.errors import AnsibleError

from ansible_collections.maxops.ops.plugins.module_utils.tools.files import safe_name
from ansible_collections.maxops.ops.plugins.plugin_utils.text import message

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

OUTPUT_LINES = 3
"""Lines of a module's output that are shown where it ended without a result."""

_PASSWORD = re.compile(r"(?i)(?:missing|incorrect) \S+ password|password is required")


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
            f"the job itself {_ending({**kept, **content})}"
        ) from None  # Ansible would append the text of the cause, as if it were the job's


def _ending(content: Mapping[str, Any]) -> str:
    if not content["failed"]:
        return "succeeded"
    return f"failed: {content['msg']}" if content.get("msg") else "failed"


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


def with_output(result: dict[str, Any]) -> dict[str, Any]:
    """The result of a module that ended without one, with what it printed: Ansible's message has no reason in it."""
    if not result.get("failed") or "module_stdout" not in result:
        return result
    printed = str(result.get("module_stderr") or "").strip() or str(result["module_stdout"])
    # A line of JSON may be a part of the module's result, which may have secrets in it.
    lines = [line.strip() for line in printed.splitlines() if line.strip() and "{" not in line]
    if not lines:
        return result
    is_traceback = any(line.startswith("Traceback") for line in lines)
    reason = "; ".join(lines[-1:] if is_traceback else lines[:OUTPUT_LINES])
    own = " ".join(str(result.get("msg", "")).split()).rstrip(".")
    changed = {key: value for key, value in result.items() if key != "exception"}
    return {**changed, "msg": f"{own}: {reason}"}


def one_sentence(error: Exception) -> str:
    """The message of an error of Ansible on one line, with what to do where sudo asked for a password."""
    text = message(error)
    if _PASSWORD.search(text):
        return f"{text.rstrip('.')}; give it with --ask-become-pass (-K), or as ansible_become_password in a vault"
    return text


def ended(result: Mapping[str, Any]) -> dict[str, bool]:
    """How the job of a result ended, as Ansible's own keys; without any for a job that succeeded."""
    state = result.get(JOB_STATE)
    if state == "unreachable" or result.get("unreachable"):
        return {"failed": True, "unreachable": True}
    if state == "failed" or result.get("failed"):
        return {"failed": True}
    return {}
