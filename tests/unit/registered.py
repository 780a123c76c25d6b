# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Results as registered by Ansible, and the variables of a play with these results."""

from __future__ import annotations

from typing import Any

AWAY = {"unreachable": True, "changed": False, "msg": "Task failed: Failed to connect to the host via ssh: refused"}
SKIPPED = {"skipped": True, "changed": False, "skip_reason": "Conditional result was False"}
FAILED = {"failed": True, "changed": False, "msg": "no such project"}


def play(variable: str, **results: Any) -> dict[str, Any]:
    """Variables of a play whose hosts registered these results."""
    return {
        "ansible_play_hosts_all": list(results),
        "hostvars": {host: {variable: result} for host, result in results.items()},
    }
