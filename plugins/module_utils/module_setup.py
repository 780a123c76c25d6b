# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What modules share: the stack's options, the check for libraries, how a failure ends. Private to this collection."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

from ansible.module_utils.basic import AnsibleModule, missing_required_lib

from ansible_collections.maxops.ops.plugins.module_utils.errors import Cancelled, MaxopsError
from ansible_collections.maxops.ops.plugins.module_utils.postgresql import PSYCOPG2_IMPORT_ERROR
from ansible_collections.maxops.ops.plugins.module_utils.stack import DEFAULT_DOCKER_HOST, DOCKER_IMPORT_ERROR


def stack_argument_spec() -> dict[str, Any]:
    """Options of the documentation fragment ``maxops.ops.stack``."""
    return {
        "project_name": {"type": "str", "default": "maxoperation"},
        "docker_host": {"type": "str", "default": DEFAULT_DOCKER_HOST},
        "database_service": {"type": "str", "default": "postgres"},
        "cache_service": {"type": "str", "default": "redis"},
        "database_user": {"type": "str"},
        "database_password": {"type": "str", "no_log": True},
    }


def require_libraries(module: AnsibleModule) -> None:
    """Fail with a sentence when a library that the stack needs is not installed on the host."""
    for library, error in (("docker", DOCKER_IMPORT_ERROR), ("psycopg2", PSYCOPG2_IMPORT_ERROR)):
        if error:
            advice = missing_required_lib(library, reason="The role maxops.ops.host installs it")
            module.fail_json(msg=advice, exception=error)


@contextmanager
def failing_well(module: AnsibleModule) -> Iterator[None]:
    """Turn what a user can cause, and a stop by signal, into the module's failure; clean-up has run by then."""

    def stop(number: int, _frame: object) -> NoReturn:
        raise Cancelled(f"stopped by signal {signal.Signals(number).name}; nothing was published, run this again")

    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, stop)
    try:
        yield
    except MaxopsError as error:
        module.fail_json(msg=str(error))
