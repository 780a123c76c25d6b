# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of a health check."""

from __future__ import annotations

from dataclasses import dataclass, field

from ansible_collections.maxops.ops.plugins.module_utils.systems.access import Access

from .thresholds import DEFAULTS, Thresholds


@dataclass(frozen=True)
class HealthOptions:
    """The options of one run; the defaults are the documented ones."""

    access: Access
    repository: str = "/var/backups/maxops"
    gateway_url: str | None = None
    controller_time: float | None = None
    state_dir: str = "/var/lib/maxops"
    checks: tuple[str, ...] = tuple(DEFAULTS)
    thresholds: Thresholds = field(default_factory=lambda: DEFAULTS)
    timeout: float = 30.0
    check_timeout: float = 10.0
