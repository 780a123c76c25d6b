# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.utils.display import Display
from ansible.utils.vars import load_extra_vars

from ansible_collections.maxops.ops.plugins.plugin_utils.actions.controller import ControllerAction
from ansible_collections.maxops.ops.plugins.plugin_utils.actions.option_types import CHECK_TYPES, wrong_types
from ansible_collections.maxops.ops.plugins.plugin_utils.actions.roles import role_of
from ansible_collections.maxops.ops.plugins.plugin_utils.actions.variables import misspelt

display = Display()

OWN = "For variables of your own, add their names to the list maxops_own_variables."


class ActionModule(ControllerAction):
    """Refuses misspelt options, and values of a wrong type, of the role that it is part of."""

    def _execute(self, _arguments: Mapping[str, Any], variables: Mapping[str, Any]) -> dict[str, Any]:
        role = role_of(self._task)
        if role is None:
            raise AnsibleActionFail("check_options checks the role that it is a task of, and this task is in no role")
        typed = []
        if role.runs_in_own_playbook(str(variables.get("playbook_dir", ""))):
            typed = [str(name) for name in load_extra_vars(self._loader)]
        own = self._templar.template(variables.get("maxops_own_variables") or [])
        own = own.replace(",", " ").split() if isinstance(own, str) else [str(name) for name in own]
        sentences, doubtful = misspelt(role, variables, typed, own)
        if not sentences and variables.get(CHECK_TYPES):
            sentences = wrong_types(role.path, variables, self._templar.template)
            if sentences:
                advice = f"ansible-doc -t role maxops.ops.{role.name} describes all options"
                return {"changed": False, "failed": True, "msg": f"{'; '.join(sentences)}; {advice}"}
        for sentence in doubtful:
            display.warning(f"{sentence} {OWN}")
        if not sentences:
            return {"changed": False}
        return {"changed": False, "failed": True, "msg": " ".join([*sentences, OWN])}
