# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What modules that work on a stack share: its options and the libraries it needs. Private to this collection."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from ansible_collections.maxops.ops.plugins.module_utils.systems.access import Access
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.container import DEFAULT_DOCKER_HOST

_OF_ACCESS = frozenset(field.name for field in fields(Access))


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


def access_of(parameters: Mapping[str, Any]) -> Access:
    """How the stack is reached, from a module's parameters; a module may have only some of the stack's options."""
    return Access(**{name: value for name, value in parameters.items() if name in _OF_ACCESS})


def rest_of(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters that are not part of :func:`access_of`."""
    return {name: value for name, value in parameters.items() if name not in _OF_ACCESS}
