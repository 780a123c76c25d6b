# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role that a task is part of."""

from __future__ import annotations

from typing import Any

from .variables import Role


def role_of(task: Any) -> Role | None:
    """The role that a task of Ansible is part of; None for a task of a playbook."""
    role = getattr(task, "_role", None)
    if role is None:
        return None
    return Role(str(role.get_name()).rpartition(".")[2], role.get_role_path(), role.get_default_vars())
