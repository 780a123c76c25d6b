# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ends every module: with a result, or with a failure that names the next step."""

from __future__ import annotations

import signal
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NoReturn

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import Cancelled, MaxopsError
from ansible_collections.maxops.ops.plugins.module_utils.tools.process import STOP_SIGNALS


@contextmanager
def report_failures(module: AnsibleModule, after_stop: str = "run this again") -> Iterator[None]:
    """Turn expected errors, and a stop by signal, into the module's failure; the job's cleanup has run by then.

    ``after_stop`` says what a stopped job leaves behind, and what to do next.
    """

    def stop(number: int, _frame: object) -> NoReturn:
        raise Cancelled(f"stopped by signal {signal.Signals(number).name}; {after_stop}")

    for number in STOP_SIGNALS:
        signal.signal(number, stop)
    try:
        yield
    except MaxopsError as error:
        fail(module, str(error))
    except OSError as error:
        path = f": {error.filename}" if error.filename else ""
        message = f"{error.strerror or error}{path}; fix the cause and run this again"
        fail(module, message, exception=traceback.format_exc())


def end(module: AnsibleModule, result: Mapping[str, Any], failure: str | None = None) -> NoReturn:
    """End the module with its result; a ``failure`` message makes it fail.

    Every module ends with this function or :func:`fail`, so that each result can be displayed.
    """
    if failure:
        fail(module, failure, **result)
    module.exit_json(**displayable(dict(result)))
    raise AssertionError("exit_json returned")


def fail(module: AnsibleModule, message: str, **result: Any) -> NoReturn:
    """End the module as failed, with the partial result."""
    module.fail_json(msg=displayable(message), **displayable(result))
    raise AssertionError("fail_json returned")


def displayable(value: Any) -> Any:
    r"""A result that Ansible can display: bytes of file names that are not UTF-8 become ``\udcff`` and the like."""
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode("utf-8")
    if isinstance(value, dict):
        return {displayable(key): displayable(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [displayable(inner) for inner in value]
    return value
