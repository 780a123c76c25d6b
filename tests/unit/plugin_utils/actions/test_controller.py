# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Actions of the controller: checked arguments, and the results of all hosts of the play."""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any, ClassVar

import pytest
from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

from ansible_collections.maxops.ops.plugins.plugin_utils.actions.controller import (
    ControllerAction,
    registered,
    reported,
)
from ansible_collections.maxops.ops.tests.unit.registered import AWAY, FAILED, SKIPPED, play


class Counting(ControllerAction):
    """An action with two numbers as arguments."""

    ARGUMENTS: ClassVar = {"to": {"type": "int"}, "from": {"type": "int"}}
    RULES: ClassVar = {"required_one_of": [("to", "from")]}

    def __init__(self, **arguments: Any) -> None:
        self._task = SimpleNamespace(args=arguments, action="counting")

    def _execute(self, arguments: Mapping[str, Any], variables: Mapping[str, Any]) -> dict[str, Any]:
        return {"changed": False, "arguments": arguments, "variables": variables}


@pytest.fixture(autouse=True)
def _no_ansible(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ActionBase, "run", lambda *_arguments: {})


def test_arguments_are_checked_and_converted() -> None:
    assert Counting(to="3").run(None, {"a": 1}) == {
        "changed": False,
        "arguments": {"to": 3, "from": None},
        "variables": {"a": 1},
    }


@pytest.mark.parametrize(
    ("arguments", "words"), [({}, "one of the following"), ({"to": "x"}, "int"), ({"to": 1, "too": 1}, "too")]
)
def test_invalid_arguments_are_refused(arguments: dict[str, Any], words: str) -> None:
    with pytest.raises(AnsibleActionFail, match=words):
        Counting(**arguments).run(None, {})


def test_no_host_is_contacted() -> None:
    assert Counting._requires_connection is False
    assert Counting._supports_check_mode is True


def test_hosts_without_a_result_and_those_that_were_skipped_are_left_out() -> None:
    variables = play("result", here=FAILED, there=SKIPPED, later=None, odd="text")
    assert reported(registered("result", variables)) == {"here": FAILED}
    assert registered("result", variables) == {"here": FAILED, "there": SKIPPED, "later": None, "odd": None}
    assert registered("another", variables) == {"here": None, "there": None, "later": None, "odd": None}


def test_unreachable_host_has_failed() -> None:
    message = "Failed to connect to the host via ssh: refused"
    assert registered("result", play("result", away=AWAY)) == {"away": {**AWAY, "failed": True, "msg": message}}
    assert "failed" not in AWAY, "the registered result is not changed"


@pytest.mark.parametrize(("state", "ended"), [("failed", {}), ("unreachable", {"unreachable": True})])
def test_failure_that_is_shown_later_is_a_failure_here(state: str, ended: dict[str, bool]) -> None:
    later = {"changed": False, "failed": False, "job_state": state, "msg": "Module failed: no such project"}
    assert registered("result", play("result", here=later)) == {
        "here": {**later, "failed": True, **ended, "msg": "no such project"}
    }
