# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What modules that work on a stack share: its options and the libraries it needs. Private to this collection."""

from __future__ import annotations

from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.maxops.ops.plugins.module_utils.module_frame import failing_well, require
from ansible_collections.maxops.ops.plugins.module_utils.postgresql import PSYCOPG2_IMPORT_ERROR
from ansible_collections.maxops.ops.plugins.module_utils.stack import DEFAULT_DOCKER_HOST, DOCKER_IMPORT_ERROR

__all__ = ["failing_well", "require_docker", "require_libraries", "stack_argument_spec"]


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
    require(module, {"docker": DOCKER_IMPORT_ERROR, "psycopg2": PSYCOPG2_IMPORT_ERROR})


def require_docker(module: AnsibleModule) -> None:
    """The same for modules that only talk to Docker."""
    require(module, {"docker": DOCKER_IMPORT_ERROR})
