# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Common documentation of the modules for users."""

from __future__ import annotations


class ModuleDocFragment:
    """Everything that the modules for users share except the options of one user."""

    DOCUMENTATION = r"""
options:
  prune:
    description:
      - What to do about accounts that are not in O(users).
      - V(report) lists them in RV(ignore:unlisted), V(lock) also locks them, V(none) ignores them.
      - The account that the API is used with is never locked.
    type: str
    choices: [none, report, lock]
    default: none
  prune_exclude:
    description:
      - Names or shell patterns of accounts that O(prune) ignores.
    type: list
    elements: str
    default: []
attributes:
  check_mode:
    support: full
    details:
      - Reads the accounts and reports what would change.
  diff_mode:
    support: full
    details:
      - Shows each changed field before and after; passwords and tokens are masked.
  action:
    description: Has a corresponding action plugin so that some parts of the options can be executed on the controller.
    support: full
notes:
  - A failure of one user does not stop the others. The task fails at its end, and its result has the outcome of every
    user.
  - After a run that was stopped or killed, every account is either as before or as wanted; the next run completes
    the rest.
"""
