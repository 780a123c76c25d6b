# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How every module begins and ends, whatever it works on. Private to this collection."""

from __future__ import annotations

import signal
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import Cancelled, MaxopsError


@contextmanager
def failing_well(module: AnsibleModule, after_stop: str = "nothing was published, run this again") -> Iterator[None]:
    """Turn what a user can cause, and a stop by signal, into the module's failure; clean-up has run by then."""

    def stop(number: int, _frame: object) -> NoReturn:
        raise Cancelled(f"stopped by signal {signal.Signals(number).name}; {after_stop}")

    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, stop)
    try:
        yield
    except MaxopsError as error:
        module.fail_json(msg=displayable(str(error)))
    except OSError as error:
        place = f": {error.filename}" if error.filename else ""
        said = displayable(f"{error.strerror or error}{place}")
        module.fail_json(msg=f"{said}; mend the cause, then run this again", exception=traceback.format_exc())


def displayable(value: Any) -> Any:
    r"""A result as Ansible takes it: bytes of file names that are no UTF-8 are told as ``\udcff`` and the like."""
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode("utf-8")
    if isinstance(value, dict):
        return {displayable(key): displayable(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [displayable(inner) for inner in value]
    return value
