# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the attributes of modules."""

from __future__ import annotations


class ModuleDocFragment:
    """The attributes of every module: check mode, diff mode and the collection's action group."""

    DOCUMENTATION = r"""
options: {}
attributes:
  check_mode:
    description: Can run in C(check_mode) and return changed status prediction without modifying target.
  diff_mode:
    description:
      - Will return details on what has changed (or possibly needs changing in C(check_mode)), when in diff mode.
  idempotent:
    description:
      - When run twice in a row outside check mode, with the same arguments, the second invocation indicates no change.
"""

    ACTIONGROUP_MAXOPS = r"""
options: {}
attributes:
  action_group:
    description:
      - Use C(group/maxops.ops.maxops) in C(module_defaults) to set O(project_name) and O(docker_host) once for all
        modules that have both.
    support: full
    membership:
      - maxops.ops.maxops
"""
