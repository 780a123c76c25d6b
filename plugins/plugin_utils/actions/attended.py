# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a person can be at the terminal."""

from __future__ import annotations

import os

AUTOMATION = (
    "AWX_HOST",
    "AWX_ISOLATED_DATA_DIR",
    "AWX_PRIVATE_DATA_DIR",
    "JOB_ID",
    "RUNNER_OMIT_EVENTS",
    "TOWER_HOST",
)
"""Environment variables of AWX and of ansible-runner, which give a job a terminal that no person sees."""


def is_unattended() -> bool:
    """True where AWX or ansible-runner runs this playbook."""
    return any(name in os.environ for name in AUTOMATION)
