# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What modules that work on a stack share: its options and the libraries it needs. Private to this collection."""

from __future__ import annotations

from typing import Any

from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.stack import (
    DEFAULT_DOCKER_HOST,
)


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
