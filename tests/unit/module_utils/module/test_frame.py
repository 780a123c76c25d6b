# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How modules end: with a result that Ansible accepts, also after errors and signals."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.maxops.ops.plugins.module_utils.module.frame import displayable
from ansible_collections.maxops.ops.tests.unit.children import child, line_of

MODULE = """
import time
from ansible.module_utils.basic import AnsibleModule
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError
from ansible_collections.maxops.ops.plugins.module_utils.module.frame import end, fail, report_failures
from ansible_collections.maxops.ops.plugins.module_utils.module.libraries import require

module = AnsibleModule(argument_spec={})
WORK
"""

# Short sleeps: a signal that arrives just before a blocking call would otherwise wait for its end.
WAIT = "while True: time.sleep(0.02)"


@pytest.fixture
def module(tmp_path: Path) -> Callable[[str], Any]:
    """A test module that does the given work."""
    arguments = tmp_path / "arguments"
    arguments.write_text(json.dumps({"ANSIBLE_MODULE_ARGS": {}}))
    return lambda work: child(MODULE.replace("WORK", work).replace("WAIT", WAIT), arguments)


def result_of(process: subprocess.Popen[str]) -> dict[str, Any]:
    assert line_of(process) == "", "Ansible begins its answer with an empty line"
    result: dict[str, Any] = json.loads(line_of(process))
    return result


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_stopped_by_a_signal_a_module_cleans_up_and_says_so(
    module: Callable[[str], Any], number: signal.Signals
) -> None:
    work = (
        "with report_failures(module, 'all is as it was'):\n"
        "    try:\n        print('working', flush=True)\n        WAIT\n"
        "    finally:\n        print('cleaned up', flush=True)"
    )
    with module(work) as process:
        assert line_of(process) == "working"
        process.send_signal(number)
        assert line_of(process) == "cleaned up"
        result = result_of(process)
        assert (result["failed"], result["msg"]) == (True, f"stopped by signal {number.name}; all is as it was")
        assert process.wait() == 1


def test_expected_error_has_a_message_without_traceback(module: Callable[[str], Any]) -> None:
    with module("with report_failures(module): raise MaxopsError('no caf\\udce9; fix it')") as process:
        result = result_of(process)
    assert result["msg"] == "no caf\\udce9; fix it"
    assert "exception" not in result


def test_system_error_names_the_path(module: Callable[[str], Any]) -> None:
    with module("with report_failures(module): open('/proc/nowhere')") as process:
        result = result_of(process)
    assert result["msg"] == "No such file or directory: /proc/nowhere; fix the cause and run this again"


def test_message_of_a_stop_only_says_to_run_the_job_again(module: Callable[[str], Any]) -> None:
    with module("with report_failures(module):\n    print('working', flush=True)\n    WAIT") as process:
        assert line_of(process) == "working"
        process.terminate()
        assert result_of(process)["msg"] == "stopped by signal SIGTERM; run this again"


@pytest.mark.parametrize(
    ("work", "failed"),
    [
        ("end(module, {'name': ODD, 'changed': False})", False),
        ("end(module, {'name': ODD, 'changed': False}, 'no ' + ODD)", True),
        ("fail(module, 'no ' + ODD, name=ODD)", True),
    ],
)
def test_any_name_can_be_in_a_result_and_in_a_failure(module: Callable[[str], Any], work: str, failed: bool) -> None:
    with module(work.replace("ODD", "'caf\\udce9'")) as process:
        result = result_of(process)
    assert result["name"] == "caf\\udce9"
    assert result.get("failed", False) is failed
    assert result.get("msg") == ("no caf\\udce9" if failed else None)


def test_missing_library_is_named_with_the_role_that_installs_it(module: Callable[[str], Any]) -> None:
    work = "require(module, {'json': None, 'psycopg2': 'Traceback: ...'})"
    with module(work) as process:
        result = result_of(process)
    assert "Failed to import the required Python library (psycopg2)" in result["msg"]
    assert "This is required for this collection; the playbook maxops.ops.host installs it." in result["msg"]
    with module("require(module, {'json': None}); print('went on', flush=True)") as process:
        assert line_of(process) == "went on"


texts = st.text(st.characters(exclude_characters="\\"))
results = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)


@given(results)
def test_any_result_can_be_displayed(result: Any) -> None:
    actual = displayable(result)
    json.dumps(actual, ensure_ascii=False).encode("utf-8")
    if "\\ud" not in json.dumps(actual, ensure_ascii=False):
        assert actual == result


def test_names_that_are_not_text_are_escaped_everywhere_in_a_result() -> None:
    odd = "caf\udce9"
    assert displayable({odd: [odd, (odd, 1)], "한글": None}) == {
        "caf\\udce9": ["caf\\udce9", ["caf\\udce9", 1]],
        "한글": None,
    }
