# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Base class of actions that run only on the controller, with the results registered on all hosts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from ansible.plugins.action import ActionBase

from ansible_collections.maxops.ops.plugins.plugin_utils.text import message

from .results import ended


class ControllerAction(ActionBase):  # type: ignore[misc]
    """Checks its arguments, then runs on the controller; no host is contacted, so it also runs for lost hosts."""

    _supports_check_mode = True
    _requires_connection = False
    TRANSFERS_FILES = False

    ARGUMENTS: ClassVar[dict[str, dict[str, Any]]] = {}
    """The argument spec."""
    RULES: ClassVar[dict[str, Any]] = {}
    """Rules between arguments, such as ``required_one_of``."""

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return the result of the task. Raises AnsibleActionFail for invalid arguments."""
        super().run(tmp, task_vars)
        _validation, arguments = self.validate_argument_spec(argument_spec=self.ARGUMENTS, **self.RULES)
        return self._execute(arguments, task_vars or {})

    def _execute(self, arguments: Mapping[str, Any], variables: Mapping[str, Any]) -> dict[str, Any]:
        """Do the work of the action; returns the result of the task."""
        raise NotImplementedError


def registered(variable: str, variables: Mapping[str, Any]) -> dict[str, dict[str, Any] | None]:
    """The results that the hosts of the play registered in a variable; None where there is no result.

    A host that could not be reached is marked as failed: Ansible itself marks it as unreachable only. So is a host
    whose failure is shown later. Messages come without Ansible's own words before them.
    """
    results: dict[str, dict[str, Any] | None] = {}
    for host in variables.get("ansible_play_hosts_all", []):
        result = variables["hostvars"][host].get(variable)
        if not isinstance(result, Mapping):
            results[host] = None
            continue
        state = ended(result)
        results[host] = {**result, **state, **({"msg": message(result["msg"])} if state and "msg" in result else {})}
    return results


def reported(results: Mapping[str, dict[str, Any] | None]) -> dict[str, dict[str, Any]]:
    """The registered results without hosts that have none or were skipped."""
    return {host: result for host, result in results.items() if result is not None and not result.get("skipped")}
