# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks the libraries that a module needs on the managed host.

Each module names its libraries and passes the outcome of their import. This file imports none of them, so that a module
does not wait for the import of a library that it does not use.
"""

from __future__ import annotations

from collections.abc import Mapping

from ansible.module_utils.basic import AnsibleModule, missing_required_lib

from .frame import fail


def require(
    module: AnsibleModule,
    libraries: Mapping[str, str | None],
    reason: str = "for this collection; the playbook maxops.ops.host installs it",
) -> None:
    """Fail with a sentence when one of the libraries (name → traceback of its import) is not installed on the host.

    Ansible puts the ``reason`` behind "This is required".
    """
    for library, error in libraries.items():
        if error:
            fail(module, missing_required_lib(library, reason=reason), exception=error)
