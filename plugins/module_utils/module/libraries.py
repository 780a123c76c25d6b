# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Libraries that modules need on the managed host."""

from __future__ import annotations

from collections.abc import Mapping

from ansible.module_utils.basic import AnsibleModule, missing_required_lib

from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.stack import DOCKER_IMPORT_ERROR
from ansible_collections.maxops.ops.plugins.module_utils.systems.postgresql.session import PSYCOPG2_IMPORT_ERROR


def require(
    module: AnsibleModule,
    libraries: Mapping[str, str | None],
    reason: str = "The role maxops.ops.host installs it",
) -> None:
    """Fail with a sentence when one of the libraries (name → traceback of its import) is not installed on the host."""
    for library, error in libraries.items():
        if error:
            advice = missing_required_lib(library, reason=reason)
            module.fail_json(msg=advice, exception=error)


def require_libraries(module: AnsibleModule) -> None:
    """Fail with a sentence when a library that the stack needs is not installed on the host."""
    require(module, {"docker": DOCKER_IMPORT_ERROR, "psycopg2": PSYCOPG2_IMPORT_ERROR})


def require_docker(module: AnsibleModule) -> None:
    """The same for modules that only talk to Docker."""
    require(module, {"docker": DOCKER_IMPORT_ERROR})
