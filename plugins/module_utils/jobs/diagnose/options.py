# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of a diagnosis."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ansible_collections.maxops.ops.plugins.module_utils.systems.access import Access


@dataclass
class Options:
    """The options; without ``services`` all of them are checked. Times are in seconds, ratios from 0 to 1."""

    access: Access
    services: Sequence[str] = ()
    ports: Sequence[int] = tuple(range(9000, 9023))
    timeout: float = 30
    step_timeout: float = 15
    idle_transaction_seconds: float = 300
    connections_ratio: float = 0.9
    disk_ratio: float = 0.95
    certificate_days: float = 14
